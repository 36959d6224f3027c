"""The newest page of a list, at ten thousand rows and at five million."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from statistics import median

from ledger import selectors
from ledger.models import Balance
from tests.bench.histories import history
from tests.bench.measuring import Bench, Figure, Measure
from tests.bench.places import Place, working_on
from tests.bench.stage import Stage

PAGE = 25
MOST_TIMES = 1.5


def _list(stage: Stage, wallet_id: int | None) -> None:
    """What the API does for a list: the account, how many there are, the newest page, how each stands.

    :raises RuntimeError: where the page is not full.
    """
    account = stage.account
    wanted = selectors.TransactionFilter(wallet_id=wallet_id)
    selectors.get_account(stage.organization_id, account.pk, account.ledger_id)
    total = selectors.count_transactions(account.pk, wanted)
    page = selectors.describe(selectors.window_transactions(account.pk, wanted, ("-pk",), 0, PAGE))
    if len(page) != PAGE or total < PAGE:
        raise RuntimeError(f"{len(page)} of {total} transactions")


def _milliseconds(place: Place, stage: Stage, wallets: Sequence[int | None]) -> float:
    """How long a list takes, the median over these wallets (None: the whole account)."""
    with working_on(place):
        took = []
        for number, wallet_id in enumerate([*wallets[:20], *wallets]):
            start = time.perf_counter()
            _list(stage, wallet_id)
            if number >= 20:
                took.append(time.perf_counter() - start)
        return median(took) * 1000


def _usual_wallets(stage: Stage, count: int) -> list[int]:
    """Wallets by chance that have a full page, without the first."""
    full = Balance.objects.filter(account=stage.account, transactions__gte=PAGE, wallet_id__gt=stage.wallets.start)
    numbers = list(full.order_by("wallet_id").values_list("wallet_id", flat=True))
    return random.Random(3).choices(numbers, k=count)


def _take(bench: Bench) -> list[Figure]:
    scale = bench.scale
    figures = []
    with (
        history(bench, "few", scale.history_small) as (few, small),
        history(bench, "many", scale.history) as (
            many,
            large,
        ),
    ):
        with working_on(few):
            small_wallets = _usual_wallets(small, scale.lists)
        with working_on(many):
            large_wallets = _usual_wallets(large, scale.lists)
        asked: tuple[tuple[str, str, Sequence[int | None], Sequence[int | None]], ...] = (
            ("wallet-list", "newest 25 transactions of a wallet", small_wallets, large_wallets),
            (
                "busy-wallet-list",
                "... of a wallet with a tenth of all",
                [small.wallets.start] * scale.lists,
                [large.wallets.start] * scale.lists,
            ),
            ("account-list", "newest 25 transactions of an account", [None] * scale.lists, [None] * scale.lists),
        )
        for name, title, of_few, of_many in asked:
            samples = bench.alternate(
                lambda _, wallets=of_few: _milliseconds(few, small, wallets),
                lambda _, wallets=of_many: _milliseconds(many, large, wallets),
            )
            figures.append(Figure(name, title, "ms", **samples, at_most=MOST_TIMES))
    figures[0].sides = (
        f"what the API's list asks of the ledger, its total count included, without HTTP; {scale.history:,} rows"
        f" beside {scale.history_small:,} in another database, wallets by chance with some fifty each; a sample is the"
        f" median of {scale.lists} lists."
    )
    return figures


LISTING = Measure("listing", _take)
