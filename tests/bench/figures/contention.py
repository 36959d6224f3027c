"""What is lost where many clients meet: in one account, and in one wallet."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.measuring import Bench, Figure, Measure
from tests.bench.stage import Stage, add_accounts, add_balances, make_stage
from tests.bench.workers import Mints, working


def _mints(bench: Bench, stage: Stage, accounts: Sequence[int], wallets: range) -> Mints:
    return Mints(stage.organization_id, list(accounts), wallets.start, len(wallets), bench.scale.seconds)


def _take_account(bench: Bench) -> list[Figure]:
    with bench.places.fresh("account") as place:
        stage = make_stage(bench.scale.wallets)
        accounts = add_accounts(stage.house, bench.scale.accounts)
        add_balances(accounts, stage.wallets)
        place.tidy()
        one = _mints(bench, stage, [stage.account.pk], stage.wallets)
        spread = _mints(bench, stage, accounts, stage.wallets)
        with working(place) as clients:
            for asked in (spread, one):
                clients.rate(asked)
            samples = bench.alternate(lambda _: clients.rate(spread), lambda _: clients.rate(one))
    return [
        Figure(
            "account",
            "mints in one account, 8 clients",
            "/s",
            **samples,
            at_least=0.85,
            sides=f"8 processes through the service, {len(stage.wallets):,} wallets; limit: the same wallets spread"
            f" over {len(accounts):,} accounts.",
        )
    ]


def _take_wallet(bench: Bench) -> list[Figure]:
    with bench.places.fresh("wallet") as place:
        stage = make_stage(bench.scale.spread)
        place.tidy()
        one = _mints(bench, stage, [stage.account.pk], stage.wallets[:1])
        spread = _mints(bench, stage, [stage.account.pk], stage.wallets)
        with working(place) as clients:
            for asked in (spread, one):
                clients.rate(asked)
            samples = bench.alternate(lambda _: clients.rate(spread), lambda _: clients.rate(one))
    return [
        Figure(
            "wallet",
            "postings to one wallet, 8 clients",
            "/s",
            **samples,
            at_least=0.25,
            sides=f"8 processes through the service; limit: mints spread over {len(stage.wallets):,} wallets.",
        )
    ]


ACCOUNT = Measure("account", _take_account)
WALLET = Measure("wallet", _take_wallet)
