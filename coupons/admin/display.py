"""How coupons look on the console: codes, prices, how a line of the journal stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from coupons.models import Coupon, CouponBook, CouponUsage
from coupons.selectors import count_free
from coupons.selectors.codes import MOST_FREE
from coupons.services.charging import account_of
from ledger.admin import points
from ledger.errors import NoDefaultAccount
from ledger.models import LedgerAccount
from loyalty.kernel.desk import link_to, number, state
from loyalty.kernel.desk.display import NOTHING
from loyalty.kernel.errors import NotFound

Kind, Status, Type = CouponUsage.Kind, CouponUsage.Status, CouponBook.Type


def account_paid(book: CouponBook) -> LedgerAccount | None:
    """The account the book is paid in; None where there is none."""
    try:
        return account_of(book)
    except (NoDefaultAccount, NotFound):
        return None


def price(amount: int | None, account: LedgerAccount | None) -> Any:
    """What one unit costs."""
    if not amount:
        return "nothing"
    return number(amount) if account is None else points(amount, account)


def standing(usage: CouponUsage, at: datetime) -> SafeString:
    """How a line stands now."""
    if usage.status == Status.REVERTED:
        return state("taken back")
    if usage.status == Status.USED:
        return state("used")
    return state("expired" if usage.ends_at <= at else "open")


def code_of(usage: CouponUsage) -> Any:
    """The code, with a way to it where it is a code of this very book; nothing where the book has none."""
    if usage.coupon is None:
        return NOTHING
    return link_to(usage.coupon) if usage.coupon.book_id == usage.book_id else usage.coupon.code


def used_of(usage: CouponUsage) -> Any:
    """How much of what was given is used."""
    return NOTHING if usage.kind == Kind.USE else number(f"{usage.amount_used:,} of {usage.amount:,}")


def code_standing(coupon: Coupon, book: CouponBook) -> SafeString:
    """Whether somebody has the code."""
    if book.type == Type.SINGLE:
        return state("shared")
    if not coupon.assigned:
        return state("free")
    return state("used" if coupon.used == coupon.assigned else "given")


def left_of(book: CouponBook) -> str:
    """How many can still be given of a book that knows its sums (of a linked one: its source), as far as the book
    decides it.
    """
    stock: Any = book.stock
    codes, assigned = stock.codes, stock.assigned
    if book.type == Type.LIST:
        free = count_free(book)
        if free < MOST_FREE:
            return f"{free:,}"
        return f"{max(free, codes - assigned):,}" if book.limit_per_coupon == 1 else f"{free:,} or more"
    if book.limit_in_all is None:
        return "no limit"
    return f"{max(0, book.limit_in_all - (codes if book.type == Type.GENERATED else assigned)):,}"


def lent_from(book: CouponBook) -> Any:
    """Whose book a linked one gives, and whether it can be given from."""
    source = book.source_book
    if source is None:
        return NOTHING
    stands = source.get_status_display() if book.link_open else "No longer shared"
    return format_html("{} of {} {}", source.name, source.organization.name, state(stands))


def limit(value: int | None) -> Any:
    """A limit, in words where it does not limit."""
    return "no limit" if value is None else f"{value:,}"


def discount_of(book: CouponBook) -> Any:
    """What a coupon of the book is worth."""
    if book.discount_amount is None:
        return NOTHING
    amount = f"{book.discount_amount.normalize():f}"
    return f"{amount} %" if book.discount_type == CouponBook.DiscountType.PERCENTAGE else amount


def validity(book: CouponBook, shown: Any) -> Any:
    """From when to when; `shown` says how a time looks."""
    start = shown(book.valid_from) if book.valid_from else "always"
    end = shown(book.valid_to) if book.valid_to else "no end"
    return format_html("{} – {}", start, end)
