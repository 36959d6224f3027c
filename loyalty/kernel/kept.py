"""The few reads and writes of rows that every call of a hot path makes: worked out once, prepared once a connection.

Django works out a query's text anew each time, which for a wide row takes longer than the database needs to find it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a hot path, and its values. One that writes answers one number for each row."""

    sql: str
    params: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class _Insert:
    """The text around the values of new rows, and which values those are."""

    head: str
    marks: str
    tail: str
    fields: list[Any]


_inserts: dict[tuple[Any, ...], _Insert] = {}
# A few rows are what hot paths write; more go the way Django goes.
_FEW = 8


def insert_rows(rows: Sequence[Model]) -> None:
    """Write new rows of one model down; they have their number, or get it."""
    if len(rows) > _FEW:
        type(rows[0])._default_manager.bulk_create(rows, batch_size=1000)
    elif rows:
        statement = _insertion(rows, {})
        for row, (number,) in zip(rows, fetch(statement.sql, statement.params), strict=True):
            inserted(row, number)


def insertion(row: Model, **worked_out: Statement) -> Statement:
    """What writes a new row down, and answers its number; the columns of `worked_out` by the database, from an
    expression.
    """
    return _insertion([row], worked_out)


def insert_unless(row: Model, question: Statement) -> bool:
    """Write a new row down where the question has no answer, in one statement; answers whether it was written."""
    shape, params = _shape_of(type(row), row.pk is None, {}), _values([row], {})
    sql = f"{shape.head} SELECT {shape.marks} WHERE NOT EXISTS ({question.sql}) {shape.tail}"
    found = fetch(sql, [*params, *question.params])
    for (number,) in found:
        inserted(row, number)
    return bool(found)


def _insertion(rows: Sequence[Model], worked_out: Mapping[str, Statement]) -> Statement:
    shape = _shape_of(type(rows[0]), rows[0].pk is None, worked_out)
    values = ", ".join([f"({shape.marks})"] * len(rows))
    return Statement(f"{shape.head} VALUES {values} {shape.tail}", _values(rows, worked_out))


def _values(rows: Sequence[Model], worked_out: Mapping[str, Statement]) -> list[Any]:
    params: list[Any] = []
    for row in rows:
        for field in _shape_of(type(row), row.pk is None, worked_out).fields:
            if field.attname in worked_out:
                params += worked_out[field.attname].params
            else:
                params.append(field.get_db_prep_save(field.pre_save(row, add=True), connection))
    return params


def inserted(row: Model, number: int) -> None:
    """Have the row know that it is written."""
    row.pk = number
    row._state.adding, row._state.db = False, connection.alias


def _shape_of(model: type[Model], numbered: bool, worked_out: Mapping[str, Statement]) -> _Insert:
    key = (connection.vendor, model, numbered, *((name, value.sql) for name, value in worked_out.items()))
    return _inserts.get(key) or _inserts.setdefault(key, _worked_out(model, numbered, worked_out))


def _worked_out(model: type[Model], numbered: bool, worked_out: Mapping[str, Statement]) -> _Insert:
    fields: list[Any] = [field for field in model._meta.concrete_fields if not (numbered and field.primary_key)]
    names = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    marks = ", ".join(worked_out[field.attname].sql if field.attname in worked_out else "%s" for field in fields)
    key = connection.ops.quote_name(str(model._meta.pk.column))
    return _Insert(f"INSERT INTO {model._meta.db_table} ({names})", marks, f"RETURNING {key}", fields)


_updates: dict[tuple[Any, ...], tuple[str, list[Any]]] = {}


def update_row(row: Model, names: Sequence[str]) -> None:
    """Write these columns (as the row's attributes are called) of a row that is there."""
    key = (connection.vendor, type(row), *names)
    sql, fields = _updates.get(key) or _updates.setdefault(key, _update_of(type(row), names))
    params = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    fetch(sql, [*params, row.pk])


def _update_of(model: type[Model], names: Sequence[str]) -> tuple[str, list[Any]]:
    quote, known = connection.ops.quote_name, {field.attname: field for field in model._meta.concrete_fields}
    fields: list[Any] = [known[name] for name in names]
    values = ", ".join(f"{quote(field.column)} = %s" for field in fields)
    number = quote(str(model._meta.pk.column))
    return f"UPDATE {model._meta.db_table} SET {values} WHERE {number} = %s RETURNING {number}", fields


def write_together(writes: Sequence[Statement], question: Statement) -> tuple[list[int], list[tuple[Any, ...]]]:
    """Do these writes, each of which writes one row and answers a number, and ask a question: the numbers, and the rows
    of the question. No write sees what another does. On PostgreSQL all of it is one statement.
    """
    if connection.vendor != "postgresql":
        return [fetch(one.sql, one.params)[0][0] for one in writes], fetch(question.sql, question.params)
    tables = ", ".join(f"w{place} (number) AS ({one.sql})" for place, one in enumerate(writes))
    numbers = ", ".join(f"(SELECT number FROM w{place})" for place in range(len(writes)))
    rows = fetch(
        f"WITH {tables} SELECT ARRAY[{numbers}], found.* FROM (VALUES (1)) AS once (number)"
        f" LEFT JOIN (SELECT 1 AS one, q.* FROM ({question.sql}) AS q) AS found ON true",
        [value for one in (*writes, question) for value in one.params],
    )
    return rows[0][0], [row[2:] for row in rows if row[1] is not None]
