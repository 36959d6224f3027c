"""Trying campaigns out on a member: every decision about an order or an event is shown, and nothing is written."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join

from campaigns.admin.display import CONDITIONS, HEADERS, Named, type_word, types_offered
from campaigns.services import Told, Trial, try_event, try_order
from ledger.admin import points
from ledger.models import LedgerAccount
from loyalty.kernel.desk import Act, Done, Panel, Preview, Seat, state
from loyalty.kernel.desk.display import NOTHING
from loyalty.kernel.desk.fields import moment_field, read_object
from loyalty.kernel.errors import DomainError, NotAllowed
from loyalty.kernel.models import Organization
from members.admin.offered import member_field, member_named
from members.models import LoyaltyEvent, Member, PurchaseOrder
from members.selectors import find_order, get_member
from members.selectors.orders import as_number
from members.services.orders import OrderDraft

MOST_ITEMS = 100
MOST_NUMBER = 10**12
_GIVEN = ("applied", "limited")


@dataclass(slots=True)
class Outcome(Preview):
    """What would happen, event by event."""

    panels: list[Panel] = field(default_factory=list)


def _only(kind: str, **attrs: Any) -> dict[str, Any]:
    return {"data-of": kind, **attrs}


class TryOut(Act):
    """What all campaigns would make of something."""

    slug, title, verb, icon = "try", "Try it out", "Try it", "science"
    about = "Everything is asked as it is when it really happens, and then undone: nothing is written, nobody is told."
    needs = "campaigns:write"
    template = "admin/campaigns/try.html"

    member = member_field()
    what = forms.ChoiceField(
        choices=[("order", "An order"), ("event", "Something else")],
        label="What happens",
        widget=forms.Select(attrs={"data-shows": "1"}),
    )
    like = forms.CharField(
        required=False,
        max_length=255,
        label="Like the order",
        help_text="The id of an order there is. Empty: as it is written here.",
        widget=forms.TextInput(attrs=_only("order")),
    )
    status = forms.ChoiceField(
        choices=PurchaseOrder.Status.choices[:2],
        initial=PurchaseOrder.Status.CONFIRMED,
        label="The order is",
        widget=forms.Select(attrs=_only("order")),
    )
    items = forms.CharField(
        required=False,
        max_length=20_000,
        help_text="One on each line: sku, quantity, what it costs, category. Such as: beans-1kg, 2, 24.90, beans",
        widget=forms.Textarea(attrs=_only("order", rows=3, spellcheck="false")),
    )
    total = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=18,
        decimal_places=4,
        help_text="Empty: what its items cost.",
        widget=forms.NumberInput(attrs=_only("order", step="any")),
    )
    location = forms.CharField(
        required=False,
        max_length=255,
        label="Place",
        help_text="The code of the location.",
        widget=forms.TextInput(attrs=_only("order event")),
    )
    event_type = forms.ChoiceField(required=False, label="Which event", widget=forms.Select(attrs=_only("event")))
    payload = forms.CharField(
        required=False,
        max_length=20_000,
        label="What it tells",
        help_text='A JSON object, such as {"stars": 5}.',
        widget=forms.Textarea(attrs=_only("event", rows=3, spellcheck="false")),
    )
    happened = moment_field("Empty: now.", label="When")

    @classmethod
    def possible(cls, seat: Seat, target: Any, organization_id: int | None) -> bool:
        """To look for members, and what they would get, takes the roles for that."""
        asked = ("members:read", "ledgers:read", "orders:read")
        return super().possible(seat, target, organization_id) and all(seat.may(r, organization_id) for r in asked)

    @property
    def house(self) -> Organization:
        """Where it happens."""
        return self.organization if self.target is None else self.target.organization

    def prepare(self) -> None:
        """The types of events there are."""
        types: Any = self.fields["event_type"]
        types.choices = types_offered(self.house.pk)

    def starts(self) -> dict[str, Any]:
        """An order, or the event that the campaign waits for."""
        code = self.target.event_type if self.target is not None else ""
        told = code and not code.startswith("member-purchase-order")
        return {"what": "event", "event_type": code} if told else {"what": "order"}

    # --- what was written ---
    def clean_member(self) -> Member:
        """Exactly one."""
        found = member_named(self.house.pk, self.cleaned_data["member"])
        return get_member(self.house.pk, found.pk)

    def clean_like(self) -> PurchaseOrder | None:
        """An order there is."""
        text = self.cleaned_data["like"].strip()
        found = find_order(self.house.pk, text) if text else None
        if text and found is None:
            raise ValidationError("There is no such order.")
        return found

    def clean_items(self) -> list[dict[str, Any]]:
        """Items, a line each."""
        lines = [line for line in self.cleaned_data["items"].splitlines() if line.strip()]
        if len(lines) > MOST_ITEMS:
            raise ValidationError(f"Write at most {MOST_ITEMS} items.")
        return [_item(line) for line in lines]

    def clean_payload(self) -> dict[str, Any]:
        """An object, or nothing."""
        text = self.cleaned_data["payload"].strip()
        try:
            return read_object(text) if text else {}
        except ValueError as error:
            raise ValidationError(str(error)) from error

    # --- what comes of it ---
    def preview(self) -> Preview:
        """What would happen."""
        said = self.cleaned_data
        trial = self._order() if said["what"] == "order" else self._event()
        lines = [line for told in trial.told for line in told.lines]
        named = Named(lines, self.seat, self.house.pk, trial.accounts)
        panels = [_panel(told, named) for told in trial.told]
        if trial.deaf:
            rows = [(play.name, "It waits for something else.") for play in trial.deaf]
            panels.append(Panel("Not asked", ("Campaign", "Why"), rows))
        return Outcome(_sentence(said["member"], lines, trial), panels=panels)

    def act(self) -> Done:
        """Nothing: it only tries."""
        raise NotAllowed("Nothing is done here: it only tries.")

    def refuse(self, error: DomainError) -> None:
        """What is wrong with an event stands beside it."""
        named = {"eventType": "event_type", "payload": "payload", "discountedTotal": "total"}
        field = named.get(getattr(error, "field", None) or "")
        self.add_error(field, error.message) if field else super().refuse(error)

    def _moment(self) -> tuple[Any, Any]:
        """When it is evaluated, and the date it is given: what lies ahead is evaluated as if it were then."""
        said = self.cleaned_data["happened"]
        return (max(said, self.at), None if said > self.at else said) if said is not None else (self.at, None)

    def _order(self) -> Trial:
        said = self.cleaned_data
        at, dated = self._moment()
        like: PurchaseOrder | None = said["like"]
        items = said["items"] or (like.items if like is not None else [])
        total = said["total"]
        if total is None:
            total = like.total if like is not None and not said["items"] else _sum_of(items)
        attributes = dict(like.custom_attributes) if like is not None else {}
        if said["location"]:
            attributes["orderLocationCode"] = said["location"]
        keeps_discount = like is not None and said["total"] is None and not said["items"]
        draft = OrderDraft(
            member=said["member"],
            external_id=f"try-{uuid.uuid4()}",
            type=like.type if like is not None else "try",
            status=said["status"],
            total=total,
            discounted_total=like.discounted_total if like is not None and keeps_discount else None,
            program_id=like.program_id if like is not None else None,
            items=items,
            tags=like.tags if like is not None else [],
            custom_attributes=attributes,
            external_event_at=dated,
        )
        return try_order(draft=draft, actor=self.actor, at=at, campaign=self.target)

    def _event(self) -> Trial:
        said = self.cleaned_data
        at, dated = self._moment()
        payload = {**said["payload"], **({"locationCode": said["location"]} if said["location"] else {})}
        event = LoyaltyEvent(
            organization_id=self.house.pk,
            member_id=said["member"].pk,
            event_type=said["event_type"],
            unique_key=f"try-{uuid.uuid4()}",
            payload=payload,
            external_event_at=dated,
            created_at=at,
        )
        return try_event(event=event, member=said["member"], actor=self.actor, at=at, campaign=self.target)


class TryCampaign(TryOut):
    """What this campaign would make of something, among all others."""

    about = (
        "The campaign is asked as if it were active, with its drafts as if they ran. Everything is asked as it is when"
        " it really happens, and then undone: nothing is written, nobody is told."
    )


def _item(line: str) -> dict[str, Any]:
    """:raises ValidationError: a line that is no item."""
    words = [word.strip() for word in line.split(",")]
    sku, quantity, total, category = (*words, "", "", "")[:4]
    try:
        numbers = Decimal(quantity or 1), Decimal(total or 0)
        # What is no number at all cannot be compared.
        fits = bool(sku) and len(words) <= 4 and 0 < numbers[0] < MOST_NUMBER and 0 <= numbers[1] < MOST_NUMBER
    except InvalidOperation:
        fits = False
    if not fits:
        raise ValidationError(f"{line}: write sku, quantity, what it costs, product category.")
    item = {"sku": sku, "quantity": as_number(numbers[0]), "total": as_number(numbers[1])}
    return {**item, "productCategoryCode": category} if category else item


def _sum_of(items: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(str(item.get("total") or 0)) for item in items), Decimal(0))


def _panel(told: Told, named: Named) -> Panel:
    """What each campaign makes of an event, its conditions first."""
    rows: list[tuple[Any, ...]] = []
    lines: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for line in told.lines:
        lines[line.get("campaignId") or 0].append(line)
    for one in told.asked:
        mine = lines.pop(one.play.id, [])
        if one.failed is None:
            fits = ", ".join(CONDITIONS.get(name, name) for name in one.held)
            rows.append((one.play.name, NOTHING, NOTHING, state("applies"), NOTHING, f"What fits: {fits}."))
        rows += map(named.row, mine)
        if one.failed is None and not one.play.actions:
            rows.append((one.play.name, NOTHING, NOTHING, state("nothing to give"), NOTHING, "No action of it runs."))
    rows += [named.row(line) for rest in lines.values() for line in rest]
    empty = "No active campaign waits for this."
    return Panel(f"{type_word(told.event.event_type)}: what campaigns make of it", HEADERS, rows, empty=empty)


def _sentence(member: Member, lines: Sequence[Mapping[str, Any]], trial: Trial) -> Any:
    """What the member would get in all."""
    sums: dict[int, int] = defaultdict(int)
    accounts: dict[int, LedgerAccount] = {}
    for line in lines:
        account = trial.accounts.get(line.get("ledgerTransactionId") or "")
        if account is not None and line["result"] in _GIVEN:
            accounts[account.pk] = account
            sums[account.pk] += line["amount"] * (-1 if line["effectType"] == "burn-points" else 1)
    others = sum(1 for line in lines if line["result"] == "applied" and "ledgerTransactionId" not in line)
    parts = [points(amount, accounts[pk]) for pk, amount in sums.items()]
    if others:
        parts.append(format_html("{} other thing{}", others, "" if others == 1 else "s"))
    if not parts:
        return f"{member} would get nothing."
    return format_html("{} would get {}.", member, format_html_join(" and ", "{}", ((part,) for part in parts)))
