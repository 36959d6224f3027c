"""The newest lines of the journal of coupons, however many millions it has: index ranges only.

A filter that no index answers looks at the newest REACH lines of its range, and says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice

from django.db import connection
from django.db.models import Q, QuerySet

from coupons.models import CouponUsage
from coupons.selectors.codes import coupons_with_code
from ledger.selectors import Browsed

REACH = 50_000
# Where no book is chosen: of each book.
REACH_OF_EACH = 1_000
STATES = ("open", "used", "expired", "reverted")

# A book at a time, each through its own index: one over all would have to pass the lines of other organizations. The
# book is a range of one, since of an equal the planner knows that any order by numbers will do, and takes the primary
# key's.
_OF_ORGANIZATION = """
SELECT line.id, book.id FROM coupons_couponbook AS book CROSS JOIN LATERAL (
  SELECT id FROM coupons_couponusage WHERE book_id BETWEEN book.id AND book.id ORDER BY book_id DESC, id DESC LIMIT %s
) AS line WHERE book.organization_id = %s ORDER BY line.id DESC LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class LinesWanted:
    """What is looked for: of one book, of one member, of one kind, in one of STATES."""

    book_id: int | None = None
    member_id: int | None = None
    kind: str = ""
    state: str = ""


def browse_usages(organization_id: int, wanted: LinesWanted, *, at: datetime, most: int) -> Browsed:
    """At most `most` of the organization's lines, newest first; two queries for each index range."""
    if wanted.book_id is None and wanted.member_id is None and connection.vendor == "postgresql":
        return _browse_all(organization_id, wanted, at, most)
    found, is_cut, more = [], False, _more(wanted, at)
    for lines, order in _ranges(organization_id, wanted):
        rows = lines
        if more:
            edge = list(lines.order_by(*order).values_list("pk", flat=True)[REACH : REACH + 1])
            rows = (lines.filter(pk__gt=edge[0]) if edge else lines).filter(more)
            is_cut = is_cut or bool(edge)
        rows = rows.filter(organization=organization_id)
        found.append(list(rows.order_by(*order).values_list("pk", flat=True)[:most]))
    return Browsed(list(islice(merge(*found, reverse=True), most)), is_cut)


def _ranges(organization_id: int, wanted: LinesWanted) -> list[tuple[QuerySet[CouponUsage], Sequence[str]]]:
    """The index ranges that together hold all that is wanted, none of it twice, each with its order."""
    lines = CouponUsage.objects.all()
    if wanted.member_id is not None:
        mine = lines.filter(member__gte=wanted.member_id, member__lte=wanted.member_id)
        kinds = [wanted.kind] if wanted.kind else CouponUsage.Kind.values
        return [(mine.filter(kind=kind), ("-member_id", "-pk")) for kind in kinds]
    if wanted.book_id is not None:
        return [(lines.filter(book__gte=wanted.book_id, book__lte=wanted.book_id), ("-book_id", "-pk"))]
    # The embedded database serves one shop, or a few.
    return [(lines.filter(organization=organization_id), ("-pk",))]


def _more(wanted: LinesWanted, at: datetime) -> Q:
    """What the index range does not answer."""
    more = Q()
    if wanted.member_id is not None and wanted.book_id is not None:
        more &= Q(book=wanted.book_id)
    if wanted.kind and wanted.member_id is None:
        more &= Q(kind=wanted.kind)
    return more & _standing(wanted.state, at)


def _standing(state: str, at: datetime) -> Q:
    over = Q(expires_at__lte=at) | Q(book__valid_to__lte=at)
    given = Q(kind=CouponUsage.Kind.ASSIGN, status=CouponUsage.Status.ASSIGNED)
    return {
        "open": given & Q(expires_at__gt=at) & (Q(book__valid_to__isnull=True) | Q(book__valid_to__gt=at)),
        "expired": given & over,
        "used": Q(status=CouponUsage.Status.USED),
        "reverted": Q(status=CouponUsage.Status.REVERTED),
    }.get(state, Q())


def _browse_all(organization_id: int, wanted: LinesWanted, at: datetime, most: int) -> Browsed:
    more = _more(wanted, at)
    with connection.cursor() as cursor:
        reach = (REACH_OF_EACH + 1, organization_id, REACH) if more else (most, organization_id, most)
        cursor.execute(_OF_ORGANIZATION, reach)
        looked_at = cursor.fetchall()
    ids = [pk for pk, _ in looked_at]
    if not more:
        return Browsed(ids)
    of_each = Counter(book_id for _, book_id in looked_at)
    is_cut = len(ids) == REACH or any(number > REACH_OF_EACH for number in of_each.values())
    found = CouponUsage.objects.filter(more, pk__in=ids).order_by("-pk").values_list("pk", flat=True)
    return Browsed(list(found[:most]), is_cut)


def named_usages(organization_id: int, text: str, most: int) -> list[int]:
    """The organization's lines that `text` names, newest first: by number, or those of a code in full."""
    found: set[int] = set()
    mine = CouponUsage.objects.filter(organization=organization_id)
    coupons = coupons_with_code(organization_id, text, most, linked=True)
    if coupons:
        found.update(mine.filter(coupon__in=coupons).values_list("pk", flat=True)[:most])
    if text.isascii() and text.isdigit() and len(text) < 19:
        found.update(mine.filter(pk=int(text)).values_list("pk", flat=True))
    return sorted(found, reverse=True)[:most]


def lines_in_order(ids: Sequence[int]) -> list[CouponUsage]:
    """The lines of these numbers, in their order, each with its book, code and member at hand."""
    rows = CouponUsage.objects.select_related("book", "coupon", "member").in_bulk(ids)
    return [rows[pk] for pk in ids if pk in rows]
