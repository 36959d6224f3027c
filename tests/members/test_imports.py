"""The main job: a file of points goes in, every member's balance is right, and the books prove it."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ledger.models import Lot, Transaction
from ledger.services import post_groups
from loyalty.kernel import clock
from loyalty.kernel.models import Job
from loyalty.kernel.services import lease_job
from loyalty.kernel.services.runner import run_one_job
from members.errors import ImportRefused
from members.models import Member
from members.services import update_member
from members.services.imports import chunks, format_of, preview_import, run_import, start_import
from tests import factories
from tests.house import TESTER, House

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture
def alice(house: House) -> Member:
    profile = {"email": "Alice@Example.com", "phone": "+49 (170) 1234567"}
    return factories.MemberFactory(organization=house.organization, loyalty_member_id="alice", profile=profile)


@pytest.fixture
def bob(house: House) -> Member:
    profile = {"email": "bob@example.com", "loyaltyCardNumber": "4711"}
    return factories.MemberFactory(organization=house.organization, loyalty_member_id="bob", profile=profile)


def ask(house: House, content: bytes | str, file_format: str = "csv") -> Job:
    data = content.encode() if isinstance(content, str) else content
    return start_import(
        organization_id=house.id,
        source=io.BytesIO(data),
        name=f"points.{file_format}",
        file_format=file_format,
        actor=TESTER,
        at=clock.now(),
    )


def do(house: House, content: bytes | str, file_format: str = "csv") -> Job:
    job = ask(house, content, file_format)
    run_one_job(worker="test", job_id=job.pk)
    job.refresh_from_db()
    return job


def errors_of(job: Job) -> list[tuple[int, str]]:
    if not job.report.name:
        return []
    return [(int(row["line"]), row["reason"]) for row in csv.DictReader(io.StringIO(job.report.read().decode()))]


@pytest.mark.parametrize(("file_format", "lines"), [("xml", [4, 5]), ("csv", [5, 6]), ("jsonl", [4, 5])])
def test_good_rows_are_booked_and_bad_ones_told(
    house: House, alice: Member, bob: Member, file_format: str, lines: list[int]
) -> None:
    job = do(house, (DATA / f"points.{file_format}").read_bytes(), file_format)
    assert (job.state, job.result) == (
        Job.State.DONE,
        {"processed": 5, "succeeded": 3, "failed": 2, "skipped": 0},
    )
    assert (house.balance(alice), house.balance(bob)) == ((100, 0, 0), (40, 0, 0))
    assert errors_of(job) == [
        (lines[0], "Convert exception: Account does not exist for given data"),
        (lines[1], "Process exception: Not enough points"),
    ]
    assert (job.progress_done, job.progress_total) == (5, 5)
    assert house.findings() == []


def test_what_a_row_says_stands_on_its_transaction(house: House, alice: Member, bob: Member) -> None:
    do(house, (DATA / "points.csv").read_bytes())
    first = Transaction.objects.order_by("pk").first()
    assert first is not None
    assert (first.description, first.source, first.key_kind) == ("Spring campaign", "import", "import")
    lot = Lot.objects.get(transaction=first)
    assert lot.expires_at.date() == (clock.now() + timedelta(days=90)).date()


def test_points_are_whole_points_of_the_account(db: None) -> None:
    house = factories.build_house("Cents", decimals=2)
    member = factories.MemberFactory(organization=house.organization, loyalty_member_id="m")
    do(house, "customerEmail,points,type\nm@example.com,15,adding\n")
    assert house.balance(member) == (1500, 0, 0)


def test_the_same_file_twice_changes_nothing(house: House, alice: Member, bob: Member) -> None:
    content = (DATA / "points.csv").read_bytes()
    first = do(house, content)
    rows = Transaction.objects.count()
    again = do(house, content)
    assert again.pk == first.pk
    assert Transaction.objects.count() == rows


def test_a_row_with_a_key_is_booked_once_whatever_file_it_comes_in(house: House, alice: Member) -> None:
    head = "customerEmail,points,type,rowKey\n"
    do(house, head + "alice@example.com,10,adding,r1\n")
    job = do(house, head + "alice@example.com,10,adding,r1\nalice@example.com,5,adding,r2\n")
    assert job.result == {"processed": 2, "succeeded": 1, "failed": 0, "skipped": 1}
    job = do(house, head + "alice@example.com,11,adding,r1\n")
    assert errors_of(job) == [(2, "Process exception: This unique key was already used with different content.")]
    assert house.balance(alice) == (15, 0, 0)


def test_the_failed_rows_can_be_mended_and_sent_again(house: House, alice: Member) -> None:
    job = do(house, "customerEmail,points,type\nalice@example.com,10,adding\nalice@example.com,x,adding\n")
    report = job.report.read().decode()
    rows = list(csv.DictReader(io.StringIO(report)))
    assert [(row["line"], row["customerEmail"], row["points"]) for row in rows] == [("3", "alice@example.com", "x")]
    rows[0]["points"] = "7"
    mended = io.StringIO()
    writer = csv.DictWriter(mended, [name for name in rows[0] if name not in ("line", "reason")], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    do(house, mended.getvalue())
    assert house.balance(alice) == (17, 0, 0)


def test_a_row_may_spend_what_an_earlier_one_added(house: House, alice: Member) -> None:
    job = do(
        house,
        "customerEmail,points,type\nalice@example.com,10,adding\nalice@example.com,10,spending\n"
        "alice@example.com,1,spending\n",
    )
    assert job.result == {"processed": 3, "succeeded": 2, "failed": 1, "skipped": 0}
    assert house.balance(alice) == (0, 0, 0)


def test_the_member_is_looked_for_by_id_then_email_then_card_then_phone(
    house: House, alice: Member, bob: Member
) -> None:
    head = "customerId,customerEmail,customerLoyaltyCardNumber,customerPhoneNumber,points,type\n"
    job = do(
        house,
        head
        + f"{alice.customer_id},bob@example.com,4711,,1,adding\n"
        + ",bob@example.com,,+491701234567,2,adding\n"
        + "7f9c24e5-2b1f-4d8a-9f8e-5d1c2b3a4f5e,,4711,,4,adding\n"
        + "no-uuid,nobody@example.com,none,+491701234567,8,adding\n",
    )
    assert job.result["succeeded"] == 4
    assert (house.balance(alice)[0], house.balance(bob)[0]) == (1 + 8, 2 + 4)


BAD_ROWS = {
    "points is required node": ",adding,",
    "points should be integer value": "1.5,adding,",
    "points should be integer value ": "-5,adding,",
    "points should be integer value  ": "1e3,adding,",
    "points should be integer value   ": "NaN,adding,",
    "points should be integer value    ": "18446744073709551616,adding,",
    "points should be 1 or more": "0,adding,",
    "type is required node": "5,,",
    "type = gift": "5,gift,",
    "validityDuration should be from 1 to 36500 days": "5,adding,0",
    "validityDuration should be from 1 to 36500 days ": "5,adding,99999999",
}


@pytest.mark.parametrize("reason", BAD_ROWS)
def test_a_row_that_cannot_be_meant_is_told_and_its_neighbors_are_booked(
    house: House, alice: Member, reason: str
) -> None:
    job = do(
        house,
        "customerEmail,points,type,validityDuration\nalice@example.com,1,adding,\n"
        f"alice@example.com,{BAD_ROWS[reason]}\nalice@example.com,2,adding,\n",
    )
    assert errors_of(job) == [(3, f"Convert exception: {reason.strip()}")]
    assert house.balance(alice) == (3, 0, 0)


def test_a_row_without_anybody_to_look_for_is_told(house: House, alice: Member) -> None:
    job = do(house, "customerEmail,points,type\n,5,adding\n")
    assert errors_of(job)[0][1].startswith("Convert exception: At least one node should be defined")


def test_rows_with_dates_of_their_own(house: House, alice: Member) -> None:
    job = do(
        house,
        "customerEmail,points,type,validFrom,validTo,source\n"
        "alice@example.com,5,adding,2999-01-01T00:00:00Z,,shop\n"
        "alice@example.com,7,adding,,2999-01-01,\n"
        "alice@example.com,9,adding,2998-01-01,2997-01-01,\n"
        "alice@example.com,9,adding,soon,,\n"
        "alice@example.com,9,adding,,9999-12-31T23:59:59-14:00,\n",
    )
    assert house.balance(alice) == (7, 0, 5)
    assert [line for line, _ in errors_of(job)] == [4, 5, 6]
    assert Transaction.objects.order_by("pk").first().source == "shop"  # type: ignore[union-attr]


def test_an_inactive_member_and_account_take_no_rows(house: House, alice: Member) -> None:
    update_member(member=alice, changes={"active": False}, actor=TESTER, at=clock.now())
    job = do(house, "customerEmail,points,type\nalice@example.com,5,adding\n")
    assert errors_of(job) == [(2, "Process exception: The member is not active.")]
    assert not Transaction.objects.exists()


def test_the_neighbors_members_are_nobody_here(house: House, charlie: Member) -> None:
    job = do(house, "customerEmail,points,type\ncharlie@example.com,5,adding\n")
    assert job.result["failed"] == 1
    assert not Transaction.objects.exists()


# --- files that are none ---

BILLION_LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><pointsTransfers><pointsTransfer>'
    "<comment>&b;</comment></pointsTransfer></pointsTransfers>"
)
EXTERNAL = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><pointsTransfers>&f;</pointsTransfers>'
GOOD_ROW = (
    "<pointsTransfer><customerEmail>alice@example.com</customerEmail><points>1</points><type>adding</type>"
    "</pointsTransfer>"
)

ENDLESS = "x" * 1_100_000

BROKEN: list[tuple[str, str | bytes]] = [
    ("xml", ""),
    ("xml", "<pointsTransfers></pointsTransfers>"),
    ("xml", "<other/>"),
    ("xml", "no xml at all"),
    ("xml", BILLION_LAUGHS),
    ("xml", EXTERNAL),
    ("xml", f"<pointsTransfers>{GOOD_ROW * 20}<pointsTransfer><customerEm"),
    ("xml", f"<pointsTransfers>{GOOD_ROW}</pointsTransfers><more/>"),
    (
        "xml",
        "<pointsTransfers><pointsTransfer><points><deep><deeper/></deep></points></pointsTransfer></pointsTransfers>",
    ),
    (
        "xml",
        f"<pointsTransfers>{GOOD_ROW}<pointsTransfer><comment>{ENDLESS}</comment></pointsTransfer></pointsTransfers>",
    ),
    ("xml", b"<?xml version='1.0' encoding='utf-8'?><pointsTransfers>\xff</pointsTransfers>"),
    ("xml", b"<?xml version='1.0' encoding='nonsense'?><pointsTransfers/>"),
    ("csv", ""),
    ("csv", "customerEmail,points,type\n"),
    ("csv", "mail,points,type\nalice@example.com,1,adding\n"),
    ("csv", "customerEmail,type\nalice@example.com,adding\n"),
    ("csv", "points,points,type\n1,1,adding\n"),
    ("csv", "alice@example.com,1,adding\n"),
    ("csv", b"customerEmail,points,type\nalice@example.com,1,adding\n\xff\xfe,1,adding\n"),
    ("csv", 'customerEmail,points,type\nalice@example.com,1,adding\n"cut off'),
    ("csv", "customerEmail,points,type\nalice@example.com,1,adding\n" + "x" * 200_000 + ",1,adding\n"),
    ("jsonl", ""),
    ("jsonl", "\n\n"),
    (
        "jsonl",
        '{"customerEmail": "alice@example.com", "points": 1, "type": "adding"}\n{"comment": "'
        + "x" * 1_100_000
        + '"}\n',
    ),
]


@pytest.mark.parametrize(("file_format", "content"), BROKEN, ids=lambda value: str(value)[:40])
def test_a_file_that_is_none_is_refused_whole_and_books_nothing(
    house: House, alice: Member, file_format: str, content: str | bytes
) -> None:
    with pytest.raises(ImportRefused):
        ask(house, content, file_format)
    assert not Job.objects.exists()
    assert not Transaction.objects.exists()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[1, 2]", "not a JSON object"),
        ('{"points": {"a": 1}, "type": "adding"}', "'points' is not a text or number"),
        ('{"points": true, "type": "adding"}', "'points' is not a text or number"),
        ('{"customerEmail": "alice@example.com", "poi', "not a JSON object"),
        ('{"customerEmail": "a\\u0000b", "points": 1, "type": "adding"}', "NUL"),
    ],
)
def test_a_line_that_is_no_row_is_told(house: House, alice: Member, content: str, problem: str) -> None:
    good = '{"customerEmail": "alice@example.com", "points": 1, "type": "adding"}\n'
    job = do(house, good + content, "jsonl")
    assert job.result == {"processed": 2, "succeeded": 1, "failed": 1, "skipped": 0}
    assert problem in errors_of(job)[0][1]


def test_a_row_with_too_few_or_many_values_is_told(house: House, alice: Member) -> None:
    job = do(house, "customerEmail,points,type\nalice@example.com,1\nalice@example.com,1,adding,extra\n")
    assert [reason for _, reason in errors_of(job)] == [
        "Convert exception: 2 values where the header has 3",
        "Convert exception: 4 values where the header has 3",
    ]


def test_a_spreadsheets_csv_with_semicolons_and_a_mark_is_read(house: House, alice: Member) -> None:
    job = do(house, b"\xef\xbb\xbfcustomerEmail;points;type\r\nalice@example.com;5;adding\r\n")
    assert job.result["succeeded"] == 1


def test_a_report_does_not_hand_formulas_to_a_spreadsheet(house: House) -> None:
    job = do(house, 'customerEmail,points,type,comment\nx@example.com,5,adding,"=HYPERLINK(""http://evil"")"\n')
    assert "'=HYPERLINK" in job.report.read().decode()


@pytest.mark.parametrize("name", ["points.txt", "points", "points.xls"])
def test_a_format_that_is_none_of_ours_is_refused(name: str) -> None:
    with pytest.raises(ImportRefused):
        format_of(name)


# --- dry run ---


def preview(house: House, content: bytes | str, file_format: str = "csv") -> Any:
    data = content.encode() if isinstance(content, str) else content
    return preview_import(organization_id=house.id, source=io.BytesIO(data), file_format=file_format, at=clock.now())


def test_a_dry_run_says_what_would_happen_and_changes_nothing(house: House, alice: Member, bob: Member) -> None:
    content = (DATA / "points.csv").read_bytes()
    seen = preview(house, content)
    assert not Transaction.objects.exists()
    assert not Job.objects.exists()
    job = do(house, content)
    assert {name: getattr(seen.result, name) for name in job.result} == job.result
    assert [(error.line, error.message) for error in seen.errors] == errors_of(job)
    assert (seen.points_added, seen.points_spent) == (190, 50)


def test_a_dry_run_knows_what_was_booked_before_and_what_falls_due(house: House, alice: Member) -> None:
    now = clock.now()
    house.give(alice, 10, at=now - timedelta(days=2), expires_at=now - timedelta(days=1))
    house.give(alice, 6, at=now - timedelta(days=2), valid_from=now - timedelta(days=1))
    head = "customerEmail,points,type,rowKey\n"
    do(house, head + "alice@example.com,1,adding,r1\n")
    content = head + "alice@example.com,1,adding,r1\nalice@example.com,8,spending,r2\nalice@example.com,7,spending,r3\n"
    seen = preview(house, content)
    assert (seen.result.skipped, seen.result.failed, seen.result.succeeded) == (1, 1, 1)
    job = do(house, content)
    assert {name: getattr(seen.result, name) for name in job.result} == job.result


def test_a_dry_run_knows_the_supply_and_its_own_earlier_rows(db: None) -> None:
    house = factories.build_house("Finite", max_supply=100)
    factories.MemberFactory(organization=house.organization, loyalty_member_id="m")
    head = "customerEmail,points,type,rowKey\n"
    rows = (
        "m@example.com,60,adding,a\nm@example.com,60,adding,b\nm@example.com,60,adding,a\nm@example.com,40,adding,c\n"
    )
    seen = preview(house, head + rows)
    job = do(house, head + rows)
    assert {name: getattr(seen.result, name) for name in job.result} == job.result
    assert job.result == {"processed": 4, "succeeded": 2, "failed": 1, "skipped": 1}


# --- chunks, restarts ---


def test_many_chunks_are_one_import(house: House, alice: Member, settings: Any) -> None:
    settings.IMPORT_CHUNK_ROWS = 3
    rows = "".join(f"alice@example.com,{n},{'spending' if n % 4 == 0 else 'adding'}\n" for n in range(1, 20))
    job = do(house, "customerEmail,points,type\n" + rows)
    assert job.result == {"processed": 19, "succeeded": 19, "failed": 0, "skipped": 0}
    assert house.balance(alice)[0] == sum(-n if n % 4 == 0 else n for n in range(1, 20))
    assert house.findings() == []


def test_an_import_that_breaks_goes_on_where_it_stopped(
    house: House, alice: Member, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.IMPORT_CHUNK_ROWS = 2
    rows = "".join(f"alice@example.com,{n},adding\n" if n != 3 else "x,y,z\n" for n in range(1, 8))
    calls = 0

    def failing(**asked: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise RuntimeError("the machine is gone")
        return post_groups(**asked)

    monkeypatch.setattr(chunks, "post_groups", failing)
    job = do(house, "customerEmail,points,type\n" + rows)
    assert (job.state, job.result["processed"]) == (Job.State.WAITING, 4)
    assert "the machine is gone" in job.error
    Job.objects.update(available_at=clock.now())
    run_one_job(worker="another", job_id=job.pk)
    job.refresh_from_db()
    assert job.result == {"processed": 7, "succeeded": 6, "failed": 1, "skipped": 0}
    assert house.balance(alice) == (1 + 2 + 4 + 5 + 6 + 7, 0, 0)
    assert [line for line, _ in errors_of(job)] == [4]
    assert house.findings() == []


def test_a_worker_that_lost_its_lease_writes_nothing_more(house: House, alice: Member) -> None:
    job = ask(house, "customerEmail,points,type\nalice@example.com,5,adding\n")
    slow = lease_job(worker="slow", at=clock.now() - timedelta(minutes=5), job_id=job.pk)
    assert slow is None
    slow = lease_job(worker="slow", at=clock.now(), job_id=job.pk)
    assert slow is not None
    Job.objects.filter(pk=job.pk).update(locked_until=clock.now() - timedelta(seconds=1))
    quick = lease_job(worker="quick", at=clock.now(), job_id=job.pk)
    assert quick is not None
    from loyalty.kernel.services.jobs import JobLost

    with pytest.raises(JobLost):
        run_import(slow)
    assert not Transaction.objects.exists()
    run_import(quick)
    assert house.balance(alice) == (5, 0, 0)


# --- the command ---


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    call_command("import_points", *arguments, "--json")
    out = capsys.readouterr().out
    return json.loads(out)


def test_the_command_ends_with_one_json_object(
    house: House, alice: Member, bob: Member, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(DATA / "points.xml")
    answer = command(capsys, path, "--organization", house.organization.key, "--dry-run")
    assert answer == {"processed": 5, "succeeded": 3, "failed": 2, "skipped": 0, "jobId": None}
    assert not Transaction.objects.exists()
    answer = command(capsys, path, "--organization", house.organization.key)
    job = Job.objects.get()
    assert answer == {"processed": 5, "succeeded": 3, "failed": 2, "skipped": 0, "jobId": job.pk}
    answer = command(capsys, path, "--organization", str(house.id))
    assert answer == {"processed": 5, "succeeded": 0, "failed": 2, "skipped": 3, "jobId": job.pk}
    assert Transaction.objects.count() == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere.csv", "--organization", "demo-coffee"], "No such file"),
        ([str(DATA / "points.csv"), "--organization", "nobody"], "no organization"),
        ([str(DATA / "points.csv"), "--organization", "demo-coffee", "--format", "xml"], "XML cannot be read"),
        ([str(DATA / "points.csv"), "--organization", "demo-coffee", "--account", "987654"], "no such ledger account"),
    ],
)
def test_the_command_refuses_with_one_clear_line(house: House, arguments: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("import_points", *arguments)
    assert not Job.objects.exists()
