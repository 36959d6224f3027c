"""Acts once for each form that a page was born with, and for each key an API call came with, however often."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import IntegrityError, transaction

from loyalty.kernel.errors import IdempotencyConflict
from loyalty.kernel.json_text import write_json
from loyalty.kernel.models import KeptAnswer, SentForm

# Nobody goes back to a page older than this and means a repeat.
REMEMBERED = timedelta(days=7)
# How long an API call's key is remembered (contract engage: 24 hours).
KEY_REMEMBERED = timedelta(hours=24)


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


def answer_once(
    *, organization_id: int, place: str, key: str, content: Any, at: datetime, act: Callable[[], Any]
) -> tuple[Any, bool]:
    """Run `act` in one transaction with the memory of its answer; answers that, and whether this call acted.

    The answer is kept for KEY_REMEMBERED: a call with the same key and content gets it again, of two at once one acts
    and the other waits for its answer. Where `act` raises, nothing is remembered and the key is free. `content` is the
    call's JSON, read.

    :raises IdempotencyConflict: the key was used with other content.
    """
    content_hash = hashlib.sha256(write_json(content, default=str, option=orjson.OPT_SORT_KEYS)).hexdigest()
    mine = {"organization_id": organization_id, "place": place, "key": key}
    with transaction.atomic():
        KeptAnswer.objects.filter(**mine, created_at__lte=at - KEY_REMEMBERED).delete()
        try:
            with transaction.atomic():
                kept = KeptAnswer.objects.create(**mine, content_hash=content_hash, created_at=at)
        except IntegrityError:
            kept = KeptAnswer.objects.get(**mine)
            if kept.content_hash != content_hash:
                raise IdempotencyConflict from None
            return kept.answer, False
        kept.answer = act()
        kept.save(update_fields=["answer"])
    return kept.answer, True


def forget_kept_answers(*, at: datetime) -> int:
    """Delete the answers whose keys are no longer remembered; answers how many."""
    return KeptAnswer.objects.filter(created_at__lte=at - KEY_REMEMBERED).delete()[0]
