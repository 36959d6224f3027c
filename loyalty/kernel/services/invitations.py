"""Invites people by mail: the row of work is written with their account, the mail is sent after."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.mail import send_mail

from loyalty.kernel.actors import Actor
from loyalty.kernel.models import Job, Membership
from loyalty.kernel.services.jobs import create_job

KIND = "send_invitation"

# Without the password: a mailbox keeps what it gets, and the row of work what it is told.
_TEXT = """Hello {name},

you are invited to {organization}. Sign in at

    {address}

with the user name {username}. The password comes from the person who invited you.
"""


def ask_to_invite(*, place: Membership, actor: Actor, at: datetime) -> Job:
    """Have the person behind `place` invited to its organization."""
    return create_job(
        kind=KIND,
        organization_id=place.organization_id,
        params={"membership": place.pk, "name": place.operator.username},
        actor=actor,
        at=at,
    )


def send_invitation(job: Job) -> dict[str, object]:
    """Send the mail of one job. Whoever has left in the meantime, or been shut out, gets none. What the mail server
    raises has the job tried again.
    """
    found = Membership.objects.filter(
        pk=job.params["membership"], organization=job.organization_id, operator__is_active=True
    )
    place = found.select_related("operator", "organization").first()
    if place is None or not place.operator.email:
        return {"sent": 0}
    operator, organization = place.operator, " ".join(place.organization.name.split())
    text = _TEXT.format(
        name=operator.name or operator.username,
        organization=organization,
        address=f"{settings.PUBLIC_URL}/admin/",
        username=operator.username,
    )
    return {"sent": send_mail(f"You are invited to {organization}", text, None, [operator.email])}
