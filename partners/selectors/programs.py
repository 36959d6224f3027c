"""Reads of companies, their clients, and the programs a client may issue in."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from ledger.models import Balance
from loyalty.kernel.errors import NotFound
from partners.models import ClientKey, ExchangeClient, Partner, PartnerProgram


def list_partners(organization_id: int) -> QuerySet[Partner]:
    """The companies an organization exchanges points with."""
    return Partner.objects.filter(organization_id=organization_id)


def low_floats(organization_id: int) -> QuerySet[Partner]:
    """The partners that have less left than the console is to say so at."""
    held = Balance.objects.filter(
        wallet=OuterRef("wallet"), account=OuterRef("money_account"), active__lt=OuterRef("alert_below") * 100
    )
    warned = list_partners(organization_id).filter(alert_below__isnull=False)
    return warned.filter(Exists(held)).order_by("name")


def offered_programs(client: ExchangeClient) -> QuerySet[PartnerProgram]:
    """The programs a client may issue in now, each with all that an issue needs of it."""
    return PartnerProgram.objects.filter(
        Q(destination__isnull=True) | Q(destination__active=True), accesses__client=client, active=True
    ).select_related("partner", "destination__main_account")


def get_offered_program(client: ExchangeClient, program_id: int | None) -> PartnerProgram:
    """One of them.

    :raises NotFound: where the client may issue in no such program.
    """
    found = offered_programs(client).filter(pk=program_id).first() if program_id is not None else None
    if found is None:
        raise NotFound("There is no such program.")
    return found


def find_key(credential_id: int) -> ClientKey | None:
    """Which client a credential is of, and in which environment, with the company that pays."""
    return ClientKey.objects.select_related("client__partner").filter(credential_id=credential_id).first()


def keys_of(client_id: str) -> list[tuple[str, int]]:
    """The key, and the organization, of each credential of the client with this id; none where there is no client."""
    found = ClientKey.objects.filter(client__client_id=client_id).order_by("pk")
    return list(found.values_list("credential__key", "client__organization_id"))
