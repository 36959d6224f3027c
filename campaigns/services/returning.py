"""Takes back what was given for goods that went back (semantics 8.4): the points of an award first from what of it
waits, then from its own lots, then from what the member can spend; what is not there is written down. What was counted
for missions goes back with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction

from campaigns.models import Award, MissionStep, ReferralReward
from campaigns.selectors.occasions import Occasion, members_to_ask
from campaigns.services.limits import Month
from campaigns.services.measuring import kept_of
from campaigns.services.pointing import SOURCE
from campaigns.services.running import RETURNED, Row, Run
from campaigns.services.uncounting import lock_steps, steps_of, uncount
from coupons.errors import CouponInUse, UsageReverted
from coupons.services import revert_usage
from ledger.services import Reclaim, Revert, post_groups
from members.models import LoyaltyEvent, PurchaseOrder
from members.selectors import order_document, wallets_now

_TAKEN = ("mint-points", "assign-coupon")
Gift = Award | ReferralReward


def lock_orders(occasions: Iterable[Occasion]) -> dict[int, PurchaseOrder]:
    """The orders behind these occasions, locked until the caller's transaction ends; no query where there are none."""
    numbers = {occasion.order_id for occasion in occasions if occasion.order_id is not None}
    if not numbers:
        return {}
    return {
        order.pk: order for order in PurchaseOrder.objects.select_for_update().filter(pk__in=numbers).order_by("pk")
    }


def take_back(orders: Sequence[PurchaseOrder], *, run: Run) -> dict[int, list[Row]]:
    """Take back what these orders, as they are in hand now, no longer earn, and say of each what was taken. Doing it
    again takes nothing more. Each order's `shortfall` is set, not written; the orders are locked.
    """
    found: dict[int, list[Row]] = {order.pk: [] for order in orders}
    awards, steps = _given_for(list(found)), steps_of(orders)
    by_order = {order.pk: order for order in orders}
    if awards:
        _take_awards(awards, steps, by_order, found, run)
    else:
        lock_steps(steps, run=run)
    uncount(steps, by_order, found, run=run)
    return found


def _take_awards(
    awards: Sequence[Gift],
    steps: Sequence[MissionStep],
    by_order: Mapping[int, PurchaseOrder],
    found: dict[int, list[Row]],
    run: Run,
) -> None:
    told = _told(awards)
    wanted: list[tuple[Gift, int]] = []
    for award in awards:
        order = by_order[award.order_id or 0]
        then = told.get(award.recipe.get("orderEventId") or award.event_id)
        kept = 0 if order.is_over or then is None else kept_of(award, then.payload, order_document(order), run.zone)
        wanted.append((award, max(0, award.amount - kept - award.taken)))
    # Limits, then missions, then balances.
    run.limits.lock(month for award, take in wanted if take and (month := _month(award)) is not None)
    lock_steps(steps, run=run)
    _take_points([(award, take) for award, take in wanted if award.transaction_id is not None], found, run)
    for award, take in wanted:
        if isinstance(award, Award) and award.usage_id is not None and take:
            _take_coupon(award, found, run)
    for kind in (Award, ReferralReward):
        rows: list[Any] = [award for award, _ in wanted if isinstance(award, kind)]
        kind.objects.bulk_update(rows, ["taken", "shortfall"], batch_size=500)
    short: dict[int | None, int] = defaultdict(int)
    for award in awards:
        short[award.order_id] += award.shortfall
    for order in by_order.values():
        order.shortfall = short[order.pk]


def _given_for(order_ids: Sequence[int]) -> list[Gift]:
    """What campaigns gave for these orders, and what referrals did."""
    awards = Award.objects.filter(order_id__in=order_ids, effect_type__in=_TAKEN)
    rewards = ReferralReward.objects.filter(order_id__in=order_ids)
    found: list[Gift] = [
        *awards.select_related("event", "campaign", "usage").order_by("pk"),
        *rewards.select_related("event", "referral__program").order_by("pk"),
    ]
    if found:
        numbers = {gift.member_id for gift in found}
        members = members_to_ask(found[0].event.organization_id).in_bulk(numbers)
        for gift in found:
            gift.member = members[gift.member_id]
    return found


