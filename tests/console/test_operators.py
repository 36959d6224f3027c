"""People and their places, managed from the console."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from loyalty.kernel import clock
from loyalty.kernel.desk import address_of
from loyalty.kernel.models import AuditEntry, Membership, Operator
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import set_membership
from tests import factories
from tests.house import TESTER, House
from tests.staff import Person, refusals, staff_of
from tests.walk import every_row

ADD = "loyalty/operator/add/"


def act(operator: Operator, slug: str) -> str:
    return f"loyalty/operator/{operator.pk}/do/{slug}/"


def entry(action: str, target: Any) -> AuditEntry:
    return AuditEntry.objects.get(action=action, target_id=str(target.pk))


def signs_in(username: str, password: str) -> bool:
    answer = Client(SERVER_NAME="127.0.0.1").post("/admin/login/", {"username": username, "password": password})
    return answer.status_code == 302


@pytest.fixture
def mia(house: House) -> Operator:
    return staff_of(house.organization, "members:write", username="mia", name="Mia Support").operator


def test_a_new_person_gets_a_password_that_is_shown_once_and_must_be_changed(
    house: House, administrator: Person
) -> None:
    page = administrator.act(ADD, username="nora", name="Nora New", email="Nora@Example.com", roles=["members:write"])
    secrets = dict(page.context["secrets"])
    nora = Operator.objects.get(username="nora")
    assert (nora.email, nora.password_is_temporary) == ("nora@example.com", True)
    place = Membership.objects.get(operator=nora)
    assert (place.organization, place.roles, place.is_admin) == (house.organization, ["members:write"], False)
    assert signs_in("nora", secrets["Password"])
    assert secrets["Password"] not in str(every_row())
    assert secrets["Password"] not in administrator.get(address_of(nora)).content.decode()
    made = entry("operator.created", nora)
    assert (made.actor_name, made.organization) == ("Anna Administrator", house.organization)
    person = Person(nora)
    for path in ("", "members/member/", "loyalty/operator/", "search/?s=a"):
        assert person.get(path)["Location"] == "/admin/password_change/", path
    own = {"new_password1": "an even longer one", "new_password2": "an even longer one"}
    assert person.post("password_change/", old_password="wrong", **own).status_code == 200
    assert person.post("password_change/", old_password=secrets["Password"], **own).status_code == 302
    assert person.get("members/member/").status_code == 200
    assert signs_in("nora", "an even longer one")
    assert entry("operator.password_set", nora).actor == f"operator:{nora.pk}"


def test_a_password_typed_by_the_administrator_is_not_shown_again(administrator: Person) -> None:
    page = administrator.act(ADD, username="nora", password="typed by an administrator", is_temporary=None)
    assert page.status_code == 302
    assert not Operator.objects.get(username="nora").password_is_temporary
    assert signs_in("nora", "typed by an administrator")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"username": "nora", "password": "short"}, "password"),
        ({"username": "nora.newcomer", "password": "nora.newcomer1"}, "password"),
        ({"username": "anna"}, "username"),
        ({"username": "no good"}, "username"),
        ({"username": ""}, "username"),
        ({"username": "nora", "email": "nobody"}, "email"),
        ({"username": "nora", "email": "taken@example.com"}, "email"),
        ({"username": "nora", "roles": ["all:everything"]}, "roles"),
    ],
)
def test_a_refusal_stands_beside_its_field_and_nothing_was_written(
    house: House, administrator: Person, fields: dict[str, Any], field: str
) -> None:
    staff_of(house.organization, email="taken@example.com")
    before = every_row()
    page = administrator.act(ADD, **fields)
    assert set(refusals(page)) == {field}
    assert every_row() == before
    assert "typed" not in page.content.decode()
    # What was right is still there, and the same form can be sent again.
    again = {**administrator.form_of(ADD), "once": page.context["act"].data["once"]}
    assert administrator.post(ADD, **{**again, "username": "norbert"}).status_code == 200
    assert Operator.objects.filter(username="norbert").exists()


def test_a_clerk_can_give_only_what_a_clerk_has(house: House) -> None:
    clerk = staff_of(house.organization, "users:write", "members:read")
    form = clerk.get(ADD).context["act"]
    assert "is_admin" not in form.fields
    offered = [role for role, _ in form.fields["roles"].choices]
    assert offered == ["members:read", "users:read", "users:write"]
    before = every_row()
    for more in ({"roles": ["ledgers:write"]}, {"roles": ["members:write"]}):
        assert set(refusals(clerk.act(ADD, username="nora", **more))) == {"roles"}
    assert every_row() == before
    clerk.act(ADD, username="nora", is_admin="on", roles=["members:read"])
    assert not Membership.objects.get(operator__username="nora").is_admin


def test_roles_are_changed_with_a_preview_a_reason_and_a_mark(administrator: Person, mia: Operator) -> None:
    path = act(mia, "place")
    preview = administrator.act(path, confirmed=False, roles=["ledgers:read", "members:read"], reason="moved")
    assert preview.context["preview"].lines[0].then == "ledgers (read), members (read)"
    assert Membership.objects.get(operator=mia).roles == ["members:write"]
    administrator.act(path, roles=["ledgers:read", "members:read"], reason="moved")
    place = Membership.objects.get(operator=mia)
    assert place.roles == ["ledgers:read", "members:read"]
    mark = entry("membership.updated", place)
    assert (mark.reason, mark.actor_name) == ("moved", "Anna Administrator")
    assert (mark.before["roles"], mark.after["roles"]) == (["members:write"], ["ledgers:read", "members:read"])


def test_a_reason_is_asked_for(administrator: Person, mia: Operator) -> None:
    for slug in ("place", "password", "deactivate", "remove"):
        assert "reason" in refusals(administrator.act(act(mia, slug)))


def test_roles_that_are_not_the_clerks_to_give_stay_as_they_are(house: House, mia: Operator) -> None:
    clerk = staff_of(house.organization, "users:write", "ledgers:read")
    clerk.act(act(mia, "place"), roles=["ledgers:read"], reason="books too")
    assert Membership.objects.get(operator=mia).roles == ["ledgers:read", "members:write"]


def test_acts_that_would_be_refused_are_not_offered(house: House, administrator: Person, mia: Operator) -> None:
    def offered(person: Person, operator: Operator) -> set[str]:
        return {kind.slug for kind, _ in person.get(address_of(operator)).context["offered"]}

    assert offered(administrator, mia) == {"edit", "place", "password", "deactivate", "remove"}
    assert offered(administrator, administrator.operator) == {"edit", "place"}
    clerk = staff_of(house.organization, "users:write")
    assert offered(clerk, administrator.operator) == set()
    assert offered(clerk, mia) == {"place"}
    for slug in ("edit", "password", "deactivate", "remove"):
        assert clerk.get(act(mia, slug)).status_code == 403
        assert (
            clerk.post(act(mia, slug), once="x", confirmed="1", reason="x", password="mine, all mine").status_code
            == 403
        )
    assert not signs_in("mia", "mine, all mine")


def test_a_place_elsewhere_keeps_the_account_from_this_organizations_administrators(
    administrator: Person, neighbor: House, mia: Operator
) -> None:
    set_membership(operator=mia, organization=neighbor.organization, granter=EVERYTHING, actor=TESTER, at=clock.now())
    page = administrator.get(address_of(mia))
    assert {kind.slug for kind, _ in page.context["offered"]} == {"place", "remove"}
    assert neighbor.organization.name not in page.content.decode()
    assert administrator.get(act(mia, "password")).status_code == 403


def test_a_lost_password_is_replaced_and_the_sessions_end(administrator: Person, mia: Operator) -> None:
    person = Person(mia)
    page = administrator.act(act(mia, "password"), reason="forgotten")
    password = dict(page.context["secrets"])["Password"]
    assert signs_in("mia", password)
    assert "/login/" in person.get("")["Location"]
    assert password not in str(every_row())
    assert entry("operator.password_set", mia).reason == "forgotten"


def test_somebody_shut_out_is_out_at_once_and_can_come_back(administrator: Person, mia: Operator) -> None:
    person = Person(mia)
    administrator.act(act(mia, "deactivate"), reason="stolen laptop")
    assert "/login/" in person.get("")["Location"]
    administrator.act(act(mia, "activate"), reason="found again")
    assert person.get("").status_code == 200
    assert [e.reason for e in AuditEntry.objects.filter(target_id=mia.pk, action__endswith="activated")] == [
        "stolen laptop",
        "found again",
    ]


def test_somebody_removed_is_gone_from_the_list(house: House, administrator: Person, mia: Operator) -> None:
    answer = administrator.act(act(mia, "remove"), reason="has left us")
    assert answer["Location"] == "/admin/loyalty/operator/"
    assert administrator.get(address_of(mia)).status_code == 404
    assert AuditEntry.objects.get(action="membership.removed").before["roles"] == ["members:write"]


def test_the_last_administrator_is_told_why_they_stay(
    house: House, administrator: Person, system_admin: Person
) -> None:
    system_admin.get(f"look-into/{house.id}/")
    for slug in ("remove", "deactivate"):
        page = system_admin.act(act(administrator.operator, slug), reason="no more")
        assert "last administrator" in refusals(page)["__all__"][0]
    page = administrator.act(act(administrator.operator, "place"), is_admin=None, roles=["users:write"], reason="tired")
    assert "last administrator" in refusals(page)["__all__"][0]
    assert Membership.objects.get(operator=administrator.operator).is_admin


def test_a_system_administrator_adds_somebody_who_is_known(
    house: House, neighbor: House, system_admin: Person, administrator: Person, mia: Operator
) -> None:
    path = "loyalty/operator/do/add-known/"
    assert administrator.get(path).status_code == 403
    system_admin.get(f"look-into/{neighbor.id}/")
    assert "__all__" in refusals(system_admin.act(path, username="nobody"))
    system_admin.act(path, username="mia", roles=["orders:read"])
    assert Membership.objects.get(operator=mia, organization=neighbor.organization).roles == ["orders:read"]


def test_the_page_shows_what_somebody_did(house: House, administrator: Person, mia: Operator) -> None:
    Person(mia).client.get("/admin/")
    administrator.act(act(mia, "edit"), name="Mia Miller")
    page = administrator.get(address_of(administrator.operator)).content.decode()
    assert "What they did here last" in page
    assert "Mia Miller" in page
    factories.OperatorFactory(username="unseen")
    assert "unseen" not in administrator.get("loyalty/operator/").content.decode()
