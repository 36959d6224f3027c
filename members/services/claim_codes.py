"""Proves that whoever claims reads the mail of an address: a code of six digits, mailed, good for a while and once.

A code is worked out from its row's nonce and the installation's secret, so nothing that is stored opens anything.
Whether an address is the one a claim is bound to is never told: a wrong one is treated alike, but for the mail.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from loyalty.kernel.actors import Actor
from loyalty.kernel.models import Job
from loyalty.kernel.services.jobs import create_job
from members.contacts import normal_email
from members.errors import TooManyCodes
from members.models import Claim, ClaimCode
from members.services.claims import read_email, require_open

CODE_MAIL = "mail.claim_code"

GOOD_FOR = timedelta(minutes=15)
MOST_TRIES = 5
MOST_CODES = 5
COUNTED_FOR = timedelta(hours=1)
# A page that is sent twice, or loaded again, means the code that is on its way.
ON_ITS_WAY = timedelta(minutes=1)


def code_of(code: ClaimCode) -> str:
    """The six digits of a code."""
    named = b"claim code:" + code.nonce.bytes
    digest = hmac.new(settings.SECRET_KEY.encode(), named, hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8]) % 1_000_000:06d}"


@transaction.atomic
def ask_for_code(*, claim: Claim, email: str, actor: Actor, at: datetime) -> Job | None:
    """Have a code mailed to `email`; answers the job that does it, or None where one is on its way.

    :raises InvalidInput: where that is no address.
    :raises ClaimClosed: there is nothing left to claim.
    :raises TooManyCodes: five were asked for within the hour, at this claim or for this address.
    """
    email = read_email(email)
    locked = Claim.objects.select_for_update(no_key=True).get(pk=claim.pk)
    require_open(locked, at)
    codes = ClaimCode.objects.filter(created_at__gt=at - COUNTED_FOR)
    if codes.filter(claim=locked, email=email, used_at__isnull=True, created_at__gt=at - ON_ITS_WAY).exists():
        return None
    if max(codes.filter(claim=locked).count(), codes.filter(email=email).count()) >= MOST_CODES:
        raise TooManyCodes
    code = ClaimCode.objects.create(claim=locked, email=email, created_at=at, expires_at=at + GOOD_FOR)
    return create_job(
        kind=CODE_MAIL, organization_id=locked.organization_id, params={"code": code.pk}, actor=actor, at=at
    )


@transaction.atomic
def prove_email(*, claim: Claim, email: str, code: str, at: datetime) -> bool:
    """Whether `code` is the one that was mailed to `email` last. Every answer uses up a try, the right one the code."""
    email = normal_email(email)
    mailed = ClaimCode.objects.filter(claim=claim, email=email, used_at__isnull=True, expires_at__gt=at)
    last = mailed.order_by("-pk").first()
    if last is None:
        return False
    mine = ClaimCode.objects.filter(pk=last.pk, used_at__isnull=True)
    # One guarded statement: answers that come at once are counted one by one.
    if not mine.filter(tries__lt=MOST_TRIES).update(tries=F("tries") + 1):
        return False
    digits = "".join(code.split())
    right = hmac.compare_digest(digits.encode(), code_of(last).encode()) and claim.email in ("", email)
    return right and bool(mine.update(used_at=at))


def forget_codes(*, at: datetime) -> int:
    """Delete the codes that count for nothing any more; answers how many."""
    return ClaimCode.objects.filter(created_at__lte=at - COUNTED_FOR, expires_at__lte=at).delete()[0]
