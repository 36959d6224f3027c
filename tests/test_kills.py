"""Killed at any point, with no chance to say goodbye, and started again: nothing lost, nothing twice."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tests.installation import Installation, kill_when

MEMBERS = 50
ROWS = 6000

SEED = f"""
from tests.factories import MemberFactory, build_house
house = build_house("Demo Coffee")
for number in range({MEMBERS}):
    MemberFactory(organization=house.organization, loyalty_member_id=f"m{{number}}")
"""


def write_points(path: Path) -> int:
    """A file of points; answers the sum all balances must have."""
    chance = random.Random(7)
    total = 0
    with path.open("w") as file:
        file.write("customerEmail,points,type\n")
        for number in range(ROWS):
            points = chance.randrange(1, 100)
            spends = number > 5 * MEMBERS and number % 10 == 0
            points = 1 if spends else points
            total += -points if spends else points
            file.write(f"m{number % MEMBERS}@example.com,{points},{'spending' if spends else 'adding'}\n")
            if number % 1000 == 999:
                file.write("nobody@example.com,5,adding\n")
    return total


def test_an_import_killed_three_times_ends_with_the_right_totals(installation: Installation, tmp_path: Path) -> None:
    installation.env["IMPORT_CHUNK_ROWS"] = "100"
    installation.python(SEED)
    path = tmp_path / "points.csv"
    total = write_points(path)
    command = ["manage.py", "import_points", str(path), "--organization", "demo-coffee", "--json"]
    kills = 0
    for share in (0.1, 0.4, 0.7):
        wanted = int(ROWS * share)
        process = installation.start(*command)
        kills += kill_when(
            process,
            lambda wanted=wanted: (installation.query("SELECT progress_done FROM loyalty_job") or 0) >= wanted,
        )
    assert kills == 3
    done = installation.manage(*command[1:])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "processed": ROWS + 6,
        "succeeded": ROWS,
        "failed": 6,
        "skipped": 0,
        "jobId": installation.query("SELECT id FROM loyalty_job"),
    }
    assert installation.query("SELECT sum(active) FROM ledger_balance") == total
    assert installation.query("SELECT count(*) FROM ledger_transaction") == ROWS
    report = Path(installation.env["VAR_DIR"]) / "files" / installation.query("SELECT report FROM loyalty_job")
    assert len(report.read_text().splitlines()) == 1 + 6
    checked = installation.manage("check_books")
    assert checked.returncode == 0, checked.stdout
    again = installation.manage(*command[1:])
    assert json.loads(again.stdout)["skipped"] == ROWS
    assert installation.query("SELECT count(*) FROM ledger_transaction") == ROWS


def test_settling_killed_in_the_middle_settles_the_rest_later(installation: Installation) -> None:
    installation.env["SETTLE_CHUNK_BALANCES"] = "2"
    installation.python(
        SEED
        + """
from datetime import timedelta
from loyalty.kernel import clock
from members.models import Member
from tests.house import TESTER
now = clock.now()
from ledger.services import mint, post_groups
for member in Member.objects.all():
    groups = [[mint(account_id=house.account.pk, wallet_id=member.wallet_id, amount=10,
                    expires_at=now + timedelta(days=1))] for _ in range(40)]
    post_groups(organization_id=house.id, groups=groups, actor=TESTER, at=now)
"""
    )
    at = "2999-01-01"
    expired = "SELECT count(*) FROM ledger_transaction WHERE kind = 'expire'"
    process = installation.start("manage.py", "settle_due", "--at", at)
    assert kill_when(process, lambda: installation.query(expired) > 200)
    assert 0 < installation.query(expired) < 40 * MEMBERS
    assert installation.manage("check_books").returncode == 0
    assert installation.manage("settle_due", "--at", at).returncode == 0
    assert installation.query(expired) == 40 * MEMBERS
    assert installation.query("SELECT sum(active) FROM ledger_balance") == 0
    checked = installation.manage("check_books")
    assert checked.returncode == 0, checked.stdout


WELCOME = """
from tests.campaigns.plays import make_campaign, minting
from tests.factories import MemberFactory, build_house
house = build_house("Demo Coffee")
make_campaign(house, minting(5), event_type="member-created")
for number in range(40):
    MemberFactory(organization=house.organization, loyalty_member_id=f"m{number}")
print(house.id)
"""
EVALUATE = """
import django
django.setup()
from campaigns.services import evaluate_told, retrying
from loyalty.kernel import clock
retrying.CHUNK = 3
evaluate_told({}, at=clock.now())
"""


def test_a_worker_killed_while_it_evaluates_loses_and_repeats_nothing(installation: Installation) -> None:
    code = EVALUATE.format(installation.python(WELCOME))
    kills = 0
    for wanted in (3, 12, 24):
        process = installation.start("-c", code)
        kills += kill_when(
            process,
            lambda wanted=wanted: (installation.query("SELECT COUNT(*) FROM ledger_transaction") or 0) >= wanted,
        )
    assert kills == 3
    assert installation.query("SELECT COUNT(*) FROM members_loyaltyevent WHERE status = 'pending'") > 0
    done = installation.start("-c", code)
    _, errors = done.communicate(timeout=120)
    assert done.returncode == 0, errors
    assert installation.query("SELECT COUNT(*) FROM members_loyaltyevent WHERE status <> 'success'") == 0
    assert installation.query("SELECT COUNT(*) FROM ledger_transaction") == 40
    assert installation.query("SELECT MIN(active) + 10 * MAX(active) FROM ledger_balance WHERE transactions = 1") == 55
    assert installation.manage("check_books").returncode == 0
