"""The ledger's shapes on the wire (loyalty_core_operations.yaml, semantics 15b)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from loyalty.kernel.api.fields import Amount, CamelSerializer, Flag, Id, Moment, Tags, Text, WholeNumber


class LedgerInput(CamelSerializer):
    """A ledger's name and description."""

    name = Text(max_length=255)
    description = Text(required=False, allow_blank=True, max_length=10_000)


class LedgerUpdate(LedgerInput):
    """A ledger, with the account that becomes its default."""

    defaultAccountId = Id(required=False)


class LedgerAnswer(CamelSerializer):
    """A ledger as it is read."""

    ledgerId = WholeNumber(source="pk")
    ledgerKey = serializers.CharField(source="key")
    organizationId = WholeNumber()
    name = serializers.CharField()
    description = serializers.CharField()
    defaultAccountId = WholeNumber(allow_null=True)
    createdAt = Moment()
    updatedAt = Moment()


class AccountUpdate(CamelSerializer):
    """What of an account can be changed; its supply has an operation of its own."""

    name = Text(max_length=255)
    active = Flag()
    isCurrency = Flag(required=False)
    decimals = WholeNumber(required=False)
    formatString = Text(required=False, allow_blank=True, max_length=255)
    isRevolving = Flag()
    pointTrackingEnabled = Flag(required=False)
    syncAlgorand = Flag()
    expiresInMonths = WholeNumber(required=False, allow_null=True)
    isDefaultAccount = Flag(required=False, source="is_default")

    def validate_decimals(self, value: int) -> int:
        """0 to 6 (semantics 1.4)."""
        if not 0 <= value <= 6:
            raise serializers.ValidationError("Decimals are from 0 to 6.")
        return value

    def validate_expiresInMonths(self, value: int | None) -> int | None:
        """Up to a hundred years; 0 and null are no expiry."""
        if value is not None and not 0 <= value <= 1200:
            raise serializers.ValidationError("Months are from 0 to 1200.")
        return value


class AccountInput(AccountUpdate):
    """A new account."""

    maxSupply = Amount(required=False, allow_null=True, least=0)


class AccountAnswer(CamelSerializer):
    """An account as it is read."""

    ledgerAccountId = WholeNumber(source="pk")
    ledgerAccountKey = serializers.CharField(source="key")
    ledgerId = WholeNumber()
    organizationId = WholeNumber()
    name = serializers.CharField()
    active = serializers.BooleanField()
    isCurrency = serializers.BooleanField()
    decimals = WholeNumber()
    formatString = serializers.CharField()
    maxSupply = WholeNumber(allow_null=True)
    isRevolving = serializers.BooleanField()
    pointTrackingEnabled = serializers.BooleanField()
    syncAlgorand = serializers.BooleanField()
    expiresInMonths = WholeNumber(allow_null=True)
    isDefaultAccount = serializers.BooleanField(source="is_default")
    circulatingSupply = WholeNumber(source="totals.circulating")
    burnedSupply = WholeNumber(source="totals.burned")
    expiredSupply = WholeNumber(source="totals.expired")
    createdAt = Moment()
    updatedAt = Moment()


class Memo(CamelSerializer):
    """What every movement may say of itself."""

    externalEventDate = Moment(required=False, allow_null=True, source="external_event_at")
    systemUniqueKey = Text(required=False, max_length=255, trim_whitespace=False, source="unique_key")
    externalId = Text(required=False, allow_blank=True, max_length=255, trim_whitespace=False)
    description = Text(required=False, allow_blank=True, max_length=1000)
    tags = Tags(required=False)


class SupplyInput(Memo):
    """The new supply; none is unlimited."""

    maxSupply = Amount(required=False, allow_null=True, least=0, default=None)


class RevertInput(Memo):
    """Which transaction to revert: by its key, else by external id; or by its number, an extension (semantics 2.3)."""

    ledgerTransactionId = Id(required=False, help_text="Extension: names the transaction by its number.")


class MintInput(Memo):
    """An amount to mint."""

    amount = Amount()


