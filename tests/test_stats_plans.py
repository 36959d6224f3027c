"""Statistics read their own stretch of an index, whatever the history: no table of the journals is read from end to end
(semantics 14).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection, transaction

from campaigns.services import add_answers
from loyalty.kernel import clock
from members.models import Member
from tests.coupons.books import assign, use
from tests.databases import analyze, round_trips, triggers_off
from tests.house import TESTER, Api, House
from tests.walk import OPERATIONS, World

MANY = 20_000

# What each is read from, by name. An account's whole days are read from its running totals.
INDEXES: dict[str, set[str]] = {
    "getMemberCreationStats": {"member_by_date"},
    "getBenefitUsageStats": {"coupon_usage_counted"},
    "getBenefitPerformanceStats": {"coupon_usage_counted"},
    "getCouponBookUsageStats": {"coupon_usage_counted"},
    "getCouponBookDiscountStats": {"coupon_usage_counted"},
    "getMissionTopMembers": {"mission_achieved_counted"},
    "getMissionStats": {"mission_step_counted", "mission_achieved_counted"},
    "getMissionTotals": {"mission_step_counted", "mission_achieved_counted"},
    # Either of the two that begin with the mission.
    "getMissionCompletionsByMember": {"mission_progress_"},
    "getLoyaltyProgramTierStats": {"enrollment_by_tier"},
    "getLedgerAccountStats": {"account_day", "transaction_by_date"},
    "getEventStats": {"event_by_type", "event_by_own_date"},
    "getNpsSurveyStats": {"survey_response_by_score"},
}

LARGE = (
    "ledger_transaction",
    "ledger_accountday",
    "members_member",
    "members_enrollment",
    "members_loyaltyevent",
    "coupons_couponusage",
    "campaigns_missionstep",
    "campaigns_missionachievement",
    "campaigns_missionprogress",
    "campaigns_npsresponse",
)

# A copy of one row for each number, a minute apart and going back from now.
_COPIES = """
INSERT INTO {table} ({columns}) SELECT {values} FROM {table} AS one
CROSS JOIN generate_series(1, %s) AS n WHERE one.id = (SELECT MIN(id) FROM {table})"""


@pytest.fixture
def thrown_away(db: None) -> Iterator[None]:
    """What the test leaves is rolled back without each of its references being checked first."""
    yield
    transaction.set_rollback(True)


def copy(table: str, moments: tuple[str, ...] = ("created_at",), **instead: str) -> None:
    """Many rows more of a table, written past the services: only their number matters here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table])
        columns = [name for (name,) in cursor.fetchall() if name != "id"]
        said = {name: f"one.{name} - n * interval '1 minute'" for name in moments} | instead
        values = ", ".join(said.get(name, f"one.{name}") for name in columns)
        cursor.execute(_COPIES.format(table=table, columns=", ".join(columns), values=values), [MANY])


def fill() -> None:
    """Years of what is counted, of one house."""
    with triggers_off():
        moved = {"unique_key": "NULL", "external_id": "''"}
        copy("ledger_transaction", ("effective_at", "created_at"), **moved)
        copy("ledger_accountday", (), day="one.day - n")
        copy("ledger_wallet")
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = 'replica'")
        own = {"loyalty_member_id": "one.loyalty_member_id || n", "public_loyalty_member_id": "NULL"}
        copy("members_member", customer_id="gen_random_uuid()", wallet_id="one.wallet_id + 1000000 + n", **own)
        for program in ("one.program_id", "one.program_id + 1000000"):
            copy("members_enrollment", member_id="one.member_id + 1000000 + n", program_id=program)
        copy("members_loyaltyevent", unique_key="NULL")
        copy("members_loyaltyevent", unique_key="NULL", external_event_at="one.created_at - n * interval '1 minute'")
        copy("coupons_couponusage", unique_key="NULL")
        others = {"event_id": "one.event_id + 1000000 + n", "member_id": "one.member_id + 1000000 + n"}
        copy("campaigns_missionstep", ("happened_at",), unique_key="NULL", **others)
        copy("campaigns_missionachievement", ("happened_at",), unique_key="one.unique_key || n")
        copy("campaigns_missionprogress", (), member_id="one.member_id + 1000000 + n", achieved="1")
        copy("campaigns_npsresponse", event_id="NULL")
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = 'origin'")
    analyze(*LARGE)


def plans_of(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + sql.replace("%", "%%"))
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.postgresql
def test_no_statistic_reads_a_journal_from_end_to_end(
    thrown_away: None, house: House, alice: Member, bob: Member, api: Api
) -> None:
    world = World(house, alice, bob)
    use(world.book, alice)
    assign(world.book, bob)
    add_answers(survey=world.survey, score=9, count=1, actor=TESTER, at=clock.now())
    achieve(world)
    fill()
    with connection.cursor() as cursor:
        # At this size reading everything may be as cheap; what counts is that an index can answer.
        cursor.execute("SET LOCAL enable_seqscan = off")
    # A day and a half, so that an account is asked for a part of a day, too.
    until = clock.now()
    window = f"?sinceFrom={until - timedelta(hours=36):%Y-%m-%dT%H:%M:%SZ}&sinceTo={until:%Y-%m-%dT%H:%M:%SZ}"
    stats = [op for op in OPERATIONS if op["tag"] == "Stats"]
    assert {op["operationId"] for op in stats} == INDEXES.keys()
    for op in stats:
        with round_trips() as asked:
            answer = api.get(world.path(op) + (window if op["queryParams"] else ""))
        assert answer.status_code == 200, answer.content
        queries = [(query["sql"] or "").lstrip() for query in asked.captured_queries]
        reads = [query for query in queries if query.startswith(("SELECT", "(SELECT", "WITH"))]
        plans = "\n\n".join(map(plans_of, reads))
        whole = re.findall(r"Seq Scan on (\w+)", plans)
        assert not set(whole) & set(LARGE), f"{op['operationId']}\n{plans}"
        for index in INDEXES[op["operationId"]]:
            assert index in plans, f"{op['operationId']} without {index}\n{plans}"


def achieve(world: World) -> None:
    """An achievement of the world's mission, and an event that counted."""
    from tests.campaigns.plays import happen
    from tests.campaigns.quests import make_mission

    make_mission(world.house, goal=1)
    happen(world.house, world.member)
    happen(world.house, world.member, event_type=world.event_type.code)
