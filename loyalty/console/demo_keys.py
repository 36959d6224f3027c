"""The secrets of the demo. Elsewhere only digests are stored, so they are kept in a file under the installation's own
folder; where that is lost, new ones are made.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from ledger.models import Ledger, LedgerAccount
from loyalty.kernel.actors import system
from loyalty.kernel.models import ApiCredential, Door, Operator, Organization
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import create_credential, create_operator, revoke_credential, set_membership
from members.models import LoyaltyProgram

ACTOR = system("demo")


@dataclass(frozen=True, slots=True)
class House:
    """One organization of the demo with its books."""

    organization: Organization
    ledger: Ledger
    account: LedgerAccount
    program: LoyaltyProgram


class Kept:
    """The secrets, in a file only its owner can read."""

    def __init__(self) -> None:
        self.path = settings.VAR_DIR / "demo.json"
        try:
            self.values: dict[str, Any] = json.loads(self.path.read_text())
        except (OSError, ValueError):
            self.values = {}

    def save(self) -> None:
        """Write the file."""
        with os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self.values, file)


def make_credential(
    kept: Kept, name: str, organization: Organization, at: datetime, door: Door = Door.CORE
) -> dict[str, str]:
    """A service that administers the organization, and its key and secret at the door."""
    found = kept.values.get(name)
    if found and ApiCredential.objects.filter(key=found["key"], revoked_at__isnull=True).exists():
        return dict(found)
    operator = Operator.objects.filter(username=f"{name}-service").first() or create_operator(
        username=f"{name}-service",
        name="Demo service",
        kind=Operator.Kind.SERVICE,
        granter=EVERYTHING,
        actor=ACTOR,
        at=at,
    )
    set_membership(operator=operator, organization=organization, is_admin=True, granter=EVERYTHING, actor=ACTOR, at=at)
    for old in ApiCredential.objects.filter(operator=operator, revoked_at__isnull=True):
        revoke_credential(credential=old, actor=ACTOR, at=at, reason="Its secret was lost.")
    made = create_credential(
        operator=operator, organization=organization, name="Demo", door=door, granter=EVERYTHING, actor=ACTOR, at=at
    )
    kept.values[name] = {"key": made.credential.key, "secret": made.secret}
    return dict(kept.values[name])
