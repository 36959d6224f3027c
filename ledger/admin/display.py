"""How points look on the console, and how they are typed: in the account's own units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from ledger.amounts import LARGEST, NotAnAmount, as_text, for_people, read_amount
from ledger.models import Kind, LedgerAccount, Transaction
from loyalty.kernel.desk import number, state
from loyalty.kernel.models import ApiCredential, Operator

# Kinds that move points at once; the others only keep them aside, give them back, or say how many may exist.
_MOVING = frozenset({Kind.MINT, Kind.BURN, Kind.TRANSFER, Kind.EXPIRE, Kind.REVERT, Kind.CAPTURE})


def points(amount: int, account: LedgerAccount, *, signed: bool = False, unit: bool = True) -> SafeString:
    """An amount in the account's format; below zero with a real minus, in the color of what is taken."""
    before, after = "", ""
    if unit:
        before, found, after = (account.format_string or "").partition("{amount}")
        if not found:
            before, after = "", f" {account.name}"
    return format_html(
        '<span class="ts-points{}"><small>{}</small>{}<small>{}</small></span>',
        " ts-minus" if amount < 0 else "",
        before,
        for_people(amount, account.decimals, signed=signed),
        after,
    )


def points_by_account(totals: Mapping[int, int]) -> SafeString:
    """Amounts of several accounts, by their numbers, side by side; where there are none, 0."""
    accounts = LedgerAccount.objects.in_bulk(list(totals)) if totals else {}
    if not accounts:
        return number(0)
    return format_html_join(" ", "{}", ((points(total, accounts[pk]),) for pk, total in totals.items()))


NO_POINTS = format_html('<span class="ts-points ts-nothing">{}</span>', "–")


def moved(entry: Transaction, wallet_id: int | None = None) -> SafeString:
    """What a transaction moved: seen from a wallet with its sign, as far as it changed what the wallet has."""
    amount, signed = entry.amount, False
    if wallet_id is not None and entry.kind in _MOVING:
        amount, signed = (-amount if entry.from_wallet_id == wallet_id else amount), True
    return points(amount, entry.account, signed=signed)


def kind_of(entry: Transaction, wallet_id: int | None = None) -> str:
    """What a transaction was, in a support agent's words; seen from a wallet, whether it came in or went out."""
    words = {
        Kind.MINT: "Given",
        Kind.BURN: "Spent",
        Kind.TRANSFER: "Transferred",
        Kind.EXPIRE: "Expired",
        Kind.REVERT: "Reverted",
        Kind.SUPPLY: "Supply changed",
        Kind.HOLD: "Held",
        Kind.CAPTURE: "Captured",
        Kind.RELEASE: "Released",
    }
    word = words[Kind(entry.kind)]
    if entry.kind == Kind.TRANSFER and wallet_id is not None:
        return "Sent" if entry.from_wallet_id == wallet_id else "Received"
    return word


def named(entry: Transaction) -> str:
    """A transaction in a sentence: what it was, and its number."""
    return f"{kind_of(entry)} #{entry.pk}"


def status_label(status: str) -> SafeString:
    """How far a transaction is."""
    return state({"captured": "done", "voided": "released"}.get(status, status))


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """Who the actors of transactions are, in people's words; at most two queries."""
    asked = set(actors)
    names = {actor: actor.partition(":")[2] for actor in asked}
    for kind, model, column in (("operator", Operator, "name"), ("credential", ApiCredential, "name")):
        ids = [actor.partition(":")[2] for actor in asked if actor.startswith(f"{kind}:")]
        found = [int(pk) for pk in ids if pk.isdigit()]
        if found:
            rows: Any = model._default_manager.filter(pk__in=found)  # type: ignore[attr-defined]
            more = ("username",) if kind == "operator" else ()
            for pk, *texts in rows.values_list("pk", column, *more):
                names[f"{kind}:{pk}"] = next((text for text in texts if text), str(pk))
    return names


class PointsField(forms.CharField):
    """An amount typed in an account's units ("12.50" with two decimals); gives whole smallest units.

    `decimals` may be set once the account is known; a limit of `largest` smallest units may be too.
    """

    default_error_messages = {"required": "How many?"}

    def __init__(self, *, decimals: int = 0, least: int = 1, largest: int = LARGEST, **words: Any) -> None:
        super().__init__(max_length=50, **words)
        self.decimals, self.least, self.largest = decimals, least, largest
        self.widget.attrs.setdefault("inputmode", "decimal")
        self.widget.attrs.setdefault("autocomplete", "off")

    def clean(self, value: Any) -> Any:
        """The amount in smallest units, None where it is empty and may be."""
        text = super().clean(value)
        if not text:
            return None
        try:
            amount = read_amount(text, self.decimals, least=self.least)
        except NotAnAmount as error:
            raise ValidationError(str(error)) from error
        if amount > self.largest:
            raise ValidationError(f"At most {for_people(self.largest, self.decimals)}.")
        return amount

    def prepare_value(self, value: Any) -> Any:
        """Smallest units as they are typed."""
        return as_text(value, self.decimals) if isinstance(value, int) else value
