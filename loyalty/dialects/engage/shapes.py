"""The shapes of what goes in and out, for the OpenAPI document; nothing is read or written through them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers

from loyalty.dialects.engage.reading import LONGEST_DESCRIPTION, MAX_COUNT, SOURCES


@extend_schema_field({"type": "number"})
class Points(serializers.Field[Any, Any, Any, Any]):
    """Points, as an exact decimal number."""


class Problem(serializers.Serializer[Any]):
    """A refusal: the vendor's name for it, and why."""

    errorCode = serializers.CharField()
    message = serializers.CharField()


def refusals(*statuses: int) -> dict[int, Any]:
    """What an operation may be refused with, beside a key that is not good or calls too often."""
    return dict.fromkeys((*statuses, 401, 403, 429), Problem)


class Link(serializers.Serializer[Any]):
    """Where to go on."""

    id = serializers.IntegerField(required=False)
    href = serializers.URLField()
    method = serializers.CharField()
    rel = serializers.CharField()


class Account(serializers.Serializer[Any]):
    """The points of one kind that a contact has."""

    balance = Points()
    balanceExpires = serializers.DateTimeField(allow_null=True)
    contactId = serializers.UUIDField()
    definitionId = serializers.IntegerField()
    id = serializers.UUIDField()
    pendingPoints = Points()
    links = Link(many=True)


class Definition(serializers.Serializer[Any]):
    """A kind of points."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField()
    links = Link(many=True)


TYPES = ("Addition", "Deduction", "Expiry", "Cancellation")


class Transaction(serializers.Serializer[Any]):
    """What changed the points of an account, with its sign."""

    accountId = serializers.UUIDField()
    amount = Points()
    createdOn = serializers.DateTimeField()
    description = serializers.CharField()
    id = serializers.UUIDField()
    modifiedOn = serializers.DateTimeField()
    source = serializers.CharField(help_text=f"One of {', '.join(SOURCES)}.")  # type: ignore[assignment]
    transactionDate = serializers.DateTimeField()
    type = serializers.CharField(help_text=f"One of {', '.join(TYPES)}.")
    validFrom = serializers.DateTimeField(allow_null=True)
    validTo = serializers.DateTimeField(allow_null=True)
    retailTransactionLineItemId = serializers.UUIDField(allow_null=True)
    links = Link(many=True)


class Page(serializers.Serializer[Any]):
    """A page of a list; `count` says how many are on it."""

    totalCount = serializers.IntegerField()
    offset = serializers.IntegerField()
    count = serializers.IntegerField()
    links = Link(many=True)


class AccountPage(Page):
    """A page of point accounts."""

    items = Account(many=True)


class TransactionPage(Page):
    """A page of point transactions."""

    items = Transaction(many=True)


class NewTransaction(serializers.Serializer[Any]):
    """A transaction to book."""

    accountId = serializers.UUIDField()
    transactionId = serializers.UUIDField(help_text="The caller's own; it acts once.")
    transactionType = serializers.CharField(help_text="Addition or Deduction.")
    amount = Points()
    description = serializers.CharField(required=False, allow_null=True, max_length=LONGEST_DESCRIPTION)
    source = serializers.CharField(required=False, allow_null=True, help_text=f"One of {', '.join(SOURCES)}.")  # type: ignore[assignment]
    transactionDate = serializers.DateTimeField(required=False, allow_null=True)
    validFrom = serializers.DateTimeField(required=False, allow_null=True)
    validTo = serializers.DateTimeField(required=False, allow_null=True)


class Accepted(serializers.Serializer[Any]):
    """It is booked."""

    transactionId = serializers.UUIDField()


class BulkRow(serializers.Serializer[Any]):
    """One of many transactions to book; below 0 it takes points."""

    contactId = serializers.UUIDField()
    amount = Points()
    definitionId = serializers.IntegerField()
    source = serializers.CharField(help_text=f"One of {', '.join(SOURCES)}.")  # type: ignore[assignment]
    description = serializers.CharField(max_length=LONGEST_DESCRIPTION)
    timeStamp = serializers.DateTimeField(required=False, allow_null=True)
    validFrom = serializers.DateTimeField(required=False, allow_null=True)
    validTo = serializers.DateTimeField(required=False, allow_null=True)


class BulkAnswer(serializers.Serializer[Any]):
    """The rows that were not booked, as they were sent, and why; all others are booked."""

    notAccepted = BulkRow(many=True)
    errorMessages = serializers.ListField(child=serializers.CharField())
    missingDefinitionIds = serializers.ListField(child=serializers.IntegerField())
    missingContactIds = serializers.ListField(child=serializers.UUIDField())


class Money(serializers.Serializer[Any]):
    """An amount of money."""

    currency = serializers.CharField()
    amount = Points()


class Voucher(serializers.Serializer[Any]):
    """A reward voucher of a contact."""

    id = serializers.UUIDField()
    voucherNumber = serializers.CharField()
    name = serializers.CharField()
    redeemedOn = serializers.DateTimeField(allow_null=True)
    redeemed = serializers.BooleanField()
    expiresOn = serializers.DateTimeField(allow_null=True)
    value = Money()
    localValues = Money(many=True)
    points = Points()


class VoucherPage(Page):
    """A page of reward vouchers."""

    items = Voucher(many=True)


class Presentation(serializers.Serializer[Any]):
    """How an item is shown."""

    title = serializers.CharField()
    description = serializers.CharField()
    imageUrl = serializers.CharField()
    link = serializers.CharField()


class ShopItem(serializers.Serializer[Any]):
    """Something to be had for points."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    cost = Points()
    pointDefinitionId = serializers.IntegerField()
    promotionId = serializers.CharField()
    validFrom = serializers.DateTimeField(allow_null=True)
    validTo = serializers.DateTimeField(allow_null=True)
    presentation = Presentation()


