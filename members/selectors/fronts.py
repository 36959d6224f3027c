"""One look at everything a call at a store's counter needs: the store, who calls there, and whom the call is about."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from loyalty.kernel import prepared
from loyalty.kernel.errors import NotFound
from loyalty.kernel.roles import Access
from loyalty.kernel.selectors import listed
from members.contacts import normal_email, normal_phone
from members.models import Store

_STORE = (
    "id",
    "organization_id",
    "code",
    "currency",
    "account_id",
    "expiry_mode",
    "days_active",
    "days_locked",
)
# A hot path pays one round trip for all of it: what does not apply is joined to nothing.
_FRONT = """
SELECT {store}, g.timezone, a.decimals, m.id, m.wallet_id, m.active,
       {caller}
FROM members_store s
JOIN loyalty_organization g ON g.id = s.organization_id
JOIN ledger_ledgeraccount a ON a.id = s.account_id
{callers}
LEFT JOIN members_member m ON m.organization_id = s.organization_id AND m.customer_id = %s
WHERE s.active AND {which}
"""
_COLUMNS = ", ".join(f"s.{name}" for name in _STORE)
_BY_CODE = _FRONT.format(store=_COLUMNS, caller="NULL", callers="", which="s.code = %s")
_OPERATOR = {
    "caller": "o.id, COALESCE(NULLIF(o.name, ''), o.username), o.password, o.is_active, o.is_system_admin, p.id,"
    " p.is_admin, p.roles, e.id, e.allow_point_transfer",
    "callers": """
LEFT JOIN loyalty_operator o ON o.id = %s
LEFT JOIN loyalty_membership p ON p.operator_id = o.id AND p.organization_id = s.organization_id
LEFT JOIN members_seller e ON e.operator_id = o.id AND e.store_id = s.id AND e.dismissed_at IS NULL
""",
}
_BY_OPERATOR = _FRONT.format(store=_COLUMNS, which="s.code = %s", **_OPERATOR)
_BY_SELLER = _FRONT.format(store=_COLUMNS, which="e.id IS NOT NULL", **_OPERATOR)
_BY_MEMBER = _FRONT.format(
    store=_COLUMNS,
    caller="c.id, c.wallet_id, c.active, w.password",
    callers="""
LEFT JOIN members_member c ON c.id = %s AND c.organization_id = s.organization_id
LEFT JOIN members_memberpassword w ON w.member_id = c.id
""",
    which="s.code = %s",
)


@dataclass(frozen=True, slots=True)
class Holder:
    """A member, as far as moving points goes."""

    member_id: int
    wallet_id: int
    active: bool


@dataclass(frozen=True, slots=True)
class Clerk:
    """An operator who calls, and what they are at the store. `password` is what is stored of it."""

    operator_id: int
    name: str
    password: str
    active: bool
    access: Access
    is_seller: bool
    allow_point_transfer: bool


@dataclass(frozen=True, slots=True)
class Guest:
    """A member who calls. `password` is what is stored of it, nothing where they cannot sign in any more."""

    holder: Holder
    password: str


@dataclass(frozen=True, slots=True)
class Front:
    """A store with its organization's time zone and its account's decimals, the member the call is about (None where
    nobody of the organization is), and the operator or member who calls.
    """

    store: Store
    timezone: str
    decimals: int
    about: Holder | None
    clerk: Clerk | None = None
    guest: Guest | None = None


def get_front(code: str, *, customer_id: uuid.UUID | None = None) -> Front:
    """The active store with this code, and the member with this UUID.

    :raises NotFound: where there is no such store.
    """
    return _front(_one(_BY_CODE, (_key(customer_id), code)))


def get_front_of_operator(code: str | None, operator_id: int, *, customer_id: uuid.UUID | None = None) -> Front:
    """The same with an operator who calls; without a code the store they sell at.

    :raises NotFound: where there is no such store.
    """
    if code is None:
        row = _one(_BY_SELLER, (operator_id, _key(customer_id)))
    else:
        row = _one(_BY_OPERATOR, (operator_id, _key(customer_id), code))
    front = _front(row)
    found, name, password, active, is_system_admin, place, is_admin, roles, seller, allowed = row[_REST:]
    if found is None:
        return front
    access = Access(
        is_system_admin=bool(is_system_admin),
        is_admin=bool(is_admin),
        roles=frozenset(listed(roles)),
        belongs=place is not None or bool(is_system_admin),
    )
    clerk = Clerk(found, name, password, bool(active), access, seller is not None, bool(allowed))
    return _with(front, clerk=clerk)


def get_front_of_member(code: str, member_id: int) -> Front:
    """The same with a member who calls.

    :raises NotFound: where there is no such store.
    """
    row = _one(_BY_MEMBER, (member_id, None, code))
    front = _front(row)
    found, wallet_id, active, password = row[_REST:]
    if found is None:
        return front
    return _with(front, guest=Guest(Holder(found, wallet_id, bool(active)), password or ""))


_REST = len(_STORE) + 5


def _one(sql: str, params: Sequence[Any]) -> tuple[Any, ...]:
    found = prepared.fetch(sql, params)
    if not found:
        raise NotFound("There is no such store.")
    return found[0]


def _key(number: uuid.UUID | None) -> str | None:
    """A UUID as the database keeps it."""
    if number is None:
        return None
    return str(number) if connection.vendor == "postgresql" else number.hex


def _front(row: tuple[Any, ...]) -> Front:
    store = Store(**dict(zip(_STORE, row, strict=False)))
    timezone, decimals, member_id, wallet_id, active = row[len(_STORE) : _REST]
    about = None if member_id is None else Holder(member_id, wallet_id, bool(active))
    return Front(store, timezone, decimals, about)


def _with(front: Front, *, clerk: Clerk | None = None, guest: Guest | None = None) -> Front:
    return Front(front.store, front.timezone, front.decimals, front.about, clerk, guest)


# --- parties of a transfer ---
_MEMBER = """
SELECT {place}, {way}, m.id, m.wallet_id, m.active FROM members_member m
WHERE m.organization_id = %s AND m.customer_id = %s
"""
_CONTACT = """
SELECT {place}, {way}, m.id, m.wallet_id, m.active
FROM members_membercontact c JOIN members_member m ON m.id = c.member_id
WHERE c.organization_id = %s AND c.kind = '{kind}' AND c.value = %s
"""
_PARTIES = {
    count: " UNION ALL ".join(
        part
        for place in range(count)
        for part in (
            _MEMBER.format(place=place, way=0),
            _CONTACT.format(place=place, way=1, kind="email"),
            _CONTACT.format(place=place, way=2, kind="phone"),
        )
    )
    for count in (1, 2)
}


def find_parties(organization_id: int, names: Sequence[str]) -> list[Holder | None]:
    """Whom each of one or two texts means: by UUID, then by email, then by phone, each exactly (contract open_loyalty
    D13); None for nobody. Of several members with one contact the oldest is meant. One query.
    """
    params: list[Any] = []
    for name in names:
        try:
            number = _key(uuid.UUID(name))
        except ValueError:
            number = None
        params += [organization_id, number, organization_id, normal_email(name), organization_id, normal_phone(name)]
    found: dict[int, tuple[int, int, Holder]] = {}
    for place, way, member_id, wallet_id, active in prepared.fetch(_PARTIES[len(names)], params):
        known = found.get(place)
        if known is None or (way, member_id) < known[:2]:
            found[place] = (way, member_id, Holder(member_id, wallet_id, bool(active)))
    return [found[place][2] if place in found else None for place in range(len(names))]
