"""Every page of the console: it answers, it costs the same for one row and for many, and it is nobody else's."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from django.urls import reverse

from loyalty.kernel.desk import HouseAdmin, address_of
from loyalty.kernel.roles import ADMIN, ANY, ROLES, SYSTEM
from members.models import Member
from tests.console.world import LISTED, PAGES, act_address, all_acts, fill, list_of, name_of, row_of
from tests.databases import round_trips
from tests.house import House
from tests.staff import Person, staff_of
from tests.standing import house_of
from tests.walk import every_row

# What a page may ask of the database, whatever is on it.
MOST_QUERIES = 27

by_page = pytest.mark.parametrize("page", PAGES, ids=name_of)
by_list = pytest.mark.parametrize("page", LISTED, ids=name_of)


@pytest.fixture(scope="module")
def filled(standing_house: tuple[House, Member, Member]) -> House:
    house, alice, _ = standing_house
    fill(house, alice)
    return house


@pytest.fixture
def lively(db: None, filled: House) -> House:
    return deepcopy(filled)


@pytest.fixture
def house(lively: House) -> House:
    return lively


@by_page
def test_list_and_reading_page_answer_an_administrator(lively: House, administrator: Person, page: HouseAdmin) -> None:
    row = row_of(page, lively)
    if page in LISTED:
        listed = administrator.get(list_of(page))
        assert listed.status_code == 200
        assert "Show all" not in listed.content.decode()
    read = administrator.get(address_of(row))
    assert read.status_code == 200
    assert page.name_of(row) in read.content.decode().replace("&#x27;", "'")


@by_page
def test_every_act_that_is_offered_opens(lively: House, administrator: Person, page: HouseAdmin) -> None:
    offered = administrator.get(list_of(page)).context["offered"] if page in LISTED else []
    offered = [*offered, *administrator.get(address_of(row_of(page, lively))).context["offered"]]
    for _, address in offered:
        if "/do/" in address or address.endswith("/add/"):
            opened = administrator.get(address)
            assert opened.status_code == 200, address
            assert "autofocus" in opened.content.decode() or not opened.context["act"].visible(), address


def test_a_page_costs_the_same_for_a_few_rows_and_for_many(db: None) -> None:
    house, alice, _ = house_of("Few and many", "alice", "bob")
    administrator = staff_of(house.organization, is_admin=True)

    def cost(page: HouseAdmin) -> tuple[int, int]:
        row = row_of(page, house)
        with round_trips() as listing:
            assert administrator.get(list_of(page)).status_code == (200 if page in LISTED else 302)
        with round_trips() as reading:
            assert administrator.get(address_of(row)).status_code == 200
        return len(listing), len(reading)

    # Twice: some of what is made once is made first, and the newest row is to be of the same kind then and now.
    fill(house, alice)
    fill(house, alice)
    few = {name_of(page): cost(page) for page in PAGES}
    fill(house, alice, 24)
    many = {name_of(page): cost(page) for page in PAGES}
    # One more at the most: a list's second page is looked for when there is one.
    growing = {
        name: (few[name], costs)
        for name, costs in many.items()
        if any(after > before + 1 for before, after in zip(few[name], costs, strict=True))
    }
    assert growing == {}
    assert {name: most for name, most in many.items() if max(most) > MOST_QUERIES} == {}


@by_page
def test_the_neighbors_administrator_sees_nothing_and_does_nothing(
    lively: House, stranger: Person, page: HouseAdmin
) -> None:
    row = row_of(page, lively)
    before = every_row()
    if page in LISTED:
        listed = stranger.get(list_of(page))
        assert listed.status_code == 200
        assert row not in listed.context["cl"].result_list
    assert stranger.get(address_of(row)).status_code == 404
    for _, address in all_acts(page, row):
        assert stranger.get(address).status_code == 404, address
        assert stranger.post(address, once="x", confirmed="1", reason="mine now").status_code == 404, address
    assert every_row() == before


@by_page
def test_a_search_finds_nothing_of_the_neighbors(lively: House, stranger: Person, page: HouseAdmin) -> None:
    row = row_of(page, lively)
    for term in (str(row), str(row.pk), getattr(row, "key", "") or "x"):
        answer = stranger.get(list_of(page), q=term)
        assert answer.status_code in (200, 302)
        if answer.status_code == 200:
            assert row not in answer.context["cl"].result_list
        assert address_of(row) not in stranger.get("search/", s=term, extended=1).content.decode()


@by_page
def test_without_the_role_there_is_no_page(lively: House, page: HouseAdmin) -> None:
    if page.reads == ANY:
        pytest.skip("everybody of the organization may read this page")
    subject = page.reads.partition(":")[0]
    nobody = staff_of(lively.organization, *(role for role in ROLES if not role.startswith(subject)))
    assert nobody.get(list_of(page)).status_code == (403 if page in LISTED else 302)
    assert nobody.get(address_of(row_of(page, lively))).status_code == 404
    assert list_of(page) not in nobody.get("").content.decode()


@by_page
def test_whoever_may_only_read_is_offered_nothing_and_does_nothing(lively: House, page: HouseAdmin) -> None:
    row = row_of(page, lively)
    reader = staff_of(lively.organization, *(role for role in ROLES if role.endswith(":read")))
    if page.reads == ADMIN:
        assert not page.acts
        return
    read = reader.get(address_of(row))
    assert read.status_code == 200
    before = every_row()
    for kind, address in all_acts(page, row):
        assert address not in read.content.decode(), kind
        assert reader.get(address).status_code == 403, kind
        assert reader.post(address, once="x", confirmed="1", reason="I want to").status_code == 403, kind
    add = reverse(f"admin:{name_of(page)}_add")
    assert page not in LISTED or add not in reader.get(list_of(page)).content.decode()
    assert reader.get(add).status_code == 403
    assert reader.post(add, once="x", confirmed="1", name="x").status_code == 403
    assert every_row() == before


@by_page
def test_nothing_is_edited_in_place_or_deleted(lively: House, system_admin: Person, page: HouseAdmin) -> None:
    row = row_of(page, lively)
    before = every_row()
    system_admin.get(f"look-into/{lively.id}/")
    assert system_admin.post(address_of(row), name="x", _save="1").status_code in (200, 404)
    assert system_admin.client.post(address_of(row).replace("change", "delete"), {"post": "yes"}).status_code in (
        403,
        404,
    )
    assert system_admin.post(list_of(page), action="delete_selected", _selected_action=[row.pk]).status_code in (
        200,
        302,
        403,
    )
    assert every_row() == before


@by_page
def test_an_address_that_is_none_is_404(lively: House, administrator: Person, page: HouseAdmin) -> None:
    for number in ("0", "999999999", "x", "9" * 40, "-1", "1;", "%00"):
        assert administrator.get(f"{list_of(page)}{number}/change/").status_code == 404, number
        assert administrator.get(f"{list_of(page)}{number}/do/edit/").status_code == 404, number
    assert administrator.get(act_address(page, _NoSuch, row_of(page, lively))).status_code == 404  # type: ignore[arg-type]


class _NoSuch:
    slug = "no-such-act"


@pytest.mark.parametrize("query", ["?o=99", "?p=999999", "?q=%00", "?e=1", "?nothing=1", "?state=nonsense", "?all="])
@by_page
def test_a_crooked_query_breaks_no_list(lively: House, administrator: Person, page: HouseAdmin, query: str) -> None:
    assert administrator.get(list_of(page) + query).status_code in (200, 302, 400, 404)


@by_list
def test_no_column_is_guessed_at_through_the_address(lively: House, administrator: Person, page: HouseAdmin) -> None:
    for field in page.opts.get_fields():
        for lookup in ("startswith", "gt", "regex", "isnull"):
            answer = administrator.get(f"{list_of(page)}?{field.name}__{lookup}=a")
            assert answer.status_code in (302, 400), (field.name, answer.status_code)
    assert administrator.get(f"{list_of(page)}?operator__password__startswith=a").status_code == 400
    assert administrator.get(f"{list_of(page)}?memberships__operator__password__startswith=a").status_code == 400


def test_who_has_not_signed_in_is_asked_to(house: House, client: Any) -> None:
    for page in LISTED:
        answer = client.get(list_of(page))
        assert answer.status_code == 302
        assert "/admin/login/" in answer["Location"]


def test_acts_of_system_administrators_are_theirs_alone(lively: House, administrator: Person) -> None:
    for page in PAGES:
        if page.creates is not None and page.creates.needs == SYSTEM:
            assert administrator.get(reverse(f"admin:{name_of(page)}_add")).status_code == 403
