"""The two databases: which one this run uses, real parallel connections, and counting what a call asks of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.core.management.commands.flush import Command as Flush
from django.db import ProgrammingError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from campaigns.models import referral_triggers
from campaigns.models import triggers as campaign_triggers
from coupons.models import triggers as coupon_triggers
from ledger.models import triggers as ledger_triggers
from loyalty.kernel.models import triggers as kernel_triggers
from members.models import triggers as members_triggers
from partners.models import partnership_triggers
from partners.models import triggers as partners_triggers


def pytest_report_header() -> str:
    """Say which database the suite runs on."""
    return f"database: {connection.vendor}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the other database, with the reason."""
    for item in items:
        for vendor in ("postgresql", "sqlite"):
            if item.get_closest_marker(vendor) and connection.vendor != vendor:
                item.add_marker(pytest.mark.skip(reason=f"needs {vendor}"))


def pytest_sessionstart() -> None:
    """Tests whose transactions really commit are cleaned up by a flush. What is append-only refuses to be emptied, so
    its triggers stand aside for that one command; and it deletes what the test left, since emptying every table wholly
    and making content types and permissions again takes seconds.
    """
    flush = Flush.handle

    def handle(self: Flush, *args: Any, **options: Any) -> Any:
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA defer_foreign_keys = ON")
                with triggers_off():
                    return _delete_all(cursor)
            if _may_go_past_triggers(cursor):
                cursor.execute("SET LOCAL session_replication_role = 'replica'")
                _empty_large(cursor)
                return _delete_all(cursor)
        with triggers_off():
            return flush(self, *args, **options)

    Flush.handle = handle  # type: ignore[method-assign]
    if connection.vendor == "postgresql":
        connection.creation._destroy_test_db = _drop_whoever_looks  # type: ignore[method-assign]


def _drop_whoever_looks(name: str, verbosity: int) -> None:
    """Drop a test database. A browser that was closed may leave its last request running for a while; that must not
    fail a suite that has passed.
    """
    with connection.creation._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE {connection.ops.quote_name(name)} WITH (FORCE)")


def _may_go_past_triggers(cursor: Any) -> bool:
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    return bool(cursor.fetchone()[0])


@pytest.fixture(scope="module", autouse=True)
def tidy_tables(django_db_blocker: Any) -> Iterator[None]:
    """What tests undo stays in PostgreSQL's tables, dead, and whoever reads them from end to end takes longer with each
    test: when a module has been left, they are emptied.
    """
    yield
    if connection.vendor == "postgresql" and connection.connection is not None:
        with django_db_blocker.unblock(), transaction.atomic(), connection.cursor() as cursor:
            if _may_go_past_triggers(cursor):
                cursor.execute("SET LOCAL session_replication_role = 'replica'")
                _empty_large(cursor)


def _empty_large(cursor: Any) -> None:
    """Begin anew with tables that tests have blown up: what lies dead in their indexes would mislead the planner."""
    cursor.execute(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND pg_total_relation_size(oid) > 1000000"
    )
    large = [name for (name,) in cursor.fetchall()]
    if large:
        cursor.execute(f"TRUNCATE {', '.join(large)} CASCADE")


def _delete_all(cursor: Any) -> None:
    made_by_migrate = ("django_content_type", "auth_permission")
    for table in connection.introspection.django_table_names(only_existing=True, include_views=False):
        if table not in made_by_migrate:
            cursor.execute(f"DELETE FROM {table}")


@contextmanager
def triggers_off() -> Iterator[None]:
    """For tests that have to break what the database protects."""
    floors = (ledger_triggers, kernel_triggers, members_triggers, coupon_triggers, campaign_triggers, referral_triggers)
    floors = (*floors, partners_triggers, partnership_triggers)
    guards = (*(one.GUARDS for one in floors), campaign_triggers.MISSIONS)
    tables = [table for one in guards for table in one.tables]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Checks that wait for the commit would hold the tables; let them happen now.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            yield
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            return
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        dropped = cursor.fetchall()
        for name, _ in dropped:
            cursor.execute(f"DROP TRIGGER {name}")
        yield
        for _, sql in dropped:
            cursor.execute(sql)


def in_parallel(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls at the same time, each on a connection of its own; answers or exceptions, in order.

    All threads wait for each other before they start, so that they really meet.
    """
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            gate.wait(timeout=30)
            return call()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@contextmanager
def round_trips() -> Iterator[CaptureQueriesContext]:
    """Count the database round trips of a block, BEGIN and COMMIT included."""
    with CaptureQueriesContext(connection) as captured:
        yield captured


def analyze(*tables: str) -> None:
    """Have the planner know what the test wrote, until it ends. The server's own analysis, which would see none of a
    test's rows, has to wait for the lock.
    """
    keep_statistics(*tables)
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ANALYZE {table}")


def keep_statistics(*tables: str) -> None:
    """Let nobody else analyze the tables until the test's transaction ends; on the embedded database nobody does."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(tables)} IN SHARE UPDATE EXCLUSIVE MODE")


def forget_statistics(*tables: str) -> None:
    """Have the planner know nothing of the tables, as in a new house; what other tests left would mislead it. Where the
    user may not do that, the planner knows what it knows.
    """
    keep_statistics(*tables)
    with suppress(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM pg_statistic WHERE starelid = ANY(%s::regclass[])", [list(tables)])
        # How full its pages are, too: whoever vacuumed between two tests found none of their rows.
        cursor.execute(
            "UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE oid = ANY(%s::regclass[])", [list(tables)]
        )
