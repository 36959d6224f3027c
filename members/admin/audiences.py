"""Audiences on the console: whom they mean, how many they are, and a look at them while a rule is being written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from loyalty.kernel.desk import HouseAdmin, Panel, clock_of, link_to, number, seat_of, state
from loyalty.kernel.models import Organization
from members.admin.audience_acts import CreateAudience, EditAudience
from members.admin.looking import MOST_COUNTED, SAMPLE, counted, look_at
from members.models import Audience
from members.selectors import members_of


@admin.register(Audience)
class AudienceAdmin(HouseAdmin):
    """Some of the members, as campaigns name them."""

    reads = "campaigns:read"
    list_display = ["name", "key", "matcher_type", "members", "refreshed_at", "stands"]
    search_fields = ["name", "key"]
    ordering = ("name", "pk")
    sortable_by = ()
    creates = CreateAudience
    acts = (EditAudience,)
    says_empty = "An audience is some of the members: those a rule holds for, or those on a list. Campaigns name them."
    facts = (
        ("Audience", ("name", "key", "description", "segment_key", "stands")),
        ("Members", ("matcher_type", "rule", "members", "refreshed_at")),
    )

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With the organization, in whose time zone a rule has its days."""
        return super().everything(request).select_related("organization")

    def get_urls(self) -> list[URLPattern]:
        """And the look at whom a form means that is being filled in."""
        view = self.admin_site.admin_view
        return [
            path("look/", view(require_POST(self.look_view)), name="members_audience_look"),
            path("<path:object_id>/look/", view(require_POST(self.look_view)), name="members_audience_look_at"),
            *super().get_urls(),
        ]

    @admin.display(description="State")
    def stands(self, audience: Audience) -> SafeString:
        """Whether it matches anybody."""
        return state("active" if audience.active else "inactive")

    @admin.display(description="Members, when counted")
    def members(self, audience: Audience) -> SafeString:
        """How many they were."""
        return number(audience.member_count)

    def panels(self, request: HttpRequest, target: Audience, at: datetime) -> Iterable[Panel]:
        """Some of its members, for those who may see members."""
        if not seat_of(request).may("members:read", target.organization_id):
            return
        glance = members_of(target, at=at).look(SAMPLE, most=MOST_COUNTED)
        yield Panel(
            f"Members now: {counted(glance)}",
            ("Member", "Your id"),
            [(link_to(member), member.loyalty_member_id) for member in glance.first],
            empty="Nobody belongs to it.",
        )

    def look_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """Whom the form as it stands would mean: how many, and some of them; or what is wrong with its rule.

        :raises PermissionDenied: where the person may not write audiences there.
        """
        organization = self._organization(request, object_id)
        said = request.POST.dict()
        return look_at(organization, said, seat_of(request), needs="campaigns:write", at=clock_of(request))

    def _organization(self, request: HttpRequest, object_id: str | None) -> Organization:
        if object_id is not None:
            held = self.get_object(request, object_id)
            if held is None:
                raise Http404
            return held.organization
        chosen = seat_of(request).organization
        if chosen is None:
            raise PermissionDenied
        return chosen
