"""Takes up companies to exchange points with: their terms, their place in the books, and what they pay in advance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from ledger.models import Ledger, LedgerAccount, Wallet
from ledger.services import Posting, create_account, create_ledger, create_wallet, mint, open_balance, post_transactions
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import DuplicateValue, InvalidInput
from loyalty.kernel.models import Organization
from loyalty.kernel.services import apply_changes, record
from partners.models import Partner
from partners.words import PROFILE_OF_COMPANY, checked_profile

LEDGER = "Points exchange"
CENTS = 100
_CURRENCY = re.compile(r"[A-Z]{3}")
_MOST = Decimal("99999999999.99")


def exchange_ledger(*, organization_id: int, actor: Actor, at: datetime) -> Ledger:
    """The books of an organization's exchange, made where it has none yet. Whoever else would make them waits."""
    Organization.objects.select_for_update(no_key=True).get(pk=organization_id)
    known = Partner.objects.filter(organization_id=organization_id).select_related("money_account__ledger").first()
    if known is not None:
        return known.money_account.ledger
    return create_ledger(
        organization_id=organization_id,
        name=LEDGER,
        description="What was issued in partners' programs and is not settled, and what partners have paid in advance.",
        actor=actor,
        at=at,
    )


def _money_account(ledger: Ledger, currency: str, actor: Actor, at: datetime) -> LedgerAccount:
    """The account of prepaid money in a currency, in hundredths; companies that pay later owe in it."""
    name = f"Prepaid {currency}"
    found = LedgerAccount.objects.filter(ledger=ledger, name=name).first()
    return found or create_account(
        ledger=ledger,
        name=name,
        is_currency=True,
        decimals=2,
        format_string=f"{{amount}} {currency}",
        may_owe=True,
        for_members=False,
        actor=actor,
        at=at,
    )


def _check_money(name: str, amount: Decimal | None) -> None:
    if amount is not None and (not amount.is_finite() or abs(amount) > _MOST or amount != round(amount, 2)):
        raise InvalidInput("Send an amount of money with at most two digits after the point.", field=name)


def _check_terms(terms: str, floor: Decimal | None, alert_below: Decimal | None) -> None:
    """:raises InvalidInput: where a floor does not fit the terms."""
    _check_money("floor", floor)
    _check_money("alert_below", alert_below)
    if terms not in Partner.Terms.values:
        raise InvalidInput("Terms are prepaid or postpaid.", field="terms")
    if terms == Partner.Terms.PREPAID and (floor is None or floor < 0):
        raise InvalidInput("What a prepaid company must keep is 0 or more.", field="floor")
    if terms == Partner.Terms.POSTPAID and floor is not None and floor > 0:
        raise InvalidInput("How far a postpaid company may go below zero is 0 or less.", field="floor")


@transaction.atomic
def create_partner(
    *,
    organization_id: int,
    name: str,
    currency: str,
    actor: Actor,
    at: datetime,
    terms: str = Partner.Terms.POSTPAID,
    floor: Decimal | None = None,
    alert_below: Decimal | None = None,
    profile: Mapping[str, Any] | None = None,
) -> Partner:
    """A company to exchange points with, with its clearing wallet; `floor` and `alert_below` in whole `currency`.

    :raises DuplicateValue: where the organization has a partner of this name.
    :raises InvalidInput: no currency, or a floor that does not fit the terms.
    """
    if not _CURRENCY.fullmatch(currency):
        raise InvalidInput("A currency is three capital letters.", field="currency")
    if terms == Partner.Terms.PREPAID and floor is None:
        floor = Decimal(0)
    _check_terms(terms, floor, alert_below)
    ledger = exchange_ledger(organization_id=organization_id, actor=actor, at=at)
    account = _money_account(ledger, currency, actor, at)
    wallet = create_wallet(organization_id=organization_id, at=at, kind=Wallet.Kind.CLEARING)
    open_balance(wallet=wallet, account=account)
    try:
        with transaction.atomic():
            partner = Partner.objects.create(
                organization_id=organization_id,
                name=name,
                currency=currency,
                terms=terms,
                floor=floor,
                alert_below=alert_below,
                profile=checked_profile(profile or {}, PROFILE_OF_COMPANY),
                wallet=wallet,
                money_account=account,
                created_at=at,
                updated_at=at,
            )
    except IntegrityError as error:
        raise DuplicateValue(field="name") from error
    record(
        actor=actor,
        at=at,
        action="partner.created",
        target=partner,
        organization_id=organization_id,
        after={"name": name, "currency": currency, "terms": terms, "floor": floor, "alert_below": alert_below},
    )
    return partner


@transaction.atomic
def update_partner(
    *, partner: Partner, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = ""
) -> Partner:
    """Change what is named: name, terms, floor, alert_below, profile. A floor that is higher than what is there lets
    nothing more be issued until more is paid.

    :raises DuplicateValue: where another partner has this name.
    :raises InvalidInput: a floor that does not fit the terms.
    """
    locked = Partner.objects.select_for_update(no_key=True).get(pk=partner.pk)
    wanted = dict(changes)
    if "profile" in wanted:
        wanted["profile"] = checked_profile(wanted["profile"], PROFILE_OF_COMPANY)
    terms = {name: wanted.get(name, getattr(locked, name)) for name in ("terms", "floor", "alert_below")}
    _check_terms(**terms)
    try:
        with transaction.atomic():
            apply_changes(
                locked,
                wanted,
                actor=actor,
                at=at,
                action="partner.updated",
                organization_id=locked.organization_id,
                reason=reason,
            )
    except IntegrityError as error:
        raise DuplicateValue(field="name") from error
    return locked


@transaction.atomic
def pay_in(
    *, partner: Partner, amount: Decimal, actor: Actor, at: datetime, unique_key: str | None = None, reason: str = ""
) -> Posting:
    """Note what a company has paid, in its currency: it may issue for so much more, or owes so much less.

    :raises InvalidInput: nothing, or a fraction of a hundredth.
    :raises IdempotencyConflict: the key was used with another amount.
    """
    _check_money("amount", amount)
    if amount <= 0:
        raise InvalidInput("What was paid is above 0.", field="amount")
    move = mint(
        account_id=partner.money_account_id,
        wallet_id=partner.wallet_id,
        amount=int(amount * CENTS),
        unique_key=unique_key,
        description=reason or "Paid in",
        source="exchange",
        clears=True,
    )
    posting = post_transactions(organization_id=partner.organization_id, moves=[move], actor=actor, at=at)
    if not posting.replayed:
        record(
            actor=actor,
            at=at,
            action="partner.paid_in",
            target=partner,
            organization_id=partner.organization_id,
            after={"amount": amount, "currency": partner.currency},
            reason=reason,
        )
    return posting
