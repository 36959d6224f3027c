"""Refresh tokens: what a signed-in client trades for a new token, again and again while it keeps coming back."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from loyalty.kernel.services.credentials import digest
from members.models import RefreshToken


def issue_refresh_token(
    *, role: str, stamp: str, at: datetime, operator_id: int | None = None, member_id: int | None = None
) -> str:
    """A new one for an operator or a member: 256 random bits, of which a digest is kept."""
    token = secrets.token_urlsafe(32)
    RefreshToken.objects.create(
        digest=digest(token),
        operator_id=operator_id,
        member_id=member_id,
        role=role,
        stamp=stamp,
        created_at=at,
        expires_at=_end(at),
    )
    return token


@transaction.atomic
def use_refresh_token(*, token: str, at: datetime) -> RefreshToken | None:
    """Whose it is, with operator or member at hand; None where it is nobody's, or over. Being used it lives on."""
    rows = RefreshToken.objects.filter(digest=digest(token), expires_at__gt=at)
    if not rows.update(expires_at=_end(at)):
        return None
    return rows.select_related("operator", "member__member_password").first()


def sweep_refresh_tokens(*, at: datetime) -> int:
    """Delete those that are over; answers how many."""
    return RefreshToken.objects.filter(expires_at__lte=at).delete()[0]


def _end(at: datetime) -> datetime:
    return at + timedelta(seconds=settings.REFRESH_TOKEN_TTL_SECONDS)
