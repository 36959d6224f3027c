"""What a call costs: as many round trips with a long history as without, and for a full page as for one row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection

from loyalty.kernel import clock
from members.models import Member
from partners.models import Connection, ConnectionEvent, Exchange
from tests.databases import round_trips
from tests.dialects.cosmopoints.world import WINDOW, Cosmo, calls, id_of
from tests.history import spend_a_past
from tests.house import House

# Who calls, the program, two sets of books, and the commit: what an issue may cost.
MOST_FOR_AN_ISSUE = {"postgresql": 24, "sqlite": 42}


def cost(call: Callable[[], Any]) -> int:
    """The round trips of a call that succeeds."""
    with round_trips() as asked:
        answer = call()
    assert answer.status_code in (200, 201), answer.content
    return len(asked)


def costs(cosmo: Cosmo, stem: str) -> dict[str, int]:
    """What every operation costs, the second time: the first may note when the credential was used."""
    cosmo.get("profile")
    cosmo.post("transactions", cosmo.order())
    found = {}
    for name, (method, path, body) in calls(cosmo).items():
        said = {**body, "referenceNumber": f"{stem}-{name}"} if name in ("C7", "C13") else body
        where = f"{path}&pageSize=5000" if name == "C8" else path
        found[name] = cost(lambda method=method, where=where, said=said: cosmo.send(method, where, said))
    return found


def test_history_costs_no_queries_and_a_full_page_as_many_as_one_row(cosmo: Cosmo, house: House, alice: Member) -> None:
    cosmo.post("connections", cosmo.connection())
    young = costs(cosmo, "young")
    assert young["C7"] <= MOST_FOR_AN_ISSUE[connection.vendor], young
    trade, at = cosmo.trade, clock.now()
    first = Exchange.objects.order_by("pk").first()
    assert first is not None
    said = {field.attname: getattr(first, field.attname) for field in Exchange._meta.fields if not field.primary_key}
    # In the sandbox's shape they need no books; here only the list looks at them.
    Exchange.objects.bulk_create(Exchange(**{**said, "reference_number": f"past-{n}"}) for n in range(3000))
    made = Connection.objects.get()
    ConnectionEvent.objects.bulk_create(
        ConnectionEvent(
            client=trade.client, is_sandbox=False, connection=made, event="updated", source_user_id="x", created_at=at
        )
        for _ in range(3000)
    )
    spend_a_past(house, alice, 3000, at=at)
    assert costs(cosmo, "old") == young
    page = cosmo.get(f"transactions?{WINDOW}&pageSize=5000&programId={id_of(trade.own)}").body
    assert len(page["data"]) == page["total"] > 3000


def test_a_repeat_costs_less_than_the_first(cosmo: Cosmo) -> None:
    first = cost(lambda: cosmo.post("transactions", cosmo.order()))
    assert cost(lambda: cosmo.post("transactions", cosmo.order())) < first / 2
