"""Nobody grants what he lacks, takes over somebody who may do more, or leaves an organization without administrator."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty.kernel import clock, services
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import CannotGrant, Conflict, DuplicateValue, InvalidInput, NotFound
from loyalty.kernel.models import AuditEntry, Membership, Operator
from loyalty.kernel.roles import EVERYTHING, Access
from loyalty.kernel.services import grants
from tests import factories
from tests.databases import in_parallel
from tests.house import TESTER, House

ADMIN = Access(is_admin=True, belongs=True)
CLERK = Access(roles=frozenset({"users:write", "members:write", "ledgers:read"}), belongs=True)


def words(granter: Access, actor: Actor = TESTER) -> dict[str, Any]:
    return {"granter": granter, "actor": actor, "at": clock.now()}


def person(house: House, *roles: str, is_admin: bool = False, **fields: Any) -> Operator:
    made = factories.OperatorFactory(**fields)
    services.set_membership(
        operator=made, organization=house.organization, roles=roles, is_admin=is_admin, **words(EVERYTHING)
    )
    return made


def as_actor(operator: Operator) -> Actor:
    return Actor("operator", operator.pk, str(operator))


def rows() -> Any:
    return (
        list(Membership.objects.order_by("pk").values_list()),
        list(Operator.objects.order_by("pk").values_list()),
        AuditEntry.objects.count(),
    )


@pytest.mark.parametrize(
    ("granter", "place"),
    [
        (CLERK, {"is_admin": True}),
        (CLERK, {"roles": ["ledgers:write"]}),
        (CLERK, {"roles": ["members:read", "campaigns:read"]}),
        (Access(belongs=True), {"roles": ["members:read"]}),
        (Access(), {"is_admin": True}),
    ],
)
def test_a_place_holds_no_more_than_the_granter_has(house: House, granter: Access, place: dict[str, Any]) -> None:
    newcomer = factories.OperatorFactory()
    before = rows()
    with pytest.raises(CannotGrant):
        services.set_membership(operator=newcomer, organization=house.organization, **place, **words(granter))
    assert rows() == before


def test_what_the_granter_has_may_be_given_and_to_write_includes_to_read(house: House) -> None:
    newcomer = factories.OperatorFactory()
    services.set_membership(
        operator=newcomer,
        organization=house.organization,
        roles=["members:read", "members:write", "ledgers:read"],
        **words(CLERK),
    )
    assert Membership.objects.get(operator=newcomer).roles == ["ledgers:read", "members:read", "members:write"]


def test_what_the_granter_lacks_may_not_be_taken_either(house: House) -> None:
    controller = person(house, "campaigns:write")
    boss, _ = person(house, is_admin=True), person(house, is_admin=True)
    before = rows()
    for operator in (controller, boss):
        with pytest.raises(CannotGrant):
            services.set_membership(operator=operator, organization=house.organization, **words(CLERK))
        with pytest.raises(CannotGrant):
            services.remove_membership(operator=operator, organization=house.organization, **words(CLERK))
    assert rows() == before


def test_only_a_system_administrator_makes_another(db: None) -> None:
    with pytest.raises(CannotGrant):
        services.create_operator(username="new", is_system_admin=True, **words(ADMIN))
    assert services.create_operator(username="new", is_system_admin=True, **words(EVERYTHING)).is_system_admin


@pytest.mark.parametrize("act", ["password", "profile", "shut out"])
def test_an_account_that_may_do_more_is_not_taken_over(house: House, neighbor: House, act: str) -> None:
    boss, root = person(house, is_admin=True), factories.OperatorFactory(is_system_admin=True)
    elsewhere = person(house, "members:read")
    services.set_membership(operator=elsewhere, organization=neighbor.organization, **words(EVERYTHING))
    controller = person(house, "campaigns:write")
    before = rows()

    def do(operator: Operator, granter: Access) -> None:
        here: dict[str, Any] = {"operator": operator, "organization_id": house.id, **words(granter)}
        if act == "password":
            services.set_password(password="another good password", **here)
        elif act == "profile":
            services.update_operator(changes={"email": "mine@example.com"}, **here)
        else:
            services.set_operator_active(is_active=False, **here)

    for operator, granter in (
        (boss, CLERK),
        (controller, CLERK),
        (root, ADMIN),
        # A place elsewhere is beyond even an administrator: their password would open the neighbor's house.
        (elsewhere, ADMIN),
    ):
        with pytest.raises(CannotGrant):
            do(operator, granter)
    assert rows() == before
    do(controller, ADMIN)
    assert rows() != before


def test_a_credential_does_no_more_than_its_maker_may(house: House) -> None:
    boss, controller = person(house, is_admin=True), person(house, "campaigns:write", "members:read")
    common: dict[str, Any] = {"organization": house.organization, "name": "x"}
    for operator, scopes in (
        (boss, []),
        (boss, ["campaigns:read"]),
        (controller, []),
        (controller, ["campaigns:read"]),
    ):
        with pytest.raises(CannotGrant):
            services.create_credential(operator=operator, scopes=scopes, **common, **words(CLERK))
    root = factories.OperatorFactory(is_system_admin=True)
    with pytest.raises(CannotGrant):
        services.create_credential(operator=root, organization=None, name="x", **words(ADMIN))
    made = services.create_credential(operator=controller, scopes=["members:read"], **common, **words(CLERK))
    whole = services.create_credential(operator=controller, **common, **words(ADMIN))
    with pytest.raises(CannotGrant):
        services.rotate_credential(credential=whole.credential, **words(CLERK))
    assert services.rotate_credential(credential=made.credential, **words(CLERK)).secret != made.secret


def test_nobody_removes_or_shuts_out_oneself(house: House) -> None:
    boss, _ = person(house, is_admin=True), person(house, is_admin=True)
    me = words(ADMIN, as_actor(boss))
    before = rows()
    with pytest.raises(Conflict):
        services.remove_membership(operator=boss, organization=house.organization, **me)
    with pytest.raises(Conflict):
        services.set_operator_active(operator=boss, is_active=False, organization_id=house.id, **me)
    assert rows() == before


@pytest.mark.parametrize("way", ["removed", "demoted", "shut out"])
def test_the_last_administrator_stays(house: House, way: str) -> None:
    boss, gone = person(house, is_admin=True), person(house, is_admin=True)
    machine = factories.ServiceFactory()
    services.set_membership(operator=machine, organization=house.organization, is_admin=True, **words(EVERYTHING))

    def leave(operator: Operator) -> None:
        if way == "removed":
            services.remove_membership(operator=operator, organization=house.organization, **words(ADMIN))
        elif way == "demoted":
            services.set_membership(operator=operator, organization=house.organization, **words(ADMIN))
        else:
            services.set_operator_active(
                operator=operator, is_active=False, organization_id=house.id, **words(EVERYTHING)
            )

    leave(gone)
    before = rows()
    with pytest.raises(Conflict, match="last administrator"):
        leave(boss)
    assert rows() == before
    # A service administers nothing in a person's stead, and may go.
    leave(machine)


@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_who_remove_each_other_one_stays(house: House) -> None:
    pair = [person(house, is_admin=True), person(house, is_admin=True)]
    answers = remove_each_other(house, pair)
    assert sum(isinstance(answer, Conflict) for answer in answers) == 1, answers
    assert Membership.objects.filter(organization=house.organization, is_admin=True).count() == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_would_go(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above. SQLite has one writer at a time, so only the other database can show it."""
    import threading

    both_looked = threading.Barrier(2)

    def unlocked(organization: Any) -> list[int]:
        found = list(
            Membership.objects.filter(organization=organization, is_admin=True).values_list("operator", flat=True)
        )
        both_looked.wait(timeout=10)
        return found

    monkeypatch.setattr(grants, "administrators_of", unlocked)
    pair = [person(house, is_admin=True), person(house, is_admin=True)]
    assert remove_each_other(house, pair) == [None, None]
    assert not Membership.objects.filter(organization=house.organization, is_admin=True).exists()


