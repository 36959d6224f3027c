"""Creates coupon books, changes them, and moves them through their publishing states."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from coupons.errors import BookIsLinked, StatusRefused
from coupons.models import FOREVER_LAST, CouponBook
from coupons.selectors import get_book
from coupons.services.contents import SAID, check_schema, known_locale, write_content
from coupons.services.locking import lock_book_wholly
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.models import Organization
from loyalty.kernel.selectors import get_organization
from loyalty.kernel.services import apply_changes, new_key, record
from members.errors import BadMatcher
from members.matchers import read_matcher
from members.models import Audience, LoyaltyProgram
from members.selectors import default_program, resolve_account

Status = CouponBook.Status

# Which states follow which (semantics 3.2).
FOLLOWS: Mapping[str, tuple[str, ...]] = {
    Status.DRAFT: (Status.PUBLISHED, Status.ARCHIVED),
    Status.PUBLISHED: (Status.DISABLED, Status.ARCHIVED),
    Status.DISABLED: (Status.PUBLISHED, Status.ARCHIVED),
    Status.ARCHIVED: (),
}
# What can be said of one at any time, beside its name and its content.
_SAID = frozenset(
    {
        "assignment_required_points",
        "audience_keys",
        "condition",
        "content_schema_id",
        "content_schema_version_id",
        "custom_attributes",
        "default_locale",
        "description",
        "detail_picture_url",
        "discount_amount",
        "discount_type",
        "external_id",
        "max_assigned_per_coupon",
        "max_assigned_per_member",
        "max_coupon_count",
        "picture_url",
        "program_id",
        "ranking_index",
        "required_points_config",
        "subtitle",
        "tags",
        "tiers",
        "usage_required_points",
        "valid_from",
        "valid_to",
    }
)
_TEXTS = (
    "description",
    "subtitle",
    "picture_url",
    "detail_picture_url",
    "external_id",
    "default_locale",
    "discount_type",
)
_LISTS = ("tags", "tiers", "audience_keys")
_OBJECTS = ("custom_attributes", "condition", "required_points_config")
# Of a linked book these are its source's.
OF_STOCK = ("max_assigned_per_coupon", "max_coupon_count")


def _checked(organization: Organization, said: Mapping[str, Any], book: CouponBook | None = None) -> dict[str, Any]:
    """What is said of a book, as it is stored.

    :raises InvalidInput: a program, account, language, condition, discount or time that cannot be meant.
    :raises NotFound: a content schema or account that is not the organization's.
    """
    wanted = dict(said)
    for names, nothing in ((_TEXTS, ""), (_LISTS, []), (_OBJECTS, {})):
        for name in names:
            if name in wanted and wanted[name] is None:
                wanted[name] = nothing
    if "ranking_index" in wanted and wanted["ranking_index"] is None:
        wanted["ranking_index"] = FOREVER_LAST
    if "program_id" in wanted:
        _check_program(organization, wanted)
    if "condition" in wanted:
        wanted["condition"], wanted["rule"] = _condition(wanted["condition"])
    if wanted.get("default_locale"):
        wanted["default_locale"] = known_locale(organization, wanted["default_locale"], "defaultLocale")
    if wanted.get("required_points_config"):
        _check_account(organization.pk, wanted["required_points_config"])
    check_schema(organization.pk, wanted, book)
    whole = {
        name: wanted.get(name, getattr(book, name, None))
        for name in ("valid_from", "valid_to", "discount_type", "discount_amount")
    }
    if whole["valid_from"] and whole["valid_to"] and whole["valid_from"] >= whole["valid_to"]:
        raise InvalidInput("A book is valid from before it is valid to.", field="validToDate")
    _check_discount(whole["discount_type"] or "", whole["discount_amount"])
    return wanted


def _check_program(organization: Organization, wanted: dict[str, Any]) -> None:
    if wanted["program_id"] is None:
        program = default_program(organization.pk)
        if program is None:
            raise InvalidInput("Name the loyalty program; there is no default one.", field="loyaltyProgramId")
        wanted["program_id"] = program.pk
    elif not LoyaltyProgram.objects.filter(organization=organization, pk=wanted["program_id"]).exists():
        raise InvalidInput("The program must be one of the organization's.", field="loyaltyProgramId")


def _condition(given: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """A condition as it is kept, and the text of its rule; nothing is a condition that always holds (3.6)."""
    if not given:
        return {}, ""
    try:
        read = read_matcher(Audience.MatcherType.ATTRIBUTE, given)
    except BadMatcher as error:
        raise InvalidInput(
            error.message.replace("An attribute-matcher", "A condition"), field="condition", **error.details
        ) from error
    return read.document, read.rule


def _check_account(organization_id: int, config: Mapping[str, Any]) -> None:
    """That the account a book is paid in is the organization's (semantics 3.8)."""
    for name in ("ledgerId", "ledgerAccountId"):
        value = config.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63):
            raise InvalidInput(f"{name} is the number of a row.", field="requiredPointsConfig")
    if config.get("ledgerId") is not None or config.get("ledgerAccountId") is not None:
        resolve_account(organization_id, ledger_id=config.get("ledgerId"), account_id=config.get("ledgerAccountId"))


def _check_discount(kind: str, amount: Decimal | None) -> None:
    if kind and kind not in CouponBook.DiscountType.values:
        raise InvalidInput("A discount is fixed or a percentage.", field="discountType")
    if amount is None:
        return
    if amount < 0 or (kind == CouponBook.DiscountType.PERCENTAGE and amount > 100):
        raise InvalidInput("A discount is not below 0, and a percentage not above 100.", field="discountAmount")


