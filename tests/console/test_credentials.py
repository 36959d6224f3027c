"""API credentials from the console: the secret is seen once, and then by nobody."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest

from loyalty.kernel import clock
from loyalty.kernel.desk import address_of
from loyalty.kernel.models import ApiCredential, AuditEntry, Operator, SentForm
from tests.console.world import LISTED, list_of
from tests.house import Api, House, api_for
from tests.staff import Person, refusals, staff_of
from tests.walk import every_row

ADD = "loyalty/apicredential/add/"


def make(person: Person, **fields: Any) -> tuple[ApiCredential, dict[str, str]]:
    """A credential from the form, and the secrets of the page that follows."""
    page = person.act(ADD, **{"name": "Till", "scopes": ["ledgers:read"], **fields})
    assert page.context.get("secrets"), page.context["act"].errors
    return ApiCredential.objects.latest("pk"), dict(page.context["secrets"])


def act(credential: ApiCredential, slug: str) -> str:
    return f"loyalty/apicredential/{credential.pk}/do/{slug}/"


def test_a_new_credential_brings_its_own_service_with_just_what_was_ticked(house: House, administrator: Person) -> None:
    credential, secrets = make(administrator, name="Till in Main Street")
    assert credential.operator.kind == Operator.Kind.SERVICE
    assert credential.operator.username == "till-in-main-street"
    assert not credential.operator.has_usable_password()
    assert secrets["Bearer token"] == f"{secrets['API key']}.{secrets['Secret']}"
    api = Api(secrets["Bearer token"], house.id)
    assert api.get("ledgers").status_code == 200
    assert api.get("members").status_code == 403
    assert api.post("ledgers", {"name": "x"}).status_code == 403
    made = AuditEntry.objects.get(action="credential.created")
    assert (made.actor_name, made.target_name) == ("Anna Administrator", "Till in Main Street")


def test_the_secret_is_shown_once_and_is_nowhere_else(
    house: House, administrator: Person, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    fields = {**administrator.form_of(ADD), "name": "Till", "scopes": ["ledgers:read"]}
    page = administrator.post(ADD, **fields)
    secret = dict(page.context["secrets"])["Secret"]
    assert page.content.decode().count(secret) >= 1
    assert "no-store" in page["Cache-Control"]
    # The same form again says what was done, and no more.
    again = administrator.post(ADD, **fields)
    assert again.status_code == 302
    assert ApiCredential.objects.count() == 1
    assert secret not in str(every_row())
    assert secret not in str(list(SentForm.objects.values()))
    assert secret not in str(dict(administrator.client.session))
    credential = ApiCredential.objects.get()
    addresses = [list_of(page) for page in LISTED] + [again["Location"], address_of(credential), "/admin/"]
    addresses += [address_of(entry) for entry in AuditEntry.objects.all()]
    for address in addresses:
        assert secret not in administrator.get(address).content.decode(), address
    assert secret not in caplog.text
    assert secret not in "".join(capfd.readouterr())


def test_a_credential_can_act_as_somebody_there_is_within_limits(house: House, administrator: Person) -> None:
    mia = staff_of(house.organization, "members:read", "ledgers:write").operator
    credential, secrets = make(administrator, operator=str(mia.pk), scopes=["members:read"])
    assert (credential.operator, credential.scopes) == (mia, ["members:read"])
    api = Api(secrets["Bearer token"], house.id)
    assert (api.get("members").status_code, api.get("ledgers").status_code) == (200, 403)


def test_everything_is_for_administrators_to_give(house: House, administrator: Person) -> None:
    _, secrets = make(administrator, is_admin="on", scopes=None)
    assert Api(secrets["Bearer token"], house.id).post("ledgers", {"name": "x"}).status_code == 201
    clerk = staff_of(house.organization, "users:write", "ledgers:read")
    form = clerk.get(ADD).context["act"]
    assert "is_admin" not in form.fields
    assert [role for role, _ in form.fields["scopes"].choices] == ["ledgers:read", "users:read", "users:write"]
    before = every_row()
    boss = administrator.operator
    for fields in (
        {"scopes": ["ledgers:write"]},
        {"operator": str(boss.pk), "scopes": None},
        {"operator": str(boss.pk), "scopes": ["ledgers:read", "members:read"]},
        {"is_admin": "on", "scopes": None},
    ):
        assert refusals(clerk.act(ADD, name="Greedy", **fields))
    assert every_row() == before


def test_whoever_is_not_of_the_organization_cannot_be_acted_as(administrator: Person, stranger: Person) -> None:
    page = administrator.act(ADD, name="x", operator=str(stranger.operator.pk), scopes=["ledgers:read"])
    assert set(refusals(page)) == {"operator"}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"scopes": None}, "scopes"),
        ({"scopes": ["nothing:such"]}, "scopes"),
        ({"expires_on": "2020-01-01"}, "expires_on"),
        ({"expires_on": "tomorrow"}, "expires_on"),
        ({"expires_on": "9999-12-31"}, "expires_on"),
    ],
)
def test_a_refusal_stands_beside_its_field_and_no_service_is_left_behind(
    administrator: Person, fields: dict[str, Any], field: str
) -> None:
    before = every_row()
    page = administrator.act(ADD, **{"name": "Till", "scopes": ["ledgers:read"], **fields})
    assert set(refusals(page)) == {field}
    assert every_row() == before


def test_the_last_day_is_a_day_of_the_organization(house: House, administrator: Person) -> None:
    type(house.organization).objects.filter(pk=house.id).update(timezone="Asia/Tokyo")
    credential, _ = make(administrator, expires_on="2090-05-01")
    assert credential.expires_at is not None
    assert credential.expires_at.isoformat() == "2090-05-01T15:00:00+00:00"


def test_a_rotated_secret_overlaps_for_as_long_as_was_said(house: House, administrator: Person) -> None:
    credential, old = make(administrator)
    page = administrator.act(act(credential, "rotate"), overlap_hours="0", reason="spilled")
    new = dict(page.context["secrets"])
    assert Api(new["Bearer token"], house.id).get("ledgers").status_code == 200
    assert Api(old["Bearer token"], house.id).get("ledgers").status_code == 401
    page = administrator.act(act(credential, "rotate"), overlap_hours="2", reason="routine")
    assert Api(new["Bearer token"], house.id).get("ledgers").status_code == 200
    assert set(refusals(administrator.act(act(credential, "rotate"), overlap_hours="-1", reason="x"))) == {
        "overlap_hours"
    }
    assert [e.reason for e in AuditEntry.objects.filter(action="credential.rotated")] == ["spilled", "routine"]


def test_a_revoked_credential_is_over(house: House, administrator: Person) -> None:
    credential, secrets = make(administrator)
    preview = administrator.act(act(credential, "revoke"), confirmed=False, reason="lost")
    assert "at once" in preview.context["preview"].says
    assert Api(secrets["Bearer token"], house.id).get("ledgers").status_code == 200
    administrator.act(act(credential, "revoke"), reason="lost")
    assert Api(secrets["Bearer token"], house.id).get("ledgers").status_code == 401
    page = administrator.get(address_of(credential))
    assert not page.context["offered"]
    assert "revoked" in page.content.decode()
    assert administrator.get(act(credential, "rotate")).status_code == 403
    assert AuditEntry.objects.get(action="credential.revoked").reason == "lost"


def test_each_state_is_said_and_found_by_its_filter(administrator: Person) -> None:
    at = clock.now()
    made = {name: make(administrator, name=name)[0].pk for name in ("fresh", "soon", "late", "missed", "gone")}
    rows = ApiCredential.objects
    rows.filter(pk=made["soon"]).update(expires_at=at + timedelta(days=13))
    rows.filter(pk=made["late"]).update(expires_at=at - timedelta(days=100))
    rows.filter(pk=made["missed"]).update(expires_at=at - timedelta(days=1), last_used_at=at - timedelta(days=2))
    rows.filter(pk=made["gone"]).update(revoked_at=at)
    expected = {
        "active": {"fresh", "soon"},
        "soon": {"soon"},
        "expired": {"late", "missed"},
        "expired-used": {"missed"},
        "revoked": {"gone"},
        "nonsense": set(made),
    }
    for state, names in expected.items():
        page = administrator.get("loyalty/apicredential/", state=state)
        assert {row.name for row in page.context["cl"].result_list} == names, state
    page = administrator.get("loyalty/apicredential/").content.decode()
    for word in ("active", "expires soon", "expired", "revoked"):
        assert f">{word}</span>" in page


def test_credentials_for_the_whole_house_are_seen_by_system_administrators_only(
    house: House, administrator: Person, system_admin: Person
) -> None:
    api_for(house.organization)
    whole = ApiCredential.objects.get()
    ApiCredential.objects.update(organization=None)
    assert administrator.get(address_of(whole)).status_code == 404
    system_admin.get(f"look-into/{house.id}/")
    assert system_admin.get(address_of(whole)).status_code == 200
    assert whole in system_admin.get("loyalty/apicredential/").context["cl"].result_list
