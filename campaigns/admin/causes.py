"""Tells the ledger's pages which event points were given for: the key that makes them once says it."""

from __future__ import annotations

import re
from typing import Any

from campaigns.admin.display import type_word
from campaigns.services import SOURCE
from ledger.models import Transaction
from loyalty.kernel.desk import Seat, link_to
from members.models import LoyaltyEvent

_KEY = re.compile(r"evt:(\d{1,18}):(\d{1,18}):\d{1,5}", re.ASCII)


class CampaignCauses:
    """Events as what caused transactions."""

    def cause_of(self, entry: Transaction, seat: Seat) -> Any:
        """The event, for those who may read campaigns; one query, and only for what campaigns posted."""
        named = _KEY.fullmatch(entry.unique_key or "") if entry.source == SOURCE else None
        if named is None or not seat.may("campaigns:read", entry.organization_id):
            return None
        event = LoyaltyEvent.objects.filter(organization=entry.organization_id, pk=int(named[1])).first()
        return None if event is None else link_to(event, f"{type_word(event.event_type)} #{event.pk}")