def _told(awards: Sequence[Gift]) -> dict[int, LoyaltyEvent]:
    """The events that told of the orders when the awards were given."""
    found = {award.event_id: award.event for award in awards}
    wanted = {award.recipe["orderEventId"] for award in awards if "orderEventId" in award.recipe} - found.keys()
    return {**found, **LoyaltyEvent.objects.in_bulk(wanted)} if wanted else found


def _month(award: Gift) -> Month | None:
    if isinstance(award, ReferralReward) or award.month is None:
        return None
    return Month(award.campaign_id, award.member_id, award.month)


def _take_points(wanted: Sequence[tuple[Gift, int]], found: dict[int, list[Row]], run: Run) -> None:
    """Take points: by a revert where all of a mint goes, else by a burn of what is there (semantics 8.4)."""
    due = [(award, take) for award, take in wanted if take]
    for award, take in wanted:
        if not take:
            award.shortfall = 0
    if not due:
        return
    whole = [(award, take) for award, take in due if take == award.amount]
    part = [(award, take) for award, take in due if take != award.amount]
    done = {
        award: entry
        for (award, _), entry in zip(whole, _post([_revert(award) for award, _ in whole], run), strict=True)
        if entry is not None
    }
    part += [(award, take) for award, take in whole if award not in done]
    wallets = wallets_now(award.member for award, _ in part)
    entries = _post([_reclaim(award, take, wallets[award.member_id]) for award, take in part], run)
    done |= {award: entry for (award, _), entry in zip(part, entries, strict=True) if entry is not None}
    for award, take in due:
        entry = done.get(award)
        taken = 0 if entry is None else min(take, entry.amount)
        award.taken += taken
        award.shortfall = take - taken
        month = _month(award)
        if month is not None:
            run.limits.count(month, -taken)
        line = {"amount": taken, "shortfall": take - taken, "kept": award.amount - award.taken - award.shortfall}
        if entry is not None:
            line["ledgerTransactionId"] = str(entry.id)
        found[award.order_id or 0].append(_row(award, line))
    run.limits.save()


def _post(requests: Sequence[Any], run: Run) -> list[Any]:
    """What each request wrote, or None where it was refused or there was nothing to take."""
    if not requests:
        return []
    outcomes = post_groups(
        organization_id=run.organization_id, groups=[[one] for one in requests], actor=run.actor, at=run.at
    )
    return [outcome.answers[0].entry if outcome.error is None else None for outcome in outcomes]


def _revert(award: Gift) -> Revert:
    return Revert(transaction_id=award.transaction_id or 0, description=award.giver, source=SOURCE)


def _reclaim(award: Gift, take: int, wallet_id: int) -> Reclaim:
    return Reclaim(
        wallet_id=wallet_id,
        transaction_id=award.transaction_id or 0,
        amount=take,
        external_id=award.event.external_id,
        description=award.giver,
        source=SOURCE,
    )


def _take_coupon(award: Award, found: dict[int, list[Row]], run: Run) -> None:
    """Take a coupon back of which nothing was used; one that was used stays."""
    if award.usage is None:
        return
    try:
        with transaction.atomic():
            revert_usage(usage=award.usage, actor=run.actor, at=run.at, reason=award.campaign.name)
    except (CouponInUse, UsageReverted):
        return
    award.taken = award.amount
    found[award.order_id or 0].append(_row(award, {"amount": award.amount, "couponUsageIds": [award.usage_id]}))


def _row(award: Gift, line: dict[str, Any]) -> Row:
    return {**award.told_as(), "result": RETURNED, **line}
