"""Reads of stores."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from loyalty.kernel.errors import NotFound
from loyalty.kernel.models import Operator
from members.models import Seller, Store


def list_stores(organization_id: int) -> QuerySet[Store]:
    """The organization's stores."""
    return Store.objects.filter(organization_id=organization_id)


def get_open_store(code: str) -> Store:
    """The active store with this code, whosever it is, with its organization and account at hand.

    :raises NotFound: where there is none, or it is not active.
    """
    store = Store.objects.select_related("organization", "account").filter(code=code, active=True).first()
    if store is None:
        raise NotFound("There is no such store.")
    return store


def get_default_store(organization_id: int) -> Store:
    """The store an API means that knows the organization alone, with its organization and account at hand.

    :raises NotFound: where the organization has none, or it is not active.
    """
    store = (
        Store.objects.select_related("organization", "account")
        .filter(organization_id=organization_id, is_default=True, active=True)
        .first()
    )
    if store is None:
        raise NotFound("The organization has no active default store.")
    return store


def list_sellers(store: Store) -> QuerySet[Seller]:
    """Who sells at the store now, each with the operator at hand."""
    mine = Seller.objects.filter(store=store, dismissed_at=None)
    return mine.select_related("operator").order_by("operator__username")


def find_operator_who_may_sell(organization_id: int, email: str) -> Operator | None:
    """The person with this email (or user name) who has a place in the organization, or sold at a store of its."""
    people = Operator.objects.filter(kind=Operator.Kind.PERSON, is_active=True)
    named = people.filter(Q(email=email) | Q(username=email))
    known = Q(memberships__organization=organization_id) | Q(seller__store__organization=organization_id)
    return named.filter(known).order_by("pk").first()
