"""The users of an organization over the core API (tag Organization Users, semantics 13.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.kernel.api.fields import CamelSerializer, Flag, JsonObject, Moment, OkAnswer, Text, WholeNumber, camel
from loyalty.kernel.api.filters import FlagFilter, TextFilter
from loyalty.kernel.api.resources import ResourceViewSet, written
from loyalty.kernel.models import Membership, Operator
from loyalty.kernel.roles import ROLES
from loyalty.kernel.selectors import get_organization, list_users
from loyalty.kernel.services import create_user, remove_membership, set_membership, set_password, update_user
from loyalty.kernel.tasks import ring_for


class RoleField(serializers.ChoiceField):
    """One of the roles."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=[(role, role) for role in ROLES], **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        """The role given."""
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)


class UserPermissions(CamelSerializer):
    """What a user may do in the organization."""

    isAdmin = Flag()
    roles = serializers.ListField(child=RoleField(), max_length=100)


class _UserWords(CamelSerializer):
    """What is said of a user's account."""

    active = Flag(source="is_active")
    name = Text(max_length=255, allow_blank=True)
    nickname = Text(max_length=255, allow_blank=True)
    profilePictureUrl = Text(max_length=2000, allow_blank=True)
    isSystemAdmin = Flag()
    pendingProvisioning = Flag()
    customAttributes = JsonObject()


class UserUpdate(_UserWords):
    """A changed account. Only a system administrator changes the organizations, named by number or key."""

    organizations = serializers.ListField(child=Text(max_length=100), max_length=100)


class UserInput(_UserWords, UserPermissions):
    """A new user."""

    passwordIsTemporary = Flag(required=False)
    password = Text(required=False, allow_null=True, max_length=128, trim_whitespace=False, write_only=True)
    sendInvite = Flag(required=False)
    emailIsVerified = Flag(required=False)
    userName = Text(max_length=150, source="username")
    email = Text(max_length=254, allow_blank=True)
    authClientId = Text(max_length=255, allow_blank=True)


class UserPassword(CamelSerializer):
    """Another password; it is to be changed at the next sign-in unless it is permanent."""

    permanent = Flag(required=False)
    password = Text(max_length=128, trim_whitespace=False, write_only=True)


class UserAnswer(CamelSerializer):
    """A user as it is read: the account, and its place in the organization."""

    userId = serializers.UUIDField(source="operator.user_id")
    organizationId = WholeNumber()
    userName = serializers.CharField(source="operator.username")
    email = serializers.CharField(source="operator.email")
    emailIsVerified = serializers.BooleanField(source="operator.email_is_verified")
    name = serializers.CharField(source="operator.name")
    nickname = serializers.CharField(source="operator.nickname")
    profilePictureUrl = serializers.CharField(source="operator.profile_picture_url")
    active = serializers.BooleanField(source="operator.is_active")
    isSystemAdmin = serializers.BooleanField(source="operator.is_system_admin")
    isAdmin = serializers.BooleanField()
    roles = serializers.ListField(child=serializers.CharField())
    pendingProvisioning = serializers.BooleanField(source="operator.pending_provisioning")
    passwordIsTemporary = serializers.BooleanField(source="operator.password_is_temporary")
    authClientId = serializers.CharField(source="operator.auth_client_id")
    customAttributes = JsonObject(source="operator.custom_attributes")
    organizations = serializers.SerializerMethodField()
    createdAt = Moment(source="operator.created_at")
    updatedAt = Moment(source="operator.updated_at")

    def get_organizations(self, place: Any) -> list[str]:
        """The numbers of those that the caller may know of."""
        return [str(other.organization_id) for other in place.operator.places_seen]


class NewUserAnswer(CamelSerializer):
    """A new user, with the password where it was made up or is temporary: it is told this once."""

    user = UserAnswer()
    password = serializers.CharField(allow_null=True)


