"""What measures stand on: an organization with books, wallets by the thousand, and a token that may use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.models import Balance, LedgerAccount
from ledger.services import create_account
from loyalty.kernel import clock
from loyalty.kernel.clock import NEVER
from loyalty.kernel.services import issue_token
from tests import factories
from tests.crowds import make_wallets
from tests.house import TESTER, House, api_for

_CHUNK = 5000


@dataclass(frozen=True, slots=True)
class Stage:
    """An organization whose points lie in lots and expire after a year, with wallets numbered in a row."""

    house: House
    wallets: range

    @property
    def organization_id(self) -> int:
        """Whose books."""
        return self.house.id

    @property
    def account(self) -> LedgerAccount:
        """The point type everything happens in."""
        return self.house.account

    def wallet_path(self) -> str:
        """Where the API has a wallet of the account; `{wallet}` stands for its number."""
        return (
            f"/api/v1/organizations/{self.organization_id}/ledgers/{self.house.ledger.pk}"
            f"/accounts/{self.account.pk}/wallets/{{wallet}}"
        )

    def token(self, *roles: str) -> str:
        """A signed-in client with exactly these roles."""
        key = api_for(self.house.organization, *roles).token.partition(".")[0]
        return issue_token(key=key, at=clock.now())


def make_stage(wallets: int) -> Stage:
    """A house with so many wallets, each with an empty balance in the account."""
    house = factories.build_house("Bench")
    return Stage(house, add_wallets(house, wallets))


def add_wallets(house: House, count: int) -> range:
    """So many more wallets with empty balances."""
    numbers: list[int] = []
    for start in range(0, count, _CHUNK):
        some = make_wallets(organization_id=house.id, count=min(_CHUNK, count - start), at=clock.now())
        numbers += [wallet.pk for wallet in some]
    wallets = range(numbers[0], numbers[-1] + 1)
    if list(wallets) != numbers:
        raise RuntimeError("the scratch database is not this run's alone")
    add_balances([house.account.pk], wallets)
    return wallets


def add_balances(account_ids: Sequence[int], wallets: range) -> None:
    """An empty balance for each wallet, in one account: the accounts are gone through in turns."""
    for start in range(0, len(wallets), _CHUNK):
        Balance.objects.bulk_create(
            Balance(
                account_id=account_ids[(wallet - wallets.start) % len(account_ids)],
                wallet_id=wallet,
                next_change_at=NEVER,
            )
            for wallet in wallets[start : start + _CHUNK]
        )


def add_accounts(house: House, count: int) -> list[int]:
    """So many accounts with the same rules as the house's own."""
    return [
        create_account(
            ledger=house.ledger, name=f"Points {number}", expires_in_months=12, actor=TESTER, at=clock.now()
        ).pk
        for number in range(count)
    ]
