"""The catalog, content schemas and portals, looked after from the console."""

from __future__ import annotations

import pytest

from loyalty.kernel.desk import address_of
from loyalty.kernel.models import AuditEntry, CatalogEntry, OrderLocation
from loyalty.kernel.services import create_content_schema, update_content_schema
from members.models import Portal
from members.services import create_portal
from tests.console.test_operators import entry
from tests.house import NOON, TESTER, House
from tests.staff import Person, refusals, staff_of
from tests.walk import every_row


@pytest.mark.parametrize("model", CatalogEntry.__subclasses__(), ids=lambda model: model.__name__)
def test_a_word_of_a_catalog_is_made_and_changed_but_for_its_code(
    house: House, administrator: Person, model: type[CatalogEntry]
) -> None:
    pages = f"loyalty/{model._meta.model_name}/"
    page = administrator.act(f"{pages}add/", code="main", label="Main Street", tags="south, big,, south ")
    made = model._default_manager.get()
    assert page["Location"] == address_of(made)
    assert (made.organization, made.code, made.label, made.tags) == (
        house.organization,
        "main",
        "Main Street",
        ["south", "big"],
    )
    assert entry(f"{model._meta.model_name}.created", made).actor_name == "Anna Administrator"
    before = every_row()
    for wrong in ("main", "a/b", "a,b", ""):
        assert set(refusals(administrator.act(f"{pages}add/", code=wrong, label="x"))) == {"code"}
    assert every_row() == before
    edit = f"{pages}{made.pk}/do/edit/"
    assert administrator.form_of(edit)["tags"] == ["south", "big"]
    administrator.act(edit, label="Main", tags="", code="other")
    made.refresh_from_db()
    assert (made.code, made.label, made.tags) == ("main", "Main", [])
    assert address_of(made) in administrator.get("search/", s="main", extended=1).content.decode()


def test_words_come_from_those_who_write_orders(house: House, administrator: Person) -> None:
    writer = staff_of(house.organization, "orders:write")
    assert writer.act("loyalty/orderlocation/add/", code="main", label="Main").status_code == 302
    reader = staff_of(house.organization, "orders:read")
    assert reader.get("loyalty/orderlocation/").status_code == 200
    assert reader.get("loyalty/orderlocation/add/").status_code == 403
    assert OrderLocation.objects.count() == 1


def test_a_content_schema_is_read_with_its_versions(house: House, administrator: Person) -> None:
    words = {"actor": TESTER, "at": NOON}
    made = create_content_schema(organization_id=house.id, name="Card", type=1, schema='{"title": "<b>"}', **words)  # type: ignore[arg-type]
    long = '{"title": "' + "x" * 5000 + '"}'
    update_content_schema(content_schema=made, changes={"schema": long}, **words)  # type: ignore[arg-type]
    read = administrator.get(address_of(made))
    (versions, _) = read.context["panels"]
    assert [row[0] for row in versions.rows] == list(made.versions.order_by("-id").values_list("pk", flat=True))
    page = read.content.decode()
    assert "characters more" in page
    assert "&lt;b&gt;" in page and '"<b>"' not in page
    assert read.context["offered"] == []


def test_a_portal_is_made_changed_and_given_another_public_id(
    house: House, neighbor: House, administrator: Person
) -> None:
    administrator.act("members/portal/add/", name="Web", program=house.program.pk)
    portal = Portal.objects.get()
    assert (portal.organization, portal.program, portal.active) == (house.organization, house.program, True)
    edit = f"members/portal/{portal.pk}/do/edit/"
    before = every_row()
    wrong = administrator.act(edit, auth_redirect_url="http://example.com")
    assert set(refusals(wrong)) == {"auth_redirect_url"}
    assert set(refusals(administrator.act(edit, program=neighbor.program.pk))) == {"program"}
    assert every_row() == before
    administrator.act(edit, auth_redirect_url="https://example.com", active=None)
    portal.refresh_from_db()
    assert (portal.active, portal.auth_redirect_url) == (False, "https://example.com")
    old, rotate = portal.public_id, f"members/portal/{portal.pk}/do/rotate/"
    preview = administrator.act(rotate, confirmed=False, reason="leaked")
    assert preview.context["preview"].lines[0].now == old
    administrator.act(rotate, reason="leaked")
    portal.refresh_from_db()
    assert portal.public_id != old
    assert AuditEntry.objects.latest("pk").reason == "leaked"


def test_a_portal_is_found_by_its_public_id(house: House, administrator: Person, stranger: Person) -> None:
    portal = create_portal(organization_id=house.id, name="Web", actor=TESTER, at=NOON)
    assert address_of(portal) in administrator.get("search/", s=portal.public_id, extended=1).content.decode()
    assert address_of(portal) not in stranger.get("search/", s=portal.public_id, extended=1).content.decode()
