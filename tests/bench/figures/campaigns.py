"""Campaigns over HTTP: an order that three of fifty apply to, orders in bulk, and an event that matches nothing."""

from __future__ import annotations

import http.client
import json
from contextlib import ExitStack
from itertools import count
from typing import Any

from campaigns.services import create_action, create_campaign
from loyalty.kernel import clock
from members.models import Member
from tests.bench.figures.dialects import Shop
from tests.bench.figures.web import balance_reads, bare_mints, rate_of
from tests.bench.load import Requests
from tests.bench.measuring import Bench, Figure, Measure, rate
from tests.bench.places import Place
from tests.bench.servers import BARE, HOUSE, how_served, serving
from tests.house import TESTER, House

CONFIRMED = "member-purchase-order-confirmed"
# So many campaigns are active, of which so many apply to an order.
ACTIVE, APPLYING = 50, 3
# Orders in one call of the bulk.
BULK = 200
_ORDER: dict[str, Any] = {
    "type": "shop",
    "status": "confirmed",
    "total": 12.5,
    "items": [{"sku": "beans", "quantity": 2, "total": 9}, {"sku": "cup", "quantity": 1, "total": 3.5}],
}
_calls = count(1)


def make_campaigns(house: House) -> None:
    """Fifty active campaigns on orders: three apply, the others ask for more than is spent."""
    words: dict[str, Any] = {"actor": TESTER, "at": clock.now()}
    for number in range(ACTIVE):
        applies = number < APPLYING
        campaign = create_campaign(
            organization_id=house.id,
            name=f"Campaign {number}",
            code=f"c{number}",
            event_type=CONFIRMED,
            min_spend=None if applies else 1000 + number,
            **words,
        )
        create_action(
            campaign=campaign,
            name="Give",
            status="running",
            rules={"expression": "order.total > 1"},
            effects={"effects": [{"type": "mint-points", "params": {"amount": {"expression": "floor(order.basis)"}}}]},
            **words,
        )


def _take_order(bench: Bench) -> list[Figure]:
    seconds = bench.scale.seconds
    with bench.places.fresh("order") as place, ExitStack() as servers:
        shop = Shop(bench.scale.wallets)
        make_campaigns(shop.house)
        house = servers.enter_context(serving(place, HOUSE))
        bare = bare_mints(servers.enter_context(serving(place, BARE)), shop.stage)
        path = f"/api/v1/organizations/{shop.house.id}/members/{{who}}/purchase-orders"
        orders = _requests(shop, house, "PUT", path, {**_ORDER, "externalId": "{key}"}, "orders:write")
        _warm(place, bare, orders)
        samples = bench.alternate(lambda _: rate_of(bare, seconds), lambda _: rate_of(orders, seconds))
    return [
        Figure(
            "order",
            f"an order that {APPLYING} of {ACTIVE} campaigns apply to, 8 clients",
            "/s",
            **samples,
            at_least=0.25,
            sides=f"both by {how_served()}; ours: token, role, order, event, {ACTIVE} campaigns asked, {APPLYING}"
            " mints, results; limit: the bare mint of above.",
        )
    ]


def _warm(place: Place, *sides: Requests) -> None:
    """Have every process do it once, and the planner know tables that are not empty, as anywhere but on the first day:
    plans that are made for empty tables and kept would read all of what comes into them.
    """
    for asked in sides:
        rate_of(asked, 2.0)
    place.tidy()


def _requests(shop: Shop, port: int, method: str, path: str, body: Any, role: str) -> Requests:
    members = Member.objects.filter(organization_id=shop.house.id).values_list("pk", flat=True)
    names = tuple(map(str, members))
    # A number in the body stands there without quotation marks.
    text = json.dumps(body).replace('"{who}"', "{who}")
    return Requests(port, method, path, 1, 1, body=text, token=shop.stage.token(role), names=names)


def _take_bulk(bench: Bench) -> list[Figure]:
    with bench.places.fresh("orders") as place, ExitStack() as servers:
        shop = Shop(bench.scale.wallets)
        make_campaigns(shop.house)
        names = list(
            Member.objects.filter(organization_id=shop.house.id).values_list("pk", "loyalty_member_id")[: BULK * 5]
        )
        caller = _Caller(servers.enter_context(serving(place, HOUSE)), shop)
        place.tidy()
        for send in (caller.one_by_one, caller.at_once):
            send(names[:BULK])
        sizes = max(1, bench.scale.batches // 2)
        some = names[:BULK]
        samples = bench.alternate(
            lambda _: rate(BULK * sizes, lambda: [caller.one_by_one(some) for _ in range(sizes)]),
            lambda _: rate(BULK * sizes, lambda: [caller.at_once(some) for _ in range(sizes)]),
        )
    return [
        Figure(
            "orders",
            f"{BULK} orders in one call",
            "orders/s",
            **samples,
            at_least=3.0,
            sides=f"one client, {ACTIVE} campaigns of which {APPLYING} apply; limit: the same orders one by one.",
        )
    ]


class _Caller:
    """One client that sends orders over one connection."""

    def __init__(self, port: int, shop: Shop) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.base = f"/api/v1/organizations/{shop.house.id}"
        self.head = {
            "Authorization": f"Bearer {shop.stage.token('orders:write')}",
            "Content-Type": "application/json",
        }

    def one_by_one(self, members: list[tuple[int, str]]) -> None:
        """An order of each of them, a call for each."""
        mark = next(_calls)
        for pk, _ in members:
            self._send("PUT", f"/members/{pk}/purchase-orders", {**_ORDER, "externalId": f"{mark}-{pk}"})

    def at_once(self, members: list[tuple[int, str]]) -> None:
        """An order of each of them, in one call."""
        mark = next(_calls)
        orders = [{**_ORDER, "externalId": f"{mark}-{pk}", "loyaltyMemberId": name} for pk, name in members]
        self._send("POST", "/purchase-orders/import", {"orders": orders})

    def _send(self, method: str, path: str, body: Any) -> None:
        self.connection.request(method, self.base + path, json.dumps(body), self.head)
        answer = self.connection.getresponse()
        told = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"the server answered {answer.status}: {told[:500]!r}")


def _take_idle(bench: Bench) -> list[Figure]:
    seconds = bench.scale.seconds
    with bench.places.fresh("idle") as place, ExitStack() as servers:
        shop = Shop(bench.scale.wallets)
        make_campaigns(shop.house)
        house = servers.enter_context(serving(place, HOUSE))
        reads = balance_reads(house, shop.stage)
        body = {
            "systemUniqueKey": "{key}",
            "memberId": "{who}",
            "eventType": "member-generic-event",
            "payload": {"cups": 2},
            "organizationId": shop.house.id,
        }
        path = f"/api/v1/organizations/{shop.house.id}/loyalty-events"
        events = _requests(shop, house, "POST", path, body, "members:write")
        _warm(place, reads, events)
        samples = bench.alternate(lambda _: rate_of(reads, seconds), lambda _: rate_of(events, seconds))
    return [
        Figure(
            "idle-event",
            "an event that matches nothing, 8 clients",
            "/s",
            **samples,
            at_least=0.50,
            sides=f"both by {how_served()}, ours, with token and role; {ACTIVE} campaigns are active; limit: reads of a"
            " balance.",
        )
    ]


ORDER = Measure("order", _take_order)
ORDERS = Measure("orders", _take_bulk)
IDLE = Measure("idle-event", _take_idle)
