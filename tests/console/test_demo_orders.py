"""The demo's month of orders: the same story for the same seed, and what it does to the books when it is imported."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Q

from campaigns.models import Award, Campaign, Mission, MissionAchievement
from ledger.models import AccountDay, Balance
from loyalty.console.demo import make_demo
from loyalty.console.demo_keys import House as Place
from loyalty.console.demo_orders import REGULARS, SEED, make_orders
from loyalty.console.demo_story import DAYS, STORES, guests_of, month_of_orders
from loyalty.kernel.clock import local_day
from loyalty.kernel.models import Job
from loyalty.kernel.services.runner import run_one_job
from members.models import Enrollment, Member, PurchaseOrder, TierChange
from members.services import create_tier
from tests.house import NOON, TESTER, House

BERLIN = "Europe/Berlin"
UNTIL = date(2030, 3, 15)


def month(seed: int = SEED, number: int = REGULARS, until: date = UNTIL) -> list[dict[str, Any]]:
    return month_of_orders(seed, guests_of(seed, number), until=until, zone=BERLIN)


def moment(line: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(line["externalEventDate"])


def test_the_same_seed_and_day_tell_the_same_story_and_another_seed_another() -> None:
    assert month() == month()
    assert month(seed=7) != month()
    assert guests_of(SEED, REGULARS)[:5] == guests_of(SEED, 5)


def test_a_month_has_thousands_of_orders_and_some_of_them_come_back() -> None:
    lines = month()
    orders = {line["externalId"] for line in lines}
    assert 2000 < len(orders) < 4000
    told = Counter(line["status"] for line in lines)
    assert told["confirmed"] == len(orders)
    assert all(told[status] >= 5 for status in ("cancelled", "partially-returned", "returned")), told
    assert {line["customAttributes"]["orderLocationCode"] for line in lines} == set(STORES)
    assert len({item["sku"] for line in lines for item in line["items"]}) == 13


def test_it_is_told_in_its_order_and_lies_in_the_last_30_local_days() -> None:
    lines = month()
    assert lines == sorted(lines, key=moment)
    days = {local_day(moment(line), BERLIN) for line in lines}
    assert days == {UNTIL - timedelta(days=back) for back in range(1, DAYS + 1)}


def test_each_order_is_confirmed_first_and_ends_at_most_once() -> None:
    statuses: dict[str, list[str]] = {}
    for line in month():
        statuses.setdefault(line["externalId"], []).append(line["status"])
    assert all(one[0] == "confirmed" and len(one) <= 2 for one in statuses.values())


def test_an_order_costs_what_its_items_cost() -> None:
    for line in month():
        for item in line["items"]:
            assert Decimal(item["total"]) == Decimal(item["unitPrice"]) * item["quantity"]
        assert Decimal(line["total"]) == sum(Decimal(item["total"]) for item in line["items"])


@pytest.fixture
def imported(house: House, alice: Member, noon: Any, settings: Any, tmp_path: Path) -> House:
    """A house whose twelve regulars had a month."""
    settings.MEDIA_ROOT = tmp_path
    words: dict[str, Any] = {"program": house.program, "actor": TESTER, "at": NOON}
    create_tier(name="Silver", min_required_points=50_000, tier_order=2, **words)
    house.give(alice, 1000)
    place = Place(house.organization, house.ledger, house.account, house.program)
    for _ in range(2):
        make_orders(place, NOON, number=12)
    while run_one_job(worker="test") is not None:
        pass
    return house


def test_the_import_earns_points_moves_tiers_and_the_mission_and_the_books_balance(
    imported: House, alice: Member
) -> None:
    job = Job.objects.get(kind="import_orders")
    orders = PurchaseOrder.objects.count()
    assert (job.state, job.result["failed"], job.result["skipped"]) == (Job.State.DONE, 0, 0)
    assert job.result["succeeded"] == job.progress_total > orders > 100
    assert (Campaign.objects.count(), Mission.objects.count()) == (3, 1)
    assert MissionAchievement.objects.exists()
    earned = set(Award.objects.values_list("action__campaign__code", flat=True))
    assert {"every-euro", "new-machine"} <= earned
    regulars = Member.objects.filter(member_type="regular")
    assert regulars.count() == 12
    silver = Enrollment.objects.filter(member__in=regulars, effective_tier__name="Silver")
    assert 0 < silver.count() < 12
    assert TierChange.objects.filter(tier__name="Silver", reason="system").count() >= silver.count()
    assert all(one.active >= 0 for one in Balance.objects.filter(wallet__in=regulars.values("wallet")))
    # A living month: points on most of its days, each on its own.
    assert AccountDay.objects.filter(day__lt=UNTIL, minted__gt=0).values("day").distinct().count() >= 25
    assert AccountDay.objects.filter(Q(burned__gt=0) | Q(reverted__gt=0)).exists()
    assert imported.findings() == []
    # Nobody else is given anything.
    assert imported.balance(alice) == (1000, 0, 0)


@pytest.mark.django_db
def test_a_demo_that_is_made_again_on_another_day_has_the_month_it_had(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = settings.MEDIA_ROOT = tmp_path
    now = datetime.now(UTC)
    first = make_demo(now)
    rows = [Member.objects.count(), Campaign.objects.count(), Job.objects.count()]
    again = make_demo(now + timedelta(days=3))
    assert again["members"] == first["members"]
    assert [Member.objects.count(), Campaign.objects.count(), Job.objects.count()] == rows
    assert {one["loyaltyMemberId"] for one in first["members"]} & {f"guest-{n:03d}" for n in range(1, 4)} == set()
