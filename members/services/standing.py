"""Where members stand: the tier their points reach, the one given by hand, and the one that counts (semantics 6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from ledger.announcements import Posted
from ledger.models import Balance
from loyalty.kernel import clock
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput, NotFound
from loyalty.kernel.models import Job
from loyalty.kernel.services import create_job, record, renew_job
from members.errors import NotEnrolled, TierInactive
from members.models import Enrollment, EventType, LoyaltyEvent, LoyaltyProgram, LoyaltyTier, Member, TierChange
from members.services.journal import record_events
from members.services.places import Place, locked_places

REEVALUATION = "reevaluate_tiers"
CHUNK = 2000
Reason = TierChange.Reason


class Rung(NamedTuple):
    """One active tier of a program, as far as standing on it goes."""

    program_id: int
    account_id: int | None
    tier_id: int
    points: int
    order: int
    is_default: bool


@dataclass(frozen=True, slots=True)
class Ladder:
    """The active tiers of one program, the highest first, and which of them is everybody's."""

    program_id: int
    account_id: int | None
    rungs: tuple[Rung, ...]

    def reached(self, balance: int) -> int | None:
        """The highest tier that a balance reaches; none where no account decides (semantics 6.2)."""
        if self.account_id is None:
            return None
        return next((rung.tier_id for rung in self.rungs if rung.points <= balance), None)

    @property
    def default_id(self) -> int | None:
        """The tier of those who have no other."""
        return next((rung.tier_id for rung in self.rungs if rung.is_default), None)

    @property
    def is_flat(self) -> bool:
        """Whether no balance makes a difference."""
        return self.account_id is None or all(rung.points == 0 for rung in self.rungs)

    def counts(self, tier_id: int | None) -> bool:
        """Whether a tier given by hand counts: an inactive one does not."""
        return any(rung.tier_id == tier_id for rung in self.rungs)


RUNGS = (
    "SELECT t.program_id, p.tier_account_id, t.id, t.min_required_points, t.tier_order, t.is_default"
    " FROM members_loyaltytier t JOIN members_loyaltyprogram p ON p.id = t.program_id WHERE t.active AND "
)


def ladders_of(rungs: Iterable[Rung]) -> list[Ladder]:
    """The ladders these rungs make."""
    found: dict[int, list[Rung]] = defaultdict(list)
    for rung in rungs:
        found[rung.program_id].append(rung)
    return [
        Ladder(program_id, held[0].account_id, tuple(sorted(held, key=attrgetter("points", "order"), reverse=True)))
        for program_id, held in sorted(found.items())
    ]


def ladder_of(program: LoyaltyProgram) -> Ladder:
    """The ladder of one program."""
    with connection.cursor() as cursor:
        cursor.execute(RUNGS + "p.id = %s", [program.pk])
        (ladder,) = ladders_of(map(Rung._make, cursor.fetchall())) or [Ladder(program.pk, program.tier_account_id, ())]
    return ladder


# --- one place in one program ---


def _stands(place: Enrollment, ladder: Ladder, balance: int, at: datetime) -> str:
    """Set the tiers of a place as they are at `at`; answers why the one that counts is what it is."""
    given = place.manual_tier_id
    expired = given is not None and place.manual_expires_at is not None and place.manual_expires_at <= at
    if expired:
        place.manual_tier_id = place.manual_expires_at = given = None
    place.system_tier_id = ladder.reached(balance)
    if given is not None and ladder.counts(given):
        place.effective_tier_id = given
        return Reason.MANUAL
    place.effective_tier_id = place.system_tier_id or ladder.default_id
    if expired:
        return Reason.EXPIRED
    return Reason.SYSTEM if place.system_tier_id else Reason.DEFAULT


def _tiers_of(place: Enrollment) -> tuple[Any, ...]:
    return place.system_tier_id, place.manual_tier_id, place.manual_expires_at, place.effective_tier_id


_TIER_FIELDS = ("system_tier", "manual_tier", "manual_expires_at", "effective_tier")
_TIER_COLUMNS = ("system_tier_id", "manual_tier_id", "manual_expires_at", "effective_tier_id")


def _change_of(place: Enrollment, before: int | None, reason: str, actor: str, at: datetime) -> TierChange:
    return TierChange(
        member_id=place.member_id,
        program_id=place.program_id,
        tier_id=place.effective_tier_id,
        previous_tier_id=before,
        reason=reason,
        actor=actor,
        expires_at=place.manual_expires_at,
        created_at=at,
    )


def _event_of(change: TierChange, organization_id: int) -> LoyaltyEvent:
    return LoyaltyEvent(
        organization_id=organization_id,
        event_type=EventType.TIER_REMOVED if change.tier_id is None else EventType.TIER_SET,
        member_id=change.member_id,
        payload={
            "loyaltyProgramId": change.program_id,
            "loyaltyTierId": change.tier_id,
            "previousLoyaltyTierId": change.previous_tier_id,
            "reason": str(change.reason),
        },
        created_at=change.created_at,
    )


