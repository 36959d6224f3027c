"""Content schemas over the core API (semantics 0.6, 0.9, 0.10, 13.6)."""

from __future__ import annotations

import json
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, transaction

from loyalty.kernel.models import AuditEntry, ContentSchema, ContentSchemaVersion
from loyalty.kernel.services import content
from tests.databases import in_parallel
from tests.house import NOON_TEXT, Api, House, api_for
from tests.refusals import refuses

CARD = json.dumps({"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]})
OTHER = json.dumps({"type": "object"})


@pytest.fixture
def body() -> dict[str, Any]:
    """The least that must be said of a content schema."""
    return {"name": "Card", "type": 3, "active": True, "schema": CARD}


def create(api: Api, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = api.post("content-schemas", {**body, **more})
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.body
    return made


def test_a_new_content_schema_answers_every_field_without_an_envelope(
    noon: time_machine.Coordinates, house: House, api: Api, body: dict[str, Any]
) -> None:
    made = create(api, body, description="What a card says", pictureUrl="https://example.com/card.png")
    assert made == {
        "contentSchemaId": ContentSchema.objects.get().pk,
        "organizationId": house.id,
        "name": "Card",
        "description": "What a card says",
        "pictureUrl": "https://example.com/card.png",
        "type": 3,
        "active": True,
        "createdAt": NOON_TEXT,
        "updatedAt": NOON_TEXT,
        "contentSchemaVersionId": ContentSchemaVersion.objects.get().pk,
        "schema": CARD,
    }
    assert api.get(f"content-schemas/{made['contentSchemaId']}").body == made
    plain = create(api, body)
    assert (plain["description"], plain["pictureUrl"]) == (None, None)


def test_another_text_makes_a_version_and_an_equal_one_does_not(
    noon: time_machine.Coordinates, api: Api, body: dict[str, Any]
) -> None:
    made = create(api, body)
    path, first = f"content-schemas/{made['contentSchemaId']}", made["contentSchemaVersionId"]
    noon.shift(60)
    same = api.patch(path, {"schema": CARD}).body
    assert same == made
    changed = api.patch(path, {"schema": OTHER}).body
    second = changed["contentSchemaVersionId"]
    assert second != first
    assert (changed["schema"], changed["updatedAt"]) == (OTHER, "2030-03-15T12:01:00Z")
    assert api.get(f"{path}/versions/{first}").body == {**changed, "contentSchemaVersionId": first, "schema": CARD}
    assert api.get(f"{path}/versions/{second}").body == changed
    # Back to the first text is a change like any other.
    third = api.patch(path, {"schema": CARD}).body["contentSchemaVersionId"]
    assert len({first, second, third}) == ContentSchemaVersion.objects.count() == 3
    entries = AuditEntry.objects.filter(action="contentschema.version-added").order_by("pk")
    assert [(entry.before, entry.after) for entry in entries] == [
        ({"version": first}, {"version": second}),
        ({"version": second}, {"version": third}),
    ]


@pytest.mark.django_db(transaction=True)
def test_of_two_equal_texts_at_once_one_makes_the_version(house: House, api: Api, body: dict[str, Any]) -> None:
    path = f"content-schemas/{create(api, body)['contentSchemaId']}"

    def change(client: Api) -> Any:
        return lambda: client.patch(path, {"schema": OTHER}).status_code

    pair = [change(api_for(house.organization, is_admin=True)) for _ in range(2)]
    assert in_parallel(*pair) == [200, 200]
    assert ContentSchemaVersion.objects.count() == 2


def test_an_update_changes_what_it_names_and_makes_no_version(api: Api, body: dict[str, Any]) -> None:
    made = create(api, body, description="d", pictureUrl="p")
    path = f"content-schemas/{made['contentSchemaId']}"
    changed = api.patch(path, {"name": "Ticket", "type": 4, "active": False, "no": 1, "createdAt": "1999"}).body
    assert {**changed, "updatedAt": 0} == {**made, "name": "Ticket", "type": 4, "active": False, "updatedAt": 0}
    cleared = api.patch(path, {"description": None, "pictureUrl": None}).body
    assert (cleared["description"], cleared["pictureUrl"]) == (None, None)
    assert ContentSchemaVersion.objects.count() == 1
    for wrong in ({"name": None}, {"name": ""}, {"schema": None}, {"schema": ""}, {"type": None}, {"type": -1}):
        refuses(api, "PATCH", path, wrong, 400, "INVALID_INPUT")


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "5",
        "[]",
        '"text"',
        "null",
        "{",
        '{"type": "objekt"}',
        '{"type": 5}',
        '{"properties": []}',
        '{"required": "title"}',
        '{"minLength": -1}',
        '{"pattern": "("}',
        '{"pattern": "a{99999999999999999999}"}',
        '{"default": NaN}',
        '{"$schema": 5}',
        '{"$schema": []}',
        '{"$schema": "http://[bad"}',
        '{"$schema": "https://example.com/my-own"}',
        '{"not": ' * 70 + "{}" + "}" * 70,
        "[" * 20_000,
        '{"not": ' * 10_000 + "{}" + "}" * 10_000,
        '{"title": "\\ud800"}',
    ],
    ids=lambda text: text[:30],
)
def test_a_text_that_is_no_schema_is_refused(api: Api, body: dict[str, Any], text: str) -> None:
    made = create(api, body)
    assert "schema" in refuses(api, "POST", "content-schemas", {**body, "schema": text}, 400, "INVALID_INPUT")
    path = f"content-schemas/{made['contentSchemaId']}"
    refuses(api, "PATCH", path, {"name": "Other", "schema": text}, 400, "INVALID_INPUT")


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "true",
        "  {}\n",
        '{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}',
        '{"$schema": "https://json-schema.org/draft/2020-12/schema"}',
        # What it refers to is nobody's to fetch.
        '{"$ref": "http://169.254.169.254/secret"}',
        '{"type": "object", "anything": {"of": "ours"}}',
    ],
)
def test_a_schema_is_kept_as_it_was_written(api: Api, body: dict[str, Any], text: str) -> None:
    assert create(api, body, schema=text)["schema"] == text


