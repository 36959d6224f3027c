"""Content schemas of the core API (tag Organization Content Schemas), answered without an envelope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.kernel.api.fields import MAX_ID, CamelSerializer, Flag, Moment, Text, WholeNumber
from loyalty.kernel.api.filters import FlagFilter, WholeNumberFilter
from loyalty.kernel.api.listing import CorePagination
from loyalty.kernel.api.resources import ResourceViewSet
from loyalty.kernel.models import ContentSchema
from loyalty.kernel.selectors import get_content_schema_at, list_content_schemas
from loyalty.kernel.services import create_content_schema, delete_content_schema, update_content_schema

# Of one text.
MAX_SCHEMA = 100_000


class ContentSchemaUpdate(CamelSerializer):
    """What can be changed of a content schema."""

    name = Text(max_length=255, required=False)
    description = Text(required=False, allow_null=True, allow_blank=True, max_length=10_000)
    pictureUrl = Text(required=False, allow_null=True, allow_blank=True, max_length=2000)
    type = WholeNumber(required=False)
    active = Flag(required=False)
    schema = Text(required=False, max_length=MAX_SCHEMA, trim_whitespace=False)

    def validate_type(self, value: int) -> int:
        """A number that a list can be narrowed to."""
        if not 0 <= value <= MAX_ID:
            raise serializers.ValidationError("Send a whole number of at least 0.")
        return value


class ContentSchemaInput(ContentSchemaUpdate):
    """A new content schema; `schema` is the text of a JSON Schema."""

    name = Text(max_length=255)
    type = WholeNumber()
    active = Flag()
    schema = Text(max_length=MAX_SCHEMA, trim_whitespace=False)


class ContentSchemaAnswer(CamelSerializer):
    """A content schema with one of its versions. Lists have the text where they are asked for it."""

    contentSchemaId = WholeNumber(source="pk")
    organizationId = WholeNumber()
    name = serializers.CharField()
    description = serializers.SerializerMethodField()
    pictureUrl = serializers.SerializerMethodField()
    type = WholeNumber()
    active = serializers.BooleanField()
    createdAt = Moment()
    updatedAt = Moment()
    contentSchemaVersionId = WholeNumber(source="latest_version_id")
    schema = serializers.CharField(source="latest_schema", allow_null=True, default=None)

    @extend_schema_field({"type": "string", "nullable": True})
    def get_description(self, content_schema: ContentSchema) -> str | None:
        """Null where none was given."""
        return content_schema.description or None

    @extend_schema_field({"type": "string", "nullable": True})
    def get_pictureUrl(self, content_schema: ContentSchema) -> str | None:
        """Null where none was given."""
        return content_schema.picture_url or None


class ContentSchemaFilters(django_filters.FilterSet):
    """What a list is narrowed by, and whether it tells the latest texts too."""

    type = WholeNumberFilter(field_name="type")
    active = FlagFilter(field_name="active")
    includeLastSchema = FlagFilter(method="with_last_schema", default=False)

    def with_last_schema(self, queryset: QuerySet[ContentSchema], name: str, value: bool) -> QuerySet[ContentSchema]:
        """With the latest text of each, or without."""
        return list_content_schemas(queryset, with_text=True) if value else queryset


class BareArray(CorePagination):
    """A page as the document answers it here: an array, without its count (semantics 0.6)."""

    def get_paginated_response(self, data: Any) -> Response:
        """The page."""
        return Response(data)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The array itself."""
        return schema


class ContentSchemaViewSet(ResourceViewSet):
    """The organization's content schemas."""

    tag = "Organization Content Schemas"
    operations = {
        "list": "listContentSchemas",
        "retrieve": "getContentSchema",
        "create": "createContentSchema",
        "update": "updateContentSchema",
        "destroy": "deleteContentSchema",
        "version": "getContentSchemaVersion",
    }
    reads, writes = "coupons:read", "coupons:write"
    action_roles = {"version": "coupons:read"}
    wrapper, noun = "", "content schema"
    queryset = ContentSchema.objects.none()
    lookup_url_kwarg = "id"
    lookup_field = "pk"
    serializer_class = ContentSchemaAnswer
    inputs = {"create": ContentSchemaInput, "update": ContentSchemaUpdate}
    answers = {"destroy": bool}
    pagination_class = BareArray
    filterset_class = ContentSchemaFilters
    order_columns = {"contentSchemaId": "pk", "name": "name", "type": "type", "createdAt": "created_at"}

    def get_queryset(self) -> QuerySet[ContentSchema]:
        """The organization's content schemas; one that is read comes with its text."""
        mine = ContentSchema.objects.filter(organization_id=self.organization_id)
        return list_content_schemas(mine, with_text=self.action == "retrieve")

    def perform_create(self, fields: Mapping[str, Any]) -> ContentSchema:  # type: ignore[override]
        """A new content schema with its first version."""
        return create_content_schema(organization_id=self.organization_id, actor=self.actor, at=self.at, **fields)

    def perform_update(self, row: ContentSchema, fields: Mapping[str, Any]) -> ContentSchema:  # type: ignore[override]
        """The changed content schema; another text makes a new version."""
        return update_content_schema(content_schema=row, changes=fields, actor=self.actor, at=self.at)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take the content schema away, where nothing refers to it."""
        delete_content_schema(content_schema=self.get_object(), actor=self.actor, at=self.at)
        return Response(True)

    def version(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The content schema with the text of one of its versions."""
        return self.answer(get_content_schema_at(self.organization_id, kwargs["id"], kwargs["versionId"]))
