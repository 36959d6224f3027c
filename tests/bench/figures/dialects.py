"""Postings through the vendors' APIs, beside the same postings through the core API."""

from __future__ import annotations

import json
import random
import time
from contextlib import ExitStack
from itertools import count

from django.test import Client

from ledger.models import Balance
from loyalty.kernel import clock
from loyalty.kernel.models import Door
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import create_credential, issue_token, set_membership
from members.models import Member
from members.services import create_store
from tests import factories
from tests.bench.figures.posting import BATCH_SIZE, ServicePostings
from tests.bench.figures.web import BODY, rate_of
from tests.bench.histories import write_history
from tests.bench.load import Requests
from tests.bench.measuring import Bench, Figure, Measure, rate, say
from tests.bench.servers import HOUSE, how_served, serving
from tests.bench.stage import Stage, add_balances
from tests.crowds import make_members
from tests.house import TESTER, House, api_for

# What a posting may cost more than at the core API.
DEARER = 1.15


class Shop:
    """A house with a store, members by the thousand, and a key for each vendor's API."""

    def __init__(self, members: int) -> None:
        self.house: House = factories.build_house("Bench")
        make_members(organization_id=self.house.id, count=members, at=clock.now())
        create_store(organization_id=self.house.id, code="BENCH", name="Bench", actor=TESTER, at=clock.now())
        rows = Member.objects.filter(organization_id=self.house.id).order_by("wallet_id")
        self.customers, self.emails = [], []
        wallets = []
        for customer_id, wallet_id, profile in rows.values_list("customer_id", "wallet_id", "profile"):
            self.customers.append(str(customer_id))
            self.emails.append(profile["email"])
            wallets.append(wallet_id)
        self.stage = Stage(self.house, range(wallets[0], wallets[-1] + 1))
        add_balances([self.house.account.pk], self.stage.wallets)
        self.accounts: list[str] = []
        self.look_up_accounts()

    def look_up_accounts(self) -> None:
        """The point accounts of all members, as Engage numbers them."""
        self.accounts = [str(pk) for pk in Balance.objects.order_by("pk").values_list("pk", flat=True)]

    def key(self, door: Door) -> str:
        """A key that may give points."""
        operator = factories.ServiceFactory()
        who = {"granter": EVERYTHING, "actor": TESTER, "at": clock.now()}
        set_membership(operator=operator, organization=self.house.organization, is_admin=True, **who)
        made = create_credential(
            operator=operator, organization=self.house.organization, name="bench", door=door, **who
        )
        return made.token

    def core(self, port: int) -> Requests:
        """Mints through the core API."""
        stage = self.stage
        key = api_for(self.house.organization, "ledgers:write").token.partition(".")[0]
        return Requests(
            port,
            "POST",
            stage.wallet_path() + "/mint",
            stage.wallets.start,
            len(stage.wallets),
            body=BODY,
            token=issue_token(key=key, at=clock.now()),
        )

    def open_loyalty(self, port: int) -> Requests:
        """Points added to a customer of the store."""
        body = '{"transfer": {"customer": "{who}", "points": 1}}'
        headers = {"X-AUTH-TOKEN": self.key(Door.OPEN_LOYALTY)}
        return self._asked(port, "/api/BENCH/points/transfer/add", body, self.customers, headers)

    def engage(self, port: int) -> Requests:
        """Single transactions on point accounts."""
        body = (
            '{"accountId": {who}, "transactionId": "{uuid}", "transactionType": "Addition", "amount": 1,'
            ' "description": "Points", "source": "Purchase"}'
        )
        headers = {"apikey": self.key(Door.ENGAGE)}
        return self._asked(port, "/api/v3/point-transactions", body, self.accounts, headers)

    def coggins(self, port: int) -> Requests:
        """Points given at once."""
        body = '[{"amount": 1, "email": "{who}"}]'
        return self._asked(port, f"/api/v1/points/{self.key(Door.COGGINS)}/INSTANT", body, self.emails, {})

    def _asked(self, port: int, path: str, body: str, names: list[str], headers: dict[str, str]) -> Requests:
        return Requests(port, "POST", path, 1, 1, body=body, names=tuple(names), headers=headers)


def _take_dialects(bench: Bench) -> list[Figure]:
    seconds, figures = bench.scale.seconds, []
    with bench.places.fresh("dialects") as place, ExitStack() as servers:
        shop = Shop(bench.scale.wallets)
        port = servers.enter_context(serving(place, HOUSE))
        core = shop.core(port)
        place.tidy()
        for name, title, asked in (
            ("open-loyalty", "Open Loyalty's points/transfer/add", shop.open_loyalty(port)),
            ("engage", "Engage's point-transactions", shop.engage(port)),
            ("coggins", "Coggins' INSTANT of one row", shop.coggins(port)),
        ):
            for one in (core, asked):
                rate_of(one, 1.0)
            samples = bench.alternate(lambda _: rate_of(core, seconds), lambda _, asked=asked: rate_of(asked, seconds))
            figures.append(
                Figure(
                    name,
                    f"{title}, 8 clients",
                    "/s",
                    **samples,
                    at_least=1 / DEARER,
                    sides=f"limit: a mint through the core API by the same {how_served()}; both with a key of their own"
                    " and everything on.",
                )
            )
    return figures


