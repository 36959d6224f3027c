"""The base of every core API view: who calls and may they, one call into a service, the documented envelope."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, ClassVar

import structlog
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.viewsets import GenericViewSet

from loyalty.kernel import clock
from loyalty.kernel.actors import Actor
from loyalty.kernel.api.authentication import BearerAuthentication
from loyalty.kernel.api.listing import CoreOrdering, CorePagination
from loyalty.kernel.errors import InvalidInput, NotFound
from loyalty.kernel.roles import ANY
from loyalty.kernel.selectors import Caller

READ_ACTIONS = ("list", "retrieve")


class Called:
    """What a view whose caller has proved to be a credential knows of it, whichever API it belongs to."""

    request: Any

    @property
    def caller(self) -> Caller:
        """Who calls."""
        caller: Caller = self.request.user
        return caller

    @property
    def organization_id(self) -> int:
        """The organization it is about: of the path, else of the key."""
        return self.caller.organization_id  # type: ignore[return-value]

    @property
    def actor(self) -> Actor:
        """The caller, as services and books know it."""
        request_id = structlog.contextvars.get_contextvars().get("request_id", "")
        return Actor("credential", self.caller.credential_id, self.caller.credential_name, request_id)


class CoreViewSet(Called, GenericViewSet[Any]):
    """A view of the core API: authenticates, checks the role of the action, knows organization, actor and time.

    A subclass names its `tag`, the `operations` (action -> operationId of the contract) and the roles: `reads` for
    reading actions, `writes` for the others, `action_roles` where one differs.
    """

    authentication_classes = [BearerAuthentication]
    tag: ClassVar[str] = ""
    operations: ClassVar[dict[str, str]] = {}
    reads: ClassVar[str] = ANY
    writes: ClassVar[str] = ANY
    action_roles: ClassVar[dict[str, str]] = {}
    # The key a single answer stands under (none: it stands alone), what a refusal calls a row that is not there
    # (none: as the key does), and the shape of what an action takes.
    wrapper: ClassVar[str] = ""
    noun: ClassVar[str] = ""
    inputs: ClassVar[dict[str, type[Serializer[Any]]]] = {}

    at: datetime

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Stop here who may not go on: 401, then 403, before anything is looked up."""
        self.at = clock.now()
        super().initial(request, *args, **kwargs)
        if "organizationId" not in kwargs:
            here = self.organization_of_path()
            request.user = BearerAuthentication().caller_of(str(request.auth), here)  # type: ignore[assignment]
        access = self.caller.access
        if self.caller.organization_id is None and access.is_system_admin:
            raise NotFound("There is no such organization.")
        if not access.allows(ANY):
            raise PermissionDenied("You do not belong to this organization.")
        role = self.role()
        if not access.allows(role):
            raise PermissionDenied(f"You need the role {role}.")

    def organization_of_path(self) -> int:
        """The organization, where the address names it only through a row: asked once it is clear that somebody calls.

        :raises NotFound: where there is no such row.
        """
        raise NotImplementedError

    def role(self) -> str:
        """The role the present action needs."""
        return self.action_roles.get(self.action) or (self.reads if self.action in READ_ACTIONS else self.writes)

    def read_input(self) -> dict[str, Any]:
        """The body, checked against the action's input shape; only what was sent is in it.

        :raises InvalidInput: where it names another organization than the path does (semantics 0.2).
        """
        fields = read_input(self.inputs[self.action], self.request.data)
        if fields.pop("organization_id", self.organization_id) != self.organization_id:
            raise InvalidInput("The organization must be the one of the path.", field="organizationId")
        return fields

    def answer(self, value: Any, *, status: int = 200) -> Response:
        """`value` in the resource's shape, under its key."""
        body = written(self.serializer_class, value)
        return Response({self.wrapper: body} if self.wrapper else body, status)


@cache
def _shared(shape: Any) -> Any:
    """A serializer that serves every request: one copies all its fields each time it is made, which costs more than
    what it does with them, and neither checking nor writing keeps anything on it.
    """
    return shape()


def read_input(shape: Any, data: Any) -> dict[str, Any]:
    """`data` checked against `shape`.

    :raises ValidationError: with the fields that are wrong.
    """
    fields: dict[str, Any] = _shared(shape).run_validation(data)
    return fields


def written(shape: Any, value: Any) -> dict[str, Any]:
    """`value` in `shape`, ready to be rendered."""
    answer: dict[str, Any] = _shared(shape).to_representation(value)
    return answer


def written_all(shape: Any, values: Iterable[Any]) -> list[dict[str, Any]]:
    """`values` in `shape`, ready to be rendered."""
    write = _shared(shape).to_representation
    return [write(value) for value in values]


class ResourceViewSet(CoreViewSet):
    """List, read, create and update rows of one kind.

    A subclass gives `get_queryset` (already narrowed to the path), `perform_create` and `perform_update` (one service
    call each), `lookup_url_kwarg`, its `serializer_class`, `inputs`, filters and the columns a list may be ordered by.
    """

    pagination_class = CorePagination
    filter_backends = [DjangoFilterBackend, CoreOrdering]
    order_columns: ClassVar[dict[str, str]] = {"createdAt": "created_at"}
    default_order: ClassVar[tuple[str, ...]] = ("pk",)
    # True where create answers the object itself, without the key around it.
    bare_create: ClassVar[bool] = False

    def count(self, queryset: QuerySet[Any]) -> int:
        """How many rows the list has."""
        return queryset.order_by().count()

    def window(self, queryset: QuerySet[Any], start: int, stop: int) -> Any:
        """The rows from `start` to `stop`."""
        return queryset[start:stop]

    def get_object(self) -> Any:
        """The row the path names.

        :raises NotFound: where it does not exist for this organization.
        """
        found = self.get_queryset().filter(**{self.lookup_field: self.kwargs[self.lookup_url_kwarg or ""]}).first()
        if found is None:
            raise NotFound(f"There is no such {self.noun or self.wrapper}.")
        return found

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One page of the rows."""
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(written_all(self.serializer_class, rows or ()))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One row."""
        return self.answer(self.get_object())

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A new row."""
        made = self.perform_create(self.read_input())
        if self.bare_create:
            return Response(written(self.serializer_class, made), 201)
        return self.answer(made, status=201)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A changed row: absent fields stay, null clears (semantics 0.10)."""
        return self.answer(self.perform_update(self.get_object(), self.read_input()))

    def perform_create(self, fields: Mapping[str, Any]) -> Any:  # type: ignore[override]
        """Make the row by one service call."""
        raise NotImplementedError

    def perform_update(self, row: Any, fields: Mapping[str, Any]) -> Any:  # type: ignore[override]
        """Change the row by one service call."""
        raise NotImplementedError
