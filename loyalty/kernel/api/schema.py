"""Draws the OpenAPI document from the views: operation ids, tags, roles and envelopes as the contract has them."""

from __future__ import annotations

from functools import cache
from typing import Any

from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import append_meta
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from loyalty.kernel.api.resources import CoreViewSet, ResourceViewSet
from loyalty.kernel.api.stats import StatsViewSet


class Problem(serializers.Serializer[Any]):
    """A refusal: what kind, why, and a code that never changes its meaning."""

    statusCode = serializers.IntegerField()
    error = serializers.CharField()
    message = serializers.CharField()
    code = serializers.CharField()
    details = serializers.DictField(required=False)


class WholeNumberSchema(OpenApiSerializerFieldExtension):
    """The document says `number` where whole numbers are meant; the schema says both."""

    target_class = "loyalty.kernel.api.fields.WholeNumber"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """The field's schema."""
        schema: dict[str, Any] = {"type": "number", "multipleOf": 1}
        if self.target.min_value is not None:
            schema["minimum"] = self.target.min_value
        if self.target.max_value is not None:
            schema["maximum"] = self.target.max_value
        return append_meta(schema, {})


class BearerSchema(OpenApiAuthenticationExtension):
    """The bearer token of the core API."""

    target_class = "loyalty.kernel.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """How the token is sent."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


@cache
def _wrapped(shape: Any, wrapper: str) -> Any:
    """The envelope of a single answer: one class for all the operations that answer it."""
    return inline_serializer(f"{shape.__name__.removesuffix('Answer')}Envelope", {wrapper: shape()})


class CoreSchema(AutoSchema):
    """Knows what a CoreViewSet says of itself."""

    view: Any

    def get_operation_id(self) -> str:
        """The contract's operationId."""
        if isinstance(self.view, CoreViewSet):
            return self.view.operations[self.view.action]
        return super().get_operation_id()

    def get_tags(self) -> list[str]:
        """The contract's tag."""
        return [self.view.tag] if getattr(self.view, "tag", "") else super().get_tags()

    def get_description(self) -> str:  # type: ignore[override]
        """What the view says it does, and the role it needs."""
        text = super().get_description()
        return f"{text}\n\nRole: `{self.view.role()}`." if isinstance(self.view, CoreViewSet) else text

    def _is_list_view(self, serializer: Any = None) -> bool:
        if not isinstance(self.view, CoreViewSet):
            return bool(super()._is_list_view(serializer))
        return self.view.action == "list" and isinstance(self.view, ResourceViewSet)

    def get_filter_backends(self) -> list[Any]:
        """What reads the parameters of the address: a statistic is asked as a list is."""
        return [DjangoFilterBackend] if isinstance(self.view, StatsViewSet) else super().get_filter_backends()

    def get_request_serializer(self) -> Any:
        """The shape of what the action takes."""
        if isinstance(self.view, CoreViewSet):
            return self.view.inputs.get(self.view.action)
        return super().get_request_serializer()

    def get_response_serializers(self) -> Any:
        """The shape of the answer under its key, and of a refusal."""
        if not isinstance(self.view, CoreViewSet):
            return super().get_response_serializers()
        action = self.view.action
        answers = getattr(self.view, "answers", {})
        if action in answers:
            good = answers[action]
        elif self._is_list_view() or (action == "create" and getattr(self.view, "bare_create", False)):
            good = self.view.get_serializer_class()
        else:
            shape: Any = self.view.serializer_class
            good = _wrapped(shape, self.view.wrapper) if self.view.wrapper else shape
        status = "201" if self.method == "POST" and action not in getattr(self.view, "asks", ()) else "200"
        refusals = dict.fromkeys(("400", "401", "403", "404", "409", "422"), Problem)
        return {status: good, **refusals}
