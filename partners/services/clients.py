"""Takes up the applications that call the exchange, and gives them their secrets."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import DuplicateValue
from loyalty.kernel.models import Door, Operator
from loyalty.kernel.roles import EVERYTHING, Access
from loyalty.kernel.services import (
    create_credential,
    create_operator,
    record,
    rotate_credential,
    set_membership,
)
from loyalty.kernel.services.grants import check_grant
from partners.models import ClientKey, ExchangeClient, Partner, PartnerProgram
from partners.services.programs import give_access

ROLE = "partnerships:write"


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client just made, with the secrets of its environments, which are shown this once."""

    client: ExchangeClient
    secrets: dict[str, str]


@transaction.atomic
def create_client(
    *,
    partner: Partner,
    name: str,
    granter: Access,
    actor: Actor,
    at: datetime,
    program_name: str = "",
    programs: Iterable[PartnerProgram] = (),
) -> NewClient:
    """An application of the partner, with a credential for production and one for the sandbox.

    Each acts as a service of its own, which may do nothing but exchange.

    :raises DuplicateValue: where the organization has a client of this name.
    :raises CannotGrant: where the one who asks may not do what the client may.
    :raises InvalidInput: a program without a price in the partner's currency.
    """
    check_grant(granter, roles=[ROLE], field="name")
    try:
        with transaction.atomic():
            client = ExchangeClient.objects.create(
                organization_id=partner.organization_id,
                partner=partner,
                client_id="cpx_" + secrets.token_hex(12),
                name=name,
                program_name=program_name,
                created_at=at,
                updated_at=at,
            )
    except IntegrityError as error:
        raise DuplicateValue(field="name") from error
    shown = _take_up(client, name, actor, at)
    record(
        actor=actor,
        at=at,
        action="exchange_client.created",
        target=client,
        organization_id=partner.organization_id,
        after={"name": name, "partner": partner.name, "client_id": client.client_id},
    )
    for program in programs:
        give_access(client=client, program=program, actor=actor, at=at)
    return NewClient(client, shown)


def _take_up(client: ExchangeClient, name: str, actor: Actor, at: datetime) -> dict[str, str]:
    """The service that the client acts as, with a credential for each environment; answers their secrets."""
    organization = client.partner.organization
    operator = create_operator(
        username=client.client_id,
        name=f"{name} (exchange)",
        kind=Operator.Kind.SERVICE,
        granter=EVERYTHING,
        actor=actor,
        at=at,
    )
    # That the one who asks may give the role was seen above; a person who may, need not administer operators.
    set_membership(operator=operator, organization=organization, roles=[ROLE], granter=EVERYTHING, actor=actor, at=at)
    shown: dict[str, str] = {}
    for environment in ClientKey.Environment:
        made = create_credential(
            operator=operator,
            organization=organization,
            name=f"{name}, {environment.label.lower()}",
            door=Door.COSMOPOINTS,
            granter=EVERYTHING,
            actor=actor,
            at=at,
        )
        ClientKey.objects.create(client=client, credential=made.credential, environment=environment)
        shown[str(environment)] = made.secret
    return shown


def rotate_client_secret(*, key: ClientKey, granter: Access, actor: Actor, at: datetime, reason: str = "") -> str:
    """A new secret for a client in one environment; the old one works on for a day.

    :raises CannotGrant: where the one who asks may not do what the client may.
    :raises InvalidInput: where the credential was revoked.
    """
    made = rotate_credential(credential=key.credential, granter=granter, actor=actor, at=at, reason=reason)
    return made.secret
