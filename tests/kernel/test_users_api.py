"""The users of an organization over the core API (semantics 0.4, 0.10, 13.3)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client

from loyalty.kernel import clock
from loyalty.kernel.models import AuditEntry, Job, Membership, Operator
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import create_credential, set_membership
from loyalty.kernel.services.runner import run_one_job
from tests import factories
from tests.house import NOON_TEXT, TESTER, Api, House, api_for
from tests.refusals import refuses
from tests.staff import staff_of

GOOD = "a good long password"


@pytest.fixture
def body() -> dict[str, Any]:
    """The least that must be said of a user."""
    return {
        "active": True,
        "name": "Nora New",
        "nickname": "nora",
        "profilePictureUrl": "https://example.com/nora.png",
        "isSystemAdmin": False,
        "pendingProvisioning": False,
        "customAttributes": {"desk": 4},
        "isAdmin": False,
        "roles": ["members:read"],
        "userName": "nora",
        "email": "Nora@Example.com",
        "authClientId": "",
    }


def create(api: Api, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = api.post("users", {**body, **more})
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.body
    return made


def account(user: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What an update sends back of a user it has read."""
    names = "active name nickname profilePictureUrl isSystemAdmin pendingProvisioning customAttributes organizations"
    return {**{name: user[name] for name in names.split()}, **more}


def signs_in(username: str, password: str) -> bool:
    answer = Client(SERVER_NAME="127.0.0.1").post("/admin/login/", {"username": username, "password": password})
    return answer.status_code == 302


def api_of(operator: Operator, house: House | None, *scopes: str) -> Api:
    """A client that acts as an operator there is; without a house, in all of them."""
    made = create_credential(
        operator=operator,
        organization=house.organization if house else None,
        name="test",
        scopes=scopes,
        granter=EVERYTHING,
        actor=TESTER,
        at=clock.now(),
    )
    return Api(made.token, house.id if house else 0)


@pytest.fixture
def root(house: House) -> Api:
    """A system administrator, looking into the house."""
    client = api_of(factories.OperatorFactory(is_system_admin=True), None)
    client.organization_id = house.id
    return client


def users_path(operator: Operator, more: str = "") -> str:
    return f"users/{operator.user_id}{more}"


# --- create ---


def test_a_new_user_answers_every_field_and_is_read_by_its_id(
    noon: time_machine.Coordinates, house: House, api: Api, body: dict[str, Any]
) -> None:
    made = create(api, body, password=GOOD, emailIsVerified=True, no=1)
    user = made["user"]
    assert made == {"user": user, "password": None}
    assert uuid.UUID(user["userId"])
    assert user == {
        **{name: value for name, value in body.items() if name != "email"},
        "userId": str(Operator.objects.get(username="nora").user_id),
        "organizationId": house.id,
        "email": "nora@example.com",
        "emailIsVerified": True,
        "passwordIsTemporary": False,
        "organizations": [str(house.id)],
        "createdAt": NOON_TEXT,
        "updatedAt": NOON_TEXT,
    }
    assert api.get(f"users/{user['userId']}").body == {"user": user}
    assert signs_in("nora", GOOD)


def test_a_password_is_told_once_and_only_where_it_was_made_up_or_is_temporary(api: Api, body: dict[str, Any]) -> None:
    made_up = create(api, body)
    assert made_up["user"]["passwordIsTemporary"] is True
    assert signs_in("nora", made_up["password"])
    temporary = create(api, {**body, "userName": "n2", "email": ""}, password=GOOD, passwordIsTemporary=True)
    assert (temporary["password"], temporary["user"]["passwordIsTemporary"]) == (GOOD, True)
    for made in (made_up, temporary):
        told = made["password"]
        assert told not in api.get(f"users/{made['user']['userId']}").content.decode()
        assert told not in api.get("users").content.decode()
        assert told not in str(list(Operator.objects.values_list()) + list(AuditEntry.objects.values_list()))


def test_an_auth_client_without_a_password_makes_an_api_user(api: Api, body: dict[str, Any]) -> None:
    made = create(api, body, authClientId="till-7", email="", userName="till")
    assert made["password"] is None
    till = Operator.objects.get(username="till")
    assert (till.kind, till.has_usable_password(), made["user"]["authClientId"]) == ("service", False, "till-7")
    refuses(api, "PUT", users_path(till, "/password"), {"password": GOOD}, 400, "INVALID_INPUT")
    # Whoever is to sign in, whatever program made them, is a person.
    for number, more in enumerate(({"password": GOOD}, {"passwordIsTemporary": True}, {"sendInvite": True})):
        words = {"authClientId": "crm", "userName": f"p{number}", "email": f"p{number}@example.com", **more}
        assert Operator.objects.get(user_id=create(api, {**body, **words})["user"]["userId"]).kind == "person"


