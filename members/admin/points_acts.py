"""Corrections of a member's points: give, take, hold, release, transfer; each with a reason and a preview."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from ledger.admin import PointsField, balance_lines, points
from ledger.admin.display import named
from ledger.admin.movements import open_holds
from ledger.amounts import for_people
from ledger.errors import NoDefaultAccount
from ledger.models import Balance, LedgerAccount, Lot, LotUse
from ledger.selectors import TransactionRecord, WalletBalance, list_member_accounts
from ledger.services import (
    current_balance,
    give_points,
    rehearse,
    release_held_points,
    take_points,
    transfer_points,
)
from loyalty.kernel.clock import zone_of
from loyalty.kernel.desk import Act, Done, Line, Preview, when
from members.errors import NoSuchMember
from members.models import Member
from members.selectors import get_named_member, resolve_account

LOTS_SHOWN = 20


class PointsAct(Act):
    """A correction of a member's points in one account."""

    needs = "ledgers:write"
    asks_reason = True

    account = forms.ModelChoiceField(LedgerAccount.objects.none(), empty_label=None)
    amount = PointsField()

    def prepare(self) -> None:
        """The organization's accounts to choose from; where there is but one, nothing to choose."""
        field: Any = self.fields["account"]
        field.queryset = list_member_accounts(self.target.organization_id).filter(active=True).order_by("name")
        self.accounts = list(field.queryset)
        if len(self.accounts) == 1:
            field.widget = forms.HiddenInput()
            field.initial = self.accounts[0].pk
            self.fields["amount"].help_text = _units(self.accounts[0])
        else:
            self.fields["amount"].help_text = "In the account's units: " + "; ".join(
                f"{account.name} {'with ' + str(account.decimals) if account.decimals else 'without'} decimals"
                for account in self.accounts[:5]
            )

    def starts(self) -> dict[str, Any]:
        """The account that is meant where nobody names one."""
        try:
            meant = resolve_account(self.target.organization_id)
        except NoDefaultAccount:
            return {}
        return {"account": meant.pk} if meant in self.accounts else {}

    def clean_account(self) -> LedgerAccount:
        """The amount is written in its units."""
        account: LedgerAccount = self.cleaned_data["account"]
        field: Any = self.fields["amount"]
        field.decimals = account.decimals
        return account

    @classmethod
    def fits(cls, target: Member) -> bool:
        """A blocked member takes no movements."""
        return target.active

    @property
    def chosen(self) -> LedgerAccount:
        """The account the correction is in."""
        account: LedgerAccount = self.cleaned_data["account"]
        return account

    @property
    def amount_said(self) -> str:
        """The amount in words."""
        return f"{for_people(self.cleaned_data['amount'], self.chosen.decimals)} {self.chosen.name}"

    def words(self) -> dict[str, Any]:
        """What every correction takes."""
        return {
            "organization_id": self.target.organization_id,
            "account_id": self.chosen.pk,
            "amount": self.cleaned_data["amount"],
            "reason": self.reason,
            "actor": self.actor,
            "at": self.at,
            "unique_key": self.key,
            "target": self.target,
        }

    def balance(self, member: Member) -> WalletBalance:
        """A member's balance in the account, as it is."""
        return balance_of(member, self.chosen, self)

    def correct(self) -> TransactionRecord:
        """Call the service."""
        raise NotImplementedError

    def seen(self) -> tuple[WalletBalance, TransactionRecord, list[Any]]:
        """Do it, and look: the balance, the transaction, the credits it took from or made."""
        done = self.correct()
        return self.balance(self.target), done, self.credits(done)

    def credits(self, done: TransactionRecord) -> list[Any]:
        """The rows of credits a preview shows: what was taken from which."""
        uses = LotUse.objects.filter(transaction_id=done.id).select_related("lot").order_by("pk")[:LOTS_SHOWN]
        return [(points(use.amount, self.chosen), when(use.lot.effective_at), when(use.lot.expires_at)) for use in uses]


def balance_of(member: Member, account: LedgerAccount, act: Act) -> WalletBalance:
    """A member's balance in an account, as it is."""
    return current_balance(
        organization_id=member.organization_id,
        ledger_id=account.ledger_id,
        account_id=account.pk,
        wallet_id=member.wallet_id,
        actor=act.actor,
        at=act.at,
    )


def _units(account: LedgerAccount) -> str:
    if not account.decimals:
        return f"Whole {account.name}."
    return f"{account.name}, with up to {account.decimals} decimal{'s' if account.decimals > 1 else ''}."


