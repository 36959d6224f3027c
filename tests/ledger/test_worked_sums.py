"""Worked sums: small stories a shopkeeper would tell, every number of them proved. docs/ledger.md shows these tables."""
# ruff: noqa: E501 - a table is as wide as its cells

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ledger import services
from ledger.errors import SupplyExceeded
from ledger.models import LedgerAccount
from members.models import Member
from tests import factories
from tests.house import TESTER, House
from tests.ledger.story import Story, capture, revert

EARN = """
| Day         | What happens                | Active | Held | Pending | Available | Lots                                        | Reserve | Expired |
| ----------- | --------------------------- | ------ | ---- | ------- | --------- | ------------------------------------------- | ------- | ------- |
| 31 Jan 2030 | Alice earns 100             | 100    | 0    | 0       | 100       | 100 until 31 Jan 2031                       | -100    | 0       |
| 15 Mar 2030 | Alice earns 40              | 140    | 0    | 0       | 140       | 100 until 31 Jan 2031, 40 until 15 Mar 2031 | -140    | 0       |
| 31 Jan 2031 | Nothing; it is the last day | 140    | 0    | 0       | 140       | 100 until 31 Jan 2031, 40 until 15 Mar 2031 | -140    | 0       |
| 1 Feb 2031  | Nothing; the day is over    | 40     | 0    | 0       | 40        | 40 until 15 Mar 2031                        | -140    | 100     |
| 16 Mar 2031 | Nothing                     | 0      | 0    | 0       | 0         | none                                        | -140    | 140     |
"""

SPEND = """
| Day        | What happens                    | Active | Available | Lots                                                             | Reserve | Burned |
| ---------- | ------------------------------- | ------ | --------- | ---------------------------------------------------------------- | ------- | ------ |
| 1 Mar 2030 | Alice earns 100                 | 100    | 100       | 100 until 1 Mar 2031                                             | -100    | 0      |
| 2 Mar 2030 | She gets 30 that end with April | 130    | 130       | 30 until 30 Apr 2030, 100 until 1 Mar 2031                       | -130    | 0      |
| 3 Mar 2030 | She gets 50 that end with March | 180    | 180       | 50 until 31 Mar 2030, 30 until 30 Apr 2030, 100 until 1 Mar 2031 | -180    | 0      |
| 4 Mar 2030 | She spends 60                   | 120    | 120       | 20 until 30 Apr 2030, 100 until 1 Mar 2031                       | -180    | 60     |
| 5 Mar 2030 | She spends 30                   | 90     | 90        | 90 until 1 Mar 2031                                              | -180    | 90     |
"""

HOLD = """
| Day        | What happens                  | Active | Held | Available | Lots                           | Reserve | Burned |
| ---------- | ----------------------------- | ------ | ---- | --------- | ------------------------------ | ------- | ------ |
| 1 Mar 2030 | Alice earns 100               | 100    | 0    | 100       | 100 until 1 Mar 2031           | -100    | 0      |
| 2 Mar 2030 | A basket of 60 is held        | 100    | 60   | 40        | 100 (60 held) until 1 Mar 2031 | -100    | 0      |
| 3 Mar 2030 | She spends 40 at the till     | 60     | 60   | 0         | 60 (60 held) until 1 Mar 2031  | -100    | 40     |
| 4 Mar 2030 | Of the basket 45 are captured | 15     | 0    | 15        | 15 until 1 Mar 2031            | -100    | 85     |
"""

TRANSFER = """
| Day         | What happens                    | Active | Lots                                       | Bob | Bob's lots                                | Reserve | Expired |
| ----------- | ------------------------------- | ------ | ------------------------------------------ | --- | ----------------------------------------- | ------- | ------- |
| 1 Mar 2030  | Alice gets 20 that end with May | 20     | 20 until 31 May 2030                       | 0   | none                                      | -20     | 0       |
| 1 Mar 2030  | She earns 200                   | 220    | 20 until 31 May 2030, 200 until 1 Mar 2031 | 0   | none                                      | -220    | 0       |
| 30 May 2030 | She gives Bob 100               | 120    | 120 until 1 Mar 2031                       | 100 | 20 until 31 May 2030, 80 until 1 Mar 2031 | -220    | 0       |
| 1 Jun 2030  | Nothing; May is over            | 120    | 120 until 1 Mar 2031                       | 80  | 80 until 1 Mar 2031                       | -220    | 20      |
"""

