"""API credentials on the console: keys that programs hold, how they fare, and their secrets, shown once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from loyalty.kernel import clock
from loyalty.kernel.desk import (
    Act,
    Done,
    HouseAdmin,
    Line,
    Preview,
    RolesField,
    Seat,
    copyable,
    roles_shown,
    seat_of,
    state,
    when,
)
from loyalty.kernel.errors import CannotGrant
from loyalty.kernel.models import ApiCredential, Door, Operator
from loyalty.kernel.models.credentials import SOON
from loyalty.kernel.services import (
    NewCredential,
    create_credential,
    create_operator,
    new_key,
    revoke_credential,
    rotate_credential,
    set_membership,
)
from loyalty.kernel.services.grants import check_use_of

READS, WRITES = "users:read", "users:write"
# More operators than this are not offered in one list.
OFFERED = 200


def _secrets(made: NewCredential) -> list[tuple[str, str]]:
    if made.credential.door != Door.CORE:
        return [("Key", made.secret)]
    return [("API key", made.credential.key), ("Secret", made.secret), ("Bearer token", made.token)]


class CreateCredential(Act):
    """A key for a program: with a service of its own, or acting as an operator there is."""

    slug, title, verb, icon, needs = "create", "New API credential", "Create", "add", WRITES
    about = "Its secret is shown once, on the next page."

    name = forms.CharField(max_length=255, help_text="Which program holds it, like “Till in Main Street”.")
    door = forms.ChoiceField(
        required=False,
        choices=Door.choices,
        initial=Door.CORE,
        label="Opens",
        help_text="A key opens the API it is made for.",
    )
    operator = forms.ChoiceField(
        required=False, label="Acts as", help_text="A new service can do what is ticked below, and nothing else."
    )
    is_admin = forms.BooleanField(
        required=False, label="Everything", help_text="The new service administers the organization."
    )
    scopes = RolesField(
        required=False,
        label="May",
        help_text="For an operator there is: a limit to the roles they have; nothing ticked is no limit.",
    )
    expires_on = forms.DateField(
        required=False,
        label="Last day",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Empty: it works until it is revoked.",
    )

    def prepare(self) -> None:
        """Offer only what the person who sits here may give."""
        self.granter = self.seat.access(self.seat.organization_id)
        self.fields["scopes"].offer(self.granter)  # type: ignore[attr-defined]
        if not (self.granter.is_admin or self.granter.is_system_admin):
            del self.fields["is_admin"]
        here = Operator.objects.filter(memberships__organization=self.seat.organization_id, is_active=True)
        known = [(str(one.pk), f"{one} ({one.get_kind_display().lower()})") for one in here.order_by("name")[:OFFERED]]
        self.fields["operator"].choices = [("", "A new service of its own"), *known]  # type: ignore[attr-defined]

    def clean_expires_on(self) -> Any:
        """Further than any clock goes is never."""
        day = self.cleaned_data["expires_on"]
        if day is not None and day >= clock.NEVER.date() - timedelta(days=2):
            raise forms.ValidationError("Leave it empty where it should never expire.")
        return day

    def clean(self) -> dict[str, Any]:
        """A service that may do nothing is a mistake."""
        given = super().clean() or self.cleaned_data
        if not given.get("operator") and not given.get("is_admin") and not given.get("scopes"):
            self.add_error("scopes", "Tick what the new service may do.")
        return given

    def _operator(self) -> Operator:
        if self.cleaned_data["operator"]:
            return Operator.objects.get(pk=self.cleaned_data["operator"])
        name = self.cleaned_data["name"]
        who: dict[str, Any] = {"granter": self.granter, "actor": self.actor, "at": self.at}
        made = create_operator(
            username=new_key(name, among=Operator.objects.all(), field="username", fallback="service"),
            name=name,
            kind=Operator.Kind.SERVICE,
            organization_id=self.organization.pk,
            **who,
        )
        set_membership(
            operator=made,
            organization=self.organization,
            is_admin=self.cleaned_data.get("is_admin", False),
            roles=self.cleaned_data["scopes"],
            **who,
        )
        return made

    def act(self) -> Done:
        """Create it, and the service where it is to be a new one."""
        operator, last_day = self._operator(), self.cleaned_data["expires_on"]
        is_new = not self.cleaned_data["operator"]
        made = create_credential(
            operator=operator,
            organization=self.organization,
            name=self.cleaned_data["name"],
            door=Door(self.cleaned_data["door"] or Door.CORE),
            # A new service has just these roles: scopes would only have to be kept in step with them.
            scopes=() if is_new else self.cleaned_data["scopes"],
            expires_at=None if last_day is None else _end_of(last_day),
            granter=self.granter,
            actor=self.actor,
            at=self.at,
        )
        return Done(f"{made.credential} is ready.", made.credential, _secrets(made))

    def refuse(self, error: Any) -> None:
        """The service speaks of instants, the form of days."""
        if getattr(error, "field", None) == "expires_at":
            error.field = "expires_on"
        super().refuse(error)


def _end_of(day: Any) -> datetime:
    """The first instant after a day, in the organization's zone."""
    midnight = datetime.combine(day + timedelta(days=1), datetime.min.time())
    return timezone.make_aware(midnight)


