"""Members on the console: found by any scrap, and all that matters of one on one page."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter
from unfold.views import ChangeList

from ledger.admin import Figure, PointsAdmin, points
from ledger.admin.movements import holds_panel, lots_panel, movements_panel
from ledger.admin.wallets import wallet_figures
from ledger.errors import NoDefaultAccount
from ledger.models import Balance
from ledger.services import available_balances
from loyalty.kernel.desk import Act, Link, Panel, address_of, clock_of, copyable, seat_of, state, when
from loyalty.kernel.desk.display import NOTHING
from loyalty.kernel.json_text import write_json
from members.admin.claims import claims_panel
from members.admin.guests import guest_acts, guest_panels
from members.admin.imports import ImportPoints
from members.admin.life import audiences_panel, events_panel, programs_panel, tiers_panel, with_places
from members.admin.member_acts import MEMBER_ACTS, CreateMember
from members.admin.points_acts import POINTS_ACTS
from members.models import Enrollment, Member
from members.selectors import best_found, find_members, resolve_account
from members.services import export_member

# How many are offered while a name is being written.
OFFERED = 8
# What of a profile has a place of its own on the page.
_SHOWN = ("name", "lastName", "email", "phone", "loyaltyCardNumber", "birthdate")


class StateFilter(DropdownFilter):
    """Only those who are blocked: they are few, and an index knows them."""

    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        """The one there is."""
        return [("blocked", "Blocked")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Member]) -> QuerySet[Member]:
        """Narrowed, where asked for."""
        return queryset.filter(active=False) if self.value() == "blocked" else queryset


class MemberList(ChangeList):
    """A page of members with what they can spend, read for all of them at once."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        """The page's rows."""
        super().get_results(request)
        rows, seat = list(self.result_list), seat_of(request)
        account, balances = None, dict[int, int]()
        if rows and seat.may("ledgers:read"):
            with contextlib.suppress(NoDefaultAccount):
                account = resolve_account(rows[0].organization_id)
        if account is not None:
            balances = available_balances(
                organization_id=account.organization_id,
                account_id=account.pk,
                wallet_ids=[row.wallet_id for row in rows],
                actor=seat.actor,
                at=clock_of(request),
            )
        for row in rows:
            row.points_on_page = NOTHING if account is None else points(balances[row.wallet_id], account)
        self.result_list = rows


def _with_tiers() -> Prefetch[Any]:
    """The places in programs, each with the tier that counts."""
    return Prefetch("enrollments", queryset=Enrollment.objects.select_related("effective_tier").order_by("pk"))


