"""Members and their place in programs."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from ledger.models import Wallet
from loyalty.kernel.models import Organization
from members.models.programs import LoyaltyProgram, LoyaltyTier


class Member(models.Model):
    """One person (or other holder) who collects points, with the one wallet that holds them.

    The organization knows the member as `loyalty_member_id`, and may show another number, `public_loyalty_member_id`.
    `customer_id` is how APIs that speak in UUIDs name the member. `profile` is personal data, as the caller keeps it.
    `search_text` holds the words a search finds the member by; the services that write the profile write it too.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="members", db_index=False)
    customer_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    loyalty_member_id = models.CharField(max_length=255)
    public_loyalty_member_id = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 - null is "none", many have none
    member_type = models.CharField(max_length=100, blank=True, default="")
    active = models.BooleanField(default=True)
    wallet = models.OneToOneField(Wallet, on_delete=models.PROTECT, related_name="+")
    profile = models.JSONField(default=dict, blank=True)
    on_chain = models.JSONField(default=dict, blank=True)
    custom_attributes = models.JSONField(default=dict, blank=True)
    referral_code = models.CharField(max_length=255, blank=True, default="")
    # The member this one turned out to be: points and profile went there, and this one stays blocked.
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="merged_from", null=True, blank=True, db_index=False
    )
    erased_at = models.DateTimeField(null=True, blank=True)
    search_text = models.TextField(default="", editable=False)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "loyalty_member_id"], name="member_id_once"),
            models.UniqueConstraint(
                fields=["organization", "public_loyalty_member_id"],
                condition=Q(public_loyalty_member_id__isnull=False),
                name="member_public_id_once",
            ),
            models.CheckConstraint(
                condition=Q(active=False) | Q(merged_into__isnull=True, erased_at__isnull=True),
                name="member_gone_is_not_active",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "id"], name="member_of_organization"),
            models.Index(fields=["organization", "created_at"], name="member_by_date"),
            # Search and the rules of audiences ask for it.
            models.Index(fields=["organization", "member_type", "id"], name="member_by_type"),
            # Few are blocked: a list of them must not walk all the others.
            models.Index(fields=["organization", "id"], name="member_blocked", condition=Q(active=False)),
            models.Index(fields=["merged_into"], name="member_merged", condition=Q(merged_into__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.full_name or self.loyalty_member_id

    @property
    def is_gone(self) -> bool:
        """Whether the member was merged into another, or erased."""
        return self.merged_into_id is not None or self.erased_at is not None

    @property
    def full_name(self) -> str:
        """First and last name, as far as the profile knows them."""
        names = (self.profile.get("name"), self.profile.get("lastName"))
        return " ".join(str(name) for name in names if name)


class MemberContact(models.Model):
    """One address imports and filters look a member up by: an email (lower case), a phone (digits and plus) or a card
    number.

    Drawn from the profile whenever that changes; several members may share one.
    """

    class Kind(models.TextChoices):
        """What the value is."""

        EMAIL = "email", "Email"
        PHONE = "phone", "Phone"
        CARD = "card", "Card"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="contacts")
    kind = models.CharField(max_length=5, choices=Kind)
    value = models.CharField(max_length=255)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "kind", "value"], name="contact_once_per_member")]
        indexes = [models.Index(fields=["organization", "kind", "value"], name="contact_lookup")]

    def __str__(self) -> str:
        return self.value


class Enrollment(models.Model):
    """A member's place in one program: the tier reached by points, the one given by hand, the one that counts."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="enrollments")
    program = models.ForeignKey(LoyaltyProgram, on_delete=models.PROTECT, related_name="enrollments", db_index=False)
    system_tier = models.ForeignKey(
        LoyaltyTier, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    manual_tier = models.ForeignKey(
        LoyaltyTier, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    manual_expires_at = models.DateTimeField(null=True, blank=True)
    effective_tier = models.ForeignKey(LoyaltyTier, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "program"], name="enrolled_once")]
        indexes = [
            models.Index(fields=["program", "id"], name="enrollment_of_program"),
            # How many stand in which tier.
            models.Index(fields=["program", "effective_tier"], name="enrollment_by_tier"),
            # Few tiers are given until a day: ending them must not walk all the others.
            models.Index(
                fields=["manual_expires_at"], name="enrollment_ending", condition=Q(manual_expires_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} in {self.program}"
