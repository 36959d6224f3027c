"""The exchange these tests use: a bank that pays in advance, and programs of two houses it issues in."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from ledger.models import Balance
from loyalty.kernel import clock
from loyalty.kernel.roles import EVERYTHING
from partners.models import ClientKey, Exchange, ExchangeClient, Partner, PartnerProgram
from partners.services import (
    Destination,
    NewClient,
    Order,
    create_client,
    create_partner,
    create_partner_program,
    issue_points,
    pay_in,
)
from tests.house import TESTER, House


@dataclass
class Trade:
    """The exchange of one house: the bank with its client, a program of the house's own, and one of the neighbor's."""

    house: House
    neighbor: House
    bank: Partner
    books: Partner
    own: PartnerProgram
    foreign: PartnerProgram
    made: NewClient

    @property
    def client(self) -> ExchangeClient:
        """The bank's client."""
        return self.made.client

    def order(self, **said: Any) -> Order:
        """An order of 10 dollars for Alice, in the house's own program, unless something else is said."""
        words: dict[str, Any] = {
            "program_id": self.own.pk,
            "value": 10,
            "destination": Destination(user_email="alice@example.com"),
            "reference_number": "R-1",
        }
        return Order(**{**words, **said})

    def issue(self, *, is_sandbox: bool = False, **said: Any) -> Exchange:
        """Issue."""
        order = self.order(**said)
        return issue_points(
            client=self.client, is_sandbox=is_sandbox, order=order, actor=TESTER, at=clock.now()
        ).exchange

    def clearing(self, program: PartnerProgram) -> int:
        """What the clearing wallet of the program's partner holds of its points."""
        return held(program.partner.wallet_id, program.account_id)

    def money(self, partner: Partner | None = None) -> Decimal:
        """What a company has paid in advance and not used, or owes."""
        company = partner or self.bank
        return Decimal(held(company.wallet_id, company.money_account_id)) / 100


def held(wallet_id: int, account_id: int) -> int:
    """What a wallet holds."""
    found = Balance.objects.filter(wallet_id=wallet_id, account_id=account_id).first()
    return found.active if found else 0


def make_partner(house: House, name: str, **said: Any) -> Partner:
    """A company the house exchanges points with, in dollars unless something else is said."""
    words: dict[str, Any] = {"currency": "USD", "actor": TESTER, "at": clock.now(), **said}
    return create_partner(organization_id=house.id, name=name, **words)


def make_program(partner: Partner, name: str, **said: Any) -> PartnerProgram:
    """A program of it, at ten cents a point unless something else is said."""
    words: dict[str, Any] = {"price_per_point": Decimal("0.1"), "actor": TESTER, "at": clock.now(), **said}
    return create_partner_program(partner=partner, name=name, **words)


def make_client(partner: Partner, name: str, *programs: PartnerProgram) -> NewClient:
    """A client of it that may issue in these programs."""
    return create_client(
        partner=partner, name=name, programs=programs, granter=EVERYTHING, actor=TESTER, at=clock.now()
    )


def pay(partner: Partner, amount: str, **said: Any) -> Any:
    """Pay in."""
    return pay_in(partner=partner, amount=Decimal(amount), actor=TESTER, at=clock.now(), **said)


def build_trade(house: House, neighbor: House) -> Trade:
    """The exchange of `house`."""
    bank = make_partner(house, "Bank", terms="prepaid", floor=Decimal(0), alert_below=Decimal(100))
    pay(bank, "1000")
    books = make_partner(house, "Books Inc")
    own = make_program(make_partner(house, "The house itself"), "Coffee Club", destination=house.program)
    foreign = make_program(
        books,
        "Books Club",
        destination=neighbor.program,
        price_per_point=Decimal("0.25"),
        min_value=5,
        max_value=500,
        user_id_field="required",
        user_email_field="optional",
    )
    return Trade(house, neighbor, bank, books, own, foreign, make_client(bank, "Bank app", own, foreign))


@pytest.fixture
def trade(house: House, neighbor: House) -> Trade:
    """The exchange of the house."""
    return build_trade(house, neighbor)


def secret_of(trade: Trade, environment: str = ClientKey.Environment.PRODUCTION) -> str:
    """The secret of the bank's client in an environment."""
    return trade.made.secrets[environment]
