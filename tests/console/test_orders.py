"""Orders and events on the console: what they earned and why not, taken back with a look before, and many by a file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from campaigns.errors import OrderChanged
from campaigns.services import Kept, correct_order, draft_as, kept_of_order
from ledger.models import Transaction
from loyalty.kernel import clock
from loyalty.kernel.desk import address_of
from loyalty.kernel.models import AuditEntry, Job
from loyalty.kernel.services.runner import run_one_job
from members.models import LoyaltyEvent, Member, PurchaseOrder
from tests.campaigns.plays import happen, make_campaign, minting
from tests.campaigns.shop import item, order, point_for_each
from tests.console.test_ledger_plans import plan_of
from tests.databases import analyze, round_trips
from tests.house import TESTER, House
from tests.staff import Person, refusals, staff_of
from tests.walk import every_row

LIST = "members/purchaseorder/"
EVENTS = "members/loyaltyevent/"
IMPORT = f"{LIST}do/import-orders/"


def do(row: PurchaseOrder | LoyaltyEvent, act: str) -> str:
    return f"members/{row._meta.model_name}/{row.pk}/do/{act}/"


def text_of(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).replace("&#x27;", "'").split())


def bought(house: House, member: Member, **said: Any) -> PurchaseOrder:
    items = [item("beans", 60, 3), item("cup", 40)]
    order(house, member, 100, **{"items": items, **said})
    return PurchaseOrder.objects.latest("pk")


def preview_of(answer: Any) -> Any:
    assert answer.context.get("preview"), answer.context["act"].errors
    return answer.context["preview"]


def told(preview: Any) -> dict[str, tuple[str, str]]:
    return {
        line.what: tuple(re.sub(r"<[^>]+>", "", str(one)) for one in (line.now, line.then)) for line in preview.lines
    }  # type: ignore[misc]


# --- pages -----------------------------------------------------------------------------------------------------------
def test_an_order_tells_what_it_earned_and_why_not(house: House, alice: Member, administrator: Person) -> None:
    campaign = point_for_each(house, name="A point each")
    make_campaign(house, minting(1), name="Large orders", event_type=campaign.event_type, min_spend=500)
    made = bought(house, alice)
    page = text_of(administrator.get(address_of(made)))
    for words in (
        "beans",
        "Confirmed",
        "A point each",
        "100 Points",
        "Large orders",
        "The least to spend does not fit",
    ):
        assert words in page, words
    entry = Transaction.objects.get(kind="mint")
    event = LoyaltyEvent.objects.get(external_id="o-1", event_type=campaign.event_type)
    assert address_of(event) in administrator.get(address_of(entry)).content.decode()
    assert f"#{event.pk}" in text_of(administrator.get(address_of(event)))
    whole = administrator.get(address_of(alice)).content.decode()
    assert address_of(made) in whole
    assert address_of(event) in whole


def test_orders_and_events_are_found_by_their_names_and_by_the_member(
    house: House, alice: Member, bob: Member, administrator: Person
) -> None:
    point_for_each(house)
    mine, other = bought(house, alice), bought(house, bob, external_id="o-2")
    found = lambda page, **query: list(administrator.get(page, **query).context["cl"].result_list)  # noqa: E731
    assert found(LIST) == [other, mine]
    assert found(LIST, q="o-1") == [mine]
    assert found(LIST, q="bob") == [other]
    assert found(LIST, member=alice.pk) == [mine]
    assert found(LIST, member="x") == []
    assert found(EVENTS) == []
    told = {event.pk for event in LoyaltyEvent.objects.filter(member=bob)}
    assert (
        {event.pk for event in found(EVENTS, q="bob")} == {event.pk for event in found(EVENTS, member=bob.pk)} == told
    )
    event = happen(house, alice, unique_key="a key")
    assert found(EVENTS, q="a key") == found(EVENTS, q=str(event.pk)) == [event]
    reader = staff_of(house.organization, "orders:read", "campaigns:read")
    assert list(reader.get(LIST, q="bob").context["cl"].result_list) == []
    assert "bob" not in text_of(reader.get(address_of(other)))
    assert f"/admin/{LIST}{mine.pk}/change/" in administrator.get("search/", s="o-1", extended=1).content.decode()


def test_a_page_costs_the_same_however_long_the_history(house: House, alice: Member, administrator: Person) -> None:
    point_for_each(house)
    made = bought(house, alice)

    def cost(row: Any) -> int:
        with round_trips() as trips:
            assert administrator.get(address_of(row)).status_code == 200
        return len(trips)

    few = cost(made), cost(alice)
    for number in range(6):
        point_for_each(house)
        bought(house, alice, external_id=f"o-{number + 2}")
    made = PurchaseOrder.objects.latest("pk")
    assert (cost(made), cost(alice)) <= few


def test_what_failed_is_said_at_home_and_tried_again(house: House, alice: Member, administrator: Person) -> None:
    make_campaign(house, {"type": "burn-points", "params": {"amount": 5}}, name="Costs five")
    event = happen(house, alice)
    assert event.status == "failed"
    [concern] = [one for one in administrator.get("").context["home"].concerns if "evaluated" in str(one.says)]
    assert concern.says == "1 event was not evaluated wholly"
    assert list(administrator.get(concern.address).context["cl"].result_list) == [event]
    administrator.act(do(event, "try-again"))
    event.refresh_from_db()
    assert event.status == "failed"
    house.give(alice, 8)
    form = administrator.form_of(do(event, "try-again"))
    administrator.post(do(event, "try-again"), **form)
    assert administrator.post(do(event, "try-again"), **form).status_code == 403, "it is done"
    event.refresh_from_db()
    assert (event.status, house.balance(alice)) == ("success", (3, 0, 0))
    assert "evaluated" not in text_of(administrator.get(""))


# --- taken back ------------------------------------------------------------------------------------------------------
def test_a_return_is_looked_at_before_it_is_done_and_keeps_the_reason(
    house: House, alice: Member, administrator: Person
) -> None:
    point_for_each(house)
    made = bought(house, alice)
    house.take(alice, 30)
    before = every_row()
    looked = preview_of(administrator.act(do(made, "return"), confirmed=False, reason="They did not fit"))
    assert every_row() == before
    assert told(looked)["State"] == ("Confirmed", "Returned")
    assert told(looked)["Points: can be spent"] == ("70 Points", "0 Points")
    assert [re.sub(r"<[^>]+>", "", str(row[4])) for row in looked.rows] == ["−70 Points"]
    administrator.act(do(made, "return"), reason="They did not fit")
    made.refresh_from_db()
    assert (made.status, made.shortfall, house.balance(alice)) == ("returned", 30, (0, 0, 0))
    entry = AuditEntry.objects.get(action="correction.order_changed")
    assert (entry.actor_name, entry.reason, entry.after) == (
        "Anna Administrator",
        "They did not fit",
        {"status": "returned"},
    )
    assert "They did not fit" in text_of(administrator.get(address_of(made)))
    assert administrator.get(do(made, "return")).status_code == 403
    assert house.findings() == []


def test_a_part_is_returned_item_by_item_and_again(house: House, alice: Member, administrator: Person) -> None:
    point_for_each(house)
    made = bought(house, alice, discounted_total=90)
    before = every_row()
    looked = preview_of(administrator.act(do(made, "return-part"), confirmed=False, keep_0="1", reason="Two came back"))
    assert every_row() == before
    assert told(looked)["It counts by"] == ("90", "50")
    administrator.act(do(made, "return-part"), keep_0="1", reason="Two came back")
    made.refresh_from_db()
    assert (made.status, made.total, made.discounted_total) == ("partially-returned", 60, 50)
    assert made.items[0] == {"sku": "beans", "quantity": 1, "total": 20}
    assert house.balance(alice) == (50, 0, 0)
    administrator.act(do(made, "return-part"), keep_0="0", total="25", reason="And the third")
    made.refresh_from_db()
    assert (made.total, made.discounted_total, len(made.items), house.balance(alice)) == (40, 25, 1, (25, 0, 0))
    assert house.findings() == []


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"keep_0": "4"}, "keep_0"),
        ({"keep_0": "-1"}, "keep_0"),
        ({"keep_0": "3"}, "__all__"),
        ({"keep_0": "0", "keep_1": "0"}, "__all__"),
        ({"keep_0": "1", "reason": " "}, "reason"),
    ],
)
def test_a_return_that_cannot_be_meant_is_refused_and_takes_nothing(
    house: House, alice: Member, administrator: Person, said: dict[str, str], field: str
) -> None:
    point_for_each(house)
    made = bought(house, alice)
    before = every_row()
    assert list(refusals(administrator.act(do(made, "return-part"), **{"reason": "x", **said}))) == [field]
    assert every_row() == before


def test_what_is_kept_has_its_share_of_prices_however_they_are_told(house: House, alice: Member) -> None:
    items = [
        {"sku": "a", "quantity": 3, "unitPrice": 0.1},
        {"sku": "b", "quantity": 2, "total": 10, "discountedTotal": 7},
        {"sku": "c", "quantity": 1},
    ]
    made = PurchaseOrder(items=items, total=Decimal("10.3"), discounted_total=Decimal("7.3"))
    assert kept_of_order(made, {0: Decimal(1), 1: Decimal(1)}) == Kept(
        [
            {"sku": "a", "quantity": 1, "unitPrice": 0.1},
            {"sku": "b", "quantity": 1, "total": 5, "discountedTotal": 3.5},
            {"sku": "c", "quantity": 1},
        ],
        Decimal("5.1"),
        Decimal("3.6"),
    )


def test_what_has_changed_since_it_was_looked_at_is_not_written_over(
    house: House, alice: Member, administrator: Person
) -> None:
    point_for_each(house)
    made = bought(house, alice)
    form = {**administrator.form_of(do(made, "return-part")), "keep_0": "1", "reason": "x", "confirmed": "1"}
    bought(house, alice, status="partially-returned", items=[item("cup", 40)])
    before = every_row()
    answer = administrator.post(do(made, "return-part"), **form)
    assert refusals(answer)["__all__"] == ["The order has changed meanwhile: look at it again."]
    with pytest.raises(OrderChanged):
        correct_order(order=made, draft=draft_as(made, "returned"), actor=TESTER, at=clock.now())
    assert every_row() == before


def test_an_order_changed_by_a_double_click_is_changed_once(house: House, alice: Member, administrator: Person) -> None:
    point_for_each(house)
    made = bought(house, alice)
    form = {**administrator.form_of(do(made, "return-part")), "keep_0": "1", "reason": "x", "confirmed": "1"}
    assert [administrator.post(do(made, "return-part"), **form).status_code for _ in range(2)] == [302, 302]
    assert AuditEntry.objects.filter(action="correction.order_changed").count() == 1
    assert house.balance(alice) == (60, 0, 0)


# --- files -----------------------------------------------------------------------------------------------------------
@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """A place of its own for what is uploaded."""
    settings.MEDIA_ROOT = tmp_path
    yield tmp_path


def said(number: int, member: str = "alice", **more: Any) -> dict[str, Any]:
    words = {"externalId": f"o-{number}", "loyaltyMemberId": member, "type": "shop", "total": 10, "status": "confirmed"}
    return {**words, **more}


def a_file(*orders: Any) -> SimpleUploadedFile:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in orders]
    return SimpleUploadedFile("orders.jsonl", "\n".join(texts).encode())


def test_a_file_is_looked_at_then_taken_in_and_what_was_refused_is_mended_and_sent_again(
    house: House, alice: Member, administrator: Person, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    point_for_each(house)
    order(house, alice, 10, external_id="o-9")
    orders = (
        said(1),
        said(2, "nobody"),
        said(1, status="returned"),
        said(1),
        "{",
        said(9),
        said(9, total=7, status="partially-returned"),
        said(3, total="x"),
    )
    before = every_row()
    form = administrator.form_of(IMPORT)
    looked = preview_of(administrator.post(IMPORT, **form, file=a_file(*orders)))
    assert every_row() == before
    assert dict(looked.counts) == {
        "New orders": "1",
        "Changed": "2",
        "Known as they are": "1",
        "Would be refused": "4",
    }
    assert [(error.line, error.identifier) for error in looked.errors] == [(2, "o-2"), (4, "o-1"), (5, ""), (8, "")]
    with django_capture_on_commit_callbacks():
        answer = administrator.post(IMPORT, **form, confirmed="1")
        assert administrator.post(IMPORT, **form, confirmed="1").url == answer.url
    job = Job.objects.get(kind="import_orders")
    assert (answer.url, job.progress_total) == (address_of(job), 8)
    run_one_job(worker="test", job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.result) == ("done", {"processed": 8, "succeeded": 3, "failed": 4, "skipped": 1})
    assert house.balance(alice) == (7, 0, 0)
    page = administrator.get(address_of(job)).content.decode()
    mend = f"/admin/loyalty/job/{job.pk}/file/mend/"
    assert mend in page
    lines = b"".join(administrator.get(mend).streaming_content).decode().splitlines()
    assert [json.loads(line)["externalId"] if line != "{" else line for line in lines] == ["o-2", "o-1", "{", "o-3"]
    reader = staff_of(house.organization, "members:read")
    assert reader.get(mend).status_code == 404


def test_of_a_longer_file_its_beginning_is_looked_at_and_the_page_says_so(
    house: House, alice: Member, administrator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.admin.order_acts.MOST_PREVIEWED", 2)
    form = administrator.form_of(IMPORT)
    looked = preview_of(administrator.post(IMPORT, **form, file=a_file(*[said(number) for number in range(3)])))
    assert dict(looked.counts)["New orders"] == "2"
    assert "only its first 2 lines" in looked.note


def test_a_file_without_lines_is_refused(house: House, administrator: Person) -> None:
    assert list(refusals(administrator.post(IMPORT, **administrator.form_of(IMPORT), file=a_file("", "  ")))) == [
        "__all__"
    ]
    assert administrator.get(IMPORT).status_code == 200
    assert staff_of(house.organization, "orders:read").get(IMPORT).status_code == 403


# --- however many there are ------------------------------------------------------------------------------------------
@pytest.mark.postgresql
def test_lists_and_numbers_read_indexes_only(house: House, alice: Member, bob: Member, administrator: Person) -> None:
    campaign = point_for_each(house)
    bought(house, alice)
    row = PurchaseOrder.objects.values().get()
    others = ({**row, "id": None, "member_id": bob.pk, "external_id": f"bob-{number}"} for number in range(2000))
    PurchaseOrder.objects.bulk_create(PurchaseOrder(**other) for other in others)
    happen(house, alice)
    analyze("members_purchaseorder", "members_loyaltyevent", "campaigns_award")
    with connection.cursor() as cursor:
        # At this size reading everything is as cheap; what counts is that an index can answer.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    wanted = {
        LIST: "order_of_organization",
        f"{LIST}?member={alice.pk}": "order_of_member",
        EVENTS: "event_failed",
        f"{EVENTS}?member={alice.pk}": "event_of_member",
        address_of(campaign): "award_of_campaign",
    }
    for address, index in wanted.items():
        with round_trips() as captured:
            assert administrator.get(address).status_code == 200
        tables = ("members_purchaseorder", "members_loyaltyevent", "campaigns_award")
        asked = [query["sql"] for query in captured if query["sql"].startswith("SELECT")]
        plans = [plan_of(sql) for sql in asked if any(f'FROM "{table}"' in sql for table in tables)]
        assert any(index in plan for plan in plans), (address, plans)
        assert not any(f"Seq Scan on {table}" in plan for plan in plans for table in tables), (address, plans)
