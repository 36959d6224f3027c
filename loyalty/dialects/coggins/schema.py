"""What the OpenAPI document says of the three operations."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers


class KeySchema(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The key, where it is not in the path."""

    target_class = "loyalty.dialects.coggins.authentication.KeyAuthentication"
    name = ["csapikey", "CogginsAPIKey"]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        """One of the two will do."""
        return [{"csapikey": []}, {"CogginsAPIKey": []}]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        """How the key is sent."""
        return [
            {"type": "apiKey", "in": "query", "name": "csapikey"},
            {"type": "apiKey", "in": "header", "name": "CogginsAPIKey"},
        ]


class ClaimRow(serializers.Serializer[Any]):
    """One claim that is asked for."""

    amount = serializers.IntegerField(min_value=1, help_text="Whole points.")
    email = serializers.EmailField(required=False, allow_null=True, help_text="Who may claim; without it, anybody.")
    customerType = serializers.CharField(required=False, allow_null=True, help_text="One of the store's.")
    expires = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=36_500, help_text="Days from today."
    )


class ClaimAnswer(ClaimRow):
    """What came of it: the words of the request as far as they were sent, and the claim or why there is none."""

    claimToken = serializers.UUIDField(required=False)
    claimUrl = serializers.URLField(required=False)
    created = serializers.BooleanField()
    message = serializers.CharField(required=False)


class PointsAnswer(serializers.Serializer[Any]):
    """What somebody has, in whole points."""

    AvailablePoints = serializers.IntegerField()
    UsedPoints = serializers.IntegerField(min_value=0)


class EditRow(serializers.Serializer[Any]):
    """One edit."""

    amount = serializers.IntegerField(help_text="Whole points; below zero takes.")
    email = serializers.EmailField()


class EditAnswer(EditRow):
    """What came of it."""

    success = serializers.BooleanField()
    message = serializers.CharField(allow_blank=True)


class CogginsProblem(serializers.Serializer[Any]):
    """A refusal."""

    success = serializers.BooleanField(help_text="Always false.")
    message = serializers.CharField()


_REFUSALS = dict.fromkeys((400, 401, 403, 404, 409, 413, 415), CogginsProblem)
_ONCE = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="An extension: the same key and body again are answered as the first time, for a day.",
)


def _key(name: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.UUID, OpenApiParameter.PATH, description="The API key.")


request_schema = extend_schema(
    operation_id="requestPointClaims",
    tags=["Points"],
    parameters=[_ONCE],
    request=ClaimRow(many=True),
    responses={200: ClaimAnswer(many=True), **_REFUSALS},
    examples=[
        OpenApiExample(
            "As published",
            value=[{"amount": 400, "email": "test011@atest.com", "customerType": "Internal", "expires": 1}],
            request_only=True,
        )
    ],
)
lookup_schema = extend_schema(
    operation_id="lookUpPoints",
    tags=["Points"],
    auth=[],
    parameters=[_key("csapikey"), OpenApiParameter("email", OpenApiTypes.EMAIL, OpenApiParameter.PATH)],
    responses={200: PointsAnswer, **{code: _REFUSALS[code] for code in (401, 403, 404)}},
)
edit_schema = extend_schema(
    operation_id="editPoints",
    tags=["Points"],
    auth=[],
    parameters=[_key("apikey"), _ONCE],
    request=EditRow(many=True),
    responses={200: EditAnswer(many=True), **_REFUSALS},
)