def test_a_user_name_is_unique_and_an_email_in_its_organization(
    neighbor: House, api: Api, body: dict[str, Any]
) -> None:
    create(api, body)
    taken = refuses(api, "POST", "users", {**body, "email": "x@example.com"}, 409, "ALREADY_EXISTS")
    assert "userName" in taken
    taken = refuses(
        api, "POST", "users", {**body, "userName": "n2", "email": "NORA@example.com"}, 409, "ALREADY_EXISTS"
    )
    assert "email" in taken
    create(api, {**body, "userName": "n2", "email": ""})
    create(api, {**body, "userName": "n3", "email": ""})
    next_door = api_for(neighbor.organization, is_admin=True)
    refuses(next_door, "POST", "users", {**body, "email": ""}, 409, "ALREADY_EXISTS")
    create(next_door, {**body, "userName": "n4"})


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"userName": "no good"}, "userName"),
        ({"userName": ""}, "userName"),
        ({"email": "nobody"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "password123"}, "password"),
        ({"roles": ["all:everything"]}, "roles"),
        ({"roles": None}, "roles"),
        ({"email": "", "sendInvite": True}, "email"),
    ],
)
def test_a_malformed_user_is_refused_and_nothing_of_it_is_there(
    api: Api, body: dict[str, Any], wrong: dict[str, Any], field: str
) -> None:
    assert field in refuses(api, "POST", "users", {**body, **wrong}, 400, "INVALID_INPUT")


# --- nobody grants what he lacks ---


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"isSystemAdmin": True}, "isSystemAdmin"),
        ({"isAdmin": True}, "isAdmin"),
        ({"roles": ["members:write"]}, "roles"),
        ({"roles": ["members:read", "ledgers:read"]}, "roles"),
    ],
)
def test_a_clerk_makes_nobody_who_may_do_more(
    api_with: Any, body: dict[str, Any], more: dict[str, Any], field: str
) -> None:
    clerk = api_with("users:write", "members:read")
    assert field in refuses(clerk, "POST", "users", {**body, **more}, 403, "CANNOT_GRANT")
    made = create(clerk, body)["user"]
    if "isSystemAdmin" in more:
        refuses(clerk, "PUT", f"users/{made['userId']}", account(made, **more), 403, "CANNOT_GRANT")
    else:
        place = {"isAdmin": False, "roles": [], **more}
        refuses(clerk, "PUT", f"users/{made['userId']}/permissions", place, 403, "CANNOT_GRANT")


def test_only_a_system_administrator_makes_another(house: House, api: Api, root: Api, body: dict[str, Any]) -> None:
    refuses(api, "POST", "users", {**body, "isSystemAdmin": True}, 403, "CANNOT_GRANT")
    made = create(root, body, isSystemAdmin=True)["user"]
    assert made["isSystemAdmin"] is True
    path = f"users/{made['userId']}"
    for attempt in (account(made, isSystemAdmin=False), account(made, name="Mine")):
        refuses(api, "PUT", path, attempt, 403, "CANNOT_GRANT")
    refuses(api, "PUT", f"{path}/password", {"password": GOOD}, 403, "CANNOT_GRANT")
    assert root.put(path, account(made, isSystemAdmin=False)).body["user"]["isSystemAdmin"] is False


@pytest.mark.parametrize("way", ["account", "password", "permissions", "delete"])
def test_whoever_may_do_more_is_not_taken_over(house: House, api_with: Any, way: str) -> None:
    clerk = api_with("users:write", "members:read")
    staff_of(house.organization, is_admin=True)
    for roles, is_admin in ((("campaigns:write",), False), ((), True)):
        boss = staff_of(house.organization, *roles, is_admin=is_admin).operator
        method, path, sent = {
            "account": ("PUT", "", account(clerk.get(users_path(boss)).body["user"], name="Mine")),
            "password": ("PUT", "/password", {"password": GOOD}),
            "permissions": ("PUT", "/permissions", {"isAdmin": False, "roles": []}),
            "delete": ("DELETE", "", None),
        }[way]
        refuses(clerk, method, users_path(boss, path), sent, 403, "CANNOT_GRANT")


def test_a_narrowed_credential_is_not_its_operator(house: House) -> None:
    boss = staff_of(house.organization, is_admin=True).operator
    narrow = api_of(boss, house, "users:write")
    refuses(narrow, "PUT", users_path(boss, "/password"), {"password": GOOD}, 403, "CANNOT_GRANT")
    place = {"isAdmin": True, "roles": ["ledgers:write"]}
    refuses(narrow, "PUT", users_path(boss, "/permissions"), place, 403, "CANNOT_GRANT")


# --- update ---