class _WithOne(Act):
    needs = WRITES

    @classmethod
    def fits(cls, target: ApiCredential) -> bool:
        """A revoked one is over."""
        return target.revoked_at is None


class RotateCredential(_WithOne):
    """A new secret for the same key."""

    slug, title, verb, icon = "rotate", "Rotate secret", "Make a new secret", "autorenew"
    about = "The program gets a new secret; the old one works on for a while, so that nothing stands still meanwhile."
    asks_reason = True

    overlap_hours = forms.IntegerField(
        min_value=0, max_value=24 * 30, initial=24, help_text="How many hours the old secret works on."
    )

    @classmethod
    def possible(cls, seat: Seat, target: Any, organization_id: int | None) -> bool:
        """Whoever sees the secret can use it: only for those who have what it may do."""
        if not super().possible(seat, target, organization_id):
            return False
        try:
            check_use_of(seat.access(organization_id), target)
        except CannotGrant:
            return False
        return True

    def act(self) -> Done:
        """Rotate it."""
        made = rotate_credential(
            credential=self.target,
            overlap=timedelta(hours=self.cleaned_data["overlap_hours"]),
            granter=self.seat.access(self.target.organization_id),
            actor=self.actor,
            at=self.at,
            reason=self.reason,
        )
        return Done(f"{made.credential} has a new secret.", made.credential, _secrets(made))


class RevokeCredential(_WithOne):
    """The end of a key."""

    slug, title, verb, icon = "revoke", "Revoke", "Revoke it", "key_off"
    is_dangerous, asks_reason = True, True

    def preview(self) -> Preview:
        """What stops."""
        used = when(self.target.last_used_at)
        says = f"Whatever uses {self.target} stops working at once, and it cannot be brought back."
        return Preview(
            says, [Line("State", state(self.target.state_at(self.at)), state("revoked")), Line("Last used", used)]
        )

    def act(self) -> Done:
        """Revoke it."""
        revoke_credential(credential=self.target, actor=self.actor, at=self.at, reason=self.reason)
        return Done(f"{self.target} is revoked.", self.target)


