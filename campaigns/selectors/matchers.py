"""Reads of matchers."""

from __future__ import annotations

from django.db.models import QuerySet

from campaigns.models import ActionMatcher
from loyalty.kernel.errors import NotFound


def list_matchers(organization_id: int) -> QuerySet[ActionMatcher]:
    """The organization's matchers."""
    return ActionMatcher.objects.filter(organization_id=organization_id)


def get_matcher_by_key(organization_id: int, key: str) -> ActionMatcher:
    """One of the organization's matchers.

    :raises NotFound: where it has none of this key.
    """
    matcher = list_matchers(organization_id).filter(key=key).first()
    if matcher is None:
        raise NotFound("There is no such matcher.")
    return matcher
