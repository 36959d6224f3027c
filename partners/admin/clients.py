"""Exchange clients on the console: who may call, where they may issue, and their secrets."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from loyalty.kernel.desk import Act, Done, HouseAdmin, Panel, copyable, link_to, state, when
from partners.admin.display import READS, WRITES
from partners.models import ClientKey, ExchangeClient, Partner, PartnerProgram
from partners.services import create_client, rotate_client_secret, set_programs


def _programs_of(organization_id: int | None) -> QuerySet[PartnerProgram]:
    return PartnerProgram.objects.filter(organization_id=organization_id or 0).order_by("name")


class CreateClient(Act):
    """Another application."""

    slug, title, verb, icon, needs = "create", "New exchange client", "Create", "add", WRITES
    about = "Its secrets, one for production and one for the sandbox, are shown once, on the next page."
    partner = forms.ModelChoiceField(Partner.objects.none(), help_text="Who pays for what it issues.")
    name = forms.CharField(max_length=255)
    program_name = forms.CharField(required=False, max_length=255, help_text="What its own program is called.")
    programs = forms.ModelMultipleChoiceField(
        PartnerProgram.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )

    def prepare(self) -> None:
        """Partners and programs of the organization."""
        partners = Partner.objects.filter(organization=self.seat.organization).order_by("name")
        self.fields["partner"].queryset = partners  # type: ignore[attr-defined]
        self.fields["programs"].queryset = _programs_of(self.seat.organization_id)  # type: ignore[attr-defined]

    def act(self) -> Done:
        """Create it."""
        made = create_client(
            granter=self.seat.access(self.organization.pk), actor=self.actor, at=self.at, **self.said()
        )
        shown = [("Client id", made.client.client_id)]
        shown += [(f"Secret for {name}", secret) for name, secret in made.secrets.items()]
        return Done(f"{made.client} may call.", made.client, shown)

    def said(self) -> dict[str, Any]:
        """The fields as the service takes them."""
        return {name: self.cleaned_data[name] for name in ("partner", "name", "program_name", "programs")}


class ChoosePrograms(Act):
    """Where it may issue."""

    slug, title, icon, needs = "programs", "Choose programs", "checklist", WRITES
    programs = forms.ModelMultipleChoiceField(
        PartnerProgram.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )

    def prepare(self) -> None:
        """Those of its organization."""
        self.fields["programs"].queryset = _programs_of(self.target.organization_id)  # type: ignore[attr-defined]

    def starts(self) -> dict[str, Any]:
        """Those it may issue in now."""
        return {"programs": [access.program_id for access in self.target.accesses.all()]}

    def act(self) -> Done:
        """Set them."""
        set_programs(client=self.target, programs=self.cleaned_data["programs"], actor=self.actor, at=self.at)
        return Done(f"{self.target} is saved.", self.target)


class _Rotate(Act):
    """A new secret."""

    verb, icon, needs = "Make a new secret", "autorenew", WRITES
    about = "The old secret works on for a day."
    asks_reason = True
    environment: ClassVar[ClientKey.Environment]

    def act(self) -> Done:
        """Rotate it."""
        keys = ClientKey.objects.select_related("credential__operator", "credential__organization")
        key = keys.get(client=self.target, environment=self.environment)
        secret = rotate_client_secret(
            key=key,
            granter=self.seat.access(self.target.organization_id),
            actor=self.actor,
            at=self.at,
            reason=self.reason,
        )
        return Done(f"{self.target} has a new secret.", self.target, [("Secret", secret)])


class RotateProduction(_Rotate):
    """That of production."""

    slug, title, environment = "rotate-production", "Rotate production secret", ClientKey.Environment.PRODUCTION


class RotateSandbox(_Rotate):
    """That of the sandbox."""

    slug, title, environment = "rotate-sandbox", "Rotate sandbox secret", ClientKey.Environment.SANDBOX


@admin.register(ExchangeClient)
class ExchangeClientAdmin(HouseAdmin):
    """The applications that call the exchange."""

    reads = READS
    list_display = ["name", "partner", "named", "created_at"]
    list_select_related = ["partner"]
    search_fields = ["name", "client_id"]
    ordering = ("name", "pk")
    creates = CreateClient
    acts = (ChoosePrograms, RotateProduction, RotateSandbox)
    says_empty = "An exchange client is an application of a partner that issues points over the Cosmopoints API."
    facts = (
        ("Client", ("name", "named", "partner", "program_name")),
        ("Row", ("id", "created_at", "updated_at")),
    )

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With who pays."""
        return super().everything(request).select_related("partner")

    def panels(self, request: HttpRequest, target: Any, at: datetime) -> Iterable[Panel]:
        """Where it may issue, and with what it calls."""
        programs = [(link_to(one.program),) for one in target.accesses.select_related("program").order_by("pk")]
        yield Panel("Programs", ("May issue in",), programs, empty="It may issue in no program.")
        keys = target.keys.select_related("credential").order_by("environment")
        rows = [
            (one.get_environment_display(), state(one.credential.state_at(at)), when(one.credential.last_used_at))
            for one in keys
        ]
        yield Panel("Secrets", ("Environment", "State", "Last used"), rows)

    @admin.display(description="Client id")
    def named(self, client: ExchangeClient) -> SafeString:
        """The same in both environments."""
        return copyable(client.client_id)
