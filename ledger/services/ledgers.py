"""Creates and changes ledgers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from ledger.models import Ledger, LedgerAccount
from ledger.services.accounts import make_default
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.services import apply_changes, new_key, record


@transaction.atomic
def create_ledger(*, organization_id: int, name: str, actor: Actor, at: datetime, description: str = "") -> Ledger:
    """A new ledger without accounts."""
    siblings = Ledger.objects.filter(organization_id=organization_id)
    ledger = Ledger.objects.create(
        organization_id=organization_id,
        key=new_key(name, among=siblings, field="key", fallback="ledger", organization_id=organization_id),
        name=name,
        description=description,
        created_at=at,
        updated_at=at,
    )
    record(
        actor=actor,
        at=at,
        action="ledger.created",
        target=ledger,
        organization_id=organization_id,
        after={"name": name, "key": ledger.key},
    )
    return ledger


@transaction.atomic
def update_ledger(
    *, ledger: Ledger, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = ""
) -> Ledger:
    """Change what is named; `default_account_id` makes that account the ledger's default.

    :raises InvalidInput: where that account is not the ledger's.
    """
    wanted = dict(changes)
    default_id = wanted.pop("default_account_id", None)
    apply_changes(
        ledger,
        wanted,
        actor=actor,
        at=at,
        action="ledger.updated",
        organization_id=ledger.organization_id,
        reason=reason,
    )
    if default_id is not None:
        account = LedgerAccount.objects.filter(ledger=ledger, pk=default_id).first()
        if account is None:
            raise InvalidInput("The default account must be one of this ledger's.", field="defaultAccountId")
        make_default(account=account, actor=actor, at=at, reason=reason)
    return ledger
