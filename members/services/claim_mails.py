"""Mails claims: a code to whoever wants to claim, and the claim's address to the one it is bound to."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction

from ledger.amounts import in_format
from loyalty.kernel import clock
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.models import Job
from loyalty.kernel.services import record
from loyalty.kernel.services.jobs import create_job
from members.models import Claim, ClaimCode
from members.services.claim_codes import code_of
from members.services.claims import require_open

LINK_MAIL = "mail.claim_link"

_CODE = """Hello,

this is the code to claim {amount} at {store}:

    {code}

It is good for 15 minutes. Whoever does not want to claim anything need not do anything.
"""

_LINK = """Hello,

{amount} wait for you at {store}. Claim them here:

    {address}
{until}"""


def address_of_claim(claim: Claim) -> str:
    """Where the claim's page is (contract coggins G1)."""
    return f"{settings.PUBLIC_URL}/claim/points/{claim.token.hex}"


def amount_of_claim(claim: Claim) -> str:
    """The claim's points, in the account's format."""
    account = claim.account
    return in_format(claim.amount, account.decimals, account.format_string, account.name)


@transaction.atomic
def ask_to_send_claim(*, claim: Claim, actor: Actor, at: datetime) -> Job:
    """Have the claim's address mailed to the one it is bound to.

    :raises InvalidInput: it is bound to nobody.
    :raises ClaimClosed: there is nothing left to claim.
    """
    locked = Claim.objects.select_for_update(no_key=True).get(pk=claim.pk)
    require_open(locked, at)
    if not locked.email:
        raise InvalidInput("The claim is bound to no address.")
    locked.sent_at = at
    locked.save(update_fields=["sent_at"])
    record(actor=actor, at=at, action="claim.sent", target=locked, organization_id=locked.organization_id)
    return create_job(
        kind=LINK_MAIL, organization_id=locked.organization_id, params={"claim": locked.pk}, actor=actor, at=at
    )


def send_code(job: Job) -> dict[str, object]:
    """Send the mail of one job: the code, to the address it was asked for. None goes out for a code that is used or
    too old, or where the claim is bound to another address. What the mail server raises has the job tried again.
    """
    codes = ClaimCode.objects.select_related("claim__store", "claim__account")
    code = codes.filter(pk=job.params["code"], used_at__isnull=True, expires_at__gt=clock.now()).first()
    if code is None or code.claim.email not in ("", code.email):
        return {"sent": 0}
    claim = code.claim
    text = _CODE.format(amount=amount_of_claim(claim), store=_line(claim.store.name), code=code_of(code))
    return {"sent": send_mail(f"Your code for {_line(claim.store.name)}", text, None, [code.email])}


def send_claim(job: Job) -> dict[str, object]:
    """Send the mail of one job: the claim's address. None goes out where the claim is closed or bound to nobody by
    now. What the mail server raises has the job tried again.
    """
    claims = Claim.objects.select_related("store", "account", "organization")
    claim = claims.filter(pk=job.params["claim"]).exclude(email="").first()
    if claim is None or claim.state_at(clock.now()) != "open":
        return {"sent": 0}
    last = clock.or_none(claim.expires_at)
    day = "" if last is None else f"{clock.local_day(last, claim.organization.timezone):%d %B %Y}"
    text = _LINK.format(
        amount=amount_of_claim(claim),
        store=_line(claim.store.name),
        address=address_of_claim(claim),
        until=f"\nThe address works through {day}.\n" if day else "",
    )
    return {"sent": send_mail(f"Points for you at {_line(claim.store.name)}", text, None, [claim.email])}


def _line(text: str) -> str:
    """A name as it can stand in a mail's subject."""
    return " ".join(text.split())