class UserFilters(django_filters.FilterSet):
    """What a list of users is narrowed by. An index finds the organization's few; the rest is read among them."""

    email = TextFilter(method="by_email")
    userName = TextFilter(field_name="operator__username")
    active = FlagFilter(field_name="operator__is_active")
    authClientId = TextFilter(field_name="operator__auth_client_id")
    includeAPIUsers = FlagFilter(method="decided_below", default=False)
    includeCognitoUsers = FlagFilter(method="decided_below", default=True)
    search = TextFilter(method="by_text")

    def by_email(self, queryset: QuerySet[Membership], name: str, value: str) -> QuerySet[Membership]:
        """Users with this email, whatever its case."""
        return queryset.filter(operator__email=value.strip().lower())

    def by_text(self, queryset: QuerySet[Membership], name: str, value: str) -> QuerySet[Membership]:
        """Users with this text in a name of theirs or the email, whatever its case."""
        found = Q()
        for column in ("username", "email", "name", "nickname"):
            found |= Q(**{f"operator__{column}__icontains": value})
        return queryset.filter(found)

    def decided_below(self, queryset: QuerySet[Membership], name: str, value: bool) -> QuerySet[Membership]:
        """Where absent values count too."""
        return queryset

    def filter_queryset(self, queryset: QuerySet[Membership]) -> QuerySet[Membership]:
        """The users asked for: people unless they are left out, services where they are wanted."""
        asked = self.form.cleaned_data
        kinds = [
            *([Operator.Kind.PERSON] if asked["includeCognitoUsers"] is not False else []),
            *([Operator.Kind.SERVICE] if asked["includeAPIUsers"] else []),
        ]
        return super().filter_queryset(queryset).filter(operator__kind__in=kinds)


class UserViewSet(ResourceViewSet):
    """Whoever has a place in the organization."""

    tag = "Organization Users"
    operations = {
        "list": "listOrganizationUsers",
        "retrieve": "getOrganizationUser",
        "create": "createOrganizationUser",
        "update": "updateOrganizationUser",
        "destroy": "deleteOrganizationUser",
        "permissions": "updateOrganizationUserPermissions",
        "password": "adminSetOrganizationUserPassword",
    }
    reads, writes = "users:read", "users:write"
    wrapper = "user"
    queryset = Membership.objects.none()
    lookup_url_kwarg = "userId"
    lookup_field = "operator__user_id"
    serializer_class = UserAnswer
    inputs = {"create": UserInput, "update": UserUpdate, "permissions": UserPermissions, "password": UserPassword}
    answers = {"create": NewUserAnswer, "destroy": OkAnswer}
    filterset_class = UserFilters
    order_columns = {
        "userName": "operator__username",
        "name": "operator__name",
        "email": "operator__email",
        "createdAt": "operator__created_at",
    }

    @property
    def words(self) -> dict[str, Any]:
        """Who asks, when, and what they may do here."""
        return {"granter": self.caller.access, "actor": self.actor, "at": self.at}

    def handle_exception(self, exc: Exception) -> Response:
        """A refusal names the field as callers know it."""
        field = getattr(exc, "field", None)
        if field:
            exc.field = "userName" if field == "username" else camel(field)  # type: ignore[attr-defined]
        return super().handle_exception(exc)

    def get_queryset(self) -> QuerySet[Membership]:
        """The organization's users."""
        return list_users(self.organization_id, knows_all=self.caller.access.is_system_admin)

    def show(self) -> Response:
        """The user of the path, as it is now."""
        return self.answer(self.get_object())

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A new user. The password is told where it was made up or is temporary, and never again."""
        made = create_user(organization=get_organization(self.organization_id), **self.words, **self.read_input())
        if made.invitation is not None:
            ring_for(made.invitation.pk)
        place = self.get_queryset().get(pk=made.place.pk)
        return Response({"user": written(UserAnswer, place), "password": made.password}, 201)

    def perform_update(self, row: Membership, fields: Mapping[str, Any]) -> Membership:  # type: ignore[override]
        """The changed account."""
        update_user(place=row, changes=fields, **self.words)
        return self.get_queryset().get(pk=row.pk)

    def permissions(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Give the user these roles in the stead of those they had; only what the caller has can be given or taken."""
        place, fields = self.get_object(), self.read_input()
        set_membership(operator=place.operator, organization=place.organization, **fields, **self.words)
        return self.show()

    def password(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Give the user another password; every session of theirs ends."""
        place, fields = self.get_object(), self.read_input()
        set_password(
            operator=place.operator,
            password=fields["password"],
            is_temporary=not fields.get("permanent", False),
            organization_id=self.organization_id,
            **self.words,
        )
        return self.show()

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Have the user leave the organization; whoever has no other place is deactivated."""
        place = self.get_object()
        remove_membership(operator=place.operator, organization=place.organization, **self.words)
        return Response({"ok": True})
