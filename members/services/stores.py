"""Creates and changes stores, and says when points given at one become valid and expire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from ledger.models import LedgerAccount
from loyalty.kernel.actors import Actor
from loyalty.kernel.clock import NEVER, end_of_local_day, local_day, zone_of
from loyalty.kernel.errors import DuplicateValue, InvalidInput
from loyalty.kernel.services import apply_changes, record
from members.models import Store
from members.selectors.programs import resolve_account

CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Addresses use these words where a store's code would stand (contract open_loyalty, Decided).
RESERVED_CODES = frozenset({"v1", "v2", "v3", "admin", "customer", "seller", "pos", "token", "docs", "schema"})
_CURRENCY = re.compile(r"[A-Z]{3}")


def _checked(organization_id: int, said: Mapping[str, Any]) -> dict[str, Any]:
    wanted = dict(said)
    if "code" in wanted and (not CODE.fullmatch(wanted["code"]) or wanted["code"].lower() in RESERVED_CODES):
        raise InvalidInput(
            f"A store's code is letters, digits, - and _, and none of: {', '.join(sorted(RESERVED_CODES))}.",
            field="code",
        )
    if "currency" in wanted and not _CURRENCY.fullmatch(wanted["currency"]):
        raise InvalidInput("A currency is three capital letters, like EUR.", field="currency")
    if "account_id" in wanted:
        account = LedgerAccount.objects.filter(organization_id=organization_id, pk=wanted["account_id"]).first()
        if account is None:
            raise InvalidInput("The account must be one of the organization's.", field="account")
        if not account.point_tracking_enabled:
            # Its clients see each credit with what it is worth and when it expires, which untracked points have not.
            raise InvalidInput("A store needs an account that tracks points.", field="account")
    return wanted


@transaction.atomic
def create_store(*, organization_id: int, code: str, name: str, actor: Actor, at: datetime, **said: Any) -> Store:
    """A new store; the first of an organization is its default. Without `account_id` it gives the points of the
    default program's main account.

    :raises InvalidInput: a code that cannot stand in an address, an account of somebody else or without tracking.
    :raises DuplicateValue: a code another store has.
    :raises NoDefaultAccount: none is named, and none is set.
    """
    if said.get("account_id") is None:
        said["account_id"] = resolve_account(organization_id).pk
    wanted = _checked(organization_id, {"code": code, **said})
    first = not Store.objects.filter(organization_id=organization_id, is_default=True).exists()
    try:
        with transaction.atomic():
            store = Store.objects.create(
                organization_id=organization_id, name=name, is_default=first, created_at=at, updated_at=at, **wanted
            )
    except IntegrityError as error:
        raise DuplicateValue(field="code") from error
    record(
        actor=actor,
        at=at,
        action="store.created",
        target=store,
        organization_id=organization_id,
        after={"code": code, "name": name},
    )
    return store


@transaction.atomic
def update_store(*, store: Store, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = "") -> Store:
    """Change what is named; points given before keep their dates. Made the default, a store takes that from another.

    :raises InvalidInput: as `create_store`, and a default store that would be none.
    :raises DuplicateValue: a code another store has.
    """
    # All of the organization's, in one order: two made the default at once would wait for each other.
    siblings = {
        one.pk: one
        for one in Store.objects.select_for_update(no_key=True)
        .filter(organization_id=store.organization_id)
        .order_by("pk")
    }
    locked = siblings[store.pk]
    wanted = _checked(locked.organization_id, changes)
    if wanted.get("is_default") is False and locked.is_default:
        raise InvalidInput("Make another store the default instead.", field="is_default")
    if wanted.get("is_default"):
        Store.objects.filter(organization_id=locked.organization_id, is_default=True).exclude(pk=locked.pk).update(
            is_default=False, updated_at=at
        )
    try:
        with transaction.atomic():
            apply_changes(
                locked,
                wanted,
                actor=actor,
                at=at,
                action="store.updated",
                organization_id=locked.organization_id,
                reason=reason,
            )
    except IntegrityError as error:
        raise DuplicateValue(field="code") from error
    return locked


@dataclass(frozen=True, slots=True)
class Dates:
    """When points given now become valid (None: at once) and when they expire."""

    valid_from: datetime | None
    expires_at: datetime


def dates_at(store: Store, at: datetime, zone: str, *, days: int | None = None) -> Dates:
    """The dates of points given at the store at `at`: locked for the store's days, then alive for `days`, or as its
    mode says, to the last second of a day of `zone` (contract open_loyalty D2 to D5).
    """
    valid_from = at + timedelta(days=store.days_locked) if store.days_locked else None
    start = valid_from or at
    if days is not None:
        return Dates(valid_from, end_of_local_day(start, zone, days=days))
    if store.expiry_mode == Store.Expiry.NEVER:
        return Dates(valid_from, NEVER)
    if store.expiry_mode == Store.Expiry.AFTER_DAYS:
        return Dates(valid_from, end_of_local_day(start, zone, days=store.days_active))
    today = local_day(start, zone)
    first = datetime.combine(today.replace(day=1), time(12), zone_of(zone))
    months = 1 if store.expiry_mode == Store.Expiry.MONTH else 13 - today.month
    return Dates(valid_from, end_of_local_day(first, zone, months=months, days=-1))
