"""What a coupon book's page shows beside its facts: its numbers over time, its languages, how a member sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.safestring import SafeString

from coupons.models import CouponBook
from coupons.selectors import BookNumbers, find_content, locale_chain, numbers_of, with_totals
from coupons.selectors.numbers import REACH
from loyalty.kernel.desk import Panel, number, state, when
from loyalty.kernel.desk.charts import days_panel, last_days
from loyalty.kernel.desk.display import NOTHING

SHARES_SHOWN = 20
LONGEST_LOCALE = 35


def lately(book: CouponBook, at: datetime) -> BookNumbers:
    """The book's numbers of the last days, today among them."""
    return numbers_of(book, since=last_days(at, book.organization.timezone).since)


def numbers_panel(book: CouponBook, numbers: BookNumbers, at: datetime) -> Panel:
    """What was given and used on each day."""
    note = "What was taken back counts on no day."
    if numbers.is_cut:
        note += f" Only the newest {REACH:,} lines of the journal were added up."
    days = last_days(at, book.organization.timezone).days
    says = "Units given and used on each day; the table below has the figures."
    return days_panel(days, {"Given": numbers.given, "Used": numbers.used}, says=says, note=note)


def shared_panel(book: CouponBook) -> Iterator[Panel]:
    """Which organizations give of the book through linked ones, where any does."""
    linked: list[Any] = list(
        with_totals(book.linked_books.select_related("organization")).order_by("pk")[: SHARES_SHOWN + 1]
    )
    rows = [
        (
            one.organization.name,
            state(one.get_status_display() if one.link_open else "No longer shared"),
            number(one.assigned),
            number(one.used),
        )
        for one in linked[:SHARES_SHOWN]
    ]
    if rows:
        note = "These count in the book's own numbers too; who was given something is for its organization to know."
        if len(linked) > SHARES_SHOWN:
            note += f" The first {SHARES_SHOWN}; there are more."
        yield Panel("Given by partners", ("Organization", "State", "Given", "Used"), rows, note=note)


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