class Purchase(serializers.Serializer[Any]):
    """An item to be bought."""

    contactId = serializers.UUIDField()
    pointShopItemPurchaseId = serializers.UUIDField(help_text="The caller's own; it acts once for each contact.")
    pointShopItemId = serializers.UUIDField()


class RewardPoints(serializers.Serializer[Any]):
    """Points to give, or below 0 to take."""

    points = Points()
    description = serializers.CharField(required=False, allow_null=True, max_length=LONGEST_DESCRIPTION)
    type = serializers.CharField(required=False, allow_null=True)


class RewardTotal(serializers.Serializer[Any]):
    """What the contact has now."""

    contactId = serializers.UUIDField()
    totalRewardPoints = Points()


class BonusTransaction(serializers.Serializer[Any]):
    """A transaction as version 2 shows it."""

    id = serializers.IntegerField()
    amount = Points()
    transactionDateTime = serializers.DateTimeField()
    description = serializers.CharField()
    type = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]


class BonusPage(Page):
    """A page of transactions as version 2 shows them."""

    items = BonusTransaction(many=True)


def _query(name: str, kind: Any = str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, **more)


_GUID = {"type": "string", "format": "uuid"}
CONTACT = _query("contactId", _GUID, required=True)
ACCOUNT_ID = _query("id", _GUID, required=True, description="The id of the point account.")
ACCOUNT_OR_CONTACT = [
    _query("accountId", _GUID, description="Alone, or the two below."),
    _query("contactId", _GUID),
    _query("definitionId", int),
]
WINDOW = [
    _query("offset", {"type": "integer", "minimum": 0, "default": 0}),
    _query("count", {"type": "integer", "minimum": 1, "maximum": MAX_COUNT, "default": 100}),
]
FILTER = _query("filter", {"type": "string", "default": "All"}, description="All, Active or Pending, in any case.")
SORT = [
    _query("sortBy", {"type": "string", "default": "createdOn"}, description="transactionDate or createdOn."),
    _query("sortOrder", {"type": "string", "default": "desc"}, description="asc or desc."),
]
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Remembered for 24 hours: the same call again gets the same answer, and books nothing.",
)
EMAIL = _query("email", {"type": "string", "format": "email"}, required=True)
