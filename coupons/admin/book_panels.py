"""What a coupon book's page shows beside its facts: its numbers over time, its languages, how a member sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from coupons.models import CouponBook
from coupons.selectors import BookNumbers, find_content, locale_chain, numbers_of
from coupons.selectors.numbers import REACH
from ledger.admin import points
from ledger.models import LedgerAccount
from loyalty.kernel.clock import local_day, zone_of
from loyalty.kernel.desk import Panel, number, state, when
from loyalty.kernel.desk.charts import BAR, chart_of, chart_panel
from loyalty.kernel.desk.display import NOTHING

DAYS = 30
LONGEST_LOCALE = 35


def lately(book: CouponBook, at: datetime) -> BookNumbers:
    """The book's numbers of the last days, today among them."""
    first = days_until(book, at)[0]
    start = datetime(first.year, first.month, first.day, tzinfo=zone_of(book.organization.timezone))
    return numbers_of(book, since=start)


def days_until(book: CouponBook, at: datetime) -> list[date]:
    """The last days, in the organization's calendar."""
    today = local_day(at, book.organization.timezone)
    return [today - timedelta(days=place) for place in reversed(range(DAYS))]


def numbers_panel(book: CouponBook, numbers: BookNumbers, at: datetime) -> Panel:
    """What was given and used on each day."""
    days = days_until(book, at)
    given, used = ([found.get(day, 0) for day in days] for found in (numbers.given, numbers.used))
    sets = [
        {"label": "Given", "data": given, "backgroundColor": "var(--color-primary-600)", **BAR, "stack": "given"},
        {"label": "Used", "data": used, "backgroundColor": "#d97706", **BAR, "stack": "used"},
    ]
    says = "Units given and used on each day; the table below has the figures."
    chart = chart_of([f"{day:%d %b}" for day in days], sets, says=says)
    rows = [(f"{day:%d %b %Y}", number(one), number(other)) for day, one, other in zip(days, given, used, strict=True)]
    note = "What was taken back counts on no day."
    if numbers.is_cut:
        note += f" Only the newest {REACH:,} lines of the journal were added up."
    return chart_panel(f"The last {DAYS} days", chart, ("Day", "Given", "Used"), rows[::-1], note)


def points_taken(numbers: BookNumbers) -> Any:
    """What members paid, in each account."""
    accounts = LedgerAccount.objects.in_bulk(list(numbers.points)) if numbers.points else {}
    if not accounts:
        return number(0)
    return format_html_join(" ", "{}", ((points(total, accounts[pk]),) for pk, total in numbers.points.items()))


def languages_panel(book: CouponBook) -> Panel:
    """The languages it has content in."""
    own = book.default_locale or book.organization.default_locale
    rows = [
        (
            row.locale,
            state("its own") if row.locale == own else NOTHING,
            ", ".join(sorted(row.content)) or NOTHING,
            when(row.updated_at),
        )
        for row in sorted(book.contents.all(), key=lambda row: row.locale)
    ]
    empty = "It has no content yet: what members read of it, in each of the organization's languages."
    return Panel("Content", ("Language", "Own", "Says", "Written"), rows, empty=empty)


@dataclass(frozen=True, slots=True)
class Seen:
    """A book as a member who asks in one language sees it, and how that came."""

    book: CouponBook
    asked: str
    used: str
    offered: list[str]
    steps: list[tuple[str, SafeString]]
    facts: list[tuple[str, Any]]


def seen_panel(book: CouponBook, asked: str) -> Panel:
    """How a member sees the book who asks for it in a language, and which language it is then (semantics 3.11)."""
    organization = book.organization
    has = {row.locale.lower() for row in book.contents.all()}
    known = [organization.default_locale, *organization.locales, *(row.locale for row in book.contents.all())]
    offered = list(dict.fromkeys(known))
    asked = asked[:LONGEST_LOCALE].replace("\x00", "")
    row = find_content(book, asked or None)
    used = row.locale if row is not None else ""
    chain = list(dict.fromkeys(locale_chain(book, asked or None)))
    steps = []
    for locale in chain:
        steps.append((locale, state("shown" if locale.lower() == used.lower() else "not there")))
        if locale.lower() in has:
            break
    if row is not None and used.lower() not in {locale.lower() for locale in chain}:
        steps.append((used, state("shown, as the first there is")))
    content: dict[str, Any] = row.content if row is not None else {}
    facts = [(name, _plain(value)) for name, value in content.items()]
    context = Seen(book, asked, used, offered, steps, facts)
    return Panel("As a member sees it", template="admin/coupons/as_seen.html", context=context)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or NOTHING
    return NOTHING if value in (None, "") else value