def remove_each_other(house: House, pair: list[Operator]) -> list[Any]:
    def remove(one: Operator, other: Operator) -> Any:
        return lambda: services.remove_membership(
            operator=one, organization=house.organization, **words(ADMIN, as_actor(other))
        )

    return in_parallel(remove(pair[0], pair[1]), remove(pair[1], pair[0]))


def test_whoever_leaves_the_last_organization_is_shut_out(house: House, neighbor: House) -> None:
    leaver, stayer = person(house), person(house)
    services.set_membership(operator=stayer, organization=neighbor.organization, **words(EVERYTHING))
    for operator in (leaver, stayer):
        services.remove_membership(operator=operator, organization=house.organization, reason="left", **words(ADMIN))
        operator.refresh_from_db()
    assert (leaver.is_active, stayer.is_active) == (False, True)
    with pytest.raises(NotFound):
        services.remove_membership(operator=leaver, organization=house.organization, **words(ADMIN))
    assert AuditEntry.objects.filter(action="membership.removed", reason="left").count() == 2


def test_an_email_is_one_persons_in_an_organization(house: House, neighbor: House) -> None:
    person(house, email="info@example.com")
    person(neighbor, email="info@example.com")
    other = factories.OperatorFactory(email="INFO@example.com")
    with pytest.raises(DuplicateValue):
        services.set_membership(operator=other, organization=house.organization, **words(EVERYTHING))
    second = person(house, email="second@example.com")
    with pytest.raises(DuplicateValue):
        services.update_operator(operator=second, changes={"email": "info@example.com"}, **words(EVERYTHING))
    second.refresh_from_db()
    assert second.email == "second@example.com"


@pytest.mark.parametrize("password", ["short", "password123", "1234567890", ""])
def test_an_easy_password_is_refused(db: None, password: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        services.create_operator(username="new", password=password, **words(EVERYTHING))
    assert refusal.value.field == "password"
    assert not Operator.objects.filter(username="new").exists()


def test_a_password_is_in_no_row_and_no_history(db: None) -> None:
    operator = factories.OperatorFactory()
    services.set_password(operator=operator, password="hunter-of-secrets-22", **words(EVERYTHING))
    operator.refresh_from_db()
    assert operator.check_password("hunter-of-secrets-22")
    everything = str(rows()[:2]) + str(list(AuditEntry.objects.values_list()))
    assert "hunter-of-secrets" not in everything


def test_a_service_gets_no_password_and_made_up_ones_are_good(db: None) -> None:
    with pytest.raises(InvalidInput):
        services.set_password(operator=factories.ServiceFactory(), password="a good long password", **words(EVERYTHING))
    made = {services.generate_password() for _ in range(20)}
    assert len(made) == 20
    services.create_operator(username="new", password=made.pop(), **words(EVERYTHING))
