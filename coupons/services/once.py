"""Acts once for each unique key of an assignment or use, and answers a repeat as the first time (semantics 0.12)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db import IntegrityError, connection, transaction

from coupons.models import CouponUsage
from coupons.selectors import list_usages
from loyalty.kernel.errors import IdempotencyConflict, InvalidInput
from loyalty.kernel.prepared import fetch

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Given:
    """What a call answers: its lines of the journal, and whether they are of an earlier call with the same key."""

    usages: list[CouponUsage]
    replayed: bool = False


def hash_of(*content: object) -> str:
    """A short name for everything that makes two requests with one key the same request."""
    return hashlib.blake2b(repr(content).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def check_keys(keys: Sequence[str], wanted: int) -> None:
    """That there is one key for each line that is asked for (semantics 0.12).

    :raises InvalidInput: where there are more or fewer, or one stands twice.
    """
    if keys and (len(keys) != wanted or len(set(keys)) < len(keys)):
        raise InvalidInput(f"Send one key for each coupon: {wanted} different ones.", field="systemUniqueKeys")


def act_once(act: Callable[[], Done]) -> Done:
    """Run `act` in one transaction; where somebody else committed the same key after it looked, once more, and it will
    be found.
    """
    try:
        with transaction.atomic():
            return act()
    except IntegrityError as error:
        if "coupon_usage_key_once" not in str(error):
            raise
    with transaction.atomic():
        return act()


_IS_KNOWN = "SELECT 1 FROM coupons_couponusage WHERE unique_key = %s AND organization_id = %s AND kind = %s"


def find_earlier(organization_id: int, kind: str, keys: Sequence[str], content_hash: str) -> list[CouponUsage] | None:
    """The lines that an earlier call with these keys wrote, in their order; None where no key is known. A call that got
    fewer coupons than it wanted used the first of its keys.

    :raises IdempotencyConflict: the keys were used by another request.
    """
    if not keys or (len(keys) == 1 and not fetch(_IS_KNOWN, [keys[0], organization_id, kind])):
        return None
    rows = list_usages(organization_id).filter(kind=kind, unique_key__in=list(keys))
    known = {row.unique_key: row for row in rows}
    if not known:
        return None
    found = [known[key] for key in keys if key in known]
    if any(row.content_hash != content_hash for row in found):
        raise IdempotencyConflict(systemUniqueKey=found[0].unique_key)
    return found


def new_usage_ids(number: int) -> list[int]:
    """Numbers for lines that are about to be written: what is paid for a line names it before it is there."""
    if connection.vendor == "postgresql":
        return [row[0] for row in fetch(_NEXT, [number])]
    # One writer at a time: nobody else can take these.
    last = int(fetch("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'coupons_couponusage'", [])[0][0])
    return list(range(last + 1, last + 1 + number))


_NEXT = "SELECT nextval(pg_get_serial_sequence('coupons_couponusage', 'id')) FROM generate_series(1, %s)"