def test_a_list_is_an_array_with_texts_where_they_are_asked_for(
    house: House, neighbor: House, api: Api, body: dict[str, Any]
) -> None:
    first, second = create(api, body), create(api, body, type=4, active=False)
    create(api_for(neighbor.organization, is_admin=True), body)
    api.patch(f"content-schemas/{first['contentSchemaId']}", {"schema": OTHER})
    listed = api.get("content-schemas").body
    assert [(row["contentSchemaId"], row["schema"]) for row in listed] == [
        (first["contentSchemaId"], None),
        (second["contentSchemaId"], None),
    ]
    assert set(listed[0]) == set(first)
    assert api.get("content-schemas?includeLastSchema=false").body == listed
    full = api.get("content-schemas?includeLastSchema=true").body
    assert [row["schema"] for row in full] == [OTHER, CARD]
    assert full[0]["contentSchemaVersionId"] == listed[0]["contentSchemaVersionId"] != first["contentSchemaVersionId"]
    assert full[1] == second

    def ids(query: str) -> list[int]:
        return [row["contentSchemaId"] for row in api.get(f"content-schemas?{query}").body]

    assert ids("type=3") == ids("active=true") == [first["contentSchemaId"]]
    assert ids("type=4&active=false") == ids("limit=1&page=1") == [second["contentSchemaId"]]
    assert ids("type=0") == []
    assert ids("order=contentSchemaId,desc") == [second["contentSchemaId"], first["contentSchemaId"]]


def test_a_deleted_content_schema_is_gone_and_its_row_stays(api: Api, body: dict[str, Any]) -> None:
    made, other = create(api, body), create(api, body)
    path = f"content-schemas/{made['contentSchemaId']}"
    answer = api.send("DELETE", path)
    assert (answer.status_code, answer.body) == (200, True)
    version = f"{path}/versions/{made['contentSchemaVersionId']}"
    for method, gone in (("GET", path), ("PATCH", path), ("DELETE", path), ("GET", version)):
        refuses(api, method, gone, {"name": "x"} if method == "PATCH" else None, 404, "NOT_FOUND")
    assert [row["contentSchemaId"] for row in api.get("content-schemas").body] == [other["contentSchemaId"]]
    assert ContentSchema.objects.count() == ContentSchemaVersion.objects.count() == 2
    assert AuditEntry.objects.filter(action="contentschema.deleted").count() == 1


def test_what_something_refers_to_is_not_deleted(
    api: Api, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    used, free = create(api, body)["contentSchemaId"], create(api, body)["contentSchemaId"]
    monkeypatch.setattr(content, "_references", {})
    content.register_reference("coupon books", lambda pk: pk == used)
    refuses(api, "DELETE", f"content-schemas/{used}", None, 409, "CONTENT_SCHEMA_IN_USE")
    assert api.send("DELETE", f"content-schemas/{free}").body is True


def test_an_id_that_is_no_number_is_nobodys(api: Api, body: dict[str, Any]) -> None:
    made, other = create(api, body), create(api, body)
    pk = made["contentSchemaId"]
    for wrong in ("abc", "1.5", "-1", "0", "%D9%A1"):
        for path in (wrong, f"{pk}/versions/{wrong}", f"{wrong}/versions/{made['contentSchemaVersionId']}"):
            refuses(api, "GET", f"content-schemas/{path}", None, 404, "NOT_FOUND")
    # Another schema's version is not this one's.
    refuses(api, "GET", f"content-schemas/{pk}/versions/{other['contentSchemaVersionId']}", None, 404, "NOT_FOUND")


def test_a_version_is_never_changed_or_deleted_by_anybody(api: Api, body: dict[str, Any]) -> None:
    create(api, body)
    rows = ContentSchemaVersion.objects.all()
    for attempt in (lambda: rows.update(schema=OTHER), lambda: rows._raw_delete("default")):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            attempt()
    assert rows.get().schema == CARD
