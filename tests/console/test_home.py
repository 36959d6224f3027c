"""Home: numbers that agree with the books and lead to their rows, what needs a hand, and the search over everything."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command

from ledger.services import create_account
from loyalty.console.home import DAYS, home_of
from loyalty.kernel import clock
from loyalty.kernel.actors import Actor
from loyalty.kernel.models import ApiCredential, Job, Organization
from loyalty.kernel.services import create_job, record
from members.models import Member
from tests import factories
from tests.databases import round_trips
from tests.house import TESTER, House, api_for
from tests.staff import Person, staff_of

MOST_QUERIES = 14


def home(person: Person, **query: Any) -> Any:
    page = person.get("", **query)
    assert page.status_code == 200
    return page.context["home"]


def numbers(found: Any) -> dict[str, str]:
    return {number.title: str(number.value) for number in found.numbers}


def test_a_fresh_house_says_what_to_do_first(system_admin: Person) -> None:
    steps = home(system_admin).steps
    assert [title for title, _, _ in steps] == ["Open an organization"]
    assert system_admin.get(steps[0][2]).status_code == 200
    lonely = Person(factories.OperatorFactory())
    assert "do not belong" in lonely.get("").content.decode()
    assert lonely.get("").status_code == 200


def test_an_organization_without_an_account_says_what_is_missing(db: None) -> None:
    person = staff_of(factories.OrganizationFactory(), is_admin=True)
    found = home(person)
    assert [title for title, _, _ in found.steps][:2] == ["Open a ledger", "Open an account"]
    for _, _, address in found.steps:
        assert person.get(address).status_code == 200
    assert found.account is None


def test_numbers_agree_with_the_books_and_lead_to_their_rows(
    house: House, alice: Member, bob: Member, administrator: Person
) -> None:
    now = clock.now()
    house.give(alice, 999, external_event_at=now - timedelta(days=DAYS + 5))
    house.give(alice, 500, external_event_at=now - timedelta(days=3))
    house.take(alice, 120)
    house.give(bob, 40, waits=True)
    found = home(administrator)
    assert found.account == house.account
    shown = numbers(found)
    assert ">1,419<" in shown["Owed"]
    assert ">540<" in shown["Given"]
    assert ">120<" in shown["Spent"]
    assert ">0<" in shown["Expired"]
    assert ">40<" in shown["Pending"]
    addresses = {number.title: number.address for number in found.numbers}
    rows = administrator.get(addresses["Given"]).context["cl"].result_list
    assert sorted(row.amount for row in rows) == [40, 500]
    assert [row.amount for row in administrator.get(addresses["Spent"]).context["cl"].result_list] == [120]
    for address in addresses.values():
        assert administrator.get(address).status_code == 200


def test_the_chart_and_its_table_end_with_what_is_owed_now(house: House, alice: Member, administrator: Person) -> None:
    now = clock.now()
    house.give(alice, 100, external_event_at=now - timedelta(days=DAYS + 50))
    house.give(alice, 30, external_event_at=now - timedelta(days=10))
    house.take(alice, 5)
    found = home(administrator)
    sets = {one["label"]: one["data"] for one in json.loads(found.chart)["datasets"]}
    assert (len(sets["Owed"]), sets["Owed"][0], sets["Owed"][-1]) == (DAYS, 100.0, 125.0)
    assert (sum(sets["Given"]), sum(sets["Spent"])) == (30.0, -5.0)
    assert ">125<" in str(found.days.rows[0][4])
    assert len(found.days.rows) == DAYS


def test_another_account_can_be_chosen_but_not_the_neighbors(
    house: House, neighbor: House, administrator: Person
) -> None:
    stamps = create_account(ledger=house.ledger, name="Stamps", actor=TESTER, at=clock.now())
    assert home(administrator, account=stamps.pk).account == stamps
    for nonsense in (neighbor.account.pk, "x", "9" * 30):
        assert home(administrator, account=nonsense).account == house.account


def test_the_whole_page_costs_a_handful_of_queries(house: House, alice: Member, administrator: Person) -> None:
    def cost() -> int:
        with round_trips() as asked:
            home(administrator)
        return len(asked)

    first = cost()
    for number in range(25):
        house.give(alice, 10, external_event_at=clock.now() - timedelta(days=number))
        api_for(house.organization)
        mark(house, alice)
    ApiCredential.objects.update(expires_at=clock.now() + timedelta(days=3))
    assert cost() <= first
    assert first <= MOST_QUERIES


def mark(house: House, member: Member) -> None:
    record(
        actor=Actor("operator", 1, "Olga"),
        at=clock.now(),
        action="correction.gave",
        target=member,
        organization_id=house.id,
        after={"amount": "5"},
        reason="The till was down.",
    )


def test_what_needs_a_hand_is_said_with_the_way_there(house: House, administrator: Person) -> None:
    now = clock.now()
    create_job(kind="import_points", organization_id=house.id, actor=TESTER, at=now)
    Job.objects.update(state=Job.State.FAILED)
    for name, expires, used in (("Soon", 5, None), ("Missed", -1, now - timedelta(days=2)), ("Idle", -60, None)):
        api_for(house.organization)
        ApiCredential.objects.filter(pk=ApiCredential.objects.latest("pk").pk).update(
            name=name, expires_at=now + timedelta(days=expires), last_used_at=used
        )
    concerns = {str(one.says): one for one in home(administrator).concerns}
    assert set(concerns) >= {
        "1 job has failed",
        "Expires within 14 days: Soon",
        "Expired, but used until lately: Missed",
    }
    for concern in concerns.values():
        if concern.address:
            assert administrator.get(concern.address).context["cl"].result_count == 1, concern.says


def test_home_says_when_the_books_were_last_checked(house: House, alice: Member, administrator: Person) -> None:
    def said() -> str:
        return str(home(administrator).concerns[-1].says)

    assert "never checked" in said()
    call_command("check_books", organization=house.organization.key, json=True)
    assert said().startswith("The books balance")
    checked = Job.objects.get(kind="check_books")
    assert (checked.state, checked.result["findings"]) == (Job.State.DONE, 0)
    Job.objects.update(finished_at=clock.now() - timedelta(days=8))
    assert "not checked in the last week" in said()
    Job.objects.update(state=Job.State.FAILED, organization=None)
    assert "do not balance" in said()


def test_corrections_are_listed_with_who_and_why(house: House, alice: Member, administrator: Person) -> None:
    mark(house, alice)
    page = administrator.get("").content.decode()
    for text in ("Olga", "The till was down.", str(alice)):
        assert text in page
    more = home(administrator).corrections.more
    assert administrator.get(more).context["cl"].result_count == 1


def test_everybody_sees_no_more_than_their_roles_allow(
    house: House, alice: Member, stranger: Person, neighbor: House
) -> None:
    house.give(alice, 500)
    mark(house, alice)
    agent = home(staff_of(house.organization, "members:write"))
    assert (agent.numbers, agent.corrections, agent.account) == ([], None, None)
    assert agent.find == "/admin/members/member/"
    assert home(staff_of(house.organization)).find == ""
    theirs = home(stranger)
    assert theirs.account == neighbor.account
    assert ">0<" in numbers(theirs)["Owed"]
    assert "The till was down." not in stranger.get("").content.decode()


def test_days_are_those_of_the_organizations_zone(house: House, alice: Member, administrator: Person) -> None:
    Organization.objects.filter(pk=house.id).update(timezone="Pacific/Kiritimati")
    page = administrator.get("")
    last = datetime.strptime(page.context["home"].days.rows[0][0], "%d %b %Y").date()  # noqa: DTZ007 - a day, no time
    assert last == clock.local_day(clock.now(), "Pacific/Kiritimati")
    assert home_of.__doc__


# --- the search over everything ---
def search(person: Person, term: str) -> str:
    page = person.get("search/", s=term, extended=1)
    assert page.status_code == 200
    return page.content.decode()


def test_members_are_found_by_any_scrap_and_pages_by_name(house: House, administrator: Person) -> None:
    member = factories.MemberFactory(
        organization=house.organization,
        loyalty_member_id="M-77",
        profile={"name": "Alice", "lastName": "Adams", "email": "alice@example.com", "phone": "+49 151 2345671"},
    )
    for scrap in ("alice", "Adams", "alice@example.com", "0151 2345671", "M-77", str(member.pk)):
        assert f"/admin/members/member/{member.pk}/change/" in search(administrator, scrap), scrap
    assert "/admin/loyalty/apicredential/" in search(administrator, "cred")
    assert "No results" in search(administrator, "nothing at all like this")
    for empty in ("", "   "):
        assert administrator.get("search/", s=empty).content == b""
    for odd in ("\x00", "%", "'" * 50, "x" * 5000, "<script>alert(1)</script>"):
        assert "<script>alert" not in search(administrator, odd) or odd == "\x00"


def test_nothing_found_is_remembered(house: House, neighbor: House, system_admin: Person) -> None:
    """The theme would keep what was found for five minutes, whichever organization one then looks into."""
    cache.clear()
    mine = factories.MemberFactory(organization=house.organization, loyalty_member_id="same")
    theirs = factories.MemberFactory(organization=neighbor.organization, loyalty_member_id="same")
    system_admin.get(f"look-into/{house.id}/")
    assert f"/{mine.pk}/change/" in search(system_admin, "same")
    system_admin.get(f"look-into/{neighbor.id}/")
    there = search(system_admin, "same")
    assert f"/member/{theirs.pk}/change/" in there
    assert f"/member/{mine.pk}/change/" not in there
    assert "no-store" in system_admin.get("search/", s="same")["Cache-Control"]


@pytest.mark.parametrize("roles", [(), ("ledgers:read",), ("users:read",)])
def test_who_may_not_see_members_does_not_find_them(house: House, alice: Member, roles: tuple[str, ...]) -> None:
    assert f"/member/{alice.pk}/" not in search(staff_of(house.organization, *roles), "alice")


def test_the_search_costs_little_whatever_it_finds(house: House, administrator: Person) -> None:
    for number in range(25):
        factories.MemberFactory(organization=house.organization, loyalty_member_id=f"same-{number}")
        staff_of(house.organization, username=f"same{number}", name=f"same {number}")
    with round_trips() as asked:
        search(administrator, "same")
    assert len(asked) <= 30
