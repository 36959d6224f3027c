"""How things look on the console's pages: times with their zone, ids to copy, links, states."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from loyalty.kernel.clock import NEVER

NOTHING = format_html('<span class="ts-nothing">{}</span>', "–")


def when(moment: datetime | None) -> SafeString:
    """A time in the organization's zone; the zone, and the same in UTC, on hover."""
    if moment is None:
        return NOTHING
    if moment >= NEVER:
        return format_html('<span class="ts-nothing">{}</span>', "never")
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{} ({})">{}</time>',
        moment.isoformat(),
        f"{local:%Y-%m-%d %H:%M:%S} {timezone.get_current_timezone_name()}",
        f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        f"{local:%d %b %Y, %H:%M}",
    )


def copyable(text: Any) -> SafeString:
    """An id, with a button that copies it."""
    if text in (None, ""):
        return NOTHING
    return format_html(
        '<span class="ts-copy"><code>{}</code><button type="button" data-copy="{}" title="Copy" aria-label="Copy {}">'
        '<span class="material-symbols-outlined">content_copy</span></button></span>',
        text,
        text,
        text,
    )


def address_of(target: Model) -> str:
    """The console page of a row."""
    meta = target._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[target.pk])


def link_to(target: Model | None, text: Any = None) -> SafeString:
    """A link to a row's page."""
    if target is None:
        return NOTHING
    return format_html('<a class="ts-link" href="{}">{}</a>', address_of(target), str(target) if text is None else text)


_TONES = {
    "good": ("done", "sent", "active", "captured", "claimed", "published", "yes", "ok"),
    "wait": ("waiting", "running", "pending", "held", "open", "expires soon", "temporary", "disabled"),
    "bad": ("failed", "blocked", "revoked", "expired", "inactive", "cancelled", "not reached"),
}


def state(text: Any) -> SafeString:
    """A state as a small label whose color says whether it is well."""
    word = str(text).lower()
    tone = next((tone for tone, words in _TONES.items() if word in words), "plain")
    return format_html('<span class="ts-state ts-{}">{}</span>', tone, text)


def number(value: Any) -> SafeString:
    """A number in a column: right-aligned with its fellows, digits below digits."""
    if value is None:
        return NOTHING
    text = f"{value:,}".replace("-", "−") if isinstance(value, int) else value
    return format_html('<span class="ts-number">{}</span>', text)


def yes_no(value: bool | None) -> SafeString:
    """A yes or a no."""
    return state("yes") if value else format_html('<span class="ts-state ts-plain">{}</span>', "no")
