"""Sign-in of the core API: a credential's key and secret for a bearer token (semantics 0.1)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from loyalty.kernel import clock
from loyalty.kernel.api.authentication import is_live, secret_opens, touch
from loyalty.kernel.api.fields import CamelSerializer, Text
from loyalty.kernel.api.resources import read_input
from loyalty.kernel.models import Door
from loyalty.kernel.selectors import find_caller
from loyalty.kernel.services import issue_token


class SigninInput(CamelSerializer):
    """What a client knows of its credential."""

    apiKey = Text(max_length=255, trim_whitespace=False)
    apiSecret = Text(max_length=255, trim_whitespace=False)


class SigninView(APIView):
    """Trade an API key and its secret for a token."""

    @extend_schema(
        operation_id="signIn",
        tags=["Authentication"],
        request=SigninInput,
        responses={200: inline_serializer("SigninAnswer", {"idToken": serializers.CharField()})},
        auth=[],
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A bearer token that lasts TOKEN_TTL_SECONDS. One answer for an unknown key and for a wrong secret."""
        given = read_input(SigninInput, request.data)
        caller = find_caller(given["api_key"], None)
        if (
            caller is None
            or caller.door != Door.CORE
            or not secret_opens(caller, given["api_secret"])
            or not is_live(caller)
        ):
            raise AuthenticationFailed("The API key or secret is not valid.")
        touch(caller)
        return Response({"idToken": issue_token(key=given["api_key"], at=clock.now())})

    def get_authenticate_header(self, request: Request) -> str:
        """A wrong secret is a 401, which has to name a scheme."""
        return "Bearer"
