"""What measures must be right itself: the files of points it makes, and what it calls reached or missed."""

from __future__ import annotations

import csv
import io

import pytest

from ledger.models import Wallet
from loyalty.kernel import clock
from loyalty.kernel.services.runner import run_one_job
from members.models import Member
from members.services.imports import start_import
from tests import points_files
from tests.bench.measuring import QUICK, Figure
from tests.bench.report import as_json, table
from tests.crowds import make_members
from tests.house import TESTER, House


def test_a_file_has_the_rows_it_says_and_the_same_for_the_same_seed() -> None:
    def made(file_format: str, seed: int = 1) -> bytes:
        target = io.BytesIO()
        rows = points_files.points_rows(2500, members=40, seed=seed, spending=0.3)
        points_files.write_points(target, rows, file_format=file_format)
        return target.getvalue()

    assert made("csv") == made("csv") != made("csv", seed=2)
    rows = list(csv.DictReader(io.StringIO(made("csv").decode())))
    assert len(rows) == made("jsonl").count(b"\n") == made("xml").count(b"<pointsTransfer>") == 2500
    assert len({row["customerEmail"] for row in rows}) == 40
    assert 0.2 < sum(row["type"] == "spending" for row in rows) / 2500 < 0.4


@pytest.mark.parametrize("file_format", points_files.FORMATS)
def test_the_members_of_a_file_are_there_and_no_row_is_refused(house: House, file_format: str) -> None:
    make_members(organization_id=house.id, count=40, at=clock.now())
    member = Member.objects.get(organization_id=house.id, loyalty_member_id="member-0000040")
    assert Wallet.objects.get(pk=member.wallet_id).holder_id == member.pk

    target = io.BytesIO()
    rows = points_files.points_rows(300, members=40, spending=0.4)
    points_files.write_points(target, rows, file_format=file_format)
    job = start_import(
        organization_id=house.id,
        source=target,
        name=f"points.{file_format}",
        file_format=file_format,
        actor=TESTER,
        at=clock.now(),
    )
    done = run_one_job(worker="test", job_id=job.pk)
    assert done is not None
    done.refresh_from_db()
    assert (done.result["succeeded"], done.result["failed"]) == (300, 0)
    assert house.findings() == []


def test_a_missed_figure_is_called_missed() -> None:
    fast = Figure("fast", "as fast as asked", "/s", candidate=[40, 50, 90], limit=[90, 100, 400], at_least=0.5)
    slow = Figure("slow", "too slow", "/s", candidate=[40, 49, 90], limit=[90, 100, 400], at_least=0.5)
    heavy = Figure("heavy", "too heavy", "MB", candidate=[301], at_most=300, embedded=[12])
    told = {line.split("  ")[0]: line for line in table([fast, slow, heavy]).splitlines()}
    assert "0.50" in told["as fast as asked"] and told["as fast as asked"].endswith("ok")
    assert "0.49" in told["too slow"] and told["too slow"].endswith("MISSED")
    assert "MISSED" in told["too heavy"] and told["too heavy"].endswith("12.0 MB")

    kept = as_json([fast, slow], scale=QUICK, facts={}, seconds=1)
    assert [figure["reached"] for figure in kept["figures"]] == [True, False]
    assert kept["reached"] is False
    assert kept["figures"][1]["limit"] == {"median": 100, "samples": [90, 100, 400]}
    assert as_json([fast], scale=QUICK, facts={}, seconds=1)["reached"] is True
