"""What bodies and answers look like: read by the views, drawn in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from django.core.validators import EmailValidator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from loyalty.kernel.api.fields import CamelSerializer, Text, WholeNumber, texts
from partners.words import PROFILE_OF_COMPANY


def email(**kwargs: Any) -> Text:
    """An email that may be left out."""
    return texts(max_length=254, validators=[EmailValidator()], **kwargs)


class ClassicSignin(CamelSerializer):
    """The classic sign-in."""

    clientId = Text(max_length=255, trim_whitespace=False)
    clientSecret = Text(max_length=255, trim_whitespace=False)


class OAuthSignin(serializers.Serializer[Any]):
    """The sign-in of OAuth2."""

    client_id = Text(max_length=255, trim_whitespace=False)
    client_secret = Text(max_length=255, trim_whitespace=False)
    grant_type = Text(max_length=255, help_text="client_credentials")


class ClassicToken(serializers.Serializer[Any]):
    """The answer to the classic sign-in."""

    accessToken = serializers.CharField()
    expiresIn = serializers.IntegerField()


class OAuthToken(serializers.Serializer[Any]):
    """The answer to the sign-in of OAuth2."""

    access_token = serializers.CharField()
    expires_in = serializers.IntegerField()
    token_type = serializers.CharField()


class DestinationAccount(CamelSerializer):
    """Who is to have the points; what is required differs by program."""

    destinationUserId = texts(max_length=255)
    destinationUserEmail = email()


class Preview(CamelSerializer):
    """What a value would buy."""

    programId = Text(max_length=255)
    value = WholeNumber(help_text="Whole units of the caller's currency.")


class Issue(Preview):
    """Points to issue."""

    destinationAccount = DestinationAccount()
    referenceNumber = Text(max_length=255)
    description = texts(max_length=1000)


class ExchangeIssue(Issue):
    """Points to issue for points of another program."""

    originalProgramId = Text(max_length=255)


class NewConnection(CamelSerializer):
    """Who a user is in a program."""

    programId = Text(max_length=255)
    destinationAccount = DestinationAccount()
    sourceUserId = Text(max_length=255)
    sourceUserEmail = email()


def _text(*names: str) -> dict[str, Any]:
    return {name: serializers.CharField(allow_blank=True) for name in names}


Profile: Any = type(
    "Profile",
    (serializers.Serializer,),
    {"__doc__": "Who calls.", **_text("name", "programId", "programName", "localCurrency", *PROFILE_OF_COMPANY)},
)


class Program(serializers.Serializer[Any]):
    """A program that points can be issued in."""

    id = serializers.CharField()
    pricePerPointInUsd = serializers.FloatField()
    pricePerPoint = serializers.FloatField(help_text="In the program's currency.")
    minAmountOfPoints = serializers.IntegerField(help_text="0 is no limit.")
    maxAmountOfPoints = serializers.IntegerField(help_text="0 is no limit.")
    minValue = serializers.IntegerField(help_text="0 is no limit.")
    maxValue = serializers.IntegerField(help_text="0 is no limit.")
    currency = serializers.CharField()
    name = serializers.CharField()
    businessName = serializers.CharField()
    logo = serializers.CharField(allow_blank=True)
    industry = serializers.CharField(allow_blank=True)
    termsAndConditionsUrl = serializers.CharField(allow_blank=True)
    brandDescription = serializers.CharField(allow_blank=True)
    programCurrency = serializers.CharField()
    pricePerPointInLocalCurrency = serializers.FloatField(help_text="In the caller's currency: what a value buys by.")
    localCurrency = serializers.CharField()


class ProgramField(serializers.Serializer[Any]):
    """What a program wants to know of a destination."""

    name = serializers.CharField()
    required: Any = serializers.BooleanField()
    type = serializers.CharField()


class Validity(serializers.Serializer[Any]):
    """Whether the user is a member."""

    isValid = serializers.BooleanField()


class Previewed(serializers.Serializer[Any]):
    """What the value buys."""

    totalPoints = serializers.IntegerField()


class Issued(serializers.Serializer[Any]):
    """A transaction that was made."""

    id = serializers.CharField()
    totalPoints = serializers.IntegerField()
    referenceNumber = serializers.CharField()
    date = serializers.DateTimeField()


class PointTransaction(serializers.Serializer[Any]):
    """What a transaction did."""

    destinationNumberOfPoints = serializers.CharField()
    type = serializers.ChoiceField(["issue", "reversal"])


class DestinationProgram(serializers.Serializer[Any]):
    """The program the points are of."""

    name = serializers.CharField()
    programId = serializers.CharField()


class PartnershipOf(serializers.Serializer[Any]):
    """Between whom the points went."""

    destination = DestinationProgram()


class TransactionItem(serializers.Serializer[Any]):
    """A transaction in a list."""

    id = serializers.CharField()
    referenceNumber = serializers.CharField()
    sourceValue = serializers.IntegerField()
    description = serializers.CharField(allow_blank=True)
    createdAt = serializers.DateTimeField()
    status = serializers.CharField(help_text="An extension: pending, issued, failed, reversing or reversed.")
    pointTransactions = PointTransaction(many=True)
    partnership = PartnershipOf()


class SingleTransaction(TransactionItem):
    """One transaction."""

    destinationUserId = serializers.CharField(allow_blank=True)


class TransactionPage(serializers.Serializer[Any]):
    """Some of the transactions, and how many there are."""

    total = serializers.IntegerField()
    data: Any = TransactionItem(many=True)


class ConnectionItem(serializers.Serializer[Any]):
    """Who a user is in a program."""

    id = serializers.CharField()
    destinationUserId = serializers.CharField(allow_blank=True)
    destinationUserEmail = serializers.CharField(allow_blank=True)
    programId = serializers.CharField()
    updatedAt = serializers.DateTimeField()
    createdAt = serializers.DateTimeField()


class SavedConnection(ConnectionItem):
    """A connection just made or changed."""

    sourceUserId = serializers.CharField()
    sourceUserEmail = serializers.CharField(allow_blank=True)


class ConnectionLine(serializers.Serializer[Any]):
    """What happened to a connection."""

    id = serializers.CharField()
    event = serializers.ChoiceField(["created", "updated"])
    sourceProgramUserId = serializers.CharField()
    timestamp = serializers.DateTimeField()


class ConnectionPage(serializers.Serializer[Any]):
    """Some of the history, and how much there is."""

    total = serializers.IntegerField()
    data: Any = ConnectionLine(many=True)


class CosmopointsProblem(serializers.Serializer[Any]):
    """A refusal."""

    statusCode = serializers.IntegerField()
    message = serializers.CharField()
    error = serializers.CharField()


def refusals(*statuses: int) -> dict[int, Any]:
    """These refusals, and those every operation has."""
    return dict.fromkeys((*statuses, 401, 403), CosmopointsProblem)


def query(name: str, about: str, *, required: bool = False, kind: Any = OpenApiTypes.STR) -> OpenApiParameter:
    """A parameter of the query."""
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=about, required=required)


def span(*, required: bool) -> list[OpenApiParameter]:
    """From when to when, and which page."""
    return [
        query("startDate", "Seconds since 1970, in ten digits; inclusive.", required=required),
        query("endDate", "Seconds since 1970, in ten digits; inclusive.", required=required),
        query("page", "The first is 1.", kind=OpenApiTypes.INT),
        query("pageSize", "25 unless more are asked for, at most 5,000.", kind=OpenApiTypes.INT),
    ]


PROGRAM_ID = query("programId", "Only of this program.")
CURRENCIES: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