def _take_bulk(bench: Bench) -> list[Figure]:
    scale, keys, chance = bench.scale, count(), random.Random(11)
    with bench.places.fresh("bulk") as place:
        shop = Shop(scale.wallets)
        service, client, apikey = ServicePostings(shop.stage), Client(SERVER_NAME="127.0.0.1"), shop.key(Door.ENGAGE)
        place.tidy()

        def batches(_: int) -> float:
            asked = [chance.choices(shop.stage.wallets, k=BATCH_SIZE) for _ in range(scale.batches)]

            def work() -> None:
                for wallets in asked:
                    service.mint_batch(wallets, 100, [f"batch-{next(keys)}" for _ in wallets])

            return rate(scale.batches * BATCH_SIZE, work)

        def bulks(_: int) -> float:
            words = {"definitionId": shop.house.account.pk, "amount": 1, "source": "Purchase", "description": "Points"}
            asked = [
                json.dumps([{"contactId": who, **words} for who in chance.choices(shop.customers, k=BATCH_SIZE)])
                for _ in range(scale.batches)
            ]

            def work() -> None:
                for body in asked:
                    answer = client.post(
                        "/api/v3/point-accounts/transactions",
                        body,
                        content_type="application/json",
                        headers={"apikey": apikey},
                    )
                    if answer.status_code != 202 or answer.json()["notAccepted"]:
                        raise RuntimeError(answer.content[:500])

            return rate(scale.batches * BATCH_SIZE, work)

        for warm in (batches, bulks):
            warm(0)
        samples = bench.alternate(batches, bulks)
    return [
        Figure(
            "bulk",
            "Engage's bulk of 1,000 rows",
            "/s",
            **samples,
            at_least=0.80,
            sides="its view with everything on, in one process; limit: the batch of 1,000 mints through the service, as"
            " measured above, in the same process.",
        )
    ]


def _take_lists(bench: Bench) -> list[Figure]:
    scale, chance = bench.scale, random.Random(5)
    with bench.places.fresh("lists") as place:
        shop = Shop(max(20, scale.history // 50))
        write_history(place, shop.stage, scale.history, until=clock.now())
        shop.look_up_accounts()
        client = Client(SERVER_NAME="127.0.0.1")
        headers = {"X-AUTH-TOKEN": shop.key(Door.OPEN_LOYALTY), "apikey": shop.key(Door.ENGAGE)}

        def milliseconds(path: str) -> float:
            asked = path.format(
                customer=chance.choice(shop.customers), busy=shop.customers[0], account=chance.choice(shop.accounts)
            )
            start = time.perf_counter()
            answer = client.get(asked, headers=headers)
            if answer.status_code != 200:
                raise RuntimeError(answer.content[:500])
            return (time.perf_counter() - start) * 1000

        figures = []
        for number, (title, path) in enumerate(LISTS):
            milliseconds(path)
            took = [milliseconds(path) for _ in range(scale.rounds)]
            say(f"    {title}: {max(took):,.0f} ms")
            figures.append(Figure(f"lists-{number}", title, "ms", took))
    figures[0].sides = (
        f"{scale.history:,} transactions of {len(shop.customers):,} members, one of whom has a tenth of all; through"
        " the view in one process, the median of a few."
    )
    return figures


_TRANSFERS = "/api/BENCH/points/transfer"
LISTS = (
    ("Open Loyalty: newest transfers of the store", _TRANSFERS),
    ("... of one customer", _TRANSFERS + "?customerId={customer}"),
    ("... of a customer with a tenth of all", _TRANSFERS + "?customerId={busy}"),
    ("... by type", _TRANSFERS + "?type=spending"),
    ("... of a type there is none of", _TRANSFERS + "?type=p2p_adding"),
    ("... in a state there is none of", _TRANSFERS + "?state[]=pending"),
    ("... by email", _TRANSFERS + "?customerEmail=nobody@example.com"),
    ("... by a common first name", _TRANSFERS + "?customerFirstName=Anna"),
    ("... by value, biggest first", _TRANSFERS + "?sort=value&direction=desc"),
    ("... the last page of the window", _TRANSFERS + "?page=1000&perPage=10"),
    ("... histogram of a year", "/api/BENCH/points/transfers?lastDays=365&pointType=earned"),
    ("Engage: newest transactions of an account", "/api/v3/point-transactions?id={account}"),
    ("... by date", "/api/v3/point-transactions?id={account}&sortBy=transactionDate&sortOrder=asc"),
    ("... what is pending", "/api/v3/point-transactions?id={account}&filter=pending"),
)

DIALECTS = Measure("dialects", _take_dialects)
BULK = Measure("bulk", _take_bulk)
VENDOR_LISTS = Measure("vendor-lists", _take_lists)
