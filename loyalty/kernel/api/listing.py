"""Paging and ordering of the core API's lists (semantics 0.6): refused when out of range, never clamped."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

MAX_LIMIT = 25
# Keeps page * limit within what the databases count with.
MAX_PAGE = 2**53


def _number(request: Request, name: str, default: int, low: int, high: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,16}", text) or not low <= int(text) <= high:
        limits = f"from {low} to {high}" if high < MAX_PAGE else f"of at least {low}"
        raise ValidationError({name: [f"Send a whole number {limits}."]})
    return int(text)


class CorePagination(BasePagination):
    """`page` from 0, `limit` from 1 to 25; answers `{totalCount, page, limit, results}`."""

    page = 0
    limit = MAX_LIMIT
    total = 0

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """The rows of the page asked for. The view counts, since it may know a better way than COUNT."""
        self.page = _number(request, "page", 0, 0, MAX_PAGE)
        self.limit = _number(request, "limit", MAX_LIMIT, 1, MAX_LIMIT)
        start = self.page * self.limit
        self.total = view.count(queryset)
        if start >= self.total:
            return []
        return list(view.window(queryset, start, start + self.limit))

    def get_paginated_response(self, data: Any) -> Response:
        """The page in its envelope."""
        return Response({"totalCount": self.total, "page": self.page, "limit": self.limit, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The envelope, for the OpenAPI document."""
        whole = {"type": "number", "multipleOf": 1, "minimum": 0}
        return {
            "type": "object",
            "required": ["totalCount", "page", "limit", "results"],
            "properties": {"totalCount": whole, "page": whole, "limit": whole, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """`page` and `limit`, for the OpenAPI document."""
        return [
            {
                "name": "page",
                "in": "query",
                "required": False,
                "description": "The page number, from 0.",
                "schema": {"type": "number", "multipleOf": 1, "minimum": 0, "default": 0},
            },
            {
                "name": "limit",
                "in": "query",
                "required": False,
                "description": "How many items a page holds.",
                "schema": {"type": "number", "multipleOf": 1, "minimum": 1, "maximum": MAX_LIMIT, "default": MAX_LIMIT},
            },
        ]


class NamedPages(CorePagination):
    """Pages that are answered under one name, without a count, where the document has it so (semantics 0.6)."""

    name = ""

    def get_paginated_response(self, data: Any) -> Response:
        """The page."""
        return Response({self.name: data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The envelope, for the OpenAPI document."""
        return {"type": "object", "required": [self.name], "properties": {self.name: schema}}


class CoreOrdering(BaseFilterBackend):
    """`order=column` or `order=column,asc|desc`; the column must be one the view lists, the id always comes last."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        """The queryset in the order asked for, or the view's own."""
        text = request.query_params.get("order")
        if text is None:
            return queryset.order_by(*view.default_order)
        column, _, direction = text.partition(",")
        field = view.order_columns.get(column.strip())
        if field is None:
            raise ValidationError({"order": [f"Order by one of: {', '.join(sorted(view.order_columns))}."]})
        direction = direction.strip().lower() or "asc"
        if direction not in ("asc", "desc"):
            raise ValidationError({"order": ["The direction is asc or desc."]})
        sign = "-" if direction == "desc" else ""
        return queryset.order_by(sign + field, sign + "pk") if field != "pk" else queryset.order_by(sign + "pk")

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """`order`, for the OpenAPI document."""
        return [
            {
                "name": "order",
                "in": "query",
                "required": False,
                "description": "`column` or `column,asc|desc`. Columns: " + ", ".join(sorted(view.order_columns)) + ".",
                "schema": {"type": "string"},
            }
        ]
