"""Acts once for each form that a page was born with, however often it is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from loyalty.kernel.models import SentForm

# Nobody goes back to a page older than this and means a repeat.
REMEMBERED = timedelta(days=7)


def act_once(*, key: str, at: datetime, act: Callable[[], tuple[str, str]]) -> tuple[str, str, bool]:
    """Run `act` in one transaction with the memory that it ran; it answers a message and where to go next.

    Answers both, and whether this call was the one that acted. Of two at once one acts, the other waits for its
    answer. Where `act` raises, nothing is remembered and the same form can be sent again.
    """
    with transaction.atomic():
        try:
            with transaction.atomic():
                SentForm.objects.create(key=key, sent_at=at)
        except IntegrityError:
            sent = SentForm.objects.get(pk=key)
            return sent.message, sent.led_to, False
        message, led_to = act()
        SentForm.objects.filter(pk=key).update(message=message, led_to=led_to)
    return message, led_to, True


def forget_sent_forms(*, at: datetime) -> int:
    """Delete the keys of forms sent long ago; answers how many."""
    return SentForm.objects.filter(sent_at__lt=at - REMEMBERED).delete()[0]
