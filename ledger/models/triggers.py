"""What the database refuses whoever asks: changing or deleting what was written. The same on both databases."""

from __future__ import annotations

from typing import Any

# Rows of these tables are written once.
APPEND_ONLY = ("ledger_transaction", "ledger_lotuse", "ledger_holdslice")
# Rows of these change, but never these columns, and they are never deleted.
BORN_WITH = {
    "ledger_lot": ("account_id", "wallet_id", "transaction_id", "origin_id", "amount", "effective_at"),
    "ledger_hold": ("transaction_id", "kind", "amount", "created_at"),
}
_FUNCTION = "ledger_is_append_only"


def _definitions(vendor: str) -> dict[str, str]:
    """Each trigger by its name: the moment and the table, then what it does."""
    if vendor == "postgresql":
        refuse = f"EXECUTE FUNCTION {_FUNCTION}()"
        each_row, whole = f"FOR EACH ROW {refuse}", f"FOR EACH STATEMENT {refuse}"
    else:
        each_row, whole = "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END", ""
    made = {f"{table}_no_update": f"BEFORE UPDATE ON {table} {each_row}" for table in APPEND_ONLY}
    for table in (*APPEND_ONLY, *BORN_WITH):
        made[f"{table}_no_delete"] = f"BEFORE DELETE ON {table} {each_row}"
        if whole:
            made[f"{table}_no_truncate"] = f"BEFORE TRUNCATE ON {table} {whole}"
    for table, columns in BORN_WITH.items():
        made[f"{table}_born_with"] = f"BEFORE UPDATE OF {', '.join(columns)} ON {table} {each_row}"
    return made


def create_triggers(_apps: Any, schema_editor: Any) -> None:
    """For a migration: make every trigger that is missing. Run it again after any migration that rebuilds one of the
    tables, since the embedded database drops a table's triggers with it.
    """
    connection = schema_editor.connection
    missing = missing_triggers(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                f" RAISE EXCEPTION 'the ledger is append-only: % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = '23514';"
                f" END $$"
            )
        for name in missing:
            cursor.execute(f"CREATE TRIGGER {name} {_definitions(connection.vendor)[name]}")


def drop_triggers(_apps: Any, schema_editor: Any) -> None:
    """For a migration's way back."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        for table in (*APPEND_ONLY, *BORN_WITH):
            for event in ("no_update", "no_delete", "born_with", "no_truncate"):
                on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_{event}{on_table}")


def missing_triggers(connection: Any) -> list[str]:
    """The triggers that should be there and are not."""
    if connection.vendor == "postgresql":
        sql = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    else:
        sql = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with connection.cursor() as cursor:
        cursor.execute(sql)
        present = {row[0] for row in cursor.fetchall()}
    return [name for name in _definitions(connection.vendor) if name not in present]