def test_an_update_changes_the_account_and_leaves_a_mark(
    noon: time_machine.Coordinates, api: Api, body: dict[str, Any]
) -> None:
    made = create(api, body, password=GOOD)["user"]
    path, entries = f"users/{made['userId']}", AuditEntry.objects.count()
    noon.shift(60)
    assert api.put(path, account(made)).body["user"] == made
    assert AuditEntry.objects.count() == entries
    new = {
        "name": "Nora Newer",
        "nickname": "",
        "profilePictureUrl": "",
        "pendingProvisioning": True,
        "customAttributes": {},
    }
    # What only other operations change stays.
    more = {"userName": "other", "email": "other@example.com", "roles": [], "isAdmin": True, "userId": "x"}
    changed = api.put(path, account(made, **new, **more)).body["user"]
    assert changed == {**made, **new, "updatedAt": "2030-03-15T12:01:00Z"}
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, set(entry.after)) == (
        "operator.updated",
        {"name", "nickname", "profile_picture_url", "pending_provisioning", "custom_attributes"},
    )
    assert api.put(path, account(changed, active=False)).body["user"]["active"] is False
    assert not signs_in("nora", GOOD)
    assert api.put(path, account(changed, active=True)).body["user"]["active"] is True
    assert signs_in("nora", GOOD)


def test_organizations_are_changed_by_system_administrators_alone(
    house: House, neighbor: House, api: Api, root: Api, body: dict[str, Any]
) -> None:
    made = create(api, body)["user"]
    path, here, there = f"users/{made['userId']}", str(house.id), str(neighbor.id)
    for wrong in ([here, there], [there], [], ["nowhere"], [neighbor.organization.key]):
        refuses(api, "PUT", path, account(made, organizations=wrong), 403, "CANNOT_GRANT")
    assert api.put(path, account(made, organizations=[house.organization.key])).body["user"] == made
    for wrong in ([here, "nowhere"], [here, "999999999"], [there], []):
        refuses(root, "PUT", path, account(made, organizations=wrong), 400, "INVALID_INPUT")
    both = root.put(path, account(made, organizations=[here, neighbor.organization.key])).body["user"]
    assert both["organizations"] == [here, there]
    nora = Operator.objects.get(username="nora")
    assert Membership.objects.get(operator=nora, organization=neighbor.organization).roles == []
    # An administrator of one of them knows only of it, and the account is beyond them now.
    assert api.get(path).body["user"]["organizations"] == [here]
    refuses(api, "PUT", path, account(made, name="Mine"), 403, "CANNOT_GRANT")
    one = root.put(path, account(made, organizations=[here])).body["user"]
    assert one["organizations"] == [here]
    assert Membership.objects.filter(operator=nora).count() == 1


def test_permissions_replace_those_there_were(api: Api, body: dict[str, Any]) -> None:
    made = create(api, body)["user"]
    path = f"users/{made['userId']}/permissions"
    changed = api.put(path, {"isAdmin": False, "roles": ["orders:write", "ledgers:read", "orders:write"]}).body["user"]
    assert (changed["isAdmin"], changed["roles"]) == (False, ["ledgers:read", "orders:write"])
    assert api.put(path, {"isAdmin": True, "roles": []}).body["user"]["isAdmin"] is True
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.before["is_admin"], entry.after["is_admin"]) == ("membership.updated", False, True)


def test_a_password_set_is_temporary_unless_it_is_permanent(api: Api, body: dict[str, Any]) -> None:
    made = create(api, body, password=GOOD)["user"]
    path = f"users/{made['userId']}/password"
    for permanent, temporary in (({}, True), ({"permanent": True}, False), ({"permanent": False}, True)):
        new = f"number {temporary} {len(permanent)} of many"
        answer = api.put(path, {"password": new, **permanent})
        assert answer.status_code == 200
        assert answer.body["user"]["passwordIsTemporary"] is temporary
        assert new not in answer.content.decode()
        assert signs_in("nora", new)
        assert new not in str(list(AuditEntry.objects.values_list()))
    refuses(api, "PUT", path, {"password": "short"}, 400, "INVALID_INPUT")
    refuses(api, "PUT", path, {"permanent": True}, 400, "INVALID_INPUT")


# --- leaving ---


def test_who_is_deleted_leaves_and_is_shut_out_without_another_place(
    house: House, neighbor: House, api: Api, body: dict[str, Any]
) -> None:
    made = create(api, body, password=GOOD)["user"]
    answer = api.send("DELETE", f"users/{made['userId']}")
    assert (answer.status_code, answer.body) == (200, {"ok": True})
    nora = Operator.objects.get(username="nora")
    assert (nora.is_active, nora.memberships.count()) == (False, 0)
    refuses(api, "DELETE", f"users/{made['userId']}", None, 404, "NOT_FOUND")
    both = staff_of(house.organization, username="both").operator
    set_membership(operator=both, organization=neighbor.organization, granter=EVERYTHING, actor=TESTER, at=clock.now())
    assert api.send("DELETE", users_path(both)).body == {"ok": True}
    both.refresh_from_db()
    assert (both.is_active, both.memberships.count()) == (True, 1)