REVERT = """
| Day        | What happens                      | Active | Lots                                      | Reserve | Burned | Expired |
| ---------- | --------------------------------- | ------ | ----------------------------------------- | ------- | ------ | ------- |
| 1 Mar 2030 | Alice gets 30 that end with March | 30     | 30 until 31 Mar 2030                      | -30     | 0      | 0       |
| 2 Mar 2030 | She earns 50                      | 80     | 30 until 31 Mar 2030, 50 until 2 Mar 2031 | -80     | 0      | 0       |
| 3 Mar 2030 | She spends 40 on an order         | 40     | 40 until 2 Mar 2031                       | -80     | 40     | 0       |
| 9 Mar 2030 | The order is cancelled            | 80     | 30 until 31 Mar 2030, 50 until 2 Mar 2031 | -80     | 0      | 0       |
| 9 Mar 2030 | It is cancelled again             | 80     | 30 until 31 Mar 2030, 50 until 2 Mar 2031 | -80     | 0      | 0       |
| 1 Apr 2030 | Nothing; March is over            | 50     | 50 until 2 Mar 2031                       | -80     | 0      | 30      |
"""

PENDING = """
| Day         | What happens                      | Active | Pending | Available | Lots                                                       | Reserve |
| ----------- | --------------------------------- | ------ | ------- | --------- | ---------------------------------------------------------- | ------- |
| 1 Mar 2030  | Alice earns 10                    | 10     | 0       | 10        | 10 until 1 Mar 2031                                        | -10     |
| 2 Mar 2030  | She earns 50, valid after 14 days | 10     | 50      | 10        | 10 until 1 Mar 2031, 50 from 16 Mar 2030 until 16 Mar 2031 | -60     |
| 15 Mar 2030 | Nothing; a day too early          | 10     | 50      | 10        | 10 until 1 Mar 2031, 50 from 16 Mar 2030 until 16 Mar 2031 | -60     |
| 16 Mar 2030 | Nothing; the day has come         | 60     | 0       | 60        | 10 until 1 Mar 2031, 50 until 16 Mar 2031                  | -60     |
"""

BREAKAGE = """
| Day         | What happens                       | Active | Held | Available | Lots                            | Reserve | Burned | Expired |
| ----------- | ---------------------------------- | ------ | ---- | --------- | ------------------------------- | ------- | ------ | ------- |
| 1 Mar 2030  | Alice gets 100 that end with March | 100    | 0    | 100       | 100 until 31 Mar 2030           | -100    | 0      | 0       |
| 30 Mar 2030 | A basket of 30 is held             | 100    | 30   | 70        | 100 (30 held) until 31 Mar 2030 | -100    | 0      | 0       |
| 1 Apr 2030  | Nothing; March is over             | 30     | 30   | 0         | 30 (30 held) until 31 Mar 2030  | -100    | 0      | 70      |
| 2 Apr 2030  | Of the basket 10 are captured      | 0      | 0    | 0         | none                            | -100    | 10     | 90      |
"""

SUPPLY = """
| Day        | What happens                      | Active | Issuance | Reserve | Burned | Expired |
| ---------- | --------------------------------- | ------ | -------- | ------- | ------ | ------- |
| 1 Mar 2030 | The shop issues at most 100       | 0      | -100     | 100     | 0      | 0       |
| 2 Mar 2030 | Alice earns 70                    | 70     | -100     | 30      | 0      | 0       |
| 3 Mar 2030 | She would earn 40, and is refused | 70     | -100     | 30      | 0      | 0       |
| 4 Mar 2030 | She spends 50                     | 20     | -100     | 30      | 50     | 0       |
| 5 Mar 2030 | She would earn 31, and is refused | 20     | -100     | 30      | 50     | 0       |
| 6 Mar 2030 | The shop issues at most 150       | 20     | -150     | 80      | 50     | 0       |
| 7 Mar 2030 | She earns 80                      | 100    | -150     | 0       | 50     | 0       |
"""
# For whoever holds a page against them.
TABLES = [EARN, SPEND, HOLD, TRANSFER, REVERT, PENDING, BREAKAGE, SUPPLY]


@pytest.fixture
def story(house: House, alice: Member, bob: Member) -> Story:
    """A shop whose points end twelve months after they were earned, with the last second of that day."""
    return Story(house, alice, bob)


def end_of(year: int, month: int, day: int) -> datetime:
    """The last second of a day."""
    return datetime(year, month, day, 23, 59, 59, tzinfo=UTC)


def test_points_earned_expire_with_the_day_a_year_later(story: Story) -> None:
    give, alice = story.house.give, story.alice
    story.tell(
        EARN,
        {"Alice earns 100": lambda at: give(alice, 100, at=at), "Alice earns 40": lambda at: give(alice, 40, at=at)},
    )


