"""Tells a story of points and holds it against a table: one step a row, and after each step every number of the row.

The tables are written the way documents show them, so that a page can be held against the very text a test proves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time

from ledger import services
from ledger.models import Lot
from ledger.selectors import WalletBalance
from ledger.services import current_balance
from loyalty.kernel.clock import NEVER
from members.models import Member
from tests.house import TESTER, House

Step = Callable[[datetime], object]


def rows_of(table: str) -> list[dict[str, str]]:
    """The rows of a table in Markdown, each by its column."""
    lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.strip().splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]


def noon_of(text: str) -> datetime:
    """Noon of a day written like 15 Mar 2030."""
    day = datetime.strptime(text, "%d %b %Y").replace(tzinfo=UTC).date()
    return datetime.combine(day, time(12), UTC)


def written(moment: datetime | date) -> str:
    """The day as tables write it."""
    return f"{moment.day} {moment:%b %Y}"


class Story:
    """A house, its two people, and what every column of a table says of them."""

    def __init__(self, house: House, alice: Member, bob: Member) -> None:
        self.house, self.alice, self.bob = house, alice, bob

    def read(self, wallet_id: int, at: datetime) -> WalletBalance:
        """A wallet as everybody reads it: what fell due has happened."""
        house = self.house
        where = {"organization_id": house.id, "ledger_id": house.ledger.pk, "account_id": house.account.pk}
        return current_balance(**where, wallet_id=wallet_id, actor=TESTER, at=at)

    def lots(self, member: Member) -> str:
        """The member's open lots in the order in which they go."""
        open_lots = Lot.objects.filter(wallet_id=member.wallet_id, state__in=["active", "pending"])
        parts = []
        for lot in open_lots.order_by("state", "expires_at", "effective_at", "pk"):
            held = f" ({lot.held} held)" if lot.held else ""
            starts = f" from {written(lot.valid_from)}" if lot.state == "pending" else ""
            ends = f" until {written(lot.expires_at)}" if lot.expires_at < NEVER else ""
            parts.append(f"{lot.remaining}{held}{starts}{ends}")
        return ", ".join(parts) or "none"

    def state(self, at: datetime) -> dict[str, str]:
        """Every number any table shows; and the books must balance."""
        account = self.house.account
        mine, bobs = self.read(self.alice.wallet_id, at), self.read(self.bob.wallet_id, at)
        own = {
            "Reserve": account.reserve_id,
            "Burned": account.burned_id,
            "Expired": account.expired_id,
            "Issuance": account.issuance_id,
        }
        house = {name: self.read(wallet_id, at).balance for name, wallet_id in own.items()}
        held_by_members = mine.balance + mine.waiting + bobs.balance + bobs.waiting
        assert held_by_members + sum(house.values()) == 0, "value came from nowhere"
        assert self.house.findings() == []
        numbers = {
            "Active": mine.balance,
            "Held": mine.pending_balance,
            "Pending": mine.waiting,
            "Available": mine.available_balance,
            "Bob": bobs.balance,
            **house,
        }
        return {
            **{name: str(number) for name, number in numbers.items()},
            "Lots": self.lots(self.alice),
            "Bob's lots": self.lots(self.bob),
        }

    def tell(self, table: str, steps: Mapping[str, Step]) -> None:
        """Do what each row says on its day, and compare all that the row shows. What no step explains just passes."""
        rows = rows_of(table)
        assert steps.keys() <= {row["What happens"] for row in rows}, "a step that no row tells"
        for row in rows:
            at = noon_of(row["Day"])
            step = steps.get(row["What happens"])
            assert step is not None or row["What happens"].startswith("Nothing"), row["What happens"]
            if step is not None:
                step(at)
            state = self.state(at)
            shown = {name: state[name] for name in row if name not in ("Day", "What happens")}
            wanted = {name: cell for name, cell in row.items() if name not in ("Day", "What happens")}
            assert shown == wanted, f"after {row['Day']}: {row['What happens']}"


def capture(house: House, hold_id: int, amount: int | None, at: datetime) -> None:
    """Take what a hold keeps, or part of it."""
    services.capture_holds(organization_id=house.id, captures={hold_id: amount}, actor=TESTER, at=at)


def revert(house: House, transaction_id: int, at: datetime) -> None:
    """Undo a transaction."""
    services.revert_transactions(organization_id=house.id, transaction_ids=[transaction_id], actor=TESTER, at=at)