class CaptureMethod(serializers.ChoiceField):
    """At once, or held until it is captured."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=["manual", "auto"], default="auto", **kwargs)


class BurnInput(MintInput):
    """An amount to burn."""

    captureMethod = CaptureMethod()


class TransferInput(BurnInput):
    """An amount to move between two wallets."""

    fromWalletId = Id()
    toWalletId = Id()


class SetItem(TransferInput):
    """One transfer of a set."""

    ledgerAccountId = Id()


class SetInput(CamelSerializer):
    """Transfers that happen together or not at all."""

    create = SetItem(many=True, allow_empty=False, max_length=100)  # type: ignore[call-arg,assignment]


class BatchItem(SetItem):
    """One transfer of a batch; those with one atomicSetId happen together or not at all."""

    organizationId = WholeNumber(required=False)
    ledgerId = Id()
    atomicSetId = WholeNumber(required=False, allow_null=True)


class BatchInput(CamelSerializer):
    """Up to a thousand transfers."""

    items = BatchItem(many=True, allow_empty=False, max_length=1000)  # type: ignore[call-arg]


class CaptureItem(CamelSerializer):
    """One hold to capture, wholly unless an amount says otherwise."""

    ledgerTransactionId = Text()
    captureAmount = Amount(required=False, allow_null=True, max_value=None)

    def validate_ledgerTransactionId(self, value: str) -> int:
        """The number in the text."""
        if not value.isascii() or not value.isdigit() or len(value) > 18:
            raise serializers.ValidationError("There is no such transaction.")
        return int(value)


class CaptureInput(CamelSerializer):
    """Holds to capture, all or none."""

    transactions = CaptureItem(many=True, allow_empty=False, max_length=100)  # type: ignore[call-arg]


class TransactionAnswer(CamelSerializer):
    """A transaction as it is read; its number is a text."""

    ledgerTransactionId = serializers.CharField(source="id")
    organizationId = WholeNumber()
    ledgerId = WholeNumber()
    ledgerAccountId = WholeNumber(source="account_id")
    kind = serializers.CharField()
    status = serializers.CharField()
    amount = WholeNumber()
    capturedAmount = WholeNumber()
    captureMethod = serializers.CharField()
    fromWalletId = WholeNumber()
    toWalletId = WholeNumber()
    systemUniqueKey = serializers.CharField(source="unique_key", allow_null=True)
    externalId = serializers.SerializerMethodField()
    description = serializers.SerializerMethodField()
    tags = serializers.ListField(child=serializers.CharField())
    externalEventDate = Moment(source="external_event_at", allow_null=True)
    effectiveAt = Moment()
    createdAt = Moment()
    expiresAt = Moment(allow_null=True)
    revertsLedgerTransactionId = serializers.CharField(source="reverts_id", allow_null=True)
    revertedByLedgerTransactionId = serializers.CharField(source="reverted_by_id", allow_null=True)

    @extend_schema_field({"type": "string", "nullable": True})
    def get_externalId(self, record: Any) -> str | None:
        """The caller's reference, null where none was given."""
        return record.external_id or None

    @extend_schema_field({"type": "string", "nullable": True})
    def get_description(self, record: Any) -> str | None:
        """What was said of it, null where nothing was."""
        return record.description or None


class NextExpiration(CamelSerializer):
    """What expires first."""

    amount = WholeNumber()
    expiresAt = Moment()


class WalletAnswer(CamelSerializer):
    """A wallet in one account (semantics 1.8)."""

    walletId = WholeNumber()
    ledgerId = WholeNumber()
    ledgerAccountId = WholeNumber()
    ledgerAccountKey = serializers.CharField()
    memberId = WholeNumber(allow_null=True)
    balance = WholeNumber()
    pendingBalance = WholeNumber()
    availableBalance = WholeNumber()
    nextExpiration = NextExpiration(allow_null=True)


class TransactionsAnswer(CamelSerializer):
    """The transactions a movement made."""

    transactions = TransactionAnswer(many=True)


class WalletsAnswer(CamelSerializer):
    """A wallet in every account of a ledger."""

    wallets = WalletAnswer(many=True)


class BatchDone(CamelSerializer):
    """An item of a batch that was posted, now or the first time it was sent."""

    index = WholeNumber()
    atomicSetId = WholeNumber(allow_null=True)
    systemUniqueKey = serializers.CharField(allow_null=True)
    transaction = TransactionAnswer()


class BatchFailed(CamelSerializer):
    """An item of a batch that was not posted, and why."""

    index = WholeNumber()
    atomicSetId = WholeNumber(allow_null=True)
    systemUniqueKey = serializers.CharField(allow_null=True)
    code = serializers.CharField()
    message = serializers.CharField()


class BatchAnswer(CamelSerializer):
    """Every item of a batch, in one of two lists."""

    processed = BatchDone(many=True)
    failed = BatchFailed(many=True)
