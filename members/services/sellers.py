"""Appoints people who sell at a store, says whether they may give and take points, and dismisses them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import Conflict, InvalidInput
from loyalty.kernel.models import Operator
from loyalty.kernel.services import apply_changes, record
from members.models import RefreshToken, Seller, Store

# How a sign-in as a seller is told from the same person's as staff.
SELLER = "seller"


@transaction.atomic
def appoint_seller(
    *,
    store: Store,
    operator: Operator,
    actor: Actor,
    at: datetime,
    allow_point_transfer: bool = False,
    reason: str = "",
) -> Seller:
    """Have a person sell at the store. One who was dismissed may come back, to any store.

    :raises InvalidInput: the operator is a service, or not active.
    :raises Conflict: they sell at a store already.
    """
    if operator.kind != Operator.Kind.PERSON or not operator.is_active:
        raise InvalidInput("A seller is a person who may sign in.", field="operator")
    # The operator's row stands for the seller's, which may not be there yet.
    Operator.objects.select_for_update(no_key=True).get(pk=operator.pk)
    held = Seller.objects.filter(operator=operator).first()
    if held is not None and held.dismissed_at is None:
        raise Conflict(f"{operator} sells at a store already.")
    said = {"store": store, "allow_point_transfer": allow_point_transfer, "created_at": at, "dismissed_at": None}
    seller, _ = Seller.objects.update_or_create(operator=operator, defaults=said)
    record(
        actor=actor,
        at=at,
        action="seller.appointed",
        target=store,
        organization_id=store.organization_id,
        after={"seller": str(operator), "allow_point_transfer": allow_point_transfer},
        reason=reason,
    )
    return seller


@transaction.atomic
def allow_seller(*, seller: Seller, allow_point_transfer: bool, actor: Actor, at: datetime, reason: str = "") -> Seller:
    """Let a seller give and take points, or not any more."""
    locked = Seller.objects.select_for_update(of=("self",)).select_related("store").get(pk=seller.pk)
    apply_changes(
        locked,
        {"allow_point_transfer": allow_point_transfer},
        actor=actor,
        at=at,
        action="seller.allowed" if allow_point_transfer else "seller.disallowed",
        organization_id=locked.store.organization_id,
        reason=reason,
    )
    return locked


@transaction.atomic
def dismiss_seller(*, seller: Seller, actor: Actor, at: datetime, reason: str = "") -> Seller:
    """End it at once, with everything they are signed in to. Dismissing twice is the same as once."""
    locked = Seller.objects.select_for_update(of=("self",)).select_related("store", "operator").get(pk=seller.pk)
    if locked.dismissed_at is None:
        Seller.objects.filter(pk=locked.pk).update(dismissed_at=at, allow_point_transfer=False)
        locked.refresh_from_db()
        RefreshToken.objects.filter(operator=locked.operator, role=SELLER).delete()
        record(
            actor=actor,
            at=at,
            action="seller.dismissed",
            target=locked.store,
            organization_id=locked.store.organization_id,
            after={"seller": str(locked.operator)},
            reason=reason,
        )
    return locked
