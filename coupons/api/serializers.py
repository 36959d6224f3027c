"""The shapes of coupon books, codes and usages in the core API (semantics 15b)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from coupons.models import FOREVER_LAST, CouponBook, CouponUsage
from coupons.selectors import find_content
from loyalty.kernel.api.fields import (
    CamelSerializer,
    Count,
    Flag,
    Id,
    JsonObject,
    Moment,
    Money,
    Tags,
    Text,
    WholeNumber,
    texts,
)

# Of one request; a file takes more.
MOST_CODES = 10_000
# Of one assignment.
MOST_COUPONS = 1000


class Units(Count):
    """How many; one where nothing is said (semantics 0.9)."""

    least = 1

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default=1, **kwargs)


class BookUpdate(CamelSerializer):
    """What can be said of a coupon book; its type is said once (semantics 3.1)."""

    loyaltyProgramId = Id(required=False, source="program_id")
    externalId = texts(max_length=255)
    rankingIndex = WholeNumber(required=False, allow_null=True)
    audienceKeys = Tags(required=False, allow_null=True)
    name = Text(required=False, max_length=255)
    description = texts(max_length=10_000)
    subtitle = texts(max_length=1000)
    pictureUrl = texts(max_length=2000)
    detailPictureUrl = texts(max_length=2000)
    customAttributes = JsonObject(required=False, allow_null=True)
    condition = JsonObject(required=False, allow_null=True)
    discountAmount = Money(required=False, allow_null=True)
    discountType = texts(max_length=20)
    tags = Tags(required=False, allow_null=True)
    tiers = Tags(required=False, allow_null=True)
    publishingStatus = Text(required=False, max_length=20, source="status")
    validFromDate = Moment(required=False, allow_null=True, source="valid_from")
    validToDate = Moment(required=False, allow_null=True, source="valid_to")
    maxAssignedPerMember = Count(required=False, allow_null=True)
    maxAssignedPerCoupon = Count(required=False, allow_null=True)
    maxCouponCount = Count(required=False, allow_null=True)
    defaultLocale = texts(max_length=35)
    assignmentRequiredPoints = Count(required=False, allow_null=True)
    usageRequiredPoints = Count(required=False, allow_null=True)
    contentSchemaId = Id(required=False, allow_null=True)
    contentSchemaVersionId = Id(required=False, allow_null=True)
    locale = Text(required=False, max_length=35)
    content = JsonObject(required=False, allow_null=True)
    isDefaultLocale = Flag(required=False)
    requiredPointsConfig = JsonObject()
    extraFields = JsonObject(required=False, allow_null=True)


class BookInput(BookUpdate):
    """A new coupon book."""

    name = Text(max_length=255)
    type = Text(max_length=20)
    publishingStatus = serializers.ChoiceField(choices=CouponBook.Status.values, source="status")  # type: ignore[assignment]
    extraFields = None  # type: ignore[assignment]


class BookAnswer(CamelSerializer):
    """A coupon book as it is read, with its content in one language; `locale` says in which (semantics 3.11)."""

    couponBookId = WholeNumber(source="pk")
    couponBookKey = serializers.CharField(source="key")
    organizationId = WholeNumber()
    loyaltyProgramId = WholeNumber(source="program_id")
    externalId = serializers.CharField()
    rankingIndex = serializers.SerializerMethodField()
    audienceKeys = Tags()
    name = serializers.CharField()
    description = serializers.CharField()
    subtitle = serializers.CharField()
    pictureUrl = serializers.CharField()
    detailPictureUrl = serializers.CharField()
    customAttributes = JsonObject()
    condition = JsonObject()
    type = serializers.CharField()
    discountAmount = Money(allow_null=True)
    discountType = serializers.CharField()
    tags = Tags()
    tiers = Tags()
    publishingStatus = serializers.CharField(source="status")
    validFromDate = Moment(source="valid_from", allow_null=True)
    validToDate = Moment(source="valid_to", allow_null=True)
    maxAssignedPerMember = WholeNumber(allow_null=True)
    maxAssignedPerCoupon = WholeNumber(source="stock.max_assigned_per_coupon", allow_null=True)
    maxCouponCount = WholeNumber(source="stock.max_coupon_count", allow_null=True)
    totalAssigned = WholeNumber(source="assigned")
    totalUsages = WholeNumber(source="used")
    createdAt = Moment()
    updatedAt = Moment()
    defaultLocale = serializers.CharField()
    assignmentRequiredPoints = WholeNumber(allow_null=True)
    usageRequiredPoints = WholeNumber(allow_null=True)
    requiredPointsConfig = JsonObject()
    contentSchemaId = WholeNumber(allow_null=True)
    contentSchemaVersionId = WholeNumber(allow_null=True)
    content = JsonObject(allow_null=True, read_only=True)
    extraFields = JsonObject(read_only=True)
    locale = serializers.CharField(allow_null=True, read_only=True)
    isDefaultLocale = serializers.BooleanField(read_only=True)

    @extend_schema_field({"type": "number", "multipleOf": 1, "nullable": True})
    def get_rankingIndex(self, book: CouponBook) -> int | None:
        """Null where the book has none."""
        return None if book.ranking_index == FOREVER_LAST else book.ranking_index

    def to_representation(self, book: CouponBook) -> dict[str, Any]:
        """The book; texts it does not have are null."""
        row = find_content(book, getattr(book, "asked_locale", None))
        book.content, book.locale = (row.content, row.locale) if row is not None else (None, None)  # type: ignore[attr-defined]
        book.extra_fields = row.extra_fields if row is not None else {}  # type: ignore[attr-defined]
        default = book.default_locale or book.organization.default_locale
        book.is_default_locale = row is not None and row.locale == default  # type: ignore[attr-defined]
        answer = super().to_representation(book)
        for name in ("externalId", "description", "subtitle", "pictureUrl", "detailPictureUrl", "discountType"):
            answer[name] = answer[name] or None
        answer["defaultLocale"] = default
        if row is not None and row.version_id is not None:
            answer["contentSchemaVersionId"] = row.version_id
        return answer


class CouponAnswer(CamelSerializer):
    """A code as it is read. The shared code of a single book tells what its book counts, and is nobody's; whose a code
    is that was given through another organization's book, is not told.
    """

    couponId = WholeNumber(source="pk")
    couponBookId = WholeNumber(source="book_id")
    code = serializers.CharField()
    assignedCount = WholeNumber(source="assigned")
    usedCount = WholeNumber(source="used")
    memberId = WholeNumber(source="holder.pk", default=None, allow_null=True)
    createdAt = Moment()


class UsageAnswer(CamelSerializer):
    """A line of the journal as it is read (semantics 3.3)."""

    couponUsageId = WholeNumber(source="pk")
    organizationId = WholeNumber()
    kind = serializers.CharField()
    couponBookId = WholeNumber(source="book_id")
    couponId = WholeNumber(source="coupon_id", allow_null=True)
    code = serializers.SerializerMethodField()
    memberId = WholeNumber(source="member_id")
    assignmentCouponUsageId = WholeNumber(source="assignment_id", allow_null=True)
    amount = WholeNumber()
    amountUsed = serializers.SerializerMethodField()
    expiredAt = serializers.SerializerMethodField()
    status = serializers.CharField()
    ledgerTransactionId = serializers.SerializerMethodField()
    systemUniqueKey = serializers.CharField(source="unique_key", allow_null=True)
    customAttributes = JsonObject()
    createdAt = Moment()
    revertedAt = Moment(allow_null=True)

    def get_code(self, usage: CouponUsage) -> str | None:
        """Null where the book has none."""
        return usage.coupon.code if usage.coupon is not None else None

    def get_amountUsed(self, usage: CouponUsage) -> int:
        """How many units are used: of a use that stands, its own."""
        if usage.kind == CouponUsage.Kind.USE:
            return usage.amount if usage.status == CouponUsage.Status.USED else 0
        return usage.amount_used

    @extend_schema_field({"type": "string", "format": "date-time", "nullable": True})
    def get_expiredAt(self, usage: CouponUsage) -> Any:
        """When the assignment ends; a use does not."""
        if usage.kind == CouponUsage.Kind.USE:
            return None
        return Moment().to_representation(usage.ends_at)

    def get_ledgerTransactionId(self, usage: CouponUsage) -> str | None:
        """What was paid for it."""
        return None if usage.transaction_id is None else str(usage.transaction_id)


class UsagesAnswer(CamelSerializer):
    """Lines of the journal."""

    couponUsages = UsageAnswer(many=True)


class UsageEnvelope(CamelSerializer):
    """One line of the journal."""

    couponUsage = UsageAnswer()


class UpdatedCouponAnswer(CamelSerializer):
    """A changed code, under the key that the document has for it (semantics 3.10)."""

    couponBook = CouponAnswer()


class CodesInput(CamelSerializer):
    """Codes to add to a book."""

    codes = serializers.ListField(child=Text(max_length=255), max_length=MOST_CODES)


class CodesAnswer(CamelSerializer):
    """The codes that were added."""

    codes = serializers.ListField(child=serializers.CharField())


class CodeInput(CamelSerializer):
    """A code written differently."""

    code = Text(max_length=255)


class _Given(CamelSerializer):
    """What every assignment and use may say."""

    customAttributes = JsonObject(required=False, allow_null=True)
    memberId = Id()
    pendingCaptureLedgerTransactionId = Text(required=False, allow_null=True, max_length=19, source="hold_id")

    def validate_pendingCaptureLedgerTransactionId(self, value: str | None) -> int | None:
        """The number in the text."""
        if value is None:
            return None
        if not value.isascii() or not value.isdigit() or len(value) > 18:
            raise serializers.ValidationError("There is no such transaction.")
        return int(value)


class Key(Text):
    """A unique key."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=255, **kwargs)


