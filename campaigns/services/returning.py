"""Takes back what was given for goods that went back (semantics 8.4): the points of an award first from what of it
waits, then from its own lots, then from what the member can spend; what is not there is written down.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from campaigns.models import Award
from campaigns.selectors.occasions import Occasion
from campaigns.services.limits import Month
from campaigns.services.measuring import kept_of
from campaigns.services.pointing import SOURCE
from campaigns.services.running import RETURNED, Row, Run
from coupons.errors import CouponInUse, UsageReverted
from coupons.services import revert_usage
from ledger.services import Reclaim, Revert, post_groups
from members.models import LoyaltyEvent, PurchaseOrder
from members.selectors import order_document

_TAKEN = ("mint-points", "assign-coupon")


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
    awards = _awards_of(list(found))
    if not awards:
        return found
    told = _told(awards)
    by_order = {order.pk: order for order in orders}
    wanted: list[tuple[Award, int]] = []
    for award in awards:
        order = by_order[award.order_id or 0]
        then = told.get(award.recipe.get("orderEventId") or award.event_id)
        kept = 0 if order.is_over or then is None else kept_of(award, then.payload, order_document(order), run.zone)
        wanted.append((award, max(0, award.amount - kept - award.taken)))
    _take_points([(award, take) for award, take in wanted if award.transaction_id is not None], found, run)
    for award, take in wanted:
        if award.usage_id is not None and take:
            _take_coupon(award, found, run)
    Award.objects.bulk_update([award for award, _ in wanted], ["taken", "shortfall"], batch_size=500)
    short: dict[int | None, int] = defaultdict(int)
    for award in awards:
        short[award.order_id] += award.shortfall
    for order in orders:
        order.shortfall = short[order.pk]
    return found


def _awards_of(order_ids: Sequence[int]) -> list[Award]:
    rows = Award.objects.filter(order_id__in=order_ids, effect_type__in=_TAKEN)
    return list(rows.select_related("event", "campaign", "member", "usage").order_by("pk"))


def _told(awards: Sequence[Award]) -> dict[int, LoyaltyEvent]:
    """The events that told of the orders when the awards were given."""
    found = {award.event_id: award.event for award in awards}
    wanted = {award.recipe["orderEventId"] for award in awards if "orderEventId" in award.recipe} - found.keys()
    return {**found, **LoyaltyEvent.objects.in_bulk(wanted)} if wanted else found


def _month(award: Award) -> Month | None:
    return None if award.month is None else Month(award.campaign_id, award.member_id, award.month)


def _take_points(wanted: Sequence[tuple[Award, int]], found: dict[int, list[Row]], run: Run) -> None:
    """Take points: by a revert where all of a mint goes, else by a burn of what is there (semantics 8.4)."""
    due = [(award, take) for award, take in wanted if take]
    for award, take in wanted:
        if not take:
            award.shortfall = 0
    if not due:
        return
    run.limits.lock(month for award, _ in due if (month := _month(award)) is not None)
    whole = [(award, take) for award, take in due if take == award.amount]
    part = [(award, take) for award, take in due if take != award.amount]
    done = {
        award.pk: entry
        for (award, _), entry in zip(whole, _post([_revert(award) for award, _ in whole], run), strict=True)
        if entry is not None
    }
    part += [(award, take) for award, take in whole if award.pk not in done]
    entries = _post([_reclaim(award, take) for award, take in part], run)
    done |= {award.pk: entry for (award, _), entry in zip(part, entries, strict=True) if entry is not None}
    for award, take in due:
        entry = done.get(award.pk)
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


def _revert(award: Award) -> Revert:
    return Revert(transaction_id=award.transaction_id or 0, description=award.campaign.name, source=SOURCE)


def _reclaim(award: Award, take: int) -> Reclaim:
    return Reclaim(
        transaction_id=award.transaction_id or 0,
        amount=take,
        external_id=award.event.external_id,
        description=award.campaign.name,
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


def _row(award: Award, line: dict[str, Any]) -> Row:
    return {
        "effectType": award.effect_type,
        "campaignId": award.campaign_id,
        "campaignCode": award.campaign.code,
        "actionId": award.action_id,
        "result": RETURNED,
        **line,
    }
