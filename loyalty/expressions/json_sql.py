"""What a JSON column holds at a path, asked of both databases: its type, its text, its number, what is in its list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db.models import BooleanField, F, FloatField, Func, TextField

# json_type of the embedded database, in our words; PostgreSQL says "array" where we say list.
_SQLITE = {"text": "string", "integer": "number", "real": "number", "true": "boolean", "false": "boolean"}
_SQLITE |= {"array": "list"}


class JsonPart(Func):
    """A part of the JSON column `column` at `path`."""

    def __init__(self, column: str, path: Sequence[str], **extra: Any) -> None:
        super().__init__(F(column), **extra)
        self.path = tuple(path)

    def _column(self, compiler: Any) -> tuple[str, list[Any]]:
        sql, params = compiler.compile(self.source_expressions[0])
        return sql, list(params)

    def _sqlite_path(self) -> str:
        return "$" + "".join(f'."{name}"' for name in self.path)

    @property
    def identity(self) -> Any:
        """Two parts of different paths are not the same."""
        return (*super().identity, self.path)


class JsonType(JsonPart):
    """Its type: string, number, boolean, list, object or null; nothing where there is no such part."""

    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        """`jsonb_typeof`."""
        sql, params = self._column(compiler)
        return f"REPLACE(jsonb_typeof({sql} #> %s::text[]), 'array', 'list')", [*params, list(self.path)]

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> Any:
        """`json_type`, in our words."""
        sql, params = self._column(compiler)
        cases = " ".join(f"WHEN '{theirs}' THEN '{ours}'" for theirs, ours in _SQLITE.items())
        kind = f"json_type({sql}, %s)"
        path = [*params, self._sqlite_path()]
        return f"CASE {kind} {cases} ELSE {kind} END", [*path, *path]


class JsonText(JsonPart):
    """Its text, compared by code points; meant for strings and booleans (as true and false)."""

    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        """`#>>`."""
        sql, params = self._column(compiler)
        return f'({sql} #>> %s::text[]) COLLATE "C"', [*params, list(self.path)]

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> Any:
        """`json_extract`; its booleans are numbers, so their type speaks for them."""
        sql, params = self._column(compiler)
        kind, path = f"json_type({sql}, %s)", [*params, self._sqlite_path()]
        return f"CASE WHEN {kind} IN ('true', 'false') THEN {kind} ELSE json_extract({sql}, %s) END", path * 3


class JsonNumber(JsonPart):
    """Its number; nothing where it is none."""

    output_field = FloatField()

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        """The digits that were written, as a numeric."""
        sql, params = self._column(compiler)
        part, path = f"{sql} #> %s::text[]", [*params, list(self.path)]
        return f"CASE WHEN jsonb_typeof({part}) = 'number' THEN ({part})::numeric END", path * 2

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> Any:
        """`json_extract`."""
        sql, params = self._column(compiler)
        part, path = f"json_type({sql}, %s)", [*params, self._sqlite_path()]
        return f"CASE WHEN {part} IN ('integer', 'real') THEN json_extract({sql}, %s) END", path * 2


class JsonHolds(JsonPart):
    """Whether it is a list with `value`, or a document with a part of that name."""

    output_field = BooleanField()

    def __init__(self, column: str, path: Sequence[str], value: Any, **extra: Any) -> None:
        super().__init__(column, path, **extra)
        self.value = value

    @property
    def identity(self) -> Any:
        """Nor are two that ask for different values."""
        return (*super().identity, repr(self.value))

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        """Containment for a list, and the existence of a key."""
        sql, params = self._column(compiler)
        part, path = f"{sql} #> %s::text[]", [*params, list(self.path)]
        element = json.dumps(self.value) if isinstance(self.value, str | bool) else format(self.value, "f")
        listed = f"(jsonb_typeof({part}) = 'array' AND {part} @> %s::jsonb)"
        found = [*path, *path, f"[{element}]"]
        if not isinstance(self.value, str):
            return listed, found
        # jsonb_exists is the operator `?`, whose sign the driver would take for a placeholder.
        keyed = f"(jsonb_typeof({part}) = 'object' AND jsonb_exists({part}, %s))"
        return f"({listed} OR {keyed})", [*found, *path, *path, self.value]

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> Any:
        """A look through `json_each`."""
        sql, params = self._column(compiler)
        path = [*params, self._sqlite_path()]
        wanted: list[Any]
        if isinstance(self.value, bool):
            match, wanted = "e.type = %s", ["true" if self.value else "false"]
        elif isinstance(self.value, str):
            match, wanted = "e.type = 'text' AND e.atom = %s", [self.value]
        else:
            match, wanted = "e.type IN ('integer', 'real') AND e.atom = %s", [sqlite_number(self.value)]
        listed = f"(json_type({sql}, %s) = 'array' AND EXISTS (SELECT 1 FROM json_each({sql}, %s) e WHERE {match}))"
        found = [*path, *path, *wanted]
        if not isinstance(self.value, str):
            return listed, found
        keyed = f"(json_type({sql}, %s) = 'object' AND EXISTS (SELECT 1 FROM json_each({sql}, %s) e WHERE e.key = %s))"
        return f"({listed} OR {keyed})", [*found, *path, *path, self.value]


def sqlite_number(number: Any) -> int | float:
    """A number as the embedded database compares it: whole ones exactly, as far as it can hold them."""
    return int(number) if number == int(number) and abs(number) < 2**63 else float(number)
