"""Many orders at once: over the API, and from a file as a job (semantics 8.6)."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from campaigns.services import importing, pointing, start_order_import
from ledger.models import Transaction
from loyalty.kernel import clock
from loyalty.kernel.models import Job
from loyalty.kernel.services.runner import run_one_job
from members.models import Member, PurchaseOrder
from tests import factories
from tests.campaigns.shop import point_for_each
from tests.databases import round_trips
from tests.house import TESTER, Api, House, api_for
from tests.refusals import refuses


def said(number: int, member: str = "alice", **more: Any) -> dict[str, Any]:
    order = {"externalId": f"o-{number}", "loyaltyMemberId": member, "type": "shop", "total": 10, "status": "confirmed"}
    return {**order, **more}


def sent(api: Api, *orders: dict[str, Any]) -> list[dict[str, Any]]:
    answer = api.post("purchase-orders/import", {"orders": list(orders)})
    assert answer.status_code == 200, answer.content
    results: list[dict[str, Any]] = answer.body["results"]
    return results


def test_8_6_each_order_stands_alone_and_answers_in_its_place(
    house: House, api: Api, alice: Member, bob: Member
) -> None:
    point_for_each(house)
    orders = [
        said(1),
        said(2, "nobody"),
        said(1, "bob"),
        said(3, total=30),
        said(3, total=20, status="partially-returned"),
        said(4, discountedTotal=11),
        said(1),
    ]
    results = sent(api, *orders)
    assert [(one["externalId"], one["status"], one.get("error", {}).get("code")) for one in results] == [
        ("o-1", "created", None),
        ("o-2", "failed", "NOT_FOUND"),
        ("o-1", "failed", "ORDER_OF_ANOTHER_MEMBER"),
        ("o-3", "created", None),
        ("o-3", "updated", None),
        ("o-4", "failed", "INVALID_INPUT"),
        ("o-1", "unchanged", None),
    ]
    assert [one["evaluationResults"]["pointsAwarded"] for one in results if "order" in one] == [10, 30, 0, 10]
    assert results[4]["evaluationResults"]["pointsReturned"] == 10
    assert house.balance(alice) == (30, 0, 0)
    again = sent(api, *orders)
    assert [one["status"] for one in again] == [
        "unchanged",
        "failed",
        "failed",
        "failed",
        "unchanged",
        "failed",
        "unchanged",
    ]
    assert (house.balance(alice), house.findings()) == ((30, 0, 0), [])


def test_8_6_a_list_that_is_none_is_refused_as_a_whole(api: Api, alice: Member) -> None:
    for orders in ([], [said(n) for n in range(501)], [said(1), {**said(2), "status": "lost"}]):
        refuses(api, "POST", "purchase-orders/import", {"orders": orders}, 400, "INVALID_INPUT")


def test_8_6_a_hundred_orders_cost_few_more_round_trips_than_one(
    house: House, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    for amount in (1, 2, 3):
        point_for_each(house, min_spend=amount)
    people = [factories.MemberFactory(organization=house.organization).loyalty_member_id for _ in range(100)]

    def cost(first: int, names: list[str]) -> int:
        with round_trips() as asked:
            sent(api, *[said(first + n, name) for n, name in enumerate(names)])
        return len(asked)

    cost(0, people[:1])
    one, hundred = cost(1000, people[:1]), cost(2000, people)
    # The embedded database takes a bulk in several statements.
    assert hundred <= one + 20
    calls: list[int] = []
    post = pointing.post_groups
    monkeypatch.setattr(pointing, "post_groups", lambda **words: calls.append(1) or post(**words))
    sent(api, *[said(3000 + n, name) for n, name in enumerate(people)])
    assert len(calls) == 1
    assert Transaction.objects.filter(kind="mint").count() == 3 * 202


def test_8_6_importing_needs_the_role(house: House) -> None:
    reader = api_for(house.organization, "orders:read")
    refuses(reader, "POST", "purchase-orders/import", {"orders": [said(1)]}, 403, "FORBIDDEN")


# --- files -----------------------------------------------------------------------------------------------------------
def lines(*orders: Any) -> io.BytesIO:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in orders]
    return io.BytesIO(("\n".join(texts) + "\n").encode())


def start(house: House, file: io.BytesIO) -> Job:
    return start_order_import(organization_id=house.id, source=file, name="orders.jsonl", actor=TESTER, at=clock.now())


def test_8_6_a_file_is_a_job_that_takes_each_line_in_once(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_for_each(house)
    monkeypatch.setattr(importing, "CHUNK", 2)
    file = lines(said(1), said(2), "", said(3, "nobody"), "{", said(4, total="x"), said(1), "[]")
    job = start(house, file)
    assert start(house, file).pk == job.pk
    done = run_one_job(worker="w")
    assert done is not None
    assert (done.state, done.error) == ("done", "")
    assert done.result == {"processed": 7, "succeeded": 2, "failed": 4, "skipped": 1}
    report = Path(done.report.path).read_text().splitlines()
    assert report[0] == "externalId,line,reason"
    assert [line.split(",")[1] for line in report[1:]] == ["4", "5", "6", "8"]
    assert house.balance(alice) == (20, 0, 0)


def test_8_6_a_job_that_was_killed_goes_on_where_it_was(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_for_each(house)
    monkeypatch.setattr(importing, "CHUNK", 2)
    start(house, lines(*[said(n) for n in range(6)]))
    renewed: list[int] = []
    renew = importing.renew_job

    def die_at_the_second(**words: Any) -> None:
        renewed.append(1)
        if len(renewed) == 2:
            raise ConnectionError
        renew(**words)

    with monkeypatch.context() as dying:
        dying.setattr(importing, "renew_job", die_at_the_second)
        run_one_job(worker="w")
    job = Job.objects.get()
    assert (job.state, job.progress_done, PurchaseOrder.objects.count()) == ("waiting", 2, 4)
    Job.objects.update(available_at=clock.now())
    done = run_one_job(worker="w")
    assert done is not None
    assert done.result == {"processed": 6, "succeeded": 4, "failed": 0, "skipped": 2}
    assert (house.balance(alice), house.findings()) == ((60, 0, 0), [])
