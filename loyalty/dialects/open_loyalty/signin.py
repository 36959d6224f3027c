"""Sign-in of administrators, sellers and customers, and tokens for tokens (contract open_loyalty 1.1)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth import authenticate
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.dialects.open_loyalty import shapes, tokens
from loyalty.dialects.open_loyalty.problems import Refused, not_signed_in
from loyalty.dialects.open_loyalty.views import OpenLoyaltyView
from loyalty.kernel.models import Operator
from members.models import RefreshToken
from members.selectors import get_open_store
from members.selectors.signing_in import find_operator_to_sign_in, may_administer, sells_somewhere
from members.services import check_member_password, issue_refresh_token, use_refresh_token

LONGEST = 255


class SigninView(OpenLoyaltyView):
    """Trade a name and a password for a token and a refresh token."""

    role: ClassVar[str] = ""
    authentication_classes = []

    def post(self, request: Request, store: str | None = None) -> Response:
        """One answer for everybody who cannot sign in, whatever the reason."""
        given = request.data if isinstance(request.data, dict) else {}
        name, password = (_word(given.get(field)) for field in ("_username", "_password"))
        if store is not None:
            get_open_store(store)
        found = self.sign_in(request, name, password, store) if name and password else None
        if found is None:
            raise not_signed_in("Bad credentials")
        return Response(found)

    def sign_in(self, request: Request, name: str, password: str, store: str | None) -> dict[str, str] | None:
        """The tokens, or None."""
        raise NotImplementedError


class OperatorSigninView(SigninView):
    """Somebody of the staff, or a seller."""

    def sign_in(self, request: Request, name: str, password: str, store: str | None) -> dict[str, str] | None:
        """Through Django, which also counts wrong passwords."""
        username = find_operator_to_sign_in(name, sells=self.role == tokens.SELLER)
        operator: Any = authenticate(request._request, username=username, password=password)
        if operator is None or not may_come_in(operator, self.role, store):
            return None
        refresh = issue_refresh_token(
            role=self.role, stamp=tokens.stamp_of(operator.password), operator_id=operator.pk, at=self.at
        )
        return {"token": self.token_of(operator), "refresh_token": refresh}

    def token_of(self, operator: Operator) -> str:
        """A new token."""
        return tokens.issue(
            number=operator.pk, role=self.role, username=operator.username, password=operator.password, at=self.at
        )


class AdminSigninView(OperatorSigninView):
    """Staff: administrators, and who may only look."""

    role = tokens.ADMIN

    @extend_schema(**shapes.ADMIN_SIGNIN)
    def post(self, request: Request, store: str | None = None) -> Response:
        """Sign in with the user name of the console."""
        return super().post(request, store)


class StoreAdminSigninView(AdminSigninView):
    """Staff of a store's organization."""

    @extend_schema(**shapes.STORE_ADMIN_SIGNIN)
    def post(self, request: Request, store: str | None = None) -> Response:
        """Sign in with the user name of the console, as who belongs to the store's organization."""
        return super().post(request, store)


class SellerSigninView(OperatorSigninView):
    """Sellers."""

    role = tokens.SELLER

    @extend_schema(**shapes.SELLER_SIGNIN)
    def post(self, request: Request, store: str | None = None) -> Response:
        """Sign in with the email."""
        return super().post(request, store)


class CustomerSigninView(SigninView):
    """Customers."""

    role = tokens.CUSTOMER

    @extend_schema(**shapes.CUSTOMER_SIGNIN)
    def post(self, request: Request, store: str | None = None) -> Response:
        """Sign in with email, loyalty card number or phone."""
        return super().post(request, store)

    def sign_in(self, request: Request, name: str, password: str, store: str | None) -> dict[str, str] | None:
        """With the password kept for the member."""
        found = check_member_password(username=name, password=password, at=self.at, store_code=store)
        if found is None:
            return None
        refresh = issue_refresh_token(
            role=self.role, stamp=tokens.stamp_of(found.password), member_id=found.member_id, at=self.at
        )
        token = tokens.issue(number=found.member_id, role=self.role, username=name, password=found.password, at=self.at)
        return {"token": token, "refresh_token": refresh}


class StoreCustomerSigninView(CustomerSigninView):
    """Customers of a store's organization."""

    @extend_schema(**shapes.STORE_CUSTOMER_SIGNIN)
    def post(self, request: Request, store: str | None = None) -> Response:
        """Sign in with email, loyalty card number or phone, as a customer of the store's organization."""
        return super().post(request, store)


class RefreshView(OpenLoyaltyView):
    """Trade a refresh token for a new token."""

    authentication_classes = []

    @extend_schema(**shapes.REFRESH)
    def post(self, request: Request) -> Response:
        """A new token; the refresh token stays, and its time begins anew."""
        given = request.data if isinstance(request.data, dict) else {}
        word = _word(given.get("refresh_token"))
        kept = use_refresh_token(token=word, at=self.at) if word else None
        token = _token_for(kept, self) if kept is not None else None
        if token is None:
            raise Refused(401, {"code": 401, "message": "Invalid refresh token"}, **{"WWW-Authenticate": "Bearer"})
        return Response({"token": token, "refresh_token": word})


def may_come_in(operator: Operator, role: str, store: str | None = None) -> bool:
    """Whether the person may sign in as this; a password that is temporary has to be changed at the console first."""
    if operator.kind != Operator.Kind.PERSON or not operator.is_active or operator.password_is_temporary:
        return False
    return sells_somewhere(operator) if role == tokens.SELLER else may_administer(operator, store)


def _token_for(kept: RefreshToken, view: RefreshView) -> str | None:
    """A new token for whom a refresh token was given, while they are who they were."""
    if kept.operator is not None:
        held, password, name = kept.operator_id, kept.operator.password, kept.operator.username
        good = may_come_in(kept.operator, kept.role)
    else:
        member: Any = kept.member
        secret = getattr(member, "member_password", None)
        held, password, name = kept.member_id, secret.password if secret else "", str(member.customer_id)
        good = member.active and secret is not None
    if held is None or not good or kept.stamp != tokens.stamp_of(password):
        return None
    return tokens.issue(number=held, role=kept.role, username=name, password=password, at=view.at)


def _word(value: Any) -> str:
    """A text that may be a name or a password; nothing for what is none."""
    return value if isinstance(value, str) and len(value) <= LONGEST and "\x00" not in value else ""