def _write(organization_id: int, changes: Sequence[TierChange]) -> None:
    TierChange.objects.bulk_create(changes, batch_size=1000)
    record_events(_event_of(change, organization_id) for change in changes)


def _balances(places: QuerySet[Enrollment]) -> QuerySet[Enrollment]:
    """The places, each with what its member has in the account that decides."""
    held = Balance.objects.filter(
        wallet=OuterRef("member__wallet_id"), account=OuterRef("program__tier_account_id")
    ).values("active")
    return places.annotate(balance=Coalesce(Subquery(held), 0))


def _settle(places: Iterable[Enrollment], ladder: Ladder, organization_id: int, actor: str, at: datetime) -> int:
    """Bring locked places with their balances up to date; answers for how many members another tier counts now."""
    moved: list[Enrollment] = []
    changes: list[TierChange] = []
    for place in places:
        before = _tiers_of(place)
        reason = _stands(place, ladder, place.balance, at)  # type: ignore[attr-defined]
        if _tiers_of(place) == before:
            continue
        moved.append(place)
        if place.effective_tier_id != before[3]:
            changes.append(_change_of(place, before[3], reason, actor, at))
    if moved:
        _save_tiers(moved)
        _write(organization_id, changes)
    return len(changes)


def _save_tiers(places: Iterable[Enrollment]) -> None:
    """Write the tiers of places. Thousands of them stand at a few tiers: one statement for each standing."""
    alike = defaultdict(list)
    for place in places:
        alike[_tiers_of(place)].append(place.pk)
    for tiers, ids in alike.items():
        standing = dict(zip(_TIER_COLUMNS, tiers, strict=True))
        for start in range(0, len(ids), CHUNK):
            Enrollment.objects.filter(pk__in=ids[start : start + CHUNK]).update(**standing)


# --- what people do ---


def enroll(
    *, member: Member, program: LoyaltyProgram, actor: Actor, at: datetime, points: int | None = None
) -> Enrollment:
    """A place in a program, at the tier the member's points reach there (`points`, where the caller knows what the
    deciding account holds). The first tier is written into the history.
    """
    ladder = ladder_of(program)
    if points is None:
        points = _points_of(member, ladder)
    place = Enrollment(member=member, program=program, created_at=at)
    reason = _stands(place, ladder, points, at)
    place.save()
    if place.effective_tier_id is not None:
        _change_of(place, None, reason, str(actor), at).save()
    return place


def _points_of(member: Member, ladder: Ladder) -> int:
    """What the member has in the account that decides, locked: a posting that is under way must have ended, or will
    find the place.
    """
    balances = Balance.objects.select_for_update().filter(wallet_id=member.wallet_id, account_id=ladder.account_id)
    return next((balance.active for balance in balances), 0)


def _place(member: Member, program: LoyaltyProgram) -> Enrollment | None:
    """The member's place, locked; the member first, so that of two who enroll them at once the second finds it."""
    Member.objects.select_for_update(no_key=True).get(pk=member.pk)
    return Enrollment.objects.select_for_update().filter(member=member, program=program).first()


@transaction.atomic
def set_member_tier(
    *,
    member: Member,
    program: LoyaltyProgram,
    actor: Actor,
    at: datetime,
    loyalty_tier_id: int | None = None,
    expires_at: datetime | None = None,
    reason: str = "",
) -> Enrollment:
    """Give the member a tier by hand, until `expires_at` where there is one; without a tier, take what was given by
    hand away again. Giving one enrolls a member who is not in the program (semantics 5.5, 6.3).

    :raises NotFound: a tier that is not the program's.
    :raises TierInactive: an inactive tier.
    :raises InvalidInput: an end that is past, or one without a tier.
    :raises NotEnrolled: nothing is given, and the member is not in the program.
    """
    if expires_at is not None and loyalty_tier_id is None:
        raise InvalidInput("An end needs a tier that ends.", field="expiresAt")
    if expires_at is not None and expires_at <= at:
        raise InvalidInput("The end must lie in the future.", field="expiresAt")
    ladder = ladder_of(program)
    if loyalty_tier_id is not None:
        if not LoyaltyTier.objects.filter(program=program, pk=loyalty_tier_id).exists():
            raise NotFound("There is no such loyalty tier.")
        if not ladder.counts(loyalty_tier_id):
            raise TierInactive
    place = _place(member, program)
    if place is None:
        if loyalty_tier_id is None:
            raise NotEnrolled
        place = enroll(member=member, program=program, actor=actor, at=at)
    before = (place.manual_tier_id, place.manual_expires_at, place.effective_tier_id)
    place.manual_tier_id, place.manual_expires_at = loyalty_tier_id, expires_at
    place.effective_tier_id = loyalty_tier_id or place.system_tier_id or ladder.default_id
    if (place.manual_tier_id, place.manual_expires_at, place.effective_tier_id) == before:
        return place
    place.save(update_fields=_TIER_FIELDS)
    if place.effective_tier_id != before[2]:
        why = Reason.MANUAL if loyalty_tier_id is not None else Reason.REMOVED
        _write(member.organization_id, [_change_of(place, before[2], why, str(actor), at)])
    record(
        actor=actor,
        at=at,
        action="member.tier-set" if loyalty_tier_id is not None else "member.tier-removed",
        target=member,
        organization_id=member.organization_id,
        before={"program": program.pk, "manual_tier": before[0], "expires_at": before[1]},
        after={"program": program.pk, "manual_tier": loyalty_tier_id, "expires_at": expires_at},
        reason=reason,
    )
    return place


