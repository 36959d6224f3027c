"""Finds members: one search by words for the API and the console, which knows a few more numbers of ours."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator

from django.db.models import Q, QuerySet

from members.contacts import normal_card, normal_email, normal_phone
from members.errors import NoSuchMember, SearchTooLong
from members.models import Enrollment, Member, MemberContact
from members.words import LONG_WORD, phone_tail, read_search, words_of

# Whoever is not among so many is not what was meant.
MOST_FOUND = 200


def search_members(members: QuerySet[Member], text: str) -> QuerySet[Member]:
    """Those of `members` in whose names, emails, phones, ids or cards every word of `text` is found (semantics 5.6).

    A word of three characters or more is found anywhere, a shorter one at the beginning of a word; case and accents do
    not count. What reads as a phone number, with a plus or zero in front, also finds who has a number that ends so.
    Nothing finds all.

    :raises SearchTooLong: more than ten words, or one of more than a hundred characters.
    """
    return members.filter(_said(text))


def _said(text: str) -> Q:
    words = read_search(text)
    found = Q()
    for word in words:
        found &= Q(search_text__contains=word if len(word) >= LONG_WORD else f" {word}")
    tail = phone_tail(words)
    if tail:
        found |= Q(search_text__endswith=tail) | Q(search_text__contains=f"{tail} ")
    return found


def in_tier(
    members: QuerySet[Member], *, program_id: int | None = None, tier_id: int | None = None, tier_key: str | None = None
) -> QuerySet[Member]:
    """Those of `members` who have an enrollment in the program, with the effective tier, as far as each is named."""
    wanted = {"program_id": program_id, "effective_tier_id": tier_id, "effective_tier__key": tier_key}
    asked = {name: value for name, value in wanted.items() if value is not None}
    return members.filter(pk__in=Enrollment.objects.filter(**asked).values("member_id")) if asked else members


def find_members(members: QuerySet[Member], text: str) -> QuerySet[Member]:
    """Those of `members`, who are one organization's, whom any scrap names: by the search, or by the UUID, the member's
    or the wallet's number. Nobody for nothing, and for what no search can be.
    """
    text = _clean(text)
    if not text:
        return members.none()
    named = [pk for way in _ways(text) for pk in members.filter(way).values_list("pk", flat=True)]
    said = Q()
    with contextlib.suppress(SearchTooLong):
        said = _said(text)
    # Where nobody is named the condition is left out, so that the index has the search alone to find.
    return members.filter(Q(pk__in=named) | said if named else said or Q(pk__in=[]))


def best_found(organization_id: int, text: str, most: int = MOST_FOUND) -> list[Member]:
    """The first few of whom `find_members` finds, whoever is named exactly before the others."""
    found: dict[int, None] = {}
    for level in _ever_less_exact(organization_id, text):
        found.update(dict.fromkeys(level))
        if len(found) >= most:
            break
    rows = Member.objects.in_bulk(list(found)[:most])
    return [rows[pk] for pk in found if pk in rows]


def get_named_member(organization_id: int, text: str) -> Member:
    """The one member whom `text` names; whoever it names exactly comes before those of whom it is a part.

    :raises NoSuchMember: nobody, or more than one.
    """
    for found in _ever_less_exact(organization_id, text):
        if len(found) == 1:
            return Member.objects.get(pk=found[0])
        if found:
            raise NoSuchMember(f"{len(found)} members are found by this; write more of it, or the member's own id.")
    raise NoSuchMember


def _ever_less_exact(organization_id: int, text: str) -> Iterator[list[int]]:
    """Numbers of members: by each id, by a whole address, by whole words, by parts of words."""
    mine, text = Member.objects.filter(organization_id=organization_id), _clean(text)
    if not text:
        return
    for way in _ways(text):
        yield list(mine.filter(way).values_list("pk", flat=True))
    contacts = MemberContact.objects.filter(_exactly(text), organization_id=organization_id).order_by("member_id")
    yield list(contacts.values_list("member_id", flat=True).distinct()[:MOST_FOUND])
    rows = find_members(mine, text).order_by("pk").values_list("pk", "search_text")[:MOST_FOUND]
    words, found = set(words_of(text)), dict(rows)
    yield [pk for pk, said in found.items() if words <= set(said.split())]
    yield list(found)


def _clean(text: str) -> str:
    return "" if "\x00" in text else text.strip()[:255]


def _ways(text: str) -> list[Q]:
    """What names one member alone, the organization's own id before ours."""
    ways = [Q(loyalty_member_id=text), Q(public_loyalty_member_id=text)]
    with contextlib.suppress(ValueError):
        ways.append(Q(customer_id=uuid.UUID(text)))
    if text.isascii() and text.isdigit() and len(text) < 19:
        ways += [Q(pk=int(text)), Q(wallet_id=int(text))]
    return ways


def _exactly(text: str) -> Q:
    kind = MemberContact.Kind
    return (
        Q(kind=kind.EMAIL, value=normal_email(text))
        | Q(kind=kind.CARD, value=normal_card(text))
        | Q(kind=kind.PHONE, value=normal_phone(text) or "-")
    )