def test_points_that_end_soonest_are_spent_first(story: Story) -> None:
    house, alice = story.house, story.alice
    april, march = end_of(2030, 4, 30), end_of(2030, 3, 31)
    story.tell(
        SPEND,
        {
            "Alice earns 100": lambda at: house.give(alice, 100, at=at),
            "She gets 30 that end with April": lambda at: house.give(alice, 30, at=at, expires_at=april),
            "She gets 50 that end with March": lambda at: house.give(alice, 50, at=at, expires_at=march),
            "She spends 60": lambda at: house.take(alice, 60, at=at),
            "She spends 30": lambda at: house.take(alice, 30, at=at),
        },
    )


def test_a_hold_is_captured_in_part_and_the_rest_comes_back(story: Story) -> None:
    house, alice = story.house, story.alice
    held: list[Any] = []
    story.tell(
        HOLD,
        {
            "Alice earns 100": lambda at: house.give(alice, 100, at=at),
            "A basket of 60 is held": lambda at: held.append(house.take(alice, 60, at=at, hold=True)),
            "She spends 40 at the till": lambda at: house.take(alice, 40, at=at),
            "Of the basket 45 are captured": lambda at: capture(house, held[0].id, 45, at),
        },
    )


def test_points_given_away_keep_their_end(story: Story) -> None:
    house, alice, bob = story.house, story.alice, story.bob
    may = end_of(2030, 5, 31)
    story.tell(
        TRANSFER,
        {
            "Alice gets 20 that end with May": lambda at: house.give(alice, 20, at=at, expires_at=may),
            "She earns 200": lambda at: house.give(alice, 200, at=at),
            "She gives Bob 100": lambda at: house.move(alice, bob, 100, at=at),
        },
    )


def test_a_cancelled_order_gives_back_the_very_lots(story: Story) -> None:
    house, alice = story.house, story.alice
    march = end_of(2030, 3, 31)
    spent: list[Any] = []
    story.tell(
        REVERT,
        {
            "Alice gets 30 that end with March": lambda at: house.give(alice, 30, at=at, expires_at=march),
            "She earns 50": lambda at: house.give(alice, 50, at=at),
            "She spends 40 on an order": lambda at: spent.append(house.take(alice, 40, at=at)),
            "The order is cancelled": lambda at: revert(house, spent[0].id, at),
            "It is cancelled again": lambda at: revert(house, spent[0].id, at),
        },
    )


def test_pending_points_become_active_on_their_day(story: Story) -> None:
    house, alice = story.house, story.alice
    day = datetime(2030, 3, 16, tzinfo=UTC)
    story.tell(
        PENDING,
        {
            "Alice earns 10": lambda at: house.give(alice, 10, at=at),
            "She earns 50, valid after 14 days": lambda at: house.give(alice, 50, at=at, valid_from=day),
        },
    )


def test_what_expires_is_breakage_but_for_what_a_hold_keeps(story: Story) -> None:
    house, alice = story.house, story.alice
    march = end_of(2030, 3, 31)
    held: list[Any] = []
    story.tell(
        BREAKAGE,
        {
            "Alice gets 100 that end with March": lambda at: house.give(alice, 100, at=at, expires_at=march),
            "A basket of 30 is held": lambda at: held.append(house.take(alice, 30, at=at, hold=True)),
            "Of the basket 10 are captured": lambda at: capture(house, held[0].id, 10, at),
        },
    )


def test_a_finite_supply_is_given_out_once(db: None) -> None:
    house = factories.build_house("Finite")
    alice, bob = (factories.MemberFactory(organization=house.organization) for _ in range(2))

    def issue(number: int, at: datetime) -> None:
        account = LedgerAccount.objects.get(pk=house.account.pk)
        services.set_supply(account=account, max_supply=number, actor=TESTER, at=at)

    def is_refused(amount: int, at: datetime) -> None:
        with pytest.raises(SupplyExceeded):
            house.give(alice, amount, at=at)

    Story(house, alice, bob).tell(
        SUPPLY,
        {
            "The shop issues at most 100": lambda at: issue(100, at),
            "Alice earns 70": lambda at: house.give(alice, 70, at=at),
            "She would earn 40, and is refused": lambda at: is_refused(40, at),
            "She spends 50": lambda at: house.take(alice, 50, at=at),
            "She would earn 31, and is refused": lambda at: is_refused(31, at),
            "The shop issues at most 150": lambda at: issue(150, at),
            "She earns 80": lambda at: house.give(alice, 80, at=at),
        },
    )
