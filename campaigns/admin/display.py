"""Campaigns in plain words: when they apply, what they give, and why they gave nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from campaigns.effects import is_computed, list_effects
from campaigns.models import Campaign, CampaignAction
from campaigns.selectors import list_event_types
from ledger.admin import points
from ledger.errors import NoDefaultAccount
from ledger.models import LedgerAccount, Transaction
from loyalty.expressions import serialize
from loyalty.kernel.desk import Panel, Seat, link_to, number, state, when
from loyalty.kernel.desk.display import NOTHING
from loyalty.kernel.errors import NotFound
from loyalty.kernel.models import Location
from members.models import Audience, EventType, LoyaltyTier
from members.selectors import resolve_account

# The conditions of a campaign as results name them.
CONDITIONS = {
    "eventType": "what happened",
    "valid": "the time it is valid",
    "loyaltyProgramId": "the program",
    "loyaltyTierKeys": "the tier",
    "daysOfWeek": "the day of the week",
    "locationCodes": "the place",
    "minSpendValue": "the least to spend",
    "audienceKeys": "the audience",
}
_STATES = {
    "applied": "done",
    "limited": "limited",
    "nothing": "nothing to give",
    "not-matched": "does not apply",
    "skipped": "does not hold",
    "aborted": "not reached",
    "failed": "failed",
    "returned": "taken back",
}
_ABORTED = {
    "abortEvaluationIfFalse": "An earlier action did not hold, and ends the campaign then.",
    "abortEvaluationOnError": "An earlier action failed, and ends the campaign then.",
}


def rule_text(text: str) -> Any:
    """A rule as it is written."""
    return format_html('<code class="ts-rule">{}</code>', text) if text else NOTHING


def computed_text(value: Mapping[str, Any]) -> str:
    """The rule by which a parameter is worked out."""
    return str(value["expression"]) if "expression" in value else serialize(value["ast"])


class Accounts:
    """The accounts of an organization in which effects move points, each looked for once."""

    def __init__(self, organization_id: int) -> None:
        self.organization_id = organization_id
        self._known: dict[tuple[int | None, int | None], LedgerAccount | None] = {}

    def meant(self, campaign: Campaign, params: Mapping[str, Any]) -> LedgerAccount | None:
        """The account in which an effect of the campaign moves points, as far as that is said outright."""
        ledger_id, account_id = params.get("ledgerId"), params.get("ledgerAccountId")
        if is_computed(ledger_id) or is_computed(account_id):
            return None
        named = ledger_id is not None or account_id is not None
        if not named and campaign.program is not None and campaign.program.main_account is not None:
            return campaign.program.main_account
        key = (ledger_id, account_id)
        if key not in self._known:
            self._known[key] = self._resolved(*key)
        return self._known[key]

    def _resolved(self, ledger_id: int | None, account_id: int | None) -> LedgerAccount | None:
        try:
            return resolve_account(self.organization_id, ledger_id=ledger_id, account_id=account_id)
        except (NoDefaultAccount, NotFound):
            return None


def account_of(campaign: Campaign, params: Mapping[str, Any]) -> LedgerAccount | None:
    """The account in which one effect of the campaign moves points, as far as that is said outright."""
    return Accounts(campaign.organization_id).meant(campaign, params)


def effects_shown(action: CampaignAction, accounts: Accounts) -> SafeString:
    """All that an action does."""
    effects = action.effects["effects"]
    shown = ((effect_words(one, accounts.meant(action.campaign, one["params"])),) for one in effects)
    return format_html_join("; ", "{}", shown)


def effect_words(effect: Mapping[str, Any], account: LedgerAccount | None) -> SafeString:
    """What an effect does: its name, and each of its parameters."""
    title = effect_names().get(effect["type"], effect["type"])
    said = params_shown(effect, account)
    return format_html("{}: {}", title, said) if said else format_html("{}", title)


def effect_names() -> dict[str, str]:
    """What people call each effect."""
    return {one.effect_id: one.name for one in list_effects()}


def params_shown(effect: Mapping[str, Any], account: LedgerAccount | None) -> SafeString:
    """The parameters of an effect, in words."""
    words = ((_param_words(name, value, account),) for name, value in effect["params"].items())
    return format_html_join(", ", "{}", words)


def _param_words(name: str, value: Any, account: LedgerAccount | None) -> SafeString:
    if is_computed(value):
        return format_html("{} {}", words_of(name), rule_text(computed_text(value)))
    if name == "amount" and account is not None and isinstance(value, int):
        return points(value, account)
    return format_html("{} {}", words_of(name), json.dumps(value) if isinstance(value, dict) else value)


def words_of(name: str) -> str:
    """What people call a parameter that has no name of its own: `validInDays` is "valid in days"."""
    return "".join(f" {one.lower()}" if one.isupper() else one for one in name).strip()


# --- when a campaign applies -----------------------------------------------------------------------------------------
def conditions_of(campaign: Campaign) -> list[tuple[str, Any]]:
    """Every condition in words; three queries at the most, for the names of what it asks for."""
    organization_id = campaign.organization_id
    tiers = LoyaltyTier.objects.filter(program__organization_id=organization_id, key__in=campaign.tier_keys)
    audiences = Audience.objects.filter(organization_id=organization_id, key__in=campaign.audience_keys)
    places = Location.objects.filter(organization_id=organization_id, code__in=campaign.location_codes)
    start = when(campaign.valid_from) if campaign.valid_from else "always"
    end = when(campaign.valid_to) if campaign.valid_to else "no end"
    spend = campaign.min_spend
    return [
        ("When this happens", heard(campaign)),
        ("From – to", format_html("{} – {}", start, end)),
        ("On", ", ".join(day.capitalize() for day in campaign.days_of_week) or "any day"),
        ("For members of", campaign.program or "any program"),
        ("With the tier", _called(campaign.tier_keys, tiers.values_list("key", "name")) or "any"),
        ("In the audience", _called(campaign.audience_keys, audiences.values_list("key", "name")) or "any"),
        ("At", _called(campaign.location_codes, places.values_list("code", "label")) or "any place"),
        ("Who spend at least", f"{spend.normalize():f}" if spend is not None else "anything, or nothing"),
    ]


def heard(campaign: Campaign) -> str:
    """Which types of events the campaign waits for."""
    codes = [code for code in (campaign.event_type, *campaign.enabled_topics) if code]
    if not codes:
        return "Whatever comes from outside, but what takes back"
    return " or ".join(type_word(code) for code in dict.fromkeys(codes))


def type_word(code: str) -> str:
    """What people call a type of event; one of the organization's own by its code."""
    return str(EventType(code).label) if code in EventType.values else code


