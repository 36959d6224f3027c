"""The figures, in the order of the table."""

from __future__ import annotations

from tests.bench.figures import (
    campaigns,
    checking,
    contention,
    coupons,
    dialects,
    imports,
    listing,
    posting,
    rules,
    settling,
    statistics,
    web,
)
from tests.bench.measuring import Measure

MEASURES: tuple[Measure, ...] = (
    posting.POSTING,
    web.MINT,
    posting.BATCH,
    imports.IMPORT,
    settling.EXPIRY,
    contention.ACCOUNT,
    contention.WALLET,
    settling.LATENCY,
    web.BALANCE,
    listing.LISTING,
    statistics.STATISTICS,
    checking.CHECKING,
    rules.RULES,
    dialects.DIALECTS,
    dialects.BULK,
    dialects.VENDOR_LISTS,
    imports.XML,
    coupons.ASSIGN,
    coupons.CODES,
    coupons.FREE_CODE,
    campaigns.ORDER,
    campaigns.ORDERS,
    campaigns.IDLE,
)
