"""The four catalogs over the core API (semantics 0.6, 0.10, 13.5): one description, so one set of rules."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, transaction

from loyalty.kernel.api.catalog import CATALOGS
from loyalty.kernel.models import AuditEntry
from tests.databases import in_parallel
from tests.house import NOON_TEXT, Api, House, api_for
from tests.refusals import refuses

every_catalog = pytest.mark.parametrize("route", CATALOGS)


class Words:
    """A catalog in its own words."""

    def __init__(self, route: str) -> None:
        self.route, self.model = route, CATALOGS[route].model
        self.word = self.model.word
        self.code, self.label, self.codes = f"{self.word}Code", f"{self.word}Label", f"{self.word}Codes"

    def add(self, api: Api, code: str, label: str = "Somewhere", **more: Any) -> dict[str, Any]:
        answer = api.post(self.route, {self.code: code, self.label: label, **more})
        assert answer.status_code == 201, answer.content
        entry: dict[str, Any] = answer.body[self.word]
        return entry

    def listed(self, api: Api, query: str = "") -> list[str]:
        return [entry[self.code] for entry in api.get(f"{self.route}?{query}").body["results"]]


@pytest.fixture
def words(route: str) -> Words:
    return Words(route)


@every_catalog
def test_a_new_word_answers_every_field_and_is_read_by_its_code(
    noon: time_machine.Coordinates, house: House, api: Api, words: Words
) -> None:
    made = words.add(api, "buenos aires", "Buenos Aires", tags=["south", "south", ["big"]], createdAt="1999", no=1)
    assert made == {
        words.code: "buenos aires",
        "organizationId": house.id,
        words.label: "Buenos Aires",
        "tags": ["south", "big"],
        "createdAt": NOON_TEXT,
        "updatedAt": NOON_TEXT,
    }
    assert api.get(f"{words.route}/buenos%20aires").body == {words.word: made}
    assert api.get(words.route).body == {"results": [made], "totalCount": 1, "limit": 25, "page": 0}


@every_catalog
def test_a_code_is_one_words_in_an_organization(house: House, neighbor: House, api: Api, words: Words) -> None:
    words.add(api, "main")
    details = refuses(api, "POST", words.route, {words.code: "main", words.label: "x"}, 409, "ALREADY_EXISTS")
    assert words.code in details
    # Another spelling, another catalog and another organization have codes of their own.
    words.add(api, "Main")
    words.add(api_for(neighbor.organization, is_admin=True), "main")
    for other in set(CATALOGS) - {words.route}:
        Words(other).add(api, "main")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_a_code_at_once_one_gets_it(house: House, api: Api) -> None:
    words = Words("locations")

    def take(client: Api) -> Any:
        return lambda: client.post("locations", {words.code: "main", words.label: "x"}).status_code

    pair = [take(api_for(house.organization, is_admin=True)) for _ in range(2)]
    assert sorted(in_parallel(*pair)) == [201, 409]
    assert words.listed(api) == ["main"]


@every_catalog
def test_an_update_changes_what_it_names_and_never_the_code(
    noon: time_machine.Coordinates, api: Api, words: Words
) -> None:
    words.add(api, "main", "Main", tags=["a"])
    noon.shift(60)
    path = f"{words.route}/main"
    changed = api.patch(path, {words.label: "Main Street", words.code: "other", "createdAt": "1999"}).body[words.word]
    assert (changed[words.code], changed[words.label], changed["tags"]) == ("main", "Main Street", ["a"])
    assert (changed["createdAt"], changed["updatedAt"]) == (NOON_TEXT, "2030-03-15T12:01:00Z")
    assert api.patch(path, {"tags": []}).body[words.word]["tags"] == []
    assert words.listed(api) == ["main"]
    entries = AuditEntry.objects.filter(action=f"{words.model._meta.model_name}.updated").order_by("pk")
    assert [(entry.before, entry.after) for entry in entries] == [
        ({"label": "Main"}, {"label": "Main Street"}),
        ({"tags": ["a"]}, {"tags": []}),
    ]
    assert api.patch(path, {"tags": []}).status_code == 200
    assert entries.count() == 2
    for wrong in ({words.label: None}, {words.label: ""}, {"tags": None}, {"tags": [None]}):
        refuses(api, "PATCH", path, wrong, 400, "INVALID_INPUT")


@every_catalog
def test_a_code_can_stand_in_a_path_and_in_a_list(api: Api, words: Words) -> None:
    for wrong in ("", "  ", "a/b", "a,b", "x" * 256, None, 5, ["a"]):
        refuses(api, "POST", words.route, {words.code: wrong, words.label: "x"}, 400, "INVALID_INPUT")
    for code in ("0", "a;b", "Zürich ✓", "x" * 255, "a?b=c#d%"):
        words.add(api, f"  {code} ")
        assert words.listed(api, f"{words.codes}=" + _quoted(code)) == [code]
        assert api.get(f"{words.route}/{_quoted(code)}").body[words.word][words.code] == code


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


@every_catalog
def test_a_list_is_narrowed_to_codes_repeated_or_with_commas(
    house: House, neighbor: House, api: Api, words: Words
) -> None:
    for code in ("a", "b", "c"):
        words.add(api, code)
    words.add(api_for(neighbor.organization, is_admin=True), "a")
    assert words.listed(api) == ["a", "b", "c"]
    assert words.listed(api, f"{words.codes}=c&{words.codes}=a") == ["a", "c"]
    assert words.listed(api, f"{words.codes}=c,a, a") == ["a", "c"]
    assert words.listed(api, f"{words.codes}=c,a&{words.codes}=b&order={words.code},desc") == ["c", "b", "a"]
    assert words.listed(api, f"{words.codes}=A") == words.listed(api, f"{words.codes}=nope") == []
    assert words.listed(api, f"{words.codes}=") == ["a", "b", "c"]
    page = api.get(f"{words.route}?limit=2&page=1").body
    assert (page["totalCount"], page["limit"], page["page"], len(page["results"])) == (3, 2, 1, 1)
    many = ",".join(str(number) for number in range(201))
    refuses(api, "GET", f"{words.route}?{words.codes}={many}", None, 400, "INVALID_INPUT")


@every_catalog
def test_nothing_is_deleted_and_the_database_holds_to_it(house: House, api: Api, words: Words) -> None:
    words.add(api, "main")
    refuses(api, "DELETE", f"{words.route}/main", None, 405, "METHOD_NOT_ALLOWED")
    rows = words.model._default_manager.filter(code="main")
    for attempt in (lambda: rows.update(code="other"), rows.delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            attempt()
    assert words.listed(api) == ["main"]
