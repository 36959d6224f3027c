"""Coupon books: what can be given, to whom, when, how often and for what; their texts; and how much was given."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from loyalty.kernel.clock import NEVER
from loyalty.kernel.models import ContentSchema, ContentSchemaVersion, Organization
from members.models import LoyaltyProgram

# The ranking of books that have none: after all others, on every database.
FOREVER_LAST = 2**63 - 1


class CouponBook(models.Model):
    """One kind of coupon of a program; `key` and `type` never change.

    `rule` is the text of `condition`, drawn from it whenever that changes (empty: everybody). Limits that are null do
    not limit; 0 allows none. Prices are smallest units of the account that `required_points_config` names, else of the
    program's main account. How much was given and used stands in the book's tallies.

    A linked book gives what another organization's book has, its `source_book`, for good: it takes that book's codes,
    and counts against that book's limits over all members, which it has none of itself.
    """

    class Type(models.TextChoices):
        """Where a coupon's code comes from (semantics 3.1)."""

        SINGLE = "single", "One shared code"
        LIST = "list", "Codes from a list"
        GENERATED = "generated", "A code made for each coupon"
        CODELESS = "codeless", "No code"

    class Status(models.TextChoices):
        """What the book can be used for (semantics 3.2)."""

        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"
        DISABLED = "disabled", "Disabled"
        ARCHIVED = "archived", "Archived"

    # In these states what was given can be used.
    HONORED = (Status.PUBLISHED, Status.ARCHIVED)

    class DiscountType(models.TextChoices):
        """How `discount_amount` is meant."""

        FIXED = "fixed", "An amount of money"
        PERCENTAGE = "percentage", "A share in percent"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    program = models.ForeignKey(LoyaltyProgram, on_delete=models.PROTECT, related_name="coupon_books", db_index=False)
    source_book = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="linked_books", null=True, blank=True, db_index=False
    )
    # Of a linked book: whether its source is still shared with it.
    link_open = models.BooleanField(default=True)
    key = models.CharField(max_length=100)
    external_id = models.CharField(max_length=255, blank=True, default="")
    type = models.CharField(max_length=10, choices=Type)
    status = models.CharField(max_length=10, choices=Status)
    ranking_index = models.BigIntegerField(default=FOREVER_LAST)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    subtitle = models.CharField(max_length=1000, blank=True, default="")
    picture_url = models.CharField(max_length=2000, blank=True, default="")
    detail_picture_url = models.CharField(max_length=2000, blank=True, default="")
    custom_attributes = models.JSONField(default=dict, blank=True)
    tags = models.JSONField(default=list, blank=True)
    audience_keys = models.JSONField(default=list, blank=True)
    tiers = models.JSONField(default=list, blank=True)
    condition = models.JSONField(default=dict, blank=True)
    rule = models.TextField(blank=True, default="")
    discount_type = models.CharField(max_length=10, choices=DiscountType, blank=True, default="")
    discount_amount = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_to = models.DateTimeField(null=True, blank=True)
    max_assigned_per_member = models.BigIntegerField(null=True, blank=True)
    max_assigned_per_coupon = models.BigIntegerField(null=True, blank=True)
    max_coupon_count = models.BigIntegerField(null=True, blank=True)
    assignment_required_points = models.BigIntegerField(null=True, blank=True)
    usage_required_points = models.BigIntegerField(null=True, blank=True)
    required_points_config = models.JSONField(default=dict, blank=True)
    # Empty: the organization's.
    default_locale = models.CharField(max_length=35, blank=True, default="")
    content_schema = models.ForeignKey(
        ContentSchema, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    content_schema_version = models.ForeignKey(
        ContentSchemaVersion, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "coupon book"
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="coupon_book_key_once"),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True) | Q(valid_to__isnull=True) | Q(valid_from__lt=F("valid_to")),
                name="coupon_book_valid_for_some_time",
            ),
            models.CheckConstraint(
                condition=(Q(max_assigned_per_member__isnull=True) | Q(max_assigned_per_member__gte=0))
                & (Q(max_assigned_per_coupon__isnull=True) | Q(max_assigned_per_coupon__gte=0))
                & (Q(max_coupon_count__isnull=True) | Q(max_coupon_count__gte=0)),
                name="coupon_book_limits_not_negative",
            ),
            models.CheckConstraint(
                condition=(Q(assignment_required_points__isnull=True) | Q(assignment_required_points__gte=0))
                & (Q(usage_required_points__isnull=True) | Q(usage_required_points__gte=0)),
                name="coupon_book_prices_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(discount_amount__isnull=True)
                | Q(discount_amount__gte=0) & (~Q(discount_type="percentage") | Q(discount_amount__lte=100)),
                name="coupon_book_discount_fits",
            ),
            models.CheckConstraint(
                condition=Q(source_book__isnull=True)
                | ~Q(source_book=F("id")) & Q(max_assigned_per_coupon__isnull=True, max_coupon_count__isnull=True),
                name="coupon_book_linked_has_no_stock",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "ranking_index", "id"], name="coupon_book_by_rank"),
            models.Index(fields=["program", "status", "id"], name="coupon_book_of_program"),
            models.Index(
                fields=["content_schema"], name="coupon_book_by_schema", condition=Q(content_schema__isnull=False)
            ),
            models.Index(fields=["source_book"], name="coupon_book_by_source", condition=Q(source_book__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name

    def is_valid_at(self, at: datetime) -> bool:
        """Whether `at` is within the book's time: from its first instant to before its last (semantics 3.6)."""
        return (self.valid_from is None or self.valid_from <= at) and (self.valid_to is None or at < self.valid_to)

    @property
    def is_linked(self) -> bool:
        """Whether it gives what another organization's book has."""
        return self.source_book_id is not None

    @property
    def stock(self) -> CouponBook:
        """The book whose codes are given and whose limits over all members count: itself, unless it is linked."""
        return self.source_book or self

    @property
    def stock_ends_at(self) -> datetime:
        """When what is given ends whatever is asked for: with the book that it is linked to. A book's own end counts
        whenever it is asked, since it may still change.
        """
        source = self.source_book
        return NEVER if source is None or source.valid_to is None else source.valid_to

    @property
    def has_codes(self) -> bool:
        """Whether each coupon has a code of its own, which is kept and counted in a row."""
        return self.type in (self.Type.LIST, self.Type.GENERATED)

    @property
    def limit_per_coupon(self) -> int | None:
        """How often a code may be given over all members; null means once where codes are single (semantics 3.4)."""
        limit = self.stock.max_assigned_per_coupon
        return 1 if limit is None and self.has_codes else limit

    @property
    def limit_in_all(self) -> int | None:
        """How much may be given in all, where the book as a whole decides it: units of shared or codeless coupons,
        codes of generated ones. A list has the codes it has.
        """
        if self.type == self.Type.LIST:
            return None
        stock = self.stock
        limits = [stock.max_coupon_count]
        if self.type == self.Type.SINGLE:
            limits.append(stock.max_assigned_per_coupon)
        return min((limit for limit in limits if limit is not None), default=None)


class BookContent(models.Model):
    """The content of a book in one language. It was valid by `version` when it was written, where there is one."""

    book = models.ForeignKey(CouponBook, on_delete=models.CASCADE, related_name="contents", db_index=False)
    locale = models.CharField(max_length=35)
    content = models.JSONField(default=dict, blank=True)
    extra_fields = models.JSONField(default=dict, blank=True)
    version = models.ForeignKey(
        ContentSchemaVersion, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["book", "locale"], name="coupon_content_once_per_locale")]

    def __str__(self) -> str:
        return self.locale


class BookTally(models.Model):
    """How many codes a book has, and how many units were given and used and not taken back: the sum of its slots. What
    is given through a linked book counts there, and as well in the book it is linked to.

    Writers at the same time have slots of their own, so that a book everybody wants is no queue.
    """

    book = models.ForeignKey(CouponBook, on_delete=models.PROTECT, related_name="tallies", db_index=False)
    slot = models.SmallIntegerField()
    # A slot alone may be below zero: what one writer counted another may take back.
    codes = models.BigIntegerField(default=0)
    assigned = models.BigIntegerField(default=0)
    used = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["book", "slot"], name="coupon_tally_once_per_slot")]

    def __str__(self) -> str:
        return f"{self.assigned} of book {self.book_id}"
