"""The catalog: the words an organization gives to its places and kinds of goods, for orders, campaigns and rules."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from loyalty.kernel.models.organizations import Organization


class CatalogEntry(models.Model):
    """One word of a catalog: a `code` that others refer to, a label that people read, tags.

    The code is unique in the organization's catalog; it never changes and the row is never deleted (triggers), since
    orders and campaigns keep the code itself. `word` is what the core API calls a row.
    """

    word: ClassVar[str]

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    code = models.CharField(max_length=255)
    label = models.CharField(max_length=255)
    tags = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        abstract = True
        constraints = [models.UniqueConstraint(fields=["organization", "code"], name="%(class)s_code_once")]
        indexes = [models.Index(fields=["organization", "id"], name="%(class)s_of_org")]

    def __str__(self) -> str:
        return self.label


class OrderLocation(CatalogEntry):
    """Where orders are made: a store, or a channel like the web shop."""

    word = "orderLocation"

    class Meta(CatalogEntry.Meta):
        pass


class ProductCategory(CatalogEntry):
    """What kind of goods the items of orders are."""

    word = "productCategory"

    class Meta(CatalogEntry.Meta):
        verbose_name_plural = "product categories"


class Location(CatalogEntry):
    """Where campaigns and coupon books apply (semantics 13.5)."""

    word = "location"

    class Meta(CatalogEntry.Meta):
        pass


class Category(CatalogEntry):
    """What campaigns and coupon books are about."""

    word = "category"

    class Meta(CatalogEntry.Meta):
        verbose_name_plural = "categories"
