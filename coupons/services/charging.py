"""Pays for coupons in points, and gives the points back (semantics 3.8, 3.9)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from coupons.errors import HoldNotUsable
from coupons.models import CouponBook, CouponUsage
from ledger.errors import NotPending
from ledger.models import Hold, Kind, LedgerAccount
from ledger.services import SYSTEM, burn, capture_holds, post_transactions, revert_transactions
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput, NotFound
from members.models import Member
from members.selectors import resolve_account
from members.services import gather_points

SOURCE = "coupon"
# The largest amount a movement has (semantics 0.7).
MOST_POINTS = 18_446_744_073_709


def account_of(book: CouponBook) -> LedgerAccount:
    """The account that the book is paid in: the one its configuration names, else the main account of its program.

    :raises NotFound: an account that is not there any more.
    :raises NoDefaultAccount: where none is named, and none is set.
    """
    config, program = book.required_points_config, book.program
    ledger_id, account_id = config.get("ledgerId"), config.get("ledgerAccountId")
    if ledger_id is None and account_id is None:
        if program.main_account is not None:
            return program.main_account
        ledger_id = program.ledger_id
    return resolve_account(book.organization_id, ledger_id=ledger_id, account_id=account_id)


def price_of(points: int | None, units: int = 1) -> int:
    """What so many units cost.

    :raises InvalidInput: more than any wallet can hold.
    """
    price = (points or 0) * units
    if price > MOST_POINTS:
        raise InvalidInput("So many units cost more points than there can be.", field="amount")
    return price


def charge(
    *,
    book: CouponBook,
    member: Member,
    prices: Mapping[int, int],
    hold_id: int | None,
    actor: Actor,
    at: datetime,
) -> dict[int, int]:
    """Take what each line of the journal costs, as a burn for each, with a key made of its number; or by the hold,
    captured for exactly the price. Answers the transactions, by line.

    :raises InsufficientBalance, WalletInactive, AccountInactive: the points cannot be taken.
    :raises HoldNotUsable: the hold cannot pay for exactly one line; it stays pending.
    :raises NotFound: there is no such hold.
    """
    due = {usage_id: price for usage_id, price in prices.items() if price}
    if hold_id is not None:
        return _capture(book, member, due, hold_id, actor, at)
    if not due:
        return {}
    account = account_of(book)
    moves = [
        burn(
            account_id=account.pk,
            wallet_id=member.wallet_id,
            amount=price,
            unique_key=f"coupon:{usage_id}",
            key_kind=SYSTEM,
            key_is_new=True,
            description=book.name,
            source=SOURCE,
        )
        for usage_id, price in due.items()
    ]
    posting = post_transactions(organization_id=book.organization_id, moves=moves, actor=actor, at=at)
    return {usage_id: record.id for usage_id, record in zip(due, posting.records, strict=True)}


def _capture(
    book: CouponBook, member: Member, due: Mapping[int, int], hold_id: int, actor: Actor, at: datetime
) -> dict[int, int]:
    holds = Hold.objects.select_related("transaction").filter(transaction__organization_id=book.organization_id)
    hold = holds.filter(pk=hold_id).first()
    if hold is None:
        raise NotFound("There is no such pending transaction.")
    if not due:
        raise HoldNotUsable("The coupon costs nothing: the hold stays pending.")
    if len(due) > 1:
        # A captured hold is given back as a whole, and each of these can be taken back by itself.
        raise HoldNotUsable("A hold pays for one assignment or one use.")
    ((usage_id, price),) = due.items()
    account = account_of(book)
    held = hold.transaction
    if hold.kind != Kind.BURN or held.from_wallet_id != member.wallet_id or held.account_id != account.pk:
        raise HoldNotUsable("The hold is of another wallet or account, or not for spending.")
    if hold.amount < price:
        raise HoldNotUsable(f"The hold keeps {hold.amount}, and the coupon costs {price}.")
    try:
        capture_holds(
            organization_id=book.organization_id,
            captures={hold_id: price},
            actor=actor,
            at=at,
            account_id=account.pk,
            description=book.name,
            source=SOURCE,
        )
    except NotPending as error:
        raise HoldNotUsable("The hold is not pending any more.") from error
    return {usage_id: hold_id}


def refund(*, usage: CouponUsage, actor: Actor, at: datetime) -> None:
    """Give back what was paid for the line, into the very lots it came from. What was given back before stays so. Where
    the one who paid was merged into the line's member since, the points move on to that member.

    :raises NotRevertible: what was paid cannot be given back.
    """
    if usage.transaction is None:
        return
    revert_transactions(
        organization_id=usage.organization_id,
        transaction_ids=[usage.transaction.pk],
        actor=actor,
        at=at,
        description=usage.book.name,
        source=SOURCE,
    )
    payer = usage.transaction.from_wallet_id
    if payer != usage.member.wallet_id:
        gather_points(member=usage.member, wallet_id=payer, actor=actor, at=at)
