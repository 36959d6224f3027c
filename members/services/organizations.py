"""Changes an organization together with its default program."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.models import Organization
from loyalty.kernel.services import update_organization
from members.models import LoyaltyProgram
from members.services.programs import make_default_program


@transaction.atomic
def set_organization(
    *, organization: Organization, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = ""
) -> Organization:
    """Change what is named; `default_loyalty_program_id` makes that program the default (semantics 13.2).

    :raises InvalidInput: a program that is not the organization's, a time zone or locale that does not exist.
    """
    wanted = dict(changes)
    program_id = wanted.pop("default_loyalty_program_id", None)
    if program_id is not None:
        program = LoyaltyProgram.objects.filter(organization=organization, pk=program_id).first()
        if program is None:
            raise InvalidInput("The program must be one of the organization's.", field="defaultLoyaltyProgramId")
        make_default_program(program=program, actor=actor, at=at, reason=reason)
    return update_organization(organization=organization, changes=wanted, actor=actor, at=at, reason=reason)
