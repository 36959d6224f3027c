"""What a ledger account moved (tag Stats, semantics 14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger import selectors
from loyalty.kernel.api.fields import CamelSerializer, WholeNumber
from loyalty.kernel.api.stats import StatsViewSet


class AccountStatsAnswer(CamelSerializer):
    """What moved in the time asked for, and as it stands now: what members hold, of that what waits to become valid,
    and how much there may be at most.
    """

    minted = WholeNumber()
    burned = WholeNumber()
    expired = WholeNumber()
    reverted = WholeNumber()
    transferred = WholeNumber()
    circulating = WholeNumber()
    pending = WholeNumber()
    supply = WholeNumber(allow_null=True)


class AccountStatsViewSet(StatsViewSet):
    """What an account moved, in smallest units."""

    operations = {"retrieve": "getLedgerAccountStats"}
    reads = "ledgers:read"
    wrapper = "result"
    serializer_class = AccountStatsAnswer

    def figures(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The account's figures; no such account is a 404."""
        account = selectors.get_account(self.organization_id, self.kwargs["ledgerAccountId"])
        moved = selectors.moved_in(account, self.window(asked))
        now = selectors.account_totals([account.pk])[account.pk]
        flows = {name: getattr(moved, name) for name in ("minted", "burned", "expired", "reverted", "transferred")}
        return {**flows, "circulating": now.circulating, "pending": now.pending, "supply": account.max_supply}
