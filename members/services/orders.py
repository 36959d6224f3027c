"""Writes purchase orders as callers tell them, many at once, each change with its event (semantics 8.1 to 8.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
from django.db.models import QuerySet

from ledger.engine.requests import CLOCK_SKEW
from loyalty.kernel.errors import DomainError, InvalidInput
from loyalty.kernel.json_text import write_json
from loyalty.kernel.kept import KeptRead, insert_rows, update_row
from members.errors import MemberInactive, OrderOfAnother, OrderStatusRefused
from members.models import EventType, LoyaltyEvent, LoyaltyProgram, Member, PurchaseOrder
from members.selectors.members import became
from members.selectors.orders import order_document

Status = PurchaseOrder.Status
# Which states follow which (semantics 8.2); any may be said again.
FOLLOWS: Mapping[str, tuple[str, ...]] = {
    Status.CREATED: (Status.CONFIRMED, Status.CANCELLED),
    Status.CONFIRMED: (Status.PARTIALLY_RETURNED, Status.RETURNED, Status.CANCELLED),
    Status.PARTIALLY_RETURNED: (Status.RETURNED,),
    Status.CANCELLED: (),
    Status.RETURNED: (),
}
# What each state tells.
TELLS: Mapping[str, EventType] = {
    Status.CREATED: EventType.ORDER_CREATED,
    Status.CONFIRMED: EventType.ORDER_CONFIRMED,
    Status.CANCELLED: EventType.ORDER_CANCELLED,
    Status.RETURNED: EventType.ORDER_RETURNED,
    Status.PARTIALLY_RETURNED: EventType.ORDER_PARTIALLY_RETURNED,
}
_SAID = (
    "member_id",
    "program_id",
    "type",
    "status",
    "description",
    "total",
    "discounted_total",
    "items",
    "tags",
    "custom_attributes",
    "external_event_at",
    "content_hash",
)


@dataclass(kw_only=True)
class OrderDraft:
    """An order as somebody tells it: the whole of it. Money is exact; items are documents."""

    member: Member
    external_id: str
    type: str
    status: str
    total: Decimal
    discounted_total: Decimal | None = None
    program_id: int | None = None
    description: str = ""
    items: Sequence[Mapping[str, Any]] = ()
    tags: Sequence[str] = ()
    custom_attributes: Mapping[str, Any] = field(default_factory=dict)
    external_event_at: datetime | None = None

    @property
    def member_id(self) -> int:
        """Whose order it is."""
        return self.member.pk

    @property
    def basis(self) -> Decimal:
        """What the order counts by (semantics 8.3)."""
        return self.total if self.discounted_total is None else self.discounted_total

    @property
    def content_hash(self) -> str:
        """A short name for all it says: two that say the same have the same. Whose it is does not count: members who
        turn out to be one person are merged.
        """
        at = self.external_event_at
        content = (
            self.type,
            self.status,
            str(self.total.normalize()),
            None if self.discounted_total is None else str(self.discounted_total.normalize()),
            self.program_id,
            self.description,
            self.items,
            self.tags,
            self.custom_attributes,
            None if at is None else at.astimezone(UTC).timestamp(),
        )
        return hashlib.blake2b(write_json(content, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


@dataclass
class Put:
    """What came of a draft: the order, whether it is new or changed, and the event that is to be told of it. The order
    and the event are not written yet.
    """

    draft: OrderDraft
    order: PurchaseOrder
    is_new: bool = False
    is_changed: bool = False
    event: LoyaltyEvent | None = None
    error: DomainError | None = None


def check_draft(draft: OrderDraft, programs: set[int], at: datetime) -> None:
    """That a draft can be meant at all.

    :raises InvalidInput: totals that do not fit, a future date, a program that is not the organization's.
    """
    if draft.discounted_total is not None and draft.discounted_total > draft.total:
        raise InvalidInput("A discounted total is not above the total.", field="discountedTotal")
    if draft.external_event_at is not None and draft.external_event_at > at + CLOCK_SKEW:
        raise InvalidInput("The event date lies in the future.", field="externalEventDate")
    if draft.program_id is not None and draft.program_id not in programs:
        raise InvalidInput("The program must be one of the organization's.", field="loyaltyProgramId")


def put_orders(organization_id: int, drafts: Sequence[OrderDraft], *, at: datetime) -> list[Put]:
    """Decide what becomes of each draft, all of different orders, with the orders there are locked until the caller's
    transaction ends; nothing is written yet (see `write_orders`).
    """
    if len(drafts) == 1:
        rows: Iterable[PurchaseOrder] = _KNOWN(organization_id, drafts[0].external_id)
    else:
        rows = known_orders(organization_id, drafts).order_by("pk").select_for_update()
    return decide_orders(organization_id, drafts, {row.external_id: row for row in rows}, at=at)


_KNOWN = KeptRead(
    lambda organization, name: PurchaseOrder.objects.filter(organization_id=organization, external_id=name),
    int,
    str,
    lock="FOR UPDATE",
)


def known_orders(organization_id: int, drafts: Sequence[OrderDraft]) -> QuerySet[PurchaseOrder]:
    """The orders there are of those the drafts tell."""
    mine = PurchaseOrder.objects.filter(organization_id=organization_id)
    return mine.filter(external_id__in=[draft.external_id for draft in drafts])


def decide_orders(
    organization_id: int, drafts: Sequence[OrderDraft], known: dict[str, PurchaseOrder], *, at: datetime
) -> list[Put]:
    """Decide in memory what becomes of each draft, where these orders are known by external id. What a draft makes of
    an order is what the next one finds.
    """
    wanted = {draft.program_id for draft in drafts if draft.program_id is not None}
    programs = set(
        LoyaltyProgram.objects.filter(organization=organization_id, pk__in=wanted).values_list("pk", flat=True)
        if wanted
        else ()
    )
    puts = []
    for draft in drafts:
        order = known.get(draft.external_id)
        made = Put(draft, order or PurchaseOrder(organization_id=organization_id, created_at=at, updated_at=at))
        try:
            check_draft(draft, programs, at)
            _decide(made, order, at)
            known[draft.external_id] = made.order
        except DomainError as error:
            made.error = error
        puts.append(made)
    return puts


def _decide(put: Put, known: PurchaseOrder | None, at: datetime) -> None:
    """:raises OrderOfAnother, OrderStatusRefused, MemberInactive: where the draft cannot become the order."""
    draft, order = put.draft, put.order
    before = None if known is None else (known.status, known.basis)
    if known is not None:
        if known.member_id != draft.member_id:
            draft.member = became(draft.member)
        if known.member_id != draft.member_id:
            raise OrderOfAnother
        if known.content_hash == draft.content_hash:
            return
        if known.is_over or (draft.status != known.status and draft.status not in FOLLOWS[known.status]):
            raise OrderStatusRefused(f"An order that is {known.status} cannot become {draft.status}.")
    takes_back = known is not None and draft.status not in (Status.CREATED, Status.CONFIRMED)
    if not draft.member.active and not takes_back:
        raise MemberInactive
    put.is_new, put.is_changed = known is None, True
    order.external_id = draft.external_id
    for name in _SAID:
        setattr(order, name, getattr(draft, name))
    order.member = draft.member
    order.updated_at = at
    if put.is_new:
        order.is_counted = not order.is_over
    partly_again = (
        before is not None and draft.status == before[0] == Status.PARTIALLY_RETURNED and order.basis != before[1]
    )
    if before is None or draft.status != before[0] or partly_again:
        put.event = LoyaltyEvent(
            organization_id=order.organization_id,
            event_type=TELLS[draft.status],
            member=draft.member,
            external_id=draft.external_id,
            description=draft.description,
            tags=list(draft.tags),
            external_event_at=draft.external_event_at,
            created_at=at,
        )


def write_new_orders(puts: Sequence[Put]) -> None:
    """Write the orders that are new, so that they have numbers; and let each event tell its order.

    :raises IntegrityError: somebody else wrote one of them first.
    """
    insert_rows([put.order for put in puts if put.is_new])
    for put in puts:
        if put.event is not None:
            put.event.payload = order_document(put.order)


def write_changed_orders(puts: Sequence[Put]) -> None:
    """Write what changed of orders; what became of them since they were read is in hand, since they are locked."""
    changed = [put.order for put in puts if put.is_changed and not put.is_new]
    columns = (*_SAID, "returned", "shortfall", "updated_at")
    if len(changed) == 1:
        update_row(changed[0], columns)
    elif changed:
        fields = [name.removesuffix("_id") for name in columns]
        PurchaseOrder.objects.bulk_update(changed, fields, batch_size=200)
