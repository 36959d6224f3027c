"""Reads of stores."""

from __future__ import annotations

from django.db.models import QuerySet

from loyalty.kernel.errors import NotFound
from members.models import Store


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
