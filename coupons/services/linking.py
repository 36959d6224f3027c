"""Makes books that give what another organization's book has (semantics 4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from coupons.errors import BookIsLinked
from coupons.models import BookContent, CouponBook
from coupons.services.books import add_book
from loyalty.kernel.actors import Actor
from loyalty.kernel.models import Organization
from loyalty.kernel.selectors import get_organization
from loyalty.kernel.services import record
from members.models import LoyaltyProgram

# How it is told, and how much one member gets: a beginning, which its new organization changes as it likes. Keys, tags,
# audiences, tiers, conditions and prices of one organization mean nothing in another.
_BEGINS_WITH = (
    "name",
    "type",
    "description",
    "subtitle",
    "picture_url",
    "detail_picture_url",
    "discount_type",
    "discount_amount",
    "max_assigned_per_member",
)


@transaction.atomic
def link_book(*, source: CouponBook, program: LoyaltyProgram, actor: Actor, at: datetime) -> CouponBook:
    """A new draft of another organization's program that gives what `source` has: its codes, within its limits over all
    members. It is told as the source is, in the languages that both organizations have.

    :raises BookIsLinked: the source is linked itself, or of the program's own organization.
    """
    if source.is_linked or source.organization_id == program.organization_id:
        raise BookIsLinked("A book is linked to another organization's own.")
    organization = get_organization(program.organization_id)
    known = {locale.lower(): locale for locale in (*organization.locales, organization.default_locale)}
    words: dict[str, Any] = {
        **{name: getattr(source, name) for name in _BEGINS_WITH},
        "program": program,
        "source_book": source,
        "status": CouponBook.Status.DRAFT,
        "default_locale": known.get(source.default_locale.lower(), ""),
    }
    linked = add_book(organization=organization, words=words, actor=actor, at=at)
    BookContent.objects.bulk_create(
        BookContent(book=linked, locale=known[row.locale.lower()], content=row.content, updated_at=at)
        for row in source.contents.order_by("pk")
        if row.locale.lower() in known
    )
    _mark_linked(source, organization, actor, at)
    return linked


@transaction.atomic
def set_links_open(*, books: Sequence[CouponBook], is_open: bool) -> None:
    """Let linked books give again, or give nothing more, whatever their own state: what was given stays. Whoever is
    being given something of them meanwhile is waited for; whoever says so keeps the history.
    """
    linked = CouponBook.objects.filter(pk__in=[book.pk for book in books], source_book__isnull=False)
    list(linked.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    linked.update(link_open=is_open)


def _mark_linked(source: CouponBook, organization: Organization, actor: Actor, at: datetime) -> None:
    """The source's history says with whom it is shared; by whom there, is not its organization's to know."""
    record(
        actor=Actor("system", "partnership", organization.name, actor.request_id),
        at=at,
        action="couponbook.linked",
        target=source,
        organization_id=source.organization_id,
        after={"organization": organization.name},
    )
