"""Coupon books over the core API (semantics 0.10, 0.11, 3.1, 3.2, 3.11, 13.6)."""

from __future__ import annotations

import json
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, transaction

from coupons.models import BookContent, CouponBook
from loyalty.kernel.models import AuditEntry
from loyalty.kernel.services import create_content_schema, update_content_schema, update_organization
from tests.house import NOON, NOON_TEXT, TESTER, Api, House
from tests.refusals import refuses

BODY: dict[str, Any] = {"name": "Coffee", "type": "list", "publishingStatus": "draft", "requiredPointsConfig": {}}
CARD = json.dumps({"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]})


def create(api: Api, **more: Any) -> dict[str, Any]:
    answer = api.post("coupon-books", {**BODY, **more})
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.body["couponBook"]
    return made


def update(api: Api, made: dict[str, Any], **changes: Any) -> Any:
    return api.put(f"coupon-books/{made['couponBookId']}", {"requiredPointsConfig": {}, **changes})


def test_a_new_book_answers_every_field(noon: time_machine.Coordinates, house: House, api: Api) -> None:
    said = {
        "loyaltyProgramId": house.program.pk,
        "externalId": "e",
        "rankingIndex": 3,
        "audienceKeys": ["regulars"],
        "description": "d",
        "subtitle": "s",
        "pictureUrl": "https://example.com/x.png",
        "detailPictureUrl": "https://example.com/y.png",
        "customAttributes": {"a": 1},
        "condition": {"expression": "member.active"},
        "discountAmount": 12.5,
        "discountType": "percentage",
        "tags": ["t"],
        "tiers": ["gold"],
        "validFromDate": "2030-01-01T00:00:00Z",
        "validToDate": "2031-01-01T00:00:00Z",
        "maxAssignedPerMember": 2,
        "maxAssignedPerCoupon": 1,
        "maxCouponCount": 100,
        "defaultLocale": "en-US",
        "assignmentRequiredPoints": 10,
        "usageRequiredPoints": 5,
        "requiredPointsConfig": {"ledgerAccountId": house.account.pk},
        "content": {"title": "Coffee"},
        "locale": "en-US",
        "isDefaultLocale": True,
    }
    made = create(api, **said)
    assert made == {
        **BODY,
        **said,
        "couponBookId": CouponBook.objects.get().pk,
        "couponBookKey": "coffee",
        "organizationId": house.id,
        "totalAssigned": 0,
        "totalUsages": 0,
        "contentSchemaId": None,
        "contentSchemaVersionId": None,
        "extraFields": {},
        "createdAt": NOON_TEXT,
        "updatedAt": NOON_TEXT,
    }
    assert api.get(f"coupon-books/{made['couponBookId']}").body == {"couponBook": made}
    least = create(api)
    assert {name: least[name] for name in (*said, "extraFields")} == {
        "loyaltyProgramId": house.program.pk,
        "externalId": None,
        "rankingIndex": None,
        "audienceKeys": [],
        "description": None,
        "subtitle": None,
        "pictureUrl": None,
        "detailPictureUrl": None,
        "customAttributes": {},
        "condition": {},
        "discountAmount": None,
        "discountType": None,
        "tags": [],
        "tiers": [],
        "validFromDate": None,
        "validToDate": None,
        "maxAssignedPerMember": None,
        "maxAssignedPerCoupon": None,
        "maxCouponCount": None,
        "defaultLocale": "en-US",
        "assignmentRequiredPoints": None,
        "usageRequiredPoints": None,
        "requiredPointsConfig": {},
        "content": None,
        "locale": None,
        "isDefaultLocale": False,
        "extraFields": {},
    }
    # A key of its own (0.11), whatever the name.
    assert least["couponBookKey"].startswith("coffee-")


def test_an_update_changes_what_it_names_and_null_clears(noon: time_machine.Coordinates, api: Api) -> None:
    made = create(api, rankingIndex=2, description="d", maxCouponCount=5, discountAmount="1.2500")
    noon.shift(60)
    assert update(api, made).body["couponBook"] == made
    changed = update(api, made, name="Tea", type="single", couponBookKey="mine", rankingIndex=None, maxCouponCount=0)
    assert changed.body["couponBook"] == {
        **made,
        "name": "Tea",
        "rankingIndex": None,
        "maxCouponCount": 0,
        "discountAmount": 1.25,
        "updatedAt": "2030-03-15T12:01:00Z",
    }
    entry = AuditEntry.objects.get(action="couponbook.updated")
    assert entry.after == {"name": "Tea", "ranking_index": 2**63 - 1, "max_coupon_count": 0}


def test_3_1_an_unknown_type_is_refused_and_the_type_never_changes(api: Api) -> None:
    refuses(api, "POST", "coupon-books", {**BODY, "type": "many"}, 400, "INVALID_INPUT")
    for kind in ("single", "list", "generated", "codeless"):
        assert create(api, type=kind)["type"] == kind
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        CouponBook.objects.update(type="single")


@pytest.mark.parametrize(
    ("start", "good"),
    [
        ("draft", {"published", "archived"}),
        ("published", {"disabled", "archived"}),
        ("disabled", {"published", "archived"}),
        ("archived", set()),
    ],
)
def test_3_2_a_status_follows_only_where_it_may(api: Api, start: str, good: set[str]) -> None:
    for wanted in ("draft", "published", "disabled", "archived"):
        made = create(api, publishingStatus=start)
        path, body = f"coupon-books/{made['couponBookId']}", {"requiredPointsConfig": {}, "publishingStatus": wanted}
        if wanted in good or wanted == start:
            assert api.put(path, body).body["couponBook"]["publishingStatus"] == wanted
        else:
            refuses(api, "PUT", path, body, 409, "STATUS_REFUSED")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("publishingStatus", "gone"),
        ("discountType", "free"),
        ("discountAmount", 100.0001),
        ("validFromDate", "2031-01-01T00:00:00Z"),
        ("condition", {"expression": "member.active &&"}),
        ("condition", {"expression": "1 + 1"}),
        ("condition", {"expression": 5}),
        ("condition", {"what": "ever"}),
        ("requiredPointsConfig", {"ledgerId": "x"}),
        ("defaultLocale", "xx-YY"),
        ("locale", "xx-YY"),
        ("maxCouponCount", -1),
        ("assignmentRequiredPoints", 2**60),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_field(api: Api, field: str, value: Any) -> None:
    made = create(api, discountType="percentage", validToDate="2030-01-01T00:00:00Z")
    body = {"requiredPointsConfig": {}, "content": {}, field: value}
    details = refuses(api, "PUT", f"coupon-books/{made['couponBookId']}", body, 400, "INVALID_INPUT")
    assert set(details) - {"position"} == {{"validFromDate": "validToDate"}.get(field, field)}


def test_a_book_without_a_program_is_the_default_programs(house: House, api: Api) -> None:
    assert create(api)["loyaltyProgramId"] == house.program.pk


def test_a_list_is_narrowed_searched_and_ordered_by_rank_without_rank_last(api: Api, house: House) -> None:
    create(api, name="None")
    create(api, name="Two", rankingIndex=2, tags=["a", "b"], audienceKeys=["x"], description="A Cup of tea")
    create(api, name="One", rankingIndex=1, tags=["a"], publishingStatus="published", externalId="TEA-1")

    def names(query: str) -> list[str]:
        answer = api.get(f"coupon-books?{query}")
        assert answer.status_code == 200, answer.content
        return [row["name"] for row in answer.body["results"]]

    assert names("") == ["One", "Two", "None"]
    assert names("order=rankingIndex,desc") == ["None", "Two", "One"]
    assert names("order=name") == ["None", "One", "Two"]
    assert names("tags=a") == ["One", "Two"]
    assert names("tags=a,b") == ["Two"]
    assert names("search=tea") == ["One", "Two"]
    assert names("search=%25") == []
    assert names("status=published") == ["One"]
    assert names("audiences=x,y") == ["Two"]
    assert names(f"loyaltyProgramId={house.program.pk}") == ["One", "Two", "None"]
    assert names("loyaltyProgramId=999999") == []


def test_3_11_content_is_read_in_the_best_language_there_is(house: House, api: Api) -> None:
    changes = {"locales": ["en-US", "de", "de-AT", "fr-FR"]}
    update_organization(organization=house.organization, changes=changes, actor=TESTER, at=NOON)
    made = create(api, content={"title": "Kaffee"}, locale="de")
    path = f"coupon-books/{made['couponBookId']}"

    def read(locale: str) -> tuple[str | None, Any]:
        book = api.get(f"{path}?locale={locale}").body["couponBook"]
        return book["locale"], book["content"]

    # The first there is, where nothing fits.
    assert read("fr-FR") == ("de", {"title": "Kaffee"})
    update(api, made, content={"title": "Coffee"}, locale="en-US", extraFields={"x": 1})
    # The organization's, before any; the language of the region asked for.
    assert read("fr-FR") == ("en-US", {"title": "Coffee"})
    assert read("de-AT") == ("de", {"title": "Kaffee"})
    update(api, made, content={"title": "Brauner"}, locale="de-AT")
    assert read("de-at") == ("de-AT", {"title": "Brauner"})
    # The book's own, once it has one.
    changed = update(api, made, locale="de", isDefaultLocale=True).body["couponBook"]
    assert (changed["defaultLocale"], changed["isDefaultLocale"], changed["content"]) == (
        "de",
        True,
        {"title": "Kaffee"},
    )
    assert read("fr-FR") == ("de", {"title": "Kaffee"})
    assert api.get("coupon-books?locale=en-US").body["results"][0]["extraFields"] == {"x": 1}
    # Null takes a language away.
    update(api, made, content=None, locale="de-AT")
    assert read("de-AT") == ("de", {"title": "Kaffee"})


def test_3_11_content_follows_its_schema_and_the_version_is_pinned(house: House, api: Api) -> None:
    words: dict[str, Any] = {"organization_id": house.id, "actor": TESTER, "at": NOON}
    schema: Any = create_content_schema(name="Card", type=1, schema=CARD, **words)
    first = schema.latest_version_id
    body = {**BODY, "contentSchemaId": schema.pk}
    details = refuses(api, "POST", "coupon-books", {**body, "content": {"title": 5}}, 400, "INVALID_INPUT")
    assert details == {"content": ["The content is not as its schema wants it at title: 5 is not of type 'string'"]}
    made = create(api, contentSchemaId=schema.pk, content={"title": "Coffee"})
    assert (made["contentSchemaId"], made["contentSchemaVersionId"]) == (schema.pk, first)
    # A newer version does not ask old content again, and counts once it is named.
    newer: Any = update_content_schema(
        content_schema=schema, changes={"schema": '{"required": ["text"]}'}, actor=TESTER, at=NOON
    )
    assert update(api, made, name="Tea").body["couponBook"]["contentSchemaVersionId"] == first
    path = f"coupon-books/{made['couponBookId']}"
    refused = {"requiredPointsConfig": {}, "contentSchemaId": schema.pk, "content": {"title": "Coffee"}}
    refuses(api, "PUT", path, refused, 400, "INVALID_INPUT")
    changed = update(api, made, contentSchemaId=schema.pk, content={"text": "t"}).body["couponBook"]
    assert changed["contentSchemaVersionId"] == newer.latest_version_id
    assert BookContent.objects.get().version_id == newer.latest_version_id


def test_3_11_what_a_schema_refers_to_is_not_fetched(house: House, api: Api) -> None:
    words: dict[str, Any] = {"organization_id": house.id, "actor": TESTER, "at": NOON}
    text = '{"$ref": "https://example.com/schema.json"}'
    schema: Any = create_content_schema(name="Far", type=1, schema=text, **words)
    refuses(api, "POST", "coupon-books", {**BODY, "contentSchemaId": schema.pk, "content": {}}, 400, "INVALID_INPUT")


def test_13_6_a_schema_that_a_book_refers_to_is_not_deleted(house: House, api: Api) -> None:
    words: dict[str, Any] = {"organization_id": house.id, "actor": TESTER, "at": NOON}
    schema: Any = create_content_schema(name="Card", type=1, schema="{}", **words)
    create(api, contentSchemaId=schema.pk)
    refuses(api, "DELETE", f"content-schemas/{schema.pk}", None, 409, "CONTENT_SCHEMA_IN_USE")
