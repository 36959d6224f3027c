"""What a person does with claims: make one, mail its address again, end it."""

from __future__ import annotations

from typing import Any

from django import forms

from ledger.admin import PointsField
from ledger.amounts import for_people
from loyalty.kernel.desk import Act, Done, Line, Preview, Seat, state, when
from loyalty.kernel.errors import InvalidInput, NotFound
from loyalty.kernel.tasks import ring_for
from members.models import Claim
from members.selectors import get_counter, get_default_store
from members.services import ClaimDraft, ask_to_send_claim, create_claims, revoke_claim
from members.services.claim_mails import amount_of_claim
from members.services.claims import MOST_DAYS, MOST_POINTS


class CreateClaim(Act):
    """Points for somebody to come for."""

    slug, title, verb, icon, needs = "create", "New claim", "Make it", "add", "ledgers:write"
    about = "The points wait behind an address, which nobody is told yet: copy it, or mail it from the claim's page."

    amount = PointsField(largest=MOST_POINTS)
    email = forms.EmailField(
        required=False, max_length=254, label="For", help_text="Only who reads this mail can claim. Empty: anybody."
    )
    customer_type = forms.ChoiceField(
        required=False, help_text="What the claimer's type becomes. Empty: it stays as it is."
    )
    days = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_DAYS,
        help_text="For how many days from today; 0 is through today. Empty: as the store says.",
    )

    @classmethod
    def possible(cls, seat: Seat, target: Any, organization_id: int | None) -> bool:
        """An address is somebody's: to write one takes the role for members too."""
        return super().possible(seat, target, organization_id) and seat.may("members:read", organization_id)

    def prepare(self) -> None:
        """The types and the units of the default store."""
        amount: Any = self.fields["amount"]
        types: Any = self.fields["customer_type"]
        try:
            self.store = get_default_store(self.organization.pk)
        except NotFound:
            types.choices = [("", "–")]
            return
        amount.decimals = self.store.account.decimals
        amount.help_text = f"Of {self.store.account}."
        types.choices = [("", "–"), *((word, word) for word in self.store.customer_types)]

    def act(self) -> Done:
        """Make it.

        :raises NotFound: there is no active default store.
        :raises InvalidInput: what is wrong with it.
        """
        counter = get_counter(self.organization.pk)
        said = self.cleaned_data
        draft = ClaimDraft(said["amount"], said["email"], said["customer_type"], said["days"])
        (made,) = create_claims(store=counter.store, zone=counter.zone, drafts=[draft], actor=self.actor, at=self.at)
        if isinstance(made, InvalidInput):
            raise made
        return Done(f"{made} of {for_people(made.amount, counter.decimals)} points is there.", made)


class ResendClaim(Act):
    """The address, by mail."""

    slug, title, verb, icon, needs = "send", "Mail the address", "Send it", "mail", "ledgers:write"

    @classmethod
    def fits(cls, target: Claim) -> bool:
        """A claim that waits for somebody."""
        return bool(target.email) and target.claimed_at is None and target.revoked_at is None

    def preview(self) -> Preview:
        """Who gets what."""
        says = f"{amount_of_claim(self.target)}: a mail with the address goes out."
        last = when(self.target.sent_at) if self.target.sent_at else "never"
        return Preview(says, [Line("Last mailed", last, "now")])

    def act(self) -> Done:
        """Have it sent."""
        job = ask_to_send_claim(claim=self.target, actor=self.actor, at=self.at)
        ring_for(job.pk)
        return Done(f"The mail of {self.target} is on its way.", self.target)


class RevokeClaim(Act):
    """An end to what nobody came for."""

    slug, title, verb, icon, needs = "revoke", "Revoke", "Revoke it", "block", "ledgers:write"
    is_dangerous, asks_reason = True, True

    @classmethod
    def fits(cls, target: Claim) -> bool:
        """What was neither claimed nor revoked."""
        return target.claimed_at is None and target.revoked_at is None

    def preview(self) -> Preview:
        """What its address says then."""
        says = f"Whoever opens the address of {self.target} gets nothing any more. It cannot be brought back."
        return Preview(says, [Line("State", state(self.target.state_at(self.at)), state("revoked"))])

    def act(self) -> Done:
        """End it."""
        revoke_claim(claim=self.target, actor=self.actor, at=self.at, reason=self.reason)
        return Done(f"{self.target} is revoked.", self.target)
