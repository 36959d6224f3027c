"""Claims on the console: which stand open, who came for them, and what can be done about one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter

from ledger.admin import points
from loyalty.kernel import clock
from loyalty.kernel.desk import HouseAdmin, Panel, clock_of, copyable, link_to, seat_of, state, when
from loyalty.kernel.desk.display import NOTHING
from members.admin.claim_acts import CreateClaim, ResendClaim, RevokeClaim
from members.models import Claim, Member
from members.selectors import claims_of_member, claims_standing, find_claims
from members.services.claim_mails import address_of_claim

CLAIMS_SHOWN = 20


class StandingFilter(DropdownFilter):
    """By how a claim stands."""

    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        """The four ways."""
        return [(word, word.capitalize()) for word in ("open", "claimed", "expired", "revoked")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Claim]) -> QuerySet[Claim]:
        """Narrowed, where asked for."""
        return claims_standing(queryset, self.value() or "", clock_of(request))


@admin.register(Claim)
class ClaimAdmin(HouseAdmin):
    """Points that wait behind an address. Whom they wait for, and who came, is for those who may read members."""

    reads = "ledgers:read"
    list_display = ["number", "amount_said", "bound_to", "stands", "created", "ends", "came"]
    list_select_related = ["account", "claimed_by"]
    list_filter = [StandingFilter]
    search_fields = ["id"]
    search_help_text = "Email, token or address of a claim, in full"
    sortable_by = ()
    creates = CreateClaim
    acts = (ResendClaim, RevokeClaim)
    says_empty = "A claim is points that wait behind an address until a person comes for them, once."

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what the filter asks for."""
        return lookup == StandingFilter.parameter_name

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        """Without people, for those who may not read members."""
        shown = super().get_list_display(request)
        people = ("bound_to", "came")
        return shown if seat_of(request).may("members:read") else [name for name in shown if name not in people]

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a reading page speaks of."""
        rows = super().everything(request)
        return rows.select_related("account", "store", "claimed_by", "transaction__account", "organization")

    def get_facts(self, request: HttpRequest, target: Claim) -> Sequence[tuple[str, Sequence[str]]]:
        """What the claim is, and (where the person may read members) for whom."""
        seat = seat_of(request)
        may_name = seat.may("members:read", target.organization_id)
        # Whoever knows the address of an unbound claim may claim it.
        may_give = seat.may("ledgers:write", target.organization_id)
        who = ("bound_to", "customer_type") if may_name else ("customer_type",)
        came = ("claimed_at", "claimed_by", "transaction") if may_name else ("claimed_at", "transaction")
        return (
            ("Claim", ("amount_said", "stands", *who, "store_name")),
            *((("Address", ("token_said", "page")),) if may_give else ()),
            ("When", ("created", "ends", "sent", "revoked")),
            ("Claimed", came),
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By anything that names a claim."""
        return find_claims(queryset, search_term) if search_term.strip() else queryset, False

    def find(self, request: HttpRequest, term: str, most: int) -> Iterable[Claim]:
        """By the token or the page's address."""
        return find_claims(self.get_queryset(request), term).order_by("-pk")[:most]

    @admin.display(description="Claim")
    def number(self, claim: Claim) -> str:
        """Its number."""
        return str(claim)

    @admin.display(description="Points")
    def amount_said(self, claim: Claim) -> SafeString:
        """How many, in the account's format."""
        return points(claim.amount, claim.account)

    @admin.display(description="For")
    def bound_to(self, claim: Claim) -> Any:
        """The address it is bound to."""
        return claim.email or "anybody"

    @admin.display(description="State")
    def stands(self, claim: Claim) -> SafeString:
        """How it stands now."""
        return state(claim.state_at(clock.now()))

    @admin.display(description="Store")
    def store_name(self, claim: Claim) -> str:
        """Where it came from."""
        return claim.store.name

    @admin.display(description="Created", ordering="pk")
    def created(self, claim: Claim) -> SafeString:
        """When it was made."""
        return when(claim.created_at)

    @admin.display(description="Address mailed")
    def sent(self, claim: Claim) -> SafeString:
        """When its address was mailed last."""
        return when(claim.sent_at)

    @admin.display(description="Revoked")
    def revoked(self, claim: Claim) -> SafeString:
        """When it was ended."""
        return when(claim.revoked_at)

    @admin.display(description="Ends")
    def ends(self, claim: Claim) -> SafeString:
        """Through when it can be claimed."""
        return when(claim.expires_at)

    @admin.display(description="Claimed by")
    def came(self, claim: Claim) -> Any:
        """Who came for it."""
        return NOTHING if claim.claimed_by is None else link_to(claim.claimed_by)

    @admin.display(description="Token")
    def token_said(self, claim: Claim) -> SafeString:
        """What its address ends with."""
        return copyable(claim.token)

    @admin.display(description="Page")
    def page(self, claim: Claim) -> SafeString:
        """Where it is claimed."""
        return copyable(address_of_claim(claim))


def claims_panel(member: Member) -> Panel:
    """What the member has claimed, and what waits for one of the member's addresses; the newest."""
    rows = claims_of_member(member).select_related("account").order_by("-pk")[:CLAIMS_SHOWN]
    at = clock.now()
    return Panel(
        "Claims",
        ("Claim", "Points", "State", "Made", "Ends", "Claimed"),
        [
            (
                link_to(claim),
                points(claim.amount, claim.account),
                state(claim.state_at(at)),
                when(claim.created_at),
                when(claim.expires_at),
                when(claim.claimed_at),
            )
            for claim in rows
        ],
        empty="No claim was made for this member.",
    )
