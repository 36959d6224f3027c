"""Files of transfers (contract open_loyalty 1.8)."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.models import Lot, Transaction
from loyalty.kernel.models import Job
from loyalty.kernel.services.runner import run_one_job
from members.models import Member
from members.services.imports import answering
from tests.dialects.open_loyalty.counter import Counter, Shop, number
from tests.dialects.open_loyalty.operations import upload
from tests.house import House
from tests.walk import every_row

ROW = (
    "<pointsTransfer><customerId>{who}</customerId><points>{points}</points><type>{type}</type>{more}</pointsTransfer>"
)


def xml(*rows: str) -> bytes:
    return f"<pointsTransfers>{''.join(rows)}</pointsTransfers>".encode()


def row(who: Any, points: Any = 15, type_: str = "adding", more: str = "") -> str:
    return ROW.format(who=getattr(who, "customer_id", who), points=points, type=type_, more=more)


def send(client: Counter, content: bytes) -> Any:
    return client.send("POST", "points/transfer/import", *upload(content))


def test_rows_are_booked_each_by_itself_and_told(house: House, till: Counter, alice: Member, bob: Member) -> None:
    content = xml(
        row(alice, more="<comment>Sorry</comment><validityDuration>30</validityDuration>"),
        row(alice, 20, "spending"),
        row("00000000-0000-474c-b092-b0dd880c07e1"),
        row(bob, "1.5"),
        "<pointsTransfer><customerEmail>bob@example.com</customerEmail><points>5</points></pointsTransfer>",
        row(bob, 5, "taking"),
        "<pointsTransfer><points>5</points><type>adding</type></pointsTransfer>",
        "<pointsTransfer><customerId>x</customerId><customerPhoneNumber>+49 151 2345671</customerPhoneNumber>"
        "<points>3</points><type>adding</type></pointsTransfer>",
    )
    answer = send(till, content)
    assert answer.status_code == 200, answer.content
    items = answer.body.pop("items")
    assert answer.body == {"totalProcessed": 8, "totalSuccess": 2, "totalFailed": 6}
    assert [item.get("message") for item in items] == [
        None,
        "Process exception: Not enough points",
        "Convert exception: Account does not exist for given data",
        "Convert exception: points should be integer value",
        "Convert exception: type is required node",
        "Convert exception: type = taking",
        "Convert exception: At least one node should be defined"
        " (customerId, customerEmail, customerLoyaltyCardNumber, customerPhoneNumber)",
        None,
    ]
    assert items[0]["identifier"] == f"{alice.customer_id}/(adding 15)"
    assert items[7]["identifier"] == "x/(adding 3)"
    assert set(items[0]) == {"status", "processImportResult", "identifier"}
    made = items[0]["processImportResult"]["object"]["pointsTransferId"]
    assert till.shown(made)["comment"] == "Sorry"
    assert items[1]["status"] == "error"
    assert house.balance(alice) == (1800, 0, 0)


def test_the_same_file_is_booked_once_and_told_as_the_first_time(
    house: House, till: Counter, shop: Shop, alice: Member
) -> None:
    content = xml(row(alice), row(alice, 999, "spending"))
    first = send(till, content)
    before = every_row()["ledger.Transaction"]
    again = send(shop.staff(), content)
    assert (again.status_code, again.body) == (200, first.body)
    assert every_row()["ledger.Transaction"] == before
    assert Job.objects.count() == 1


def test_a_missing_validity_takes_the_accounts_rule_and_one_that_is_there_is_honored(
    house: House, till: Counter, alice: Member
) -> None:
    content = xml(row(alice), row(alice, more="<validityDuration>3</validityDuration>"))
    items = send(till, content).body["items"]
    lots = [
        Lot.objects.get(transaction=number(item["processImportResult"]["object"]["pointsTransferId"])) for item in items
    ]
    assert lots[0].expires_at.year == 9999
    assert lots[1].expires_at.year < 9999


def test_a_long_file_is_booked_by_a_job_that_can_be_followed(
    house: House, till: Counter, alice: Member, settings: Any
) -> None:
    settings.POINTS_IMPORT_SYNC_ROWS = 2
    answer = send(till, xml(*[row(alice)] * 3))
    job = Job.objects.get()
    url = f"/api/DEFAULT/points/transfer/import/{job.pk}"
    assert (answer.status_code, answer.body) == (202, {"jobId": job.pk, "url": settings.PUBLIC_URL + url})
    waiting = till.get(url).body
    assert (waiting["state"], waiting["totalRows"], waiting["items"], waiting["totalProcessed"]) == (
        "waiting",
        3,
        [],
        0,
    )
    run_one_job(worker="test", job_id=job.pk)
    done = till.get(url).body
    assert (done["state"], done["totalSuccess"], len(done["items"])) == ("done", 3, 3)
    assert send(till, xml(*[row(alice)] * 3)).body["items"] == done["items"]
    assert house.balance(alice) == (4500, 0, 0)


def test_items_end_after_a_thousand_rows_and_ten_thousand_failures(
    house: House, till: Counter, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "MOST_TOLD", 3)
    monkeypatch.setattr(answering, "MOST_FAILED_TOLD", 2)
    rows = [row(alice, n) for n in range(1, 5)] + [row("nobody", n) for n in range(5, 9)]
    body = send(till, xml(*rows)).body
    assert (body["totalProcessed"], body["totalSuccess"], body["totalFailed"], body["itemsTruncated"]) == (
        8,
        4,
        4,
        True,
    )
    assert [(item["status"], item["identifier"].partition("/")[2]) for item in body["items"]] == [
        ("success", "(adding 1)"),
        ("success", "(adding 2)"),
        ("success", "(adding 3)"),
        ("error", "(adding 5)"),
        ("error", "(adding 6)"),
    ]


def test_an_import_is_followed_at_its_own_store_alone(
    house: House, neighbor: House, till: Counter, alice: Member
) -> None:
    from tests.dialects.open_loyalty.counter import open_shop

    send(till, xml(row(alice)))
    job = Job.objects.get().pk
    theirs = open_shop(neighbor, "NEIGHBOR").with_key()
    assert theirs.get(f"points/transfer/import/{job}").status_code == 404
    assert till.get(f"points/transfer/import/{job + 1}").status_code == 404
    assert till.get("points/transfer/import/0").status_code == 404
    assert till.get(f"points/transfer/import/{job}").status_code == 200


def test_a_file_lies_on_the_disk_and_not_in_memory(
    till: Counter, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.core.files.uploadhandler import MemoryFileUploadHandler

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(MemoryFileUploadHandler, "new_file", refuse)
    assert send(till, xml(row(alice))).status_code == 200
    assert Transaction.objects.count() == 1
