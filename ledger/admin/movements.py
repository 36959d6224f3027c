"""The tables of movements and credits that several pages show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from ledger.admin.display import NO_POINTS, kind_of, moved, named, names_of, points
from ledger.models import Hold, LedgerAccount, Lot, Transaction, Wallet
from ledger.selectors import Wanted, accounts_moved, browse_transactions, in_this_order, open_lots
from loyalty.kernel.clock import NEVER
from loyalty.kernel.desk import Panel, link_to, state, when
from loyalty.kernel.desk.display import NOTHING

MOVEMENTS_SHOWN = 20
LOTS_SHOWN = 50


def movements_panel(wallet: Wallet) -> Panel:
    """The newest movements of a wallet, with why and by whom."""
    wallet_id = wallet.pk
    wanted = Wanted(accounts_moved(wallet), wallet_id=wallet_id)
    rows = in_this_order(browse_transactions(wanted, most=MOVEMENTS_SHOWN).ids)
    names = names_of(row.actor for row in rows)
    return Panel(
        "Movements",
        ("When", "What", "Points", "Why", "Who"),
        [
            (
                when(row.effective_at),
                link_to(row, kind_of(row, wallet_id)),
                moved(row, wallet_id),
                why_of(row),
                names[row.actor],
            )
            for row in rows
        ],
        empty="Nothing has moved yet.",
        more=f"{reverse('admin:ledger_transaction_changelist')}?wallet={wallet_id}" if rows else "",
    )


def why_of(row: Transaction) -> Any:
    """Why a transaction was made, as far as it says: its description, else where it came from."""
    return row.description or row.source or NOTHING


def lots_panel(wallet_id: int) -> Panel:
    """The credits of a wallet that are not used up, soonest expiring first."""
    found = open_lots(wallet_id, most=LOTS_SHOWN)
    return Panel(
        "Credits",
        ("Credit", "State", "Left", "Given", "Held", "Valid from", "Expires"),
        [
            (
                link_to(lot, f"#{lot.pk}"),
                state(lot.get_state_display()),
                points(lot.remaining, lot.account),
                points(lot.amount, lot.account, unit=False),
                points(lot.held, lot.account, unit=False) if lot.held else NO_POINTS,
                start_of(lot),
                when(lot.expires_at),
            )
            for lot in found.lots
        ],
        empty="No credits are open.",
        note=f"The first {len(found.lots)}; {found.more} more are open." if found.more else "",
    )


def start_of(lot: Lot) -> Any:
    """From when a credit is valid, in words where it waits for somebody to release it."""
    return "when released" if lot.valid_from >= NEVER else when(lot.valid_from)


def open_holds(wallet_id: int) -> list[Transaction]:
    """The transactions that keep points of a wallet aside now, oldest first; at most fifty."""
    rows = Transaction.objects.filter(from_wallet_id=wallet_id, kind="hold", hold__state=Hold.State.PENDING)
    return list(rows.select_related("account").order_by("pk")[:LOTS_SHOWN])


def holds_panel(wallet_id: int, *, may_end: bool) -> list[Panel]:
    """What is kept aside, where anything is; with ways to end it for those who may."""
    rows = open_holds(wallet_id)
    if not rows:
        return []
    names = names_of(row.actor for row in rows)
    table = [
        (
            when(row.effective_at),
            link_to(row, named(row)),
            points(row.amount, row.account),
            why_of(row),
            names[row.actor],
        )
        for row in rows
    ]
    note = "Open one to capture or release it." if may_end else ""
    return [Panel("Held", ("Since", "Hold", "Points", "Why", "Who"), table, note=note)]


def lots_of_transaction(lots: Sequence[Lot], more: int, account: LedgerAccount) -> Panel:
    """The credits a transaction made."""
    rows = [
        (
            link_to(lot, f"#{lot.pk}"),
            state(lot.get_state_display()),
            points(lot.amount, account),
            points(lot.remaining, account, unit=False),
            start_of(lot),
            when(lot.expires_at),
        )
        for lot in lots
    ]
    headers = ("Credit", "State", "Given", "Left", "Valid from", "Expires")
    return Panel("Credits it made", headers, rows, note=f"And {more} more." if more else "")