def test_nobody_deletes_or_shuts_out_oneself_or_the_last_administrator(house: House, api: Api) -> None:
    boss, other = (staff_of(house.organization, is_admin=True).operator for _ in range(2))
    mine = api_of(boss, house)
    refuses(mine, "DELETE", users_path(boss), None, 409, "CONFLICT")
    me = mine.get(users_path(boss)).body["user"]
    refuses(mine, "PUT", users_path(boss), account(me, active=False), 409, "CONFLICT")
    assert mine.send("DELETE", users_path(other)).status_code == 200
    refuses(api, "DELETE", users_path(boss), None, 409, "CONFLICT")
    refuses(api, "PUT", users_path(boss), account(me, active=False), 409, "CONFLICT")
    refuses(api, "PUT", users_path(boss, "/permissions"), {"isAdmin": False, "roles": []}, 409, "CONFLICT")


# --- lists ---


def test_a_list_has_people_and_services_where_they_are_wanted(
    house: House, neighbor: House, api: Api, body: dict[str, Any]
) -> None:
    create(api, body)
    create(api, body, userName="till", email="", authClientId="till-7")
    create(api, body, userName="abel", email="", name="Abel", nickname="Ab", active=False)
    create(api_for(neighbor.organization, is_admin=True), body, userName="elsewhere")

    def names(query: str = "") -> list[str]:
        rows = api.get(f"users?{query}").body["results"]
        return [row["userName"] for row in rows if not row["userName"].startswith("service")]

    assert names() == ["nora", "abel"]
    assert names("includeAPIUsers=true") == ["nora", "till", "abel"]
    assert names("includeAPIUsers=true&includeCognitoUsers=false") == ["till"]
    assert names("includeCognitoUsers=false") == []
    assert names("email=NORA@example.com") == names("userName=nora") == names("active=true") == ["nora"]
    assert names("active=false") == names("search=ABEL") == ["abel"]
    assert names("search=example.com") == ["nora"]
    assert names("search=elsewhere") == names("userName=Nora") == []
    assert names("authClientId=till-7&includeAPIUsers=true") == ["till"]
    assert names("order=userName") == ["abel", "nora"]
    page = api.get("users?limit=1&page=1").body
    assert (page["totalCount"], page["results"][0]["userName"]) == (2, "abel")


def test_a_user_of_another_organization_does_not_exist(house: House, api: Api, root: Api, stranger: Any) -> None:
    for path in (users_path(stranger.operator), f"users/{uuid.uuid4()}", "users/5", "users/x"):
        refuses(api, "GET", path, None, 404, "NOT_FOUND")
        refuses(api, "DELETE", path, None, 404, "NOT_FOUND")
    # Not even for a system administrator who looks into this one.
    refuses(root, "GET", users_path(stranger.operator), None, 404, "NOT_FOUND")


# --- invitations ---


def test_an_invitation_is_a_row_of_work_that_is_mailed_without_the_password(
    house: House, api: Api, body: dict[str, Any]
) -> None:
    made = create(api, body, sendInvite=True)
    job = Job.objects.get(kind="send_invitation")
    assert (job.organization_id, mail.outbox) == (house.id, [])
    assert made["password"] not in str(list(Job.objects.values_list()))
    done = run_one_job(worker="test")
    assert done is not None
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["nora@example.com"], "You are invited to Demo Coffee")
    assert "nora" in sent.body and "/admin/" in sent.body
    assert made["password"] not in sent.body
    done.refresh_from_db()
    assert (done.state, done.result) == ("done", {"sent": 1})


def test_an_invitation_that_the_mail_server_refused_is_tried_again(
    api: Api, body: dict[str, Any], settings: Any
) -> None:
    create(api, body, sendInvite=True)
    settings.EMAIL_BACKEND = "tests.kernel.test_users_api.NoMail"
    job = run_one_job(worker="test")
    assert job is not None
    job.refresh_from_db()
    assert (job.state, job.attempts, job.error) == ("waiting", 1, "ConnectionRefusedError: no mail today")


class NoMail:
    """A mail server that is not there."""

    def __init__(self, **words: Any) -> None:
        pass

    def send_messages(self, messages: Any) -> int:
        raise ConnectionRefusedError("no mail today")


def test_who_has_left_is_not_invited(api: Api, body: dict[str, Any]) -> None:
    made = create(api, body, sendInvite=True)["user"]
    api.send("DELETE", f"users/{made['userId']}")
    job = run_one_job(worker="test")
    assert job is not None and mail.outbox == []
    job.refresh_from_db()
    assert job.result == {"sent": 0}
