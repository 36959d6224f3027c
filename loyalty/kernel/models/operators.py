"""Operators: the people and services that act for organizations, and what each may do in which of them."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AbstractBaseUser, UserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.utils import timezone

from loyalty.kernel.models.organizations import Organization


class OperatorManager(UserManager["Operator"]):
    """Makes operators where Django itself asks for it (`createsuperuser`); everything else goes through services."""

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **fields: object
    ) -> Operator:
        """A system administrator, of every organization."""
        operator = Operator(username=username, email=(email or "").lower(), is_system_admin=True, **fields)
        operator.set_password(password)
        operator.save(using=self._db)
        return operator


class Operator(AbstractBaseUser):
    """One person (signs in to the console) or one service (holds credentials, has no password).

    A system administrator may do everything in every organization; anybody else what their memberships say.
    """

    class Kind(models.TextChoices):
        """Who is behind the row."""

        PERSON = "person", "Person"
        SERVICE = "service", "Service"

    user_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    username = models.CharField(max_length=150, unique=True, validators=[UnicodeUsernameValidator()])
    email = models.EmailField(blank=True, default="")
    name = models.CharField(max_length=255, blank=True, default="")
    nickname = models.CharField(max_length=255, blank=True, default="")
    profile_picture_url = models.CharField(max_length=2000, blank=True, default="")
    custom_attributes = models.JSONField(default=dict, blank=True)
    # Which program made the account, where one did.
    auth_client_id = models.CharField("auth client", max_length=255, blank=True, default="")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PERSON)
    is_system_admin = models.BooleanField("system administrator", default=False)
    is_active = models.BooleanField("active", default=True)
    # To be changed at the next sign-in.
    password_is_temporary = models.BooleanField(default=False)
    # Kept for callers: nothing here depends on them.
    email_is_verified = models.BooleanField(default=False)
    pending_provisioning = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    organizations: models.ManyToManyField[Organization, Membership] = models.ManyToManyField(
        Organization, through="Membership", related_name="operators"
    )

    objects = OperatorManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    def __str__(self) -> str:
        return self.name or self.username

    # Django's admin asks these of its users. What a person may do with a row is decided by the base ModelAdmin from
    # memberships, so here only "may this person come in at all" is answered.
    @property
    def is_staff(self) -> bool:
        """Whether the console lets this operator in."""
        return self.is_active and self.kind == self.Kind.PERSON

    @property
    def is_superuser(self) -> bool:
        """Django's word for a system administrator."""
        return self.is_system_admin

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Django's question about a model permission: system administrators have them all, others none."""
        return self.is_active and self.is_system_admin

    def has_module_perms(self, app_label: str) -> bool:
        """Whether any page of an app may be shown; each page then decides for itself."""
        return self.is_active


class Membership(models.Model):
    """One operator's place in one organization, with the roles held there."""

    operator = models.ForeignKey(Operator, on_delete=models.CASCADE, related_name="memberships")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="memberships")
    is_admin = models.BooleanField("administrator", default=False)
    roles = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["operator", "organization"], name="membership_once_per_organization")
        ]

    def __str__(self) -> str:
        return f"{self.operator} in {self.organization}"
