"""Triggers that refuse, whoever asks, to change or delete what was written. The same on both databases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Guards:
    """The guarded tables of one app.

    Rows of `append_only` tables are written once. Rows of `born_with` tables change, but never in the columns named,
    and they are never deleted; those of `kept` tables may change wholly, and are never deleted either. `only_where` has
    for single columns of these tables the one condition, over OLD and NEW, under which they may change. `says` is whose
    rows they are, `function` what the database calls the refusal.
    """

    function: str
    says: str
    append_only: Sequence[str] = ()
    born_with: Mapping[str, Sequence[str]] = field(default_factory=dict)
    kept: Sequence[str] = ()
    only_where: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def tables(self) -> tuple[str, ...]:
        """Every guarded table."""
        return (*self.append_only, *self.born_with, *self.kept)

    def definitions(self, vendor: str) -> dict[str, str]:
        """Each trigger by its name: the moment and the table, then what it does."""
        if vendor == "postgresql":
            refuse = f"EXECUTE FUNCTION {self.function}()"
            each_row, whole = f"FOR EACH ROW {refuse}", f"FOR EACH STATEMENT {refuse}"
        else:
            each_row, whole = f"BEGIN SELECT RAISE(ABORT, '{self.says} is append-only'); END", ""
        made = {f"{table}_no_update": f"BEFORE UPDATE ON {table} {each_row}" for table in self.append_only}
        for table in self.tables:
            made[f"{table}_no_delete"] = f"BEFORE DELETE ON {table} {each_row}"
            if whole:
                made[f"{table}_no_truncate"] = f"BEFORE TRUNCATE ON {table} {whole}"
        for table, columns in self.born_with.items():
            made[f"{table}_born_with"] = f"BEFORE UPDATE OF {', '.join(columns)} ON {table} {each_row}"
        for name, table, column, condition in self._conditions():
            if vendor == "postgresql":
                refusal = f"FOR EACH ROW EXECUTE FUNCTION {name}()"
            else:
                refusal = f"FOR EACH ROW WHEN NOT ({condition}) {each_row}"
            made[name] = f"BEFORE UPDATE OF {column} ON {table} {refusal}"
        return made

    def _conditions(self) -> Iterator[tuple[str, str, str, str]]:
        """The trigger, table, column and condition of each column that changes under one alone."""
        for table, columns in self.only_where.items():
            for column, condition in columns.items():
                yield f"{table}_{column}_only_where", table, column, condition

    def create(self, _apps: Any, schema_editor: Any) -> None:
        """For a migration: make every trigger that is missing. Run it again after any migration that rebuilds one of
        the tables, since the embedded database drops a table's triggers with it.
        """
        connection = schema_editor.connection
        missing = self.missing(connection)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(
                    f"CREATE OR REPLACE FUNCTION {self.function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                    f" RAISE EXCEPTION '{self.says} is append-only: % on %', TG_OP, TG_TABLE_NAME"
                    f" USING ERRCODE = '23514'; END $$"
                )
                for name, _, column, condition in self._conditions():
                    cursor.execute(
                        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                        f" IF NOT ({condition}) THEN RAISE EXCEPTION '{self.says} is append-only: {column} on %',"
                        f" TG_TABLE_NAME USING ERRCODE = '23514'; END IF; RETURN NEW; END $$"
                    )
            for name in missing:
                cursor.execute(f"CREATE TRIGGER {name} {self.definitions(connection.vendor)[name]}")

    def drop(self, _apps: Any, schema_editor: Any) -> None:
        """For a migration's way back."""
        connection = schema_editor.connection
        with connection.cursor() as cursor:
            for table in self.tables:
                for event in (
                    "no_update",
                    "no_delete",
                    "born_with",
                    "no_truncate",
                    *(f"{column}_only_where" for column in self.only_where.get(table, ())),
                ):
                    on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
                    cursor.execute(f"DROP TRIGGER IF EXISTS {table}_{event}{on_table}")

    def renew(self, apps: Any, schema_editor: Any) -> None:
        """For a migration: make every trigger anew, where what is guarded changed."""
        self.drop(apps, schema_editor)
        self.create(apps, schema_editor)

    def missing(self, connection: Any) -> list[str]:
        """The triggers that should be there and are not."""
        if connection.vendor == "postgresql":
            sql = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
        else:
            sql = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        with connection.cursor() as cursor:
            cursor.execute(sql)
            present = {row[0] for row in cursor.fetchall()}
        return [name for name in self.definitions(connection.vendor) if name not in present]
