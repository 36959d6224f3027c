"""Partnerships (semantics 4.1), and what the database refuses of them and of offerings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from loyalty.kernel import clock
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.models import AuditEntry
from partners.errors import PartnershipExists
from partners.models import CouponBookOffering, Partnership
from partners.selectors import list_partnerships
from tests import factories
from tests.coupons.books import make_book
from tests.databases import triggers_off
from tests.house import House
from tests.partners.shared import ally, decide, offer, turn
from tests.walk import every_row


def test_4_1_a_pair_has_one_partnership_whichever_is_named_first(house: House, neighbor: House) -> None:
    made = ally(house, neighbor)
    before = every_row()
    for pair in ((house, neighbor), (neighbor, house)):
        with pytest.raises(PartnershipExists):
            ally(*pair)
    with pytest.raises(InvalidInput):
        ally(house, house)
    assert every_row() == before
    ally(house, factories.build_house("Third"))
    assert [row.pk for row in list_partnerships(neighbor.id)] == [made.pk]
    assert list_partnerships(house.id).count() == 2


def test_ending_twice_ends_once(house: House, neighbor: House) -> None:
    made = ally(house, neighbor)
    for _ in range(2):
        assert turn(made, active=False).active is False
    assert AuditEntry.objects.filter(action="partnership.updated").count() == 1


@pytest.fixture
def offered(house: House, neighbor: House) -> CouponBookOffering:
    return offer(ally(house, neighbor), make_book(house))


IMPOSSIBLE: dict[str, Callable[[CouponBookOffering], Any]] = {
    "a second of a pair": lambda row: Partnership.objects.create(
        organization=row.partner_organization,
        partner_organization=row.organization,
        created_at=clock.now(),
        updated_at=clock.now(),
    ),
    "a partnership with itself": lambda row: Partnership.objects.update(partner_organization=row.organization),
    "a second that waits": lambda row: CouponBookOffering.objects.create(
        partnership=row.partnership,
        organization=row.organization,
        partner_organization=row.partner_organization,
        offered_book=row.offered_book,
        created_at=clock.now(),
        updated_at=clock.now(),
    ),
    "accepted without a book": lambda row: CouponBookOffering.objects.update(status="accepted"),
    "a book without being accepted": lambda row: CouponBookOffering.objects.update(accepted_book=row.offered_book),
    "an offering to oneself": lambda row: CouponBookOffering.objects.update(partner_organization=row.organization),
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_what_cannot_be_is_refused_by_the_database(offered: CouponBookOffering, what: str) -> None:
    with triggers_off(), pytest.raises(IntegrityError), transaction.atomic():
        IMPOSSIBLE[what](offered)


REFUSED: dict[str, Callable[[CouponBookOffering], Any]] = {
    "another decision": lambda row: CouponBookOffering.objects.update(status="pending", accepted_book=None),
    "another book accepted": lambda row: CouponBookOffering.objects.update(accepted_book=row.offered_book),
    "another book offered": lambda row: CouponBookOffering.objects.update(offered_book=row.accepted_book),
    "another side": lambda row: CouponBookOffering.objects.update(organization=row.partner_organization),
    "an offering less": lambda row: CouponBookOffering.objects.all()._raw_delete("default"),
    "another partner": lambda row: Partnership.objects.update(partner_organization=row.organization),
    "a partnership less": lambda row: Partnership.objects.all()._raw_delete("default"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_4_3_what_was_decided_stays_as_it_was(offered: CouponBookOffering, what: str) -> None:
    decided = decide(offered)
    before = every_row()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        REFUSED[what](decided)
    assert every_row() == before
