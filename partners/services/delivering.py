"""Has programs outside give the points of exchanges that wait for it: from a job, as often as it takes, once.

Nothing is sent inside a transaction. A worker that dies leaves a lease that runs out, and whoever takes the job then
asks the program first how the credit stands: it ends as one credit, or as one reversal.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from loyalty.kernel import clock
from loyalty.kernel.actors import Actor, system
from loyalty.kernel.models import Job
from loyalty.kernel.services import create_job, record, retry_job
from loyalty.kernel.services.jobs import MAX_ATTEMPTS
from partners.errors import ExchangeClosed, ProgramUnreachable
from partners.models import Exchange
from partners.services.connectors import Outcome, connector_of
from partners.services.reversing import undo

KIND = "exchange_delivery"
_OPEN = (Exchange.State.PENDING, Exchange.State.FAILED, Exchange.State.REVERSING)
WORKER = system("exchange")


class NoAnswer(Exception):
    """The program did not say how it stands: the job is tried again."""


def ask_for_delivery(*, exchange: Exchange, actor: Actor, at: datetime) -> Job:
    """The job that has the program told of the exchange."""
    return create_job(
        kind=KIND,
        actor=actor,
        at=at,
        organization_id=exchange.organization_id,
        params={"exchange": exchange.pk},
        unique_key=str(exchange.pk),
    )


def run_delivery(job: Job) -> dict[str, object]:
    """Have the program of the job's exchange say its last word, and book it: credited, the exchange is issued;
    refused, everything is taken back. Without an answer the job is tried again, and after the last try the exchange
    waits, failed, for a person: its points may have been given.

    :raises ProgramUnreachable: after the last try.
    :raises NoAnswer: before.
    """
    exchange = Exchange.objects.select_related("program__partner").get(pk=job.params["exchange"])
    if exchange.state not in _OPEN:
        return {"state": exchange.state}
    # Sent off again by hand, the job counts from the beginning: the exchange remembers that it was tried.
    attempt = job.attempts + (exchange.state != Exchange.State.PENDING)
    try:
        outcome = connector_of(exchange.program).settle(exchange, attempt=attempt, at=clock.now())
    except ProgramUnreachable as error:
        if job.attempts < MAX_ATTEMPTS:
            raise NoAnswer(error.message) from error
        _give_up(exchange.pk, error.message)
        raise
    return {"state": finish(exchange_id=exchange.pk, outcome=outcome, at=clock.now())}


@transaction.atomic
def finish(*, exchange_id: int, outcome: Outcome, at: datetime) -> str:
    """Book a program's last word, once; answers how the exchange stands."""
    locked = Exchange.objects.select_for_update(no_key=True).get(pk=exchange_id)
    if locked.state not in _OPEN:
        return locked.state
    if outcome.is_credited:
        locked.state, locked.says, locked.ended_at = Exchange.State.ISSUED, outcome.says, at
        locked.save(update_fields=["state", "says", "ended_at"])
    else:
        undo(locked, says=outcome.says or "The program refused.", actor=WORKER, at=at)
    return locked.state


@transaction.atomic
def _give_up(exchange_id: int, says: str) -> None:
    locked = Exchange.objects.select_for_update(no_key=True).get(pk=exchange_id)
    if locked.state in _OPEN:
        locked.state, locked.says = Exchange.State.FAILED, says[:500]
        locked.save(update_fields=["state", "says"])


@transaction.atomic
def retry_exchange(*, exchange: Exchange, actor: Actor, at: datetime, reason: str, reversing: bool = False) -> Job:
    """Have the program of a failed exchange asked again; with `reversing` it is told to give the points never, and
    what it says counts: points that it has given stay issued.

    :raises ExchangeClosed: where the exchange has not failed.
    """
    locked = Exchange.objects.select_for_update(no_key=True).get(pk=exchange.pk)
    if locked.state != Exchange.State.FAILED:
        raise ExchangeClosed
    if reversing:
        locked.state = Exchange.State.REVERSING
        locked.save(update_fields=["state"])
    job = Job.objects.get(organization_id=locked.organization_id, kind=KIND, unique_key=str(locked.pk))
    if job.state in (Job.State.FAILED, Job.State.CANCELLED):
        retry_job(job=job, actor=actor, at=at, reason=reason)
    record(
        actor=actor,
        at=at,
        action="exchange.cancelled" if reversing else "exchange.retried",
        target=locked,
        organization_id=locked.organization_id,
        after={"state": locked.state},
        reason=reason,
    )
    return job