@admin.register(Member)
class MemberAdmin(PointsAdmin):
    """Who collects points."""

    reads = "members:read"
    asked = frozenset({"state"})
    list_display = ["who", "loyalty_member_id", "email", "phone", "tier", "can_spend", "stands", "since"]
    list_filter = [StateFilter]
    search_fields = ["id"]
    search_help_text = "Name, phone, card, email or any id"
    creates = CreateMember
    says_empty = "Members collect points. They come by the API, or one by one from here."
    facts = (
        ("Person", ("who", "email", "phone", "card", "birthdate", "stands")),
        ("Known as", ("own_id", "public_id", "uuid", "number", "wallet", "since")),
    )

    @property
    def acts(self) -> Sequence[type[Act]]:  # type: ignore[override]
        """Ours, and those of the rooms above."""
        return (*POINTS_ACTS, *guest_acts(), *MEMBER_ACTS)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Our list."""
        return MemberList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With tiers at hand."""
        return super().get_queryset(request).prefetch_related(_with_tiers())

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a reading page speaks of."""
        held = Balance.objects.filter(wallet=OuterRef("wallet"), held__gt=0)
        rows = super().everything(request).select_related("wallet", "organization").annotate(holds_points=Exists(held))
        return with_places(rows)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By anything that names a member."""
        return find_members(queryset, search_term) if search_term.strip() else queryset, False

    def find(self, request: HttpRequest, term: str, most: int) -> Iterable[Member]:
        """For the search over everything."""
        return best_found(seat_of(request).organization_id or 0, term, most)

    def list_acts(self, request: HttpRequest) -> Sequence[type[Act]]:
        """Points for many at once."""
        return (ImportPoints,)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list; a search that finds one member opens that one's page."""
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data is not None:
            found = response.context_data.get("cl")
            if found is not None and found.query and len(found.result_list) == found.result_count == 1:
                return HttpResponseRedirect(address_of(found.result_list[0]))
        return response

    # --- columns and facts ---
    @admin.display(description="Member")
    def who(self, member: Member) -> str:
        """The name, else the id."""
        return str(member)

    @admin.display(description="Email")
    def email(self, member: Member) -> Any:
        """The first email."""
        return member.profile.get("email") or NOTHING

    @admin.display(description="Phone")
    def phone(self, member: Member) -> Any:
        """The first phone."""
        return member.profile.get("phone") or NOTHING

    @admin.display(description="Card")
    def card(self, member: Member) -> SafeString:
        """The card number."""
        return copyable(member.profile.get("loyaltyCardNumber"))

    @admin.display(description="Born")
    def birthdate(self, member: Member) -> Any:
        """The birthdate."""
        return member.profile.get("birthdate") or NOTHING

    @admin.display(description="Tier")
    def tier(self, member: Member) -> Any:
        """The tier in the first program."""
        tiers = [place.effective_tier.name for place in member.enrollments.all() if place.effective_tier is not None]
        return tiers[0] if tiers else NOTHING

    @admin.display(description="Can spend")
    def can_spend(self, member: Any) -> SafeString:
        """What can be spent in the main account."""
        return member.points_on_page

    @admin.display(description="State")
    def stands(self, member: Member) -> SafeString:
        """Whether the member may move points."""
        return state("active" if member.active else "blocked")

    @admin.display(description="Since")
    def since(self, member: Member) -> SafeString:
        """Since when."""
        return when(member.created_at)

    @admin.display(description="Your id")
    def own_id(self, member: Member) -> SafeString:
        """The organization's id."""
        return copyable(member.loyalty_member_id)

    @admin.display(description="Public id")
    def public_id(self, member: Member) -> SafeString:
        """The number shown to others."""
        return copyable(member.public_loyalty_member_id)

    @admin.display(description="UUID")
    def uuid(self, member: Member) -> SafeString:
        """The number for APIs that speak in UUIDs."""
        return copyable(member.customer_id)

    @admin.display(description="Number")
    def number(self, member: Member) -> SafeString:
        """Ours."""
        return copyable(member.pk)

    # --- what a person may ask for ---
    def get_urls(self) -> list[URLPattern]:
        """With the download of all that is kept of one, and those whom a name finds while it is written."""
        view = self.admin_site.admin_view
        return [
            path("offer/", view(self.offer_view), name="members_member_offer"),
            path("<path:object_id>/export/", view(self.export_view), name="members_member_export"),
            *super().get_urls(),
        ]

    def offer_view(self, request: HttpRequest) -> JsonResponse:
        """The members whom what somebody writes finds, for a field in which one is named.

        :raises PermissionDenied: where the person may not read members.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = self.find(request, request.GET.get("q", ""), OFFERED)
        return JsonResponse({"offered": [{"value": one.loyalty_member_id, "label": str(one)} for one in found]})

    def links(self, request: HttpRequest, target: Member) -> Iterable[Link]:
        """Everything kept of the member, as a file."""
        if seat_of(request).may("ledgers:read", target.organization_id):
            yield Link("Export", reverse("admin:members_member_export", args=[target.pk]), "download", "export")

    def export_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The file: one JSON object a line.

        :raises Http404: where there is no such member for this person.
        """
        target, seat = self.get_object(request, object_id), seat_of(request)
        if target is None or not seat.may("ledgers:read", target.organization_id):
            raise Http404
        parts = export_member(member=target, actor=seat.actor, at=clock_of(request))
        lines = (write_json(part, default=str) + b"\n" for part in parts)
        name = f'attachment; filename="member-{target.pk}.jsonl"'
        return StreamingHttpResponse(lines, content_type="application/jsonl", headers={"Content-Disposition": name})

    # --- the reading page ---
    def read_facts(self, request: HttpRequest, target: Member) -> list[tuple[str, list[tuple[str, Any]]]]:
        """The facts, and whatever else the profile holds."""
        groups = super().read_facts(request, target)
        may_see_wallet = seat_of(request).may("ledgers:read", target.organization_id)
        if not may_see_wallet:
            groups = [(title, [fact for fact in facts if fact[0] != "Wallet"]) for title, facts in groups]
        others = {name: value for name, value in target.profile.items() if name not in _SHOWN}
        others.update(target.custom_attributes)
        return (
            [*groups, ("Also known", [(name, _plain(value)) for name, value in others.items()])] if others else groups
        )

    def figures(self, request: HttpRequest, target: Member, at: datetime) -> Sequence[Figure]:
        """What the member has in each account."""
        if not seat_of(request).may("ledgers:read", target.organization_id):
            return ()
        return wallet_figures(request, target.wallet, at)

    def panels(self, request: HttpRequest, target: Member, at: datetime) -> Iterable[Panel]:
        """Movements, credits, what the rooms above know, programs."""
        seat = seat_of(request)
        if seat.may("ledgers:read", target.organization_id):
            may_end = seat.may("ledgers:write", target.organization_id)
            yield from holds_panel(target.wallet_id, may_end=may_end)
            yield movements_panel(target.wallet)
            yield lots_panel(target.wallet_id)
            yield claims_panel(target)
        yield from guest_panels(request, target, at)
        tells_points = seat.may("ledgers:read", target.organization_id)
        yield programs_panel(target, tells_points=tells_points)
        if seat.may("tiers:read", target.organization_id):
            yield tiers_panel(target)
        if seat.may("campaigns:read", target.organization_id):
            yield audiences_panel(target, at)
        yield events_panel(target, tells_points=tells_points)


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
