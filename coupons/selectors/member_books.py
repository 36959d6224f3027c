"""Which books a member sees: those he could be given now, and those he holds (semantics 3.12)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from coupons.models import BookMember, CouponBook, CouponUsage
from coupons.selectors.books import list_books, with_codes_left, with_stock
from coupons.selectors.eligibility import applicant_of, audiences_of, is_out_of_stock, reasons_against
from ledger.models import Balance
from members.models import LoyaltyProgram, LoyaltyTier, Member


@dataclass(frozen=True, slots=True)
class BookWishes:
    """What a member's list of books is narrowed to: all of the tags, any of the audiences, any of the tiers (their
    numbers), a validity that overlaps the time from `valid_from` to `valid_to`.
    """

    book_id: int | None = None
    tags: Sequence[str] = ()
    audience_keys: Sequence[str] = ()
    tier_ids: Sequence[int] = ()
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    out_of_stock: bool | None = None


def books_for_member(
    program: LoyaltyProgram, member: Member, wishes: BookWishes, *, at: datetime
) -> QuerySet[CouponBook]:
    """The program's books that the member could be given at `at`, as far as it is about the member (status, time,
    audience, tier, condition, limit, points), and those of which he has a coupon to use. The same few queries however
    many books, coupons and movements there are; each published book is asked in memory.

    What is spendable is read as it was when the wallet last moved: the list is a reading, the assignment asks again.
    """
    chosen, _ = _chosen(program, member, wishes, at=at, held_too=True)
    numbers = [book.pk for book in chosen]
    return with_codes_left(list_books(program.organization_id)).filter(pk__in=numbers)


@dataclass(frozen=True, slots=True)
class Offer:
    """A book that a member could be given now for points: of which account, and how many decimals that has."""

    book: CouponBook
    account_id: int
    decimals: int


def offers_for_member(program: LoyaltyProgram, member: Member, *, at: datetime) -> list[Offer]:
    """The program's books that cost points and that the member could be given at `at`, as they are ranked: by every
    rule of eligibility, with something left, and affordable. The same few queries however many there are.
    """
    chosen, purse = _chosen(program, member, BookWishes(out_of_stock=False), at=at, held_too=False)
    priced = [book for book in chosen if book.assignment_required_points]
    priced.sort(key=lambda book: (book.ranking_index, book.pk))
    return [Offer(book, purse.account_of(book), purse.decimals[purse.account_of(book)]) for book in priced]


def _chosen(
    program: LoyaltyProgram, member: Member, wishes: BookWishes, *, at: datetime, held_too: bool
) -> tuple[list[CouponBook], _Purse]:
    """The books that the member could be given at `at`, and (`held_too`) those he has; and what he can spend."""
    candidates = list(_candidates(program, member, wishes, at))
    for book in candidates:
        book.is_held = held_too and book.is_held  # type: ignore[attr-defined]
    applicant = applicant_of(member)
    audiences = audiences_of(program.organization_id, [book for book in candidates if not book.is_held])  # type: ignore[attr-defined]
    purse = _purse(program, member, candidates)
    tiers = _tier_names(program, wishes.tier_ids)
    chosen = []
    for book in candidates:
        book.program = program
        if not _fits(book, wishes, tiers):
            continue
        if not book.is_held:  # type: ignore[attr-defined]
            given, limit = book.given or 0, book.max_assigned_per_member  # type: ignore[attr-defined]
            if limit is not None and given >= limit:
                continue
            if purse.lacks(book) or reasons_against(book, applicant, audiences, at=at, zone=book.organization.timezone):
                continue
        chosen.append(book)
    return chosen, purse


def _candidates(program: LoyaltyProgram, member: Member, wishes: BookWishes, at: datetime) -> QuerySet[CouponBook]:
    """The books that may be shown, each with what the member was `given` of it and whether he has some of it to use
    (`is_held`).
    """
    in_time = (Q(valid_from__isnull=True) | Q(valid_from__lte=at)) & (Q(valid_to__isnull=True) | Q(valid_to__gt=at))
    not_over = Q(valid_to__isnull=True) | Q(valid_to__gt=at)
    open_ones = CouponUsage.objects.filter(
        member=member, book=OuterRef("pk"), kind="assign", status="assigned", expires_at__gt=at
    )
    place = BookMember.objects.filter(member=member, book=OuterRef("pk")).values("assigned")
    books = with_stock(with_codes_left(list_books(program.organization_id)).prefetch_related(None))
    books = books.filter(program=program).annotate(is_held=Exists(open_ones), given=Subquery(place))
    if wishes.book_id is not None:
        books = books.filter(pk=wishes.book_id)
    if wishes.valid_from is not None:
        books = books.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=wishes.valid_from))
    if wishes.valid_to is not None:
        books = books.filter(Q(valid_from__isnull=True) | Q(valid_from__lt=wishes.valid_to))
    return books.filter(
        in_time & Q(status=CouponBook.Status.PUBLISHED) | not_over & Q(is_held=True) & ~Q(status="draft")
    )


def _fits(book: CouponBook, wishes: BookWishes, tiers: Collection[str]) -> bool:
    """Whether the book is among what the list is narrowed to."""
    return (
        set(wishes.tags) <= set(book.tags)
        and (not wishes.audience_keys or bool(set(wishes.audience_keys) & set(book.audience_keys)))
        and (not wishes.tier_ids or bool(set(tiers) & set(book.tiers)))
        and wishes.out_of_stock in (None, is_out_of_stock(book))
    )


def _tier_names(program: LoyaltyProgram, tier_ids: Sequence[int]) -> set[str]:
    """How books may name these tiers of the program: by number, or by key."""
    if not tier_ids:
        return set()
    rows = LoyaltyTier.objects.filter(program=program, pk__in=tier_ids).values_list("pk", "key")
    return {name for pk, key in rows for name in (str(pk), key)}


@dataclass(frozen=True, slots=True)
class _Purse:
    """What a member can spend, by account, and which account is meant by what a book says."""

    available: dict[int, int]
    decimals: dict[int, int]
    main: int | None
    defaults: dict[int, int]

    def account_of(self, book: CouponBook) -> int:
        """The account the book is paid in; 0 where there is none."""
        config = book.required_points_config
        return config.get("ledgerAccountId") or self.defaults.get(config.get("ledgerId") or 0) or self.main or 0

    def lacks(self, book: CouponBook) -> bool:
        """Whether one unit of the book costs more than there is."""
        price = book.assignment_required_points or 0
        return bool(price) and price > self.available.get(self.account_of(book), 0)


def _purse(program: LoyaltyProgram, member: Member, books: Sequence[CouponBook]) -> _Purse:
    if not any(book.assignment_required_points for book in books):
        return _Purse({}, {}, None, {})
    rows = Balance.objects.filter(wallet=member.wallet_id).annotate(
        of_ledger=F("account__ledger_id"), is_default=F("account__is_default"), decimals=F("account__decimals")
    )
    available, decimals, defaults = {}, {}, {}
    for row in rows:
        available[row.account_id], decimals[row.account_id] = row.available, row.decimals
        if row.is_default:
            defaults[row.of_ledger] = row.account_id
    return _Purse(available, decimals, program.main_account_id or defaults.get(program.ledger_id), defaults)