class StateFilter(admin.SimpleListFilter):
    """By how the credential fares."""

    title, parameter_name = "state", "state"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        """The states, and what needs a hand."""
        return [
            ("active", "Active"),
            ("soon", "Expires soon"),
            ("expired", "Expired"),
            ("expired-used", "Expired, but used lately"),
            ("revoked", "Revoked"),
        ]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those in the state."""
        return in_state(queryset, self.value(), clock.now())


def in_state(rows: QuerySet[Any], word: str | None, at: datetime) -> QuerySet[Any]:
    """The credentials in a state, by the word the filter has for it."""
    live = Q(revoked_at__isnull=True)
    expired = live & Q(expires_at__lte=at)
    known = {
        "active": live & (Q(expires_at__isnull=True) | Q(expires_at__gt=at)),
        "soon": live & Q(expires_at__gt=at, expires_at__lte=at + SOON),
        "expired": expired,
        "expired-used": expired & Q(last_used_at__gte=F("expires_at") - SOON),
        "revoked": Q(revoked_at__isnull=False),
    }
    return rows.filter(known[word]) if word in known else rows


def _with_places(rows: QuerySet[Any]) -> QuerySet[Any]:
    """With the operators' places, which say what a credential without limits may do."""
    return rows.select_related("operator", "organization").prefetch_related("operator__memberships")


@admin.register(ApiCredential)
class ApiCredentialAdmin(HouseAdmin):
    """The keys of the organization chosen; system administrators also see those for every organization."""

    reads = READS
    list_display = ["name", "door", "key_shown", "acts_as", "may", "state_now", "last_used", "expires"]
    list_filter = [StateFilter, "door"]
    search_fields = ["name", "key", "operator__name"]
    creates = CreateCredential
    acts = (RotateCredential, RevokeCredential)
    says_empty = "An API credential lets a program call the APIs: a key, and a secret that is shown once."
    facts = (
        ("What", ("name", "door", "key_shown", "acts_as", "may")),
        ("How it fares", ("state_now", "last_used", "expires", "previous_until", "revoked", "created_at")),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Of the organization chosen, and those of none for whoever is above them all."""
        seat = seat_of(request)
        if not seat.is_system_admin:
            return _with_places(super().get_queryset(request))
        return self.everything(request).filter(Q(organization=seat.organization_id) | Q(organization__isnull=True))

    def find(self, request: HttpRequest, term: str, most: int) -> Iterable[ApiCredential]:
        """By key, or the beginning of the name."""
        key = term.partition(".")[0]
        return self.get_queryset(request).filter(Q(key=key) | Q(name__istartswith=term)).order_by("name")[:most]

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With their operators and organizations."""
        return _with_places(super().everything(request))

    @admin.display(description="Key", ordering="key")
    def key_shown(self, credential: ApiCredential) -> Any:
        """To copy."""
        return copyable(credential.key)

    @admin.display(description="Acts as", ordering="operator__name")
    def acts_as(self, credential: ApiCredential) -> Any:
        """Who stands in the books for what it does."""
        return credential.operator

    @admin.display(description="May")
    def may(self, credential: Any) -> str:
        """Its limits, else what the operator may."""
        if credential.scopes:
            return roles_shown(credential.scopes)
        if credential.organization_id is None:
            return "everything, everywhere"
        places = credential.operator.memberships.all()
        place = next((one for one in places if one.organization_id == credential.organization_id), None)
        if place is None:
            return "everything here" if credential.operator.is_system_admin else "nothing"
        return roles_shown(place.roles, is_admin=place.is_admin)

    @admin.display(description="State")
    def state_now(self, credential: ApiCredential) -> Any:
        """Whether it opens anything."""
        if not credential.operator.is_active:
            return state("inactive")
        return state(credential.state_at(clock.now()))

    @admin.display(description="Last used", ordering="last_used_at")
    def last_used(self, credential: ApiCredential) -> Any:
        """To the minute."""
        return when(credential.last_used_at)

    @admin.display(description="Expires", ordering="expires_at")
    def expires(self, credential: ApiCredential) -> Any:
        """When, if ever."""
        return when(credential.expires_at or clock.NEVER)

    @admin.display(description="Previous secret works until")
    def previous_until(self, credential: ApiCredential) -> Any:
        """After a rotation."""
        until = credential.previous_valid_until
        return when(until if until is not None and until > clock.now() else None)

    @admin.display(description="Revoked")
    def revoked(self, credential: ApiCredential) -> Any:
        """When."""
        return when(credential.revoked_at)
