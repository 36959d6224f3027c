"""Actions of campaigns on the console: when each holds, and what it does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.views import ChangeList

from campaigns.admin.action_acts import ACTION_ACTS
from campaigns.admin.display import Accounts, effect_names, effects_shown, params_shown, rule_text, standing
from campaigns.models import ActionMatcher, CampaignAction
from loyalty.kernel.desk import HouseAdmin, Panel, link_to, number, seat_of
from loyalty.kernel.desk.display import NOTHING


class ActionList(ChangeList):
    """A page of actions, with the accounts in which they move points looked for once."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        """The page's rows."""
        super().get_results(request)
        self.result_list = list(self.result_list)
        accounts = Accounts(seat_of(request).organization_id or 0)
        for row in self.result_list:
            row.accounts_on_page = accounts


@admin.register(CampaignAction)
class ActionAdmin(HouseAdmin):
    """What a campaign gives."""

    reads = "campaigns:read"
    organization_of = "campaign__organization"
    list_display = ["name", "campaign", "stands", "rule_shown", "does"]
    list_filter = ["status"]
    list_select_related = ["campaign__program__main_account"]
    sortable_by = ()
    search_fields = ["name"]
    acts = ACTION_ACTS
    says_empty = "An action says what a campaign gives. Open a campaign, and add the first one to it."
    facts = (
        ("Action", ("name", "campaign", "stands", "action_index")),
        ("Only if", ("rule_shown", "matcher_link", "abort_if_false", "abort_on_error")),
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Our list."""
        return ActionList

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a reading page speaks of."""
        rows = super().everything(request)
        return rows.select_related("campaign__organization", "campaign__program__main_account")

    def panels(self, request: HttpRequest, target: CampaignAction, at: datetime) -> Iterable[Panel]:
        """What it does, an effect a line."""
        seat, names, accounts = seat_of(request), effect_names(), Accounts(target.campaign.organization_id)
        effects = target.effects["effects"]
        may_change = seat.may("campaigns:write", target.campaign.organization_id)
        rows = [
            (
                number(place),
                names.get(one["type"], one["type"]),
                params_shown(one, accounts.meant(target.campaign, one["params"])) or NOTHING,
                _ways(target, place, len(effects)) if may_change else NOTHING,
            )
            for place, one in enumerate(effects, start=1)
        ]
        yield Panel("What it does", ("", "Effect", "With", ""), rows)

    # --- columns and facts ---
    @admin.display(description="State")
    def stands(self, action: CampaignAction) -> SafeString:
        """Whether it is asked."""
        return standing(action)

    @admin.display(description="Rule")
    def rule_shown(self, action: CampaignAction) -> Any:
        """Its rule."""
        return rule_text(action.rule)

    @admin.display(description="Matcher")
    def matcher_link(self, action: CampaignAction) -> Any:
        """The matcher that some item fits."""
        if not action.matcher_key:
            return NOTHING
        matchers = ActionMatcher.objects.filter(organization=action.campaign.organization_id)
        found = matchers.filter(key=action.matcher_key).first()
        return link_to(found) if found is not None else f"{action.matcher_key} (not there)"

    @admin.display(description="Does")
    def does(self, action: Any) -> Any:
        """Its effects, in words."""
        return effects_shown(action, action.accounts_on_page)


def _ways(action: CampaignAction, place: int, of: int) -> SafeString:
    """Ways to change an effect, and to remove it where others are left."""
    change, remove = (
        reverse("admin:campaigns_campaignaction_act", args=[action.pk, slug])
        for slug in ("change-effect", "remove-effect")
    )
    changing = format_html('<a class="ts-link" href="{}?position={}">Change</a>', change, place)
    if of == 1:
        return changing
    return format_html('{} · <a class="ts-link" href="{}?which={}">Remove</a>', changing, remove, place)