@transaction.atomic
def leave_program(*, member: Member, program: LoyaltyProgram, actor: Actor, at: datetime, reason: str = "") -> None:
    """Take the member out of a program: the history is closed, points stay as they are (semantics 5.5).

    :raises NotEnrolled: the member is not in the program.
    """
    place = _place(member, program)
    if place is None:
        raise NotEnrolled
    before, place.effective_tier_id, place.manual_expires_at = place.effective_tier_id, None, None
    change = _change_of(place, before, Reason.REMOVED, str(actor), at)
    if before is not None:
        change.save()
    record_events([_event_of(change, member.organization_id)])
    place.delete()
    record(
        actor=actor,
        at=at,
        action="member.left-program",
        target=member,
        organization_id=member.organization_id,
        before={"program": program.pk, "tier": before},
        reason=reason,
    )


# --- what points and time do ---


def follow_postings(posted: Posted, ladders: Iterable[Ladder]) -> None:
    """Let tiers follow what was posted, for all members of the call at once (semantics 6.2).

    The balances are locked already; the places are locked here, and only then looked at, so that a re-evaluation at the
    same time cannot write what it read before.
    """
    for ladder in ladders:
        if ladder.is_flat:
            continue
        touched = {wallet_id for entry, wallet_id in posted.moved() if entry.account_id == ladder.account_id}
        places = locked_places(program_id=ladder.program_id, account_id=ladder.account_id or 0, wallet_ids=touched)
        moving = [place.enrollment() for place in places if not _stands_already(place, ladder)]
        _settle(moving, ladder, posted.organization_id, posted.actor, posted.at)


def _stands_already(place: Place, ladder: Ladder) -> bool:
    """Whether nothing about a place can change: most postings move nobody to another tier."""
    reached = ladder.reached(place.balance)
    return (
        place.manual_tier_id is None
        and place.system_tier_id == reached
        and place.effective_tier_id == (reached or ladder.default_id)
    )


@transaction.atomic
def _settle_some(ids: list[int], ladder: Ladder, organization_id: int, actor: str, at: datetime) -> int:
    """Bring these places up to date. Locked first, looked at after: a posting may be changing the balance."""
    places = Enrollment.objects.filter(pk__in=ids).order_by("pk")
    list(places.select_for_update().values_list("pk", flat=True))
    return _settle(_balances(places), ladder, organization_id, actor, at)


def start_reevaluation(*, program: LoyaltyProgram, actor: Actor, at: datetime) -> Job | None:
    """Ask for everybody's tier to be worked out again, as after a change of the ladder; None where nobody has one."""
    places = Enrollment.objects.filter(program=program).count()
    if not places:
        return None
    waiting = Job.objects.filter(
        kind=REEVALUATION,
        organization_id=program.organization_id,
        state=Job.State.WAITING,
        params__program_id=program.pk,
    ).first()
    return waiting or create_job(
        kind=REEVALUATION,
        organization_id=program.organization_id,
        actor=actor,
        at=at,
        params={"program_id": program.pk},
        progress_total=places,
    )


def run_reevaluation(job: Job) -> dict[str, Any]:
    """Do the job from where it stopped, in chunks that are committed together with how far it is."""
    program = LoyaltyProgram.objects.get(pk=job.params["program_id"])
    last, changed, done = (job.cursor.get(name, 0) for name in ("last", "changed", "done"))
    while True:
        ids = list(
            Enrollment.objects.filter(program=program, pk__gt=last).order_by("pk").values_list("pk", flat=True)[:CHUNK]
        )
        if not ids:
            return {"members": done, "changed": changed}
        at = clock.now()
        with transaction.atomic():
            changed += _settle_some(ids, ladder_of(program), program.organization_id, job.actor, at)
            last, done = ids[-1], done + len(ids)
            cursor = {"last": last, "changed": changed, "done": done}
            renew_job(job=job, at=at, cursor=cursor, progress_done=done, result={"members": done, "changed": changed})


def expire_manual_tiers(*, actor: Actor, at: datetime) -> int:
    """End what was given by hand until now; answers for how many members another tier counts now (semantics 6.3)."""
    changed = 0
    while True:
        due = Enrollment.objects.filter(manual_expires_at__lte=at).select_related("program").order_by("program", "pk")
        places = list(due[:CHUNK])
        if not places:
            return changed
        program = places[0].program
        ids = [place.pk for place in places if place.program_id == program.pk]
        changed += _settle_some(ids, ladder_of(program), program.organization_id, str(actor), at)