def _day_field(**words: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(required=False, widget=widget, **words)


class Give(PointsAct):
    """Issue points to the member."""

    slug, title, verb, icon = "give", "Give points", "Give them", "add_circle"

    valid_from = _day_field(help_text="Empty: at once. A later day keeps them pending until then.")
    expires_at = _day_field(
        label="Expire on", help_text="The last day they can be spent. Empty: by the account's rule."
    )

    def moment(self, name: str, hour: time) -> datetime | None:
        """A day of the organization's calendar as the instant that is meant."""
        day: date | None = self.cleaned_data.get(name)
        zone = zone_of(self.target.organization.timezone)
        return None if day is None else datetime.combine(day, hour, zone)

    def correct(self) -> TransactionRecord:
        """Give them."""
        start = self.moment("valid_from", time())
        return give_points(
            wallet_id=self.target.wallet_id,
            valid_from=start if start is not None and start > self.at else None,
            expires_at=self.moment("expires_at", time(23, 59, 59)),
            **self.words(),
        )

    def credits(self, done: TransactionRecord) -> list[Any]:
        """What it made."""
        made = Lot.objects.filter(transaction_id=done.id)
        return [(points(lot.amount, self.chosen), when(lot.valid_from), when(lot.expires_at)) for lot in made]

    def preview(self) -> Preview:
        """The balance before and after, and when the points expire."""
        before, (after, _, rows) = self.balance(self.target), rehearse(self.seen)
        says = f"{self.target} is given {self.amount_said}."
        return Preview(says, balance_lines(self.chosen, before, after), ("Credit", "Valid from", "Expires"), rows)

    def act(self) -> Done:
        """Give them."""
        self.correct()
        return Done(f"{self.target} was given {self.amount_said}.", self.target)


class Take(PointsAct):
    """Take points out of the member's wallet for good."""

    slug, title, verb, icon = "take", "Take points", "Take them", "do_not_disturb_on"

    def correct(self) -> TransactionRecord:
        """Take them."""
        return take_points(wallet_id=self.target.wallet_id, **self.words())

    def preview(self) -> Preview:
        """The balance before and after, and which credits they come from."""
        before, (after, _, rows) = self.balance(self.target), rehearse(self.seen)
        says = f"{self.amount_said} are taken from {self.target}."
        return Preview(says, balance_lines(self.chosen, before, after), ("Taken from", "Given", "Expires"), rows)

    def act(self) -> Done:
        """Take them."""
        self.correct()
        return Done(f"{self.amount_said} were taken from {self.target}.", self.target)


class Keep(PointsAct):
    """Keep points aside, to be captured or released later."""

    slug, title, verb, icon = "hold", "Hold points", "Hold them", "pause_circle"
    about = "Held points cannot be spent. They are captured or released on the page of the hold."

    def correct(self) -> TransactionRecord:
        """Keep them aside."""
        return take_points(wallet_id=self.target.wallet_id, hold=True, **self.words())

    def preview(self) -> Preview:
        """The balance before and after."""
        before, (after, _, _) = self.balance(self.target), rehearse(self.seen)
        says = f"{self.amount_said} of {self.target} are kept aside."
        return Preview(says, balance_lines(self.chosen, before, after))

    def act(self) -> Done:
        """Keep them aside."""
        self.correct()
        return Done(f"{self.amount_said} of {self.target} are held.", self.target)


class Transfer(PointsAct):
    """Move points to another member."""

    slug, title, verb, icon = "transfer", "Transfer points", "Transfer them", "swap_horiz"
    about = "The points keep their expiry."

    to = forms.CharField(
        max_length=255, help_text="Name, phone, card, email or any number of the member who gets them."
    )
    field_order = ["to", "account", "amount"]

    def clean_to(self) -> Member:
        """Exactly one other member."""
        try:
            found = get_named_member(self.target.organization_id, self.cleaned_data["to"])
        except NoSuchMember as error:
            raise ValidationError(error.message) from error
        if found.pk == self.target.pk:
            raise ValidationError("This is the member the points come from.")
        if not found.active:
            raise ValidationError(f"{found} is blocked.")
        return found

    def correct(self) -> TransactionRecord:
        """Move them."""
        receiver = self.cleaned_data["to"]
        return transfer_points(
            from_wallet_id=self.target.wallet_id, to_wallet_id=receiver.wallet_id, receiver=receiver, **self.words()
        )

    def preview(self) -> Preview:
        """Both balances before and after, and the credits that move."""
        receiver = self.cleaned_data["to"]
        before = [self.balance(member) for member in (self.target, receiver)]
        (after, _, rows), other = rehearse(lambda: (self.seen(), self.balance(receiver)))
        lines: list[Line] = []
        for member, now, then in zip((self.target, receiver), before, (after, other), strict=True):
            lines += balance_lines(self.chosen, now, then, str(member))
        says = f"{self.amount_said} move from {self.target} to {receiver}."
        return Preview(says, lines, ("Moves", "Given", "Expires"), rows)

    def act(self) -> Done:
        """Move them."""
        self.correct()
        return Done(f"{self.amount_said} moved from {self.target} to {self.cleaned_data['to']}.", self.target)


class ReleaseHeld(Act):
    """Give back what a hold keeps."""

    slug, title, verb, icon, needs, asks_reason = (
        "release",
        "Release a hold",
        "Release it",
        "lock_open",
        "ledgers:write",
        True,
    )

    hold = forms.TypedChoiceField(coerce=int)

    @classmethod
    def fits(cls, target: Member) -> bool:
        """Where anything is held."""
        known: bool | None = getattr(target, "holds_points", None)
        return Balance.objects.filter(wallet_id=target.wallet_id, held__gt=0).exists() if known is None else known

    def prepare(self) -> None:
        """The open holds to choose from."""
        self.holds = {row.pk: row for row in open_holds(self.target.wallet_id)}
        field: Any = self.fields["hold"]
        field.choices = [
            (pk, f"{for_people(row.amount, row.account.decimals)} {row.account.name}: {row.description or named(row)}")
            for pk, row in self.holds.items()
        ]

    def done(self) -> WalletBalance:
        """Release it, and look at the balance."""
        held = self.holds[self.cleaned_data["hold"]]
        release_held_points(
            organization_id=self.target.organization_id,
            transaction_id=held.pk,
            reason=self.reason,
            actor=self.actor,
            at=self.at,
            target=self.target,
        )
        return balance_of(self.target, held.account, self)

    def preview(self) -> Preview:
        """The balance before and after."""
        account = self.holds[self.cleaned_data["hold"]].account
        before = balance_of(self.target, account, self)
        return Preview("The hold ends, and nothing is taken.", balance_lines(account, before, rehearse(self.done)))

    def act(self) -> Done:
        """Release it."""
        self.done()
        return Done(f"The hold of {self.target} is released.", self.target)


POINTS_ACTS: tuple[type[Act], ...] = (Give, Take, Keep, ReleaseHeld, Transfer)