def types_offered(organization_id: int) -> list[tuple[str, str]]:
    """Every type of event, by its code."""
    known = list_event_types(organization_id)
    return [(kind.code, kind.name if kind.builtin else f"{kind.name} ({kind.code})") for kind in known]


def _called(keys: Iterable[str], known: Iterable[tuple[str, str]]) -> str:
    names = dict(known)
    return ", ".join(names.get(key, f"{key} (not there)") for key in keys)


# --- what came of it ----------------------------------------------------------------------------------------------
HEADERS = ("Campaign", "Action", "What", "Result", "Amount", "Why")


def lines_panel(title: str, lines: Sequence[Mapping[str, Any]], seat: Seat, organization_id: int, empty: str) -> Panel:
    """Lines of results, each in plain words; three queries for any number of them."""
    named = Named(lines, seat, organization_id)
    return Panel(title, HEADERS, [named.row(line) for line in lines], empty=empty)


class Named:
    """What lines speak of, with names: campaigns, actions, and the accounts of points. `tried` are the accounts by
    transaction where the lines are of a trial, and no transaction is there.
    """

    def __init__(
        self,
        lines: Sequence[Mapping[str, Any]],
        seat: Seat,
        organization_id: int,
        tried: Mapping[str, LedgerAccount] | None = None,
    ) -> None:
        self.tells_points = seat.may("ledgers:read", organization_id)
        mine = Campaign.objects.filter(organization_id=organization_id)
        self.campaigns = mine.in_bulk(list({line["campaignId"] for line in lines if line.get("campaignId")}))
        actions = CampaignAction.objects.filter(campaign__organization_id=organization_id)
        self.actions = actions.in_bulk(list({line["actionId"] for line in lines if line.get("actionId")}))
        self.transactions: dict[str, Transaction] = {}
        self.accounts = dict(tried or {})
        if tried is None:
            posted: Any = {line["ledgerTransactionId"] for line in lines if line.get("ledgerTransactionId")} - {"None"}
            rows = Transaction.objects.filter(organization_id=organization_id, pk__in=posted).select_related("account")
            self.transactions = {str(row.pk): row for row in rows}
            self.accounts = {key: row.account for key, row in self.transactions.items()}
        self.effects = effect_names()

    def row(self, line: Mapping[str, Any]) -> tuple[Any, ...]:
        """A line in words."""
        effect = line.get("effectType")
        return (
            self.campaign(line),
            link_to(self.actions.get(line.get("actionId") or 0)),
            self.effects.get(effect, effect) if effect else NOTHING,
            state(_STATES.get(line["result"], line["result"])),
            self.amount(line),
            why_of(line),
        )

    def campaign(self, line: Mapping[str, Any]) -> Any:
        """The campaign of a line."""
        found = self.campaigns.get(line.get("campaignId") or 0)
        return link_to(found) if found is not None else line.get("campaignCode") or NOTHING

    def amount(self, line: Mapping[str, Any]) -> Any:
        """How much, in the account's format where it is known; leading to what was posted."""
        amount, key = line.get("amount"), line.get("ledgerTransactionId") or ""
        if amount is None:
            return NOTHING
        account = self.accounts.get(key)
        if account is None:
            return number(amount)
        shown = points(-amount if line["result"] == "returned" else amount, account)
        return link_to(self.transactions[key], shown) if key in self.transactions and self.tells_points else shown


def why_of(line: Mapping[str, Any]) -> Any:
    """Why a line came out as it did; which conditions held, and which did not."""
    result, condition = line["result"], line.get("condition") or ""
    if result == "not-matched":
        held = ", ".join(CONDITIONS.get(name, name) for name in line.get("held", ()))
        says = f"{CONDITIONS.get(condition, condition)} does not fit."
        return says[:1].upper() + says[1:] + (f" What does: {held}." if held else "")
    if result == "skipped":
        return "No item of the order fits the matcher." if condition == "matcher" else "The rule does not hold."
    if result == "aborted":
        return _ABORTED.get(condition, condition)
    if result == "failed":
        return line.get("error", {}).get("message", "")
    if result == "limited":
        return f"The monthly limit of the member: {line.get('wanted', 0):,} were meant."
    if result == "nothing":
        loops = line.get("reason") == "chain-limit"
        return "Too many events have brought each other about." if loops else "It came to 0 or less."
    if result == "returned":
        parts = [("kept", line.get("kept")), ("could not be taken: they are spent", line.get("shortfall"))]
        return "; ".join(f"{amount:,} {word}" for word, amount in parts if amount) or "Nothing of it is kept."
    return NOTHING


def standing(action: CampaignAction) -> SafeString:
    """Whether an action is asked."""
    return state({"running": "active", "disabled": "inactive"}.get(action.status, action.get_status_display()))