class UseCouponInput(_Given):
    """A use of the coupon named by the path."""

    systemUniqueKey = Key(required=False, allow_null=True, source="unique_key")


class UseInput(UseCouponInput):
    """A use of a coupon of the book."""

    code = Text(required=False, allow_null=True, max_length=255)


class AssignInput(_Given):
    """An assignment of coupons of the book."""

    systemUniqueKeys = serializers.ListField(
        child=Key(), required=False, allow_null=True, max_length=MOST_COUPONS, source="unique_keys"
    )
    numberOfCodes = Units(source="number")
    amount = Units()
    codes = serializers.ListField(child=Text(max_length=255), required=False, allow_null=True, max_length=MOST_COUPONS)
    strictMode = Flag(default=False, source="strict")
    expiredAt = Moment(required=False, allow_null=True, source="expires_at")

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The fields given; a number of codes nobody gave is that of the codes named."""
        fields: dict[str, Any] = super().to_internal_value(data)
        if "numberOfCodes" not in data:
            fields.pop("number")
        return fields

    def validate_numberOfCodes(self, value: int) -> int:
        """Not more than one request may give."""
        if value > MOST_COUPONS:
            raise serializers.ValidationError(f"One request gives at most {MOST_COUPONS} coupons.")
        return value


class AssignCouponInput(_Given):
    """An assignment of the coupon named by the path."""

    amount = Units()
    strictMode = Flag(default=False, source="strict")
    systemUniqueKey = Key(required=False, allow_null=True, source="unique_key")
