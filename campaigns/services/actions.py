"""Creates and changes the actions of campaigns (semantics 9.4, 9.5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.effects import read_effects
from campaigns.errors import BadRule
from campaigns.models import ActionMatcher, Campaign, CampaignAction, Mission
from campaigns.rules import ACTION_ROOTS, read_rule
from campaigns.services.playbooks import touch_playbook
from coupons.models import CouponBook
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import NotFound
from loyalty.kernel.services import apply_changes, record
from members.models import LoyaltyTier
from members.selectors import resolve_account


@transaction.atomic
def create_action(
    *,
    campaign: Campaign,
    name: str,
    status: str,
    effects: Mapping[str, Any],
    actor: Actor,
    at: datetime,
    **said: Any,
) -> CampaignAction:
    """A new action of the campaign.

    :raises BadRule: rules or effects that cannot work, or name what is not there.
    """
    wanted = _checked(campaign.organization_id, {**said, "effects": effects})
    action = CampaignAction.objects.create(
        campaign=campaign, name=name, status=status, created_at=at, updated_at=at, **wanted
    )
    touch_playbook(campaign.organization_id)
    record(
        actor=actor,
        at=at,
        action="campaignaction.created",
        target=action,
        organization_id=campaign.organization_id,
        after={"campaign": campaign.pk, "name": name, "status": status, "effects": action.effects},
    )
    return action


@transaction.atomic
def update_action(
    *, action: CampaignAction, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = ""
) -> CampaignAction:
    """Change what is named; null clears. What it gave so far stands.

    :raises BadRule: rules or effects that cannot work, or name what is not there.
    """
    locked = CampaignAction.objects.select_for_update(no_key=True, of=("self",)).select_related("campaign")
    row = locked.get(pk=action.pk)
    organization_id = row.campaign.organization_id
    changed = apply_changes(
        row,
        _checked(organization_id, changes),
        actor=actor,
        at=at,
        action="campaignaction.updated",
        organization_id=organization_id,
        reason=reason,
    )
    if changed:
        touch_playbook(organization_id)
    return row


def _checked(organization_id: int, said: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of an action, as it is stored."""
    wanted = dict(said)
    if "rules" in wanted:
        wanted |= _rules(organization_id, wanted["rules"] or {})
    if "effects" in wanted:
        wanted["effects"] = read_effects(wanted["effects"])
        for one in wanted["effects"]["effects"]:
            _check_named(organization_id, one["params"])
    return wanted


def _rules(organization_id: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of `{expression | ast, matcherKey}`, each of which may be missing."""
    key = given.get("matcherKey")
    if key is not None:
        matchers = ActionMatcher.objects.filter(organization_id=organization_id)
        if not isinstance(key, str) or not matchers.filter(key=key).exists():
            raise BadRule("There is no matcher of this key.", field="rules")
    named = {} if key is None else {"matcherKey": key}
    asked = {name: given[name] for name in ("expression", "ast") if given.get(name) is not None}
    if not asked:
        return {"rules": named, "rule": "", "matcher_key": key or ""}
    kept = read_rule(asked, ACTION_ROOTS, wanted="boolean", field="rules")
    return {"rules": {**kept.document, **named}, "rule": kept.text, "matcher_key": key or ""}


def _check_named(organization_id: int, params: Mapping[str, Any]) -> None:
    """That what an effect names outright is there; what it works out is looked for when it runs."""
    ledger_id, account_id = (params.get(name) for name in ("ledgerId", "ledgerAccountId"))
    try:
        if isinstance(ledger_id, int) or isinstance(account_id, int):
            resolve_account(
                organization_id,
                ledger_id=ledger_id if isinstance(ledger_id, int) else None,
                account_id=account_id if isinstance(account_id, int) else None,
            )
    except NotFound as error:
        raise BadRule("There is no such ledger account.", field="effects") from error
    book, tier = params.get("couponBookKey"), params.get("loyaltyTierKey")
    books = CouponBook.objects.filter(organization_id=organization_id)
    if isinstance(book, str) and not books.filter(key=book).exists():
        raise BadRule("There is no coupon book of this key.", field="effects")
    mission = params.get("missionKey")
    if isinstance(mission, str) and not Mission.objects.filter(organization_id=organization_id, key=mission).exists():
        raise BadRule("There is no mission of this key.", field="effects")
    tiers = LoyaltyTier.objects.filter(program__organization_id=organization_id)
    if isinstance(tier, str) and not tiers.filter(key=tier).exists():
        raise BadRule("There is no tier of this key.", field="effects")
