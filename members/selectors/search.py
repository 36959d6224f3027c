"""Finds members by any scrap that people give: every way is an index, none reads the members one by one."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator

from django.db import connection
from django.db.models import Q

from members.contacts import normal_card, normal_email, normal_name, normal_phone, phone_tail
from members.errors import NoSuchMember
from members.models import Member, MemberContact

MOST_FOUND = 200
LONGEST_TAIL = 8


def find_members(organization_id: int, text: str) -> list[int]:
    """The numbers of the organization's members that `text` names, wholly or by its beginning; at most some hundreds.

    It may be a name, an email, a phone (as it is dialed anywhere), a card, the organization's or the public id, the
    UUID, the member's or the wallet's number.
    """
    text = _clean(text)
    mine = Member.objects.filter(organization_id=organization_id)
    # One small query each: each finds its own index, where one with OR may find none.
    found = {pk for way in _ways(text) for pk in mine.filter(way).values_list("pk", flat=True)}
    for condition in _beginnings(text):
        found.update(_contacts(organization_id, condition))
    return sorted(found)


def get_named_member(organization_id: int, text: str) -> Member:
    """The one member whom `text` names; whoever it names exactly comes before those it is the beginning of.

    :raises NoSuchMember: nobody, or more than one.
    """
    text = _clean(text)
    for found in _ever_less_exact(organization_id, text):
        if len(found) == 1:
            return Member.objects.get(pk__in=found)
        if found:
            raise NoSuchMember(f"{len(found)} members are found by this; write more of it, or the member's own id.")
    raise NoSuchMember


def _ever_less_exact(organization_id: int, text: str) -> Iterator[set[int]]:
    mine = Member.objects.filter(organization_id=organization_id)
    for way in _ways(text):
        yield set(mine.filter(way).values_list("pk", flat=True))
    if text:
        yield _contacts(organization_id, _exactly(text))
    yield set(find_members(organization_id, text))


def _clean(text: str) -> str:
    return "" if "\x00" in text else text.strip()[:255]


def _ways(text: str) -> list[Q]:
    """What names one member alone, the organization's own id before ours."""
    if not text:
        return []
    ways = [Q(loyalty_member_id=text), Q(public_loyalty_member_id=text)]
    with contextlib.suppress(ValueError):
        ways.append(Q(customer_id=uuid.UUID(text)))
    if text.isascii() and text.isdigit() and len(text) < 19:
        ways += [Q(pk=int(text)), Q(wallet_id=int(text))]
    return ways


def _contacts(organization_id: int, condition: Q) -> set[int]:
    rows = MemberContact.objects.filter(condition, organization_id=organization_id)
    return set(rows.values_list("member_id", flat=True)[:MOST_FOUND])


def _exactly(text: str) -> Q:
    kind = MemberContact.Kind
    return (
        Q(kind=kind.EMAIL, value=normal_email(text))
        | Q(kind=kind.CARD, value=normal_card(text))
        | Q(kind=kind.PHONE, value=normal_phone(text) or "-")
        | Q(kind=kind.NAME, value=normal_name(text))
    )


def _beginnings(text: str) -> Iterator[Q]:
    kind = MemberContact.Kind
    if len(text) < 2:
        return
    yield _begins(kind.NAME, normal_name(text))
    yield _begins(kind.CARD, normal_card(text))
    if " " not in text:
        yield _begins(kind.EMAIL, normal_email(text))
    phone = normal_phone(text)
    if len(phone) >= 4 and not any(letter.isalpha() for letter in text):
        yield _begins(kind.PHONE, phone)
        # As far from the end as numbers with and without a country code agree.
        yield _begins(kind.TAIL, phone_tail(phone)[:LONGEST_TAIL])


def _begins(kind: str, start: str) -> Q:
    if not start:
        return Q(pk__in=[])
    if connection.vendor == "postgresql":
        return Q(kind=kind, value__startswith=start)
    # The embedded database compares byte by byte, and its LIKE finds no index.
    return Q(kind=kind, value__gte=start, value__lt=start + chr(0x10FFFF))
