"""The few reads and writes of rows that every call of a hot path makes: worked out once, prepared once a connection.

Django works out a query's text anew each time, which for a wide row takes longer than the database needs to find it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators

from loyalty.kernel.prepared import fetch

Row = TypeVar("Row", bound=Model)
# No value of ours: these mark where in a query's text the values go.
_NUMBER, _TEXT = -7_077_070_770_000, "\ue000 mark "


@dataclass(slots=True)
class _Text:
    """A query's text with what reads its rows."""

    sql: str
    places: list[Any]
    compiler: Any
    converters: Any


class KeptRead(Generic[Row]):
    """A query for rows that differs only in its values: `KeptRead(lambda pk: Book.objects.filter(pk=pk), int)`.

    What the query selects with a row (`select_related`, annotations) comes with it; `prefetch_related` does not. `lock`
    stands at its end where rows can be locked.
    """

    def __init__(self, build: Callable[..., QuerySet[Row]], *kinds: type, lock: str = "") -> None:
        self.build, self.kinds, self.lock = build, kinds, lock
        self.texts: dict[str, _Text] = {}

    def __call__(self, *values: Any) -> list[Row]:
        """The rows for these values, in one query."""
        text = self.texts.get(connection.vendor) or self._work_out()
        params = [values[place.number] if isinstance(place, _Place) else place for place in text.places]
        rows: Any = fetch(text.sql, params)
        compiler = text.compiler
        if text.converters:
            rows = compiler.apply_converters(rows, text.converters)
        return [_made(compiler, row) for row in rows]

    def first(self, *values: Any) -> Row | None:
        """The first of them."""
        return next(iter(self(*values)), None)

    def _work_out(self) -> _Text:
        marks: list[Any] = [
            _NUMBER - place if kind is int else f"{_TEXT}{place}" for place, kind in enumerate(self.kinds)
        ]
        compiler: Any = self.build(*marks).query.get_compiler(using=connection.alias)
        sql, params = compiler.as_sql()
        if self.lock and connection.features.has_select_for_update:
            sql = f"{sql} {self.lock}"
        places = [_Place(marks.index(param)) if param in marks else param for param in params]
        converters = compiler.get_converters([column[0] for column in compiler.select])
        # Drawn once: they depend on the query alone.
        columns = compiler.klass_info["select_fields"]
        compiler.own = slice(columns[0], columns[-1] + 1)
        compiler.names = [column[0].target.attname for column in compiler.select[compiler.own]]
        compiler.populators = get_related_populators(compiler.klass_info, compiler.select, connection.alias)  # type: ignore[call-arg]
        text = self.texts[connection.vendor] = _Text(sql, places, compiler, converters)
        return text


def _made(compiler: Any, row: Sequence[Any]) -> Any:
    found = compiler.klass_info["model"].from_db(DEFAULT_DB_ALIAS, compiler.names, row[compiler.own])
    for populator in compiler.populators:
        populator.populate(row, found)
    for name, place in (compiler.annotation_col_map or {}).items():
        setattr(found, name, row[place])
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    number: int


_inserts: dict[tuple[str, type[Model], bool], tuple[str, list[Any]]] = {}


def insert_rows(rows: Sequence[Model]) -> None:
    """Write new rows of one model down, at least one; they have their number, or get it. A single one is what hot paths
    write.
    """
    first = rows[0]
    if len(rows) > 1:
        type(first)._default_manager.bulk_create(rows, batch_size=1000)
        return
    key = (connection.vendor, type(first), first.pk is None)
    sql, fields = _inserts.get(key) or _inserts.setdefault(key, _insert_of(type(first), first.pk is None))
    params = [field.get_db_prep_save(field.pre_save(first, add=True), connection) for field in fields]
    [(first.pk,)] = fetch(sql, params)
    first._state.adding, first._state.db = False, connection.alias


def _insert_of(model: type[Model], numbered: bool) -> tuple[str, list[Any]]:
    fields: list[Any] = [field for field in model._meta.concrete_fields if not (numbered and field.primary_key)]
    names = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    key = connection.ops.quote_name(str(model._meta.pk.column))
    return f"INSERT INTO {model._meta.db_table} ({names}) VALUES ({marks}) RETURNING {key}", fields
