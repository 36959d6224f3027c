"""What pages about points have in common: figures at the top, and lists that only indexes answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.http import HttpRequest

from ledger.admin.display import points
from ledger.models import LedgerAccount
from ledger.selectors import WalletBalance
from loyalty.kernel.clock import or_none
from loyalty.kernel.desk import HouseAdmin, Line, clock_of, when
from loyalty.kernel.desk.display import NOTHING


@dataclass(frozen=True, slots=True)
class Figure:
    """One large number at the top of a reading page, and what is worth saying under it."""

    title: str
    value: Any
    notes: Sequence[Any] = ()


class PointsAdmin(HouseAdmin):
    """A page about points. `asked` are the filters its list's address may name; no other lookup is let through."""

    asked: ClassVar[frozenset[str]] = frozenset()
    sortable_by = ()
    reading_template = "admin/figures.html"

    def figures(self, request: HttpRequest, target: Any, at: datetime) -> Sequence[Figure]:
        """The large numbers of a reading page."""
        return ()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what a filter asks for: any other column would be looked for row by row."""
        return lookup in self.asked

    def read_facts(self, request: HttpRequest, target: Any) -> list[tuple[str, list[tuple[str, Any]]]]:
        """The facts of a reading page. The figures are read with them, before the tables: what fell due on a balance
        is settled by looking at it, and the tables show the credits and movements that came of it.
        """
        target.figures_on_page = list(self.figures(request, target, clock_of(request)))
        return super().read_facts(request, target)


def balance_figures(balances: Sequence[WalletBalance], accounts: dict[int, LedgerAccount]) -> list[Figure]:
    """A figure for each account in which a wallet has anything, or is expected to."""
    shown = [b for b in balances if b.balance or b.waiting or b.pending_balance]
    shown = shown or [b for b in balances if accounts[b.ledger_account_id].is_default][:1] or list(balances[:1])
    return [
        Figure(
            accounts[balance.ledger_account_id].name,
            points(balance.available_balance, accounts[balance.ledger_account_id], unit=False),
            balance_notes(balance, accounts[balance.ledger_account_id]),
        )
        for balance in shown
    ]


def balance_notes(balance: WalletBalance, account: LedgerAccount) -> list[tuple[str, Any]]:
    """What is to be known of a balance beside what can be spent."""
    notes: list[tuple[str, Any]] = [
        ("held", points(balance.pending_balance, account, unit=False)),
        ("pending", points(balance.waiting, account, unit=False)),
    ]
    first = balance.next_expiration
    if first is not None and or_none(first["expires_at"]) is not None:
        notes.append(("next to expire", points(first["amount"], account, unit=False)))
        notes.append(("on", when(first["expires_at"])))
    else:
        notes.append(("next to expire", NOTHING))
    return notes


def balance_lines(account: LedgerAccount, now: WalletBalance, then: WalletBalance, whose: str = "") -> list[Line]:
    """A balance before and after: what can be spent always, the rest where it changes."""
    parts = (
        ("can be spent", now.available_balance, then.available_balance),
        ("held", now.pending_balance, then.pending_balance),
        ("pending", now.waiting, then.waiting),
    )
    lines = []
    for index, (what, before, after) in enumerate(parts):
        if index == 0 or before != after:
            title = f"{whose}: {what}" if whose else what.capitalize()
            lines.append(Line(title, points(before, account), points(after, account)))
    return lines
