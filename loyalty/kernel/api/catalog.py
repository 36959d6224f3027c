"""The catalog of the core API (tags Order Locations, Product Categories, Locations, Categories): one resource, drawn
four times. The four differ in nothing but their words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers

from loyalty.kernel.api.fields import CamelSerializer, Code, Moment, Tags, Text, WholeNumber
from loyalty.kernel.api.filters import TextListFilter
from loyalty.kernel.api.resources import ResourceViewSet
from loyalty.kernel.models import CatalogEntry, Category, Location, OrderLocation, ProductCategory
from loyalty.kernel.selectors import list_catalog
from loyalty.kernel.services import create_catalog_entry, update_catalog_entry


class _CatalogViewSet(ResourceViewSet):
    """One of the organization's catalogs."""

    reads, writes = "orders:read", "orders:write"
    lookup_field = "code"
    model: type[CatalogEntry]

    def get_queryset(self) -> QuerySet[Any]:
        """The organization's words."""
        return list_catalog(self.model, self.organization_id)

    def perform_create(self, fields: Mapping[str, Any]) -> CatalogEntry:  # type: ignore[override]
        """A new word; its code never changes."""
        return create_catalog_entry(
            model=self.model, organization_id=self.organization_id, actor=self.actor, at=self.at, **fields
        )

    def perform_update(self, row: CatalogEntry, fields: Mapping[str, Any]) -> CatalogEntry:  # type: ignore[override]
        """The changed word."""
        return update_catalog_entry(entry=row, changes=fields, actor=self.actor, at=self.at)


def _shape(name: str, about: str, **fields: Any) -> type[CamelSerializer]:
    return type(name, (CamelSerializer,), {"__doc__": about, **fields})


def catalog_viewset(model: type[CatalogEntry], tag: str) -> type[_CatalogViewSet]:
    """The resource of one catalog, in the words of its tag: `Order Locations` has `orderLocationCode`."""
    word, many = model.word, tag.replace(" ", "")
    one, noun = word[:1].upper() + word[1:], str(model._meta.verbose_name)
    code, label = f"{word}Code", f"{word}Label"
    answer = {
        code: serializers.CharField(source="code"),
        "organizationId": WholeNumber(),
        label: serializers.CharField(source="label"),
        "tags": Tags(),
        "createdAt": Moment(),
        "updatedAt": Moment(),
    }
    inputs = {
        "create": _shape(
            f"{one}Input",
            f"A new {noun}.",
            **{code: Code(source="code"), label: Text(source="label", max_length=255), "tags": Tags(required=False)},
        ),
        "update": _shape(
            f"{one}Update",
            f"What can be changed of a {noun}.",
            **{label: Text(source="label", max_length=255, required=False), "tags": Tags(required=False)},
        ),
    }
    filters = {"__doc__": "What a list is narrowed by.", f"{word}Codes": TextListFilter(field_name="code")}
    return type(
        f"{one}ViewSet",
        (_CatalogViewSet,),
        {
            "__doc__": f"The organization's {tag.lower()}.",
            "model": model,
            "queryset": model._default_manager.none(),
            "tag": tag,
            "wrapper": word,
            "operations": {
                "list": f"list{many}",
                "retrieve": f"get{one}",
                "create": f"create{one}",
                "update": f"update{one}",
            },
            "lookup_url_kwarg": code,
            "serializer_class": _shape(f"{one}Answer", f"A {noun} as it is read.", **answer),
            "inputs": inputs,
            "filterset_class": type(f"{one}Filters", (django_filters.FilterSet,), filters),
            "order_columns": {code: "code", label: "label", "createdAt": "created_at"},
        },
    )


# By where each is mounted.
CATALOGS = {
    "order-locations": catalog_viewset(OrderLocation, "Order Locations"),
    "product-categories": catalog_viewset(ProductCategory, "Product Categories"),
    "locations": catalog_viewset(Location, "Locations"),
    "categories": catalog_viewset(Category, "Categories"),
}
