"""The keys of the vendors' APIs: one word, which opens the one API it was made for."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction

from loyalty.kernel import clock
from loyalty.kernel.api.authentication import caller_with
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.models import ApiCredential, Door, Operator
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import (
    NewCredential,
    create_credential,
    revoke_credential,
    rotate_credential,
)
from tests import factories
from tests.databases import round_trips
from tests.house import TESTER, Api, House, api_for
from tests.staff import Person


def key_at(door: Door, operator: Operator, house: House, **more: Any) -> NewCredential:
    return create_credential(
        operator=operator,
        organization=house.organization,
        name="till",
        door=door,
        granter=EVERYTHING,
        actor=TESTER,
        at=clock.now(),
        **more,
    )


@pytest.mark.parametrize("door", [Door.OPEN_LOYALTY, Door.ENGAGE, Door.COGGINS, Door.COSMOPOINTS])
def test_a_key_is_a_guid_that_opens_its_own_api_and_no_other(house: House, operator: Operator, door: Door) -> None:
    made = key_at(door, operator, house)
    assert made.token == made.secret == str(uuid.UUID(made.secret))
    for other in Door:
        caller = caller_with(made.token, other)
        assert (caller is not None) == (other == door)
    caller = caller_with(made.token.upper().replace("-", ""), door)
    assert caller is not None
    assert (caller.organization_id, caller.access.is_admin) == (house.id, True)
    assert not ApiCredential.objects.filter(secret_digest__contains=made.secret[:8]).exists()


def test_a_vendors_key_does_not_open_the_core_api(house: House, operator: Operator) -> None:
    made = key_at(Door.ENGAGE, operator, house)
    for token in (made.secret, f"{made.credential.key}.{made.secret}"):
        assert Api(token, house.id).get("ledgers").status_code == 401
    answer = Api("", house.id).post("/api/v1/auth/signin", {"apiKey": made.credential.key, "apiSecret": made.secret})
    assert answer.status_code == 401


def test_a_key_of_the_core_api_opens_every_door_where_it_belongs(house: House) -> None:
    token = api_for(house.organization, "ledgers:read").token
    for door in Door:
        caller = caller_with(token, door)
        assert caller is not None
        assert caller.organization_id == house.id
        assert (caller.access.allows("ledgers:read"), caller.access.allows("ledgers:write")) == (True, False)


@pytest.mark.parametrize(
    "word", ["", "x", "tsk_", "tsk_unknown.tss_x", "tsk_\x00.x", "tsk_é.x", "0" * 5000, str(uuid.UUID(int=7))]
)
def test_any_other_word_opens_nothing(house: House, word: str) -> None:
    assert [caller_with(word, door) for door in Door] == [None] * len(Door)


def test_a_rotated_key_works_on_for_a_day_and_a_revoked_one_not_at_all(house: House, operator: Operator) -> None:
    made = key_at(Door.COGGINS, operator, house)
    new = rotate_credential(credential=made.credential, granter=EVERYTHING, actor=TESTER, at=clock.now())
    assert new.token == str(uuid.UUID(new.token)) != made.token
    assert caller_with(made.token, Door.COGGINS) and caller_with(new.token, Door.COGGINS)
    with time_machine.travel(clock.now() + timedelta(hours=25)):
        assert caller_with(made.token, Door.COGGINS) is None
        assert caller_with(new.token, Door.COGGINS)
    revoke_credential(credential=made.credential, actor=TESTER, at=clock.now())
    assert caller_with(new.token, Door.COGGINS) is None


def test_a_key_past_its_last_day_opens_nothing(house: House, operator: Operator) -> None:
    made = key_at(Door.ENGAGE, operator, house, expires_at=clock.now() + timedelta(days=1))
    assert caller_with(made.token, Door.ENGAGE)
    with time_machine.travel(clock.now() + timedelta(days=2)):
        assert caller_with(made.token, Door.ENGAGE) is None


def test_a_key_is_found_by_one_query(house: House, operator: Operator) -> None:
    made = key_at(Door.ENGAGE, operator, house)
    caller_with(made.token, Door.ENGAGE)  # Notes that it was used, once a minute.
    with round_trips() as queries:
        caller_with(made.token, Door.ENGAGE)
    assert len(queries) == 1


def test_a_vendors_key_belongs_to_one_organization(house: House) -> None:
    boss = factories.OperatorFactory(is_system_admin=True)
    with pytest.raises(InvalidInput):
        create_credential(
            operator=boss,
            organization=None,
            name="all",
            door=Door.ENGAGE,
            granter=EVERYTHING,
            actor=TESTER,
            at=clock.now(),
        )
    made = key_at(Door.ENGAGE, factories.OperatorFactory(is_system_admin=True), house)
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiCredential.objects.filter(pk=made.credential.pk).update(organization=None)


def test_the_console_shows_a_vendors_key_once(administrator: Person) -> None:
    page = administrator.act("loyalty/apicredential/add/", name="Web shop", door="engage", is_admin="on")
    made, secrets = ApiCredential.objects.get(name="Web shop"), dict(page.context["secrets"])
    assert (made.door, set(secrets)) == (Door.ENGAGE, {"Key"})
    assert caller_with(secrets["Key"], Door.ENGAGE) is not None
    again = administrator.get(f"loyalty/apicredential/{made.pk}/change/").content.decode()
    assert secrets["Key"] not in again
    assert "Voyado Engage" in again