def _leave_stock(book: CouponBook, wanted: dict[str, Any]) -> None:
    """Let a linked book be sent back as it was read, with the limits of its source, and change none of them.

    :raises BookIsLinked: where one would change.
    """
    if not book.is_linked:
        return
    for name in OF_STOCK:
        if name in wanted and wanted.pop(name) != getattr(book.stock, name):
            raise BookIsLinked


def _check_status(status: str) -> None:
    if status not in Status.values:
        raise InvalidInput(f"A book is one of {', '.join(Status.values)}.", field="publishingStatus")


@transaction.atomic
def create_book(
    *,
    organization_id: int,
    name: str,
    type: str,
    status: str,
    actor: Actor,
    at: datetime,
    **said: Any,
) -> CouponBook:
    """A new coupon book with a key made of its name (semantics 0.11, 3.1); `said` are the model's other words, and
    those of its content in one language (`locale`, `content`, `is_default_locale`). Without a program it is the
    default program's.

    :raises InvalidInput: a type, status, program, account, language, condition, discount, time or content that cannot
        be meant.
    :raises NotFound: a content schema or account that is not the organization's.
    """
    if type not in CouponBook.Type.values:
        raise InvalidInput(f"A book is one of {', '.join(CouponBook.Type.values)}.", field="type")
    _check_status(status)
    organization = get_organization(organization_id)
    named = {word: value for word, value in said.items() if word in _SAID}
    wanted = _checked(organization, {"program_id": None, **named})
    words = {"name": name, "type": type, "status": status}
    book = add_book(organization=organization, words={**words, **wanted}, actor=actor, at=at)
    write_content(book=book, organization=organization, said=_of_content(said), at=at)
    return get_book(organization_id, book.pk)


def add_book(*, organization: Organization, words: Mapping[str, Any], actor: Actor, at: datetime) -> CouponBook:
    """A book of checked words with a key made of its name, and its mark in the history."""
    siblings = CouponBook.objects.filter(organization=organization)
    key = new_key(words["name"], among=siblings, field="key", fallback="coupon-book", organization_id=organization.pk)
    book = CouponBook.objects.create(organization=organization, key=key, created_at=at, updated_at=at, **words)
    record(
        actor=actor,
        at=at,
        action="couponbook.created",
        target=book,
        organization_id=organization.pk,
        after={"name": book.name, "key": key, "type": book.type, "status": book.status},
    )
    return book


def _of_content(said: Mapping[str, Any]) -> dict[str, Any]:
    return {word: value for word, value in said.items() if word in SAID}


@transaction.atomic
def update_book(
    *, book: CouponBook, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = ""
) -> CouponBook:
    """Change what is named; null clears (semantics 0.10). `status` follows its rules, and what was given so far stands
    whatever the limits become. Whoever is being given something meanwhile is waited for.

    :raises StatusRefused: where the publishing status cannot become this one.
    :raises BookIsLinked: a limit over all members of a book that is linked to another.
    :raises InvalidInput: what `create_book` refuses.
    :raises NotFound: a content schema or account that is not the organization's.
    """
    locked = lock_book_wholly(book.organization_id, book.pk)
    organization = get_organization(book.organization_id)
    wanted = _checked(organization, {word: v for word, v in changes.items() if word in _SAID | {"name"}}, locked)
    _leave_stock(locked, wanted)
    if changes.get("status") is not None:
        _check_status(changes["status"])
        if changes["status"] != locked.status:
            if changes["status"] not in FOLLOWS[locked.status]:
                raise StatusRefused(f"A book that is {locked.status} cannot become {changes['status']}.")
            wanted["status"] = changes["status"]
    apply_changes(
        locked,
        wanted,
        actor=actor,
        at=at,
        action="couponbook.updated",
        organization_id=locked.organization_id,
        reason=reason,
    )
    language = write_content(book=locked, organization=organization, said=_of_content(changes), at=at)
    if language:
        record(
            actor=actor,
            at=at,
            action="couponbook.content-written",
            target=locked,
            organization_id=locked.organization_id,
            after={"language": language, "says": sorted(changes.get("content") or ())},
            reason=reason,
        )
    return get_book(locked.organization_id, locked.pk)


def publish_book(*, book: CouponBook, actor: Actor, at: datetime, reason: str = "") -> CouponBook:
    """Let the book's coupons be given and used (semantics 3.2).

    :raises StatusRefused: where the book is archived.
    """
    return update_book(book=book, changes={"status": Status.PUBLISHED}, actor=actor, at=at, reason=reason)


def disable_book(*, book: CouponBook, actor: Actor, at: datetime, reason: str = "") -> CouponBook:
    """Pause the book: nothing of it is given or used until it is published again (semantics 3.2).

    :raises StatusRefused: where the book is not published.
    """
    return update_book(book=book, changes={"status": Status.DISABLED}, actor=actor, at=at, reason=reason)


def archive_book(*, book: CouponBook, actor: Actor, at: datetime, reason: str = "") -> CouponBook:
    """End the book for good: nothing more is given, what was given can be used until it expires (semantics 3.2)."""
    return update_book(book=book, changes={"status": Status.ARCHIVED}, actor=actor, at=at, reason=reason)
