"""Issues points in partners' programs, and says before what would be issued."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from ledger.models import Balance
from ledger.services import SYSTEM, Move, burn, mint, post_transactions
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput
from partners.errors import FloatExhausted, ReferenceTaken
from partners.models import Exchange, ExchangeClient, ExchangeEntry, PartnerProgram
from partners.quoting import Quote, quote
from partners.selectors import find_by_reference, get_offered_program
from partners.services.companies import CENTS
from partners.services.connectors import Connector, Destination, Recipient, connector_of
from partners.services.delivering import ask_for_delivery

LONGEST_REFERENCE = 255


@dataclass(frozen=True, slots=True)
class Order:
    """What a client asks to be issued: `value` in whole units of its currency, in the program with this number."""

    program_id: int | None
    value: int
    destination: Destination
    reference_number: str
    description: str = ""
    original_program_id: str = ""

    def content_hash(self) -> str:
        """A short name for everything that makes two orders with one reference number the same."""
        return hashlib.blake2b(repr(self).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def preview_issue(*, client: ExchangeClient, program_id: int | None, value: int) -> Quote:
    """What an issue would come to now (contract cosmopoints C6).

    :raises NotFound: the client may issue in no such program.
    :raises ValueRefused: outside the program's limits.
    """
    return quote(get_offered_program(client, program_id), client.partner.currency, value)


def validate_destination(
    *, client: ExchangeClient, program_id: int | None, destination: Destination, is_sandbox: bool, at: datetime
) -> bool:
    """Whether the destination is a member of the program (contract cosmopoints C5). Not inside a transaction: it may
    call the partner.

    :raises NotFound: the client may issue in no such program.
    :raises DestinationIncomplete: the program requires more.
    :raises ProgramUnreachable: the partner does not say.
    """
    connector = connector_of(get_offered_program(client, program_id))
    connector.check_fields(destination)
    return connector.validate(destination, is_sandbox=is_sandbox, at=at)


@dataclass(frozen=True, slots=True)
class Issued:
    """What came of an order: the exchange, whether it is from an earlier call, and the job that tells the program of
    it, where one does.
    """

    exchange: Exchange
    replayed: bool
    job_id: int | None = None


@transaction.atomic
def issue_points(*, client: ExchangeClient, is_sandbox: bool, order: Order, actor: Actor, at: datetime) -> Issued:
    """Issue points, once for each reference number (contract cosmopoints C7, C13, P2 to P5).

    The rate is that of this moment. The points are booked in the partner's clearing wallet and the value to whom the
    client belongs; a program of this installation is credited in the same transaction, any other by a job. In the
    sandbox everything is looked at and nothing is moved.

    :raises NotFound: the client may issue in no such program.
    :raises InvalidInput: no reference number, or a destination that lacks what the program requires.
    :raises ValueRefused: outside the program's limits.
    :raises DestinationUnknown: a program of this installation has no such member.
    :raises FloatExhausted: whom the client belongs to would have too little left.
    :raises ReferenceTaken: the reference number was used with other content.
    """
    known = _known(client, is_sandbox, order)
    if known is not None:
        return Issued(known, replayed=True)
    if not 0 < len(order.reference_number) <= LONGEST_REFERENCE:
        raise InvalidInput(f"A referenceNumber has 1 to {LONGEST_REFERENCE} characters.", field="referenceNumber")
    program = get_offered_program(client, order.program_id)
    quoted = quote(program, client.partner.currency, order.value)
    connector = connector_of(program)
    connector.check_fields(order.destination)
    recipient = connector.find(order.destination)
    try:
        with transaction.atomic():
            exchange = _write(client, is_sandbox, order, program, quoted, recipient, connector, at)
    except IntegrityError:
        # Somebody used the reference number meanwhile: it is found now.
        known = _known(client, is_sandbox, order)
        if known is None:
            raise
        return Issued(known, replayed=True)
    job = None
    if not is_sandbox:
        _book(exchange, connector, recipient, actor, at)
        if not connector.is_at_once:
            job = ask_for_delivery(exchange=exchange, actor=actor, at=at)
    return Issued(exchange, replayed=False, job_id=job.pk if job is not None else None)


def _known(client: ExchangeClient, is_sandbox: bool, order: Order) -> Exchange | None:
    found = find_by_reference(client, order.reference_number, is_sandbox=is_sandbox)
    if found is not None and found.content_hash != order.content_hash():
        raise ReferenceTaken
    return found


def _write(
    client: ExchangeClient,
    is_sandbox: bool,
    order: Order,
    program: PartnerProgram,
    quoted: Quote,
    recipient: Recipient | None,
    connector: Connector,
    at: datetime,
) -> Exchange:
    """:raises IntegrityError: the reference number is taken."""
    is_issued = is_sandbox or connector.is_at_once
    return Exchange.objects.create(
        organization_id=client.organization_id,
        client=client,
        program=program,
        is_sandbox=is_sandbox,
        reference_number=order.reference_number,
        content_hash=order.content_hash(),
        original_program_id=order.original_program_id,
        description=order.description,
        value=quoted.value,
        currency=quoted.currency,
        rate=quoted.rate,
        points=quoted.points,
        destination_user_id=order.destination.user_id,
        destination_user_email=order.destination.user_email,
        member_id=recipient.member_id if recipient is not None else None,
        state=Exchange.State.ISSUED if is_issued else Exchange.State.PENDING,
        created_at=at,
        ended_at=at if is_issued else None,
    )


def _book(
    exchange: Exchange, connector: Connector, recipient: Recipient | None, actor: Actor, at: datetime
) -> ExchangeEntry:
    """Write the issue into the books: points owed to the program's partner, money owed by the client's, and (where the
    program is of this installation) the points of the member.

    Whoever issues in the same program waits here for the clearing wallet. A member's balance is locked after it, in
    whichever organization's books: two that exchange with each other wait in one order.
    """
    program, payer = exchange.program, exchange.client.partner
    words = {
        "key_kind": SYSTEM,
        "key_is_new": True,
        "external_id": exchange.reference_number,
        "source": "exchange",
        "clears": True,
    }
    moves: list[Move] = [
        mint(
            account_id=program.account_id,
            wallet_id=program.partner.wallet_id,
            amount=exchange.points,
            unique_key=f"exchange:{exchange.pk}:points",
            **words,
        ),
        burn(
            account_id=payer.money_account_id,
            wallet_id=payer.wallet_id,
            amount=exchange.value * CENTS,
            unique_key=f"exchange:{exchange.pk}:value",
            **words,
        ),
    ]
    booked = post_transactions(organization_id=exchange.organization_id, moves=moves, actor=actor, at=at).records
    if payer.floor is not None:
        # The row is locked by the posting: nobody else takes from it before this is committed or undone.
        left = Balance.objects.get(wallet_id=payer.wallet_id, account_id=payer.money_account_id).active
        if left < payer.floor * CENTS:
            raise FloatExhausted
    credited = None
    if connector.is_at_once and recipient is not None:
        organization_id, move = connector.credit_move(exchange, recipient)
        credited = post_transactions(organization_id=organization_id, moves=[move], actor=actor, at=at).records[0].id
    return ExchangeEntry.objects.create(
        exchange=exchange,
        kind=ExchangeEntry.Kind.ISSUE,
        program=program,
        partner=program.partner,
        payer=payer,
        points=exchange.points,
        rate=program.price_per_point,
        value=exchange.value,
        transaction_id=booked[0].id,
        money_transaction_id=booked[1].id,
        credit_transaction_id=credited,
        created_at=at,
    )
