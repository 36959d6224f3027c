"""Who holds a wallet: told from above, since the ledger only knows a number."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.models import Wallet
from loyalty.kernel.desk import Seat, link_to
from loyalty.kernel.desk.display import NOTHING


@dataclass(frozen=True, slots=True)
class Holder:
    """The name of whoever holds a wallet, and the address of their page."""

    name: str
    address: str


class Holders(Protocol):
    """What an app above the ledger knows of its wallets."""

    def of_wallets(self, wallet_ids: Collection[int], seat: Seat) -> dict[int, Holder]:
        """The holders of some wallets, as far as the person at the seat may know them; a bounded number of queries."""

    def wallets_found(self, organization_id: int, text: str, seat: Seat) -> Sequence[int]:
        """The wallets of holders that `text` names, in a bounded number of indexed queries."""


_registered: list[Holders] = []


def register_holders(holders: Holders) -> None:
    """Say who holds wallets. Once, when the console's pages are loaded."""
    _registered.append(holders)


def holders_of(wallet_ids: Collection[int], seat: Seat) -> dict[int, Holder]:
    """The holders of some wallets, as far as anybody knows them."""
    found: dict[int, Holder] = {}
    for holders in _registered:
        found.update(holders.of_wallets(wallet_ids, seat))
    return found


def wallets_found(organization_id: int, text: str, seat: Seat) -> list[int]:
    """The wallets whose holders `text` names."""
    return [pk for holders in _registered for pk in holders.wallets_found(organization_id, text, seat)]


def wallet_links(wallet_ids: Collection[int], seat: Seat) -> dict[int, SafeString]:
    """A link to each wallet, by its holder's name, or by what it is for."""
    holders = holders_of(wallet_ids, seat)
    links = {}
    for wallet in Wallet.objects.filter(pk__in=wallet_ids):
        text = wallet.get_kind_display() if wallet.kind != Wallet.Kind.MEMBER else str(wallet)
        links[wallet.pk] = link_to(wallet, holders[wallet.pk].name if wallet.pk in holders else text)
    return links


def holder_link(wallet: Wallet, seat: Seat) -> SafeString:
    """A link to whoever holds the wallet."""
    holder = holders_of([wallet.pk], seat).get(wallet.pk)
    if holder is None:
        return NOTHING
    return format_html('<a class="ts-link" href="{}">{}</a>', holder.address, holder.name)
