"""How the books on the console are read, however long they are: by indexes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from ledger.models import Transaction
from ledger.selectors import Wanted, browse_transactions, browsing, expiring
from loyalty.kernel import clock
from members.models import Member
from tests.databases import analyze, round_trips, triggers_off
from tests.house import House


@pytest.mark.postgresql
def test_lists_of_transactions_read_indexes_only(house: House, neighbor: House, alice: Member, charlie: Member) -> None:
    fill(house, alice, 20_000)
    fill(neighbor, charlie, 3_000)
    with connection.cursor() as cursor:
        # At this size reading everything may be as cheap; what counts is that an index can answer.
        cursor.execute("SET LOCAL enable_seqscan = off")
    account, day = house.account.pk, datetime(2026, 1, 5, tzinfo=UTC)
    asked = (
        Wanted([account]),
        Wanted([account, neighbor.account.pk]),
        Wanted([account], kind="burn"),
        Wanted([account], wallet_id=alice.wallet_id),
        Wanted([account], wallet_id=house.account.reserve_id, kind="burn"),
        Wanted([account], since=day, until=day + timedelta(hours=1)),
        Wanted([account], kind="burn", since=day, until=day + timedelta(hours=1)),
        Wanted([account], wallet_id=alice.wallet_id, since=day),
    )
    for wanted in asked:
        with round_trips() as captured:
            browse_transactions(wanted)
        for query in captured:
            assert "Seq Scan on ledger_transaction" not in plan_of(query["sql"]), (wanted, query["sql"])
    with round_trips() as captured:
        assert len(browsing.named_transactions(house.id, "bulk-7")) == 1
        assert len(browsing.named_transactions(house.id, str(Transaction.objects.order_by("pk")[5].pk))) == 1
    for query in captured:
        assert "Seq Scan on ledger_transaction" not in plan_of(query["sql"]), query["sql"]


@pytest.mark.postgresql
def test_what_expires_soon_reads_an_index_only(house: House, alice: Member) -> None:
    fill(house, alice, 20_000)
    with round_trips() as captured:
        expiring(house.account.pk, clock.now(), clock.now() + timedelta(days=90), "UTC")
    [query] = captured
    assert "lot_expiring" in plan_of(query["sql"])


@pytest.mark.sqlite
def test_what_expires_soon_reads_an_index_on_the_embedded_database_too(house: House, alice: Member) -> None:
    house.give(alice, 5)
    with round_trips() as captured:
        expiring(house.account.pk, clock.now(), clock.now() + timedelta(days=90), "UTC")
    [query] = captured
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + query["sql"].replace("%", "%%"))
        assert "lot_expiring" in str(cursor.fetchall())


def fill(house: House, member: Member, count: int) -> None:
    """Many transactions and credits, written past the services: only their number matters here."""
    with connection.cursor() as cursor, triggers_off():
        cursor.execute(
            "INSERT INTO ledger_transaction (organization_id, account_id, kind, from_wallet_id, to_wallet_id, amount,"
            " effective_at, created_at, key_kind, unique_key, content_hash, external_id, description, tags, source,"
            " actor) SELECT %s, %s, CASE WHEN n %% 10 = 0 THEN 'burn' ELSE 'mint' END, %s, %s, 1,"
            " timestamptz '2026-01-01' + n * interval '1 minute', now(), 'client', %s || n, '', 'ext-' || n, '', '[]',"
            " '', 'system:test' FROM generate_series(1, %s) n",
            [
                house.id,
                house.account.pk,
                house.account.reserve_id,
                member.wallet_id,
                "bulk-" if member.loyalty_member_id == "alice" else "other-",
                count,
            ],
        )
        cursor.execute(
            "INSERT INTO ledger_lot (account_id, wallet_id, transaction_id, amount, remaining, held, state,"
            " effective_at, valid_from, activated_at, expires_at, expirations)"
            " SELECT account_id, to_wallet_id, id, 1, 1, 0, 'active', effective_at, effective_at, effective_at,"
            " effective_at + interval '3 years', 0"
            " FROM ledger_transaction WHERE account_id = %s",
            [house.account.pk],
        )
    analyze("ledger_transaction", "ledger_lot")


def plan_of(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + sql.replace("%", "%%"))
        return "\n".join(row[0] for row in cursor.fetchall())
