"""Who can be given a coupon: every reason why not, in the order the field asks them (semantics 3.6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coupons import errors
from coupons.models import CouponBook
from loyalty.expressions import EvaluationError, compile_text
from members.models import Audience, Member
from members.selectors import belongs, list_audiences, member_document

Reason = type[errors.NotEligible]


@dataclass(frozen=True, slots=True)
class Applicant:
    """A member as books ask about them: the document rules read, and the tier they have in each program."""

    member: Member
    document: Mapping[str, Any]
    # Program -> the effective tier's number and key, both as texts; none where there is no tier.
    places: Mapping[int, frozenset[str]]


def applicant_of(member: Member) -> Applicant:
    """The member, with enrollments and tiers at hand, as books ask about them."""
    places = {}
    for place in member.enrollments.all():
        tier = place.effective_tier
        places[place.program_id] = frozenset() if tier is None else frozenset((str(tier.pk), tier.key))
    return Applicant(member, member_document(member), places)


def audiences_of(organization_id: int, books: Iterable[CouponBook]) -> dict[str, Audience]:
    """The audiences that the books name, by key; a key that nobody has is missing, and matches nobody. One query, none
    where no book names any.
    """
    keys = sorted({key for book in books for key in book.audience_keys})
    if not keys:
        return {}
    return {audience.key: audience for audience in list_audiences(organization_id).filter(key__in=keys)}


def reasons_against(
    book: CouponBook, applicant: Applicant, audiences: Mapping[str, Audience], *, at: datetime, zone: str
) -> list[Reason]:
    """Why the member cannot be given the book's coupons at `at`, in the order in which they are asked; limits, stock
    and points are asked by whoever has them locked. The book's program should be at hand.
    """
    member, document = applicant.member, applicant.document
    found: list[Reason] = []
    if book.status != CouponBook.Status.PUBLISHED:
        found.append(errors.BookNotPublished)
    source = book.source_book
    if not book.is_valid_at(at) or (source is not None and not source.is_valid_at(at)):
        found.append(errors.BookNotValid)
    if source is not None and not (book.link_open and source.status == CouponBook.Status.PUBLISHED):
        found.append(errors.StockWithdrawn)
    if not book.program.active:
        found.append(errors.ProgramInactive)
    if not member.active:
        found.append(errors.MemberBlocked)
    if book.program_id not in applicant.places:
        found.append(errors.MemberNotEnrolled)
    if book.audience_keys and not any(
        key in audiences and belongs(document, audiences[key], at=at) for key in book.audience_keys
    ):
        found.append(errors.NotInAudience)
    if book.tiers and not applicant.places.get(book.program_id, frozenset()) & set(book.tiers):
        found.append(errors.NotInTier)
    if book.rule and not _holds(book.rule, zone, document, at):
        found.append(errors.ConditionNotMet)
    return found


def _holds(rule: str, zone: str, document: Mapping[str, Any], at: datetime) -> bool:
    """Whether the rule holds; one that fails holds for nobody."""
    try:
        return compile_text(rule, zone).matches({"member": document, "now": at})
    except EvaluationError:
        return False


def is_out_of_stock(book: CouponBook) -> bool:
    """Whether no unit of the book is left for anybody. The sums and `has_free_code` of it, or of the book it is linked
    to, should be at hand.
    """
    stock: Any = book.stock
    codes, assigned = stock.codes, stock.assigned
    if book.limit_per_coupon == 0 and book.type != CouponBook.Type.CODELESS:
        return True
    if book.type == CouponBook.Type.LIST:
        return not stock.has_free_code
    if book.type == CouponBook.Type.SINGLE and codes == 0:
        return True
    given = codes if book.type == CouponBook.Type.GENERATED else assigned
    return book.limit_in_all is not None and given >= book.limit_in_all
