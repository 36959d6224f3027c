"""What members sign in with: set by staff, checked with the same patience for everybody, locked after wrong ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Case, F, PositiveIntegerField, Q, Value, When

from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.services import record
from members.errors import MemberGone
from members.models import Member, MemberPassword, RefreshToken
from members.selectors.signing_in import members_to_sign_in


@transaction.atomic
def set_member_password(*, member: Member, password: str, actor: Actor, at: datetime, reason: str = "") -> None:
    """Let a member sign in with this password, and with no earlier one; whoever is signed in has to do so again.

    :raises InvalidInput: where the password is too easy.
    :raises MemberGone: the member was merged into another, or erased.
    """
    if member.is_gone:
        raise MemberGone
    try:
        validate_password(password)
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages), field="password") from error
    MemberPassword.objects.update_or_create(
        member=member,
        defaults={"password": make_password(password), "failures": 0, "locked_until": None, "changed_at": at},
    )
    RefreshToken.objects.filter(member=member).delete()
    record(
        actor=actor,
        at=at,
        action="member.password_set",
        target=member,
        organization_id=member.organization_id,
        reason=reason,
    )


def check_member_password(
    *, username: str, password: str, at: datetime, store_code: str | None = None
) -> MemberPassword | None:
    """The member who signs in with an email, card or phone and this password, of the store's organization where one is
    named; None for everybody else, after as much work.

    After LOGIN_FAILURE_LIMIT wrong passwords a member is locked out for LOGIN_COOLOFF_HOURS. Each try is counted
    before it is looked at, so that many at once are as many.
    """
    found: MemberPassword | None = None
    tried = _count_tries(members_to_sign_in(username, store_code), at)
    for one in tried:
        if found is None and check_password(password, one.password):
            found = one
    if not tried:
        make_password(password)
    if found is not None:
        MemberPassword.objects.filter(pk=found.pk).update(failures=0, locked_until=None)
    return found


def _count_tries(candidates: Sequence[MemberPassword], at: datetime) -> list[MemberPassword]:
    """Those who may be tried now, each with one failure more than before."""
    limit, until = settings.AXES_FAILURE_LIMIT, at + timedelta(hours=settings.AXES_COOLOFF_TIME)
    # Locked until now: what was counted then is over.
    was_locked = Q(locked_until__isnull=False)
    free = []
    for one in candidates:
        counted = MemberPassword.objects.filter(pk=one.pk).filter(Q(locked_until=None) | Q(locked_until__lte=at))
        failures = Case(When(was_locked, then=Value(1)), default=F("failures") + 1, output_field=PositiveIntegerField())
        lock = Case(
            When(was_locked, then=Value(until if limit == 1 else None)),
            When(failures__gte=limit - 1, then=Value(until)),
            default=Value(None),
            output_field=MemberPassword._meta.get_field("locked_until"),
        )
        if counted.update(failures=failures, locked_until=lock):
            free.append(one)
    return free
