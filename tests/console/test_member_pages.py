"""Members on the console: found by any scrap, read on one page, taken in and changed."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection

from ledger.models import Transaction
from loyalty.kernel import clock
from loyalty.kernel.models import AuditEntry
from members.models import LoyaltyProgram, LoyaltyTier, Member
from members.selectors import find_members
from members.services import create_program, create_tier, update_member
from tests import factories
from tests.browser import Open, overflow
from tests.databases import analyze, round_trips
from tests.house import TESTER, House
from tests.staff import Person, refusals


def found(house: House, text: str) -> list[int]:
    """The numbers of the members that the console finds in a house."""
    mine = Member.objects.filter(organization=house.organization)
    return sorted(find_members(mine, text).values_list("pk", flat=True))


PROFILE = {
    "name": "Zoë",
    "lastName": "Müller-Adams",
    "email": "Zoe.Mueller@Example.com",
    "phone": "+49 151 234 5678",
    "loyaltyCardNumber": "4711 0815",
}


@pytest.fixture
def zoe(house: House) -> Member:
    """A member with everything that one can be found by."""
    return factories.MemberFactory(
        organization=house.organization,
        loyalty_member_id="crm-77",
        public_loyalty_member_id="P-9",
        customer_id=uuid.UUID("6f1f4f0c-6f5e-4a0e-8f9d-1d2c3b4a5f60"),
        profile=PROFILE,
    )


@pytest.mark.parametrize(
    "text",
    [
        "Zoë Müller-Adams",
        "zoe",
        "müller",
        "MULLER-ADAMS Z",
        "zoe mul",
        "zoe.mueller@example.com",
        "ZOE.MUE",
        "+49 151 234 5678",
        "+49151",
        "0151/2345678",
        "151 2345678",
        "345 678",
        "004915123456 78",
        "4711 0815",
        "CRM-7",
        "P-9",
        "6f1f4f0c-6f5e-4a0e-8f9d-1d2c3b4a5f60",
    ],
)
def test_a_member_is_found_by_any_scrap(house: House, alice: Member, bob: Member, zoe: Member, text: str) -> None:
    assert found(house, text) == [zoe.pk]


def test_a_member_is_found_by_its_number_and_by_its_wallet(house: House, zoe: Member) -> None:
    assert found(house, str(zoe.pk)) == [zoe.pk]
    assert found(house, str(zoe.wallet_id)) == [zoe.pk]


@pytest.mark.parametrize(
    "text", ["", " ", "%", "_oe", "\x00", "oe", "9" * 40, "'; --", "\U0010ffff", "x" * 3000, "\u0301", "z " * 11]
)
def test_odd_scraps_find_nobody(house: House, zoe: Member, text: str) -> None:
    assert found(house, text) == []


def test_nobody_of_another_organization_is_found(house: House, neighbor: House, zoe: Member) -> None:
    for text in ("zoe", "crm-77", "+49 151 234 5678", str(zoe.pk), str(zoe.customer_id)):
        assert found(neighbor, text) == []


def test_a_changed_profile_is_found_by_what_it_says_now(house: House, zoe: Member) -> None:
    changes = {"profile": {"lastName": "Green", "phone": None}}
    update_member(member=zoe, changes=changes, actor=TESTER, at=clock.now())
    assert found(house, "green") == [zoe.pk]
    assert found(house, "muller") == []
    assert found(house, "0151 2345678") == []


def test_a_search_that_finds_one_opens_its_page(
    house: House, alice: Member, zoe: Member, administrator: Person
) -> None:
    answer = administrator.get("members/member/", q="0151 2345678")
    assert answer.url == f"/admin/members/member/{zoe.pk}/change/"
    both = administrator.get("members/member/", q="example.com")
    assert both.status_code == 200
    for own_id in ("z-2", "z-3"):
        factories.MemberFactory(
            organization=house.organization, loyalty_member_id=own_id, profile={"name": "Zoe", "lastName": own_id}
        )
    found = administrator.get("members/member/", q="zoe").context["cl"].result_list
    assert [member.loyalty_member_id for member in found] == ["z-3", "z-2", "crm-77"]


def test_the_search_over_everything_finds_members_and_transactions(
    house: House, zoe: Member, administrator: Person
) -> None:
    given = house.give(zoe, 5, unique_key="order:7")
    request = administrator.get("members/member/").wsgi_request
    pages = admin.site._registry
    assert [row.pk for row in pages[Member].find(request, "zoe", 5)] == [zoe.pk]  # type: ignore[attr-defined]
    assert [row.pk for row in pages[Transaction].find(request, "order:7", 5)] == [given.id]  # type: ignore[attr-defined]


def test_the_list_shows_what_can_be_spent_now(house: House, alice: Member, bob: Member, administrator: Person) -> None:
    at = clock.now()
    house.give(alice, 100)
    house.give(bob, 70, at=at - timedelta(days=5), expires_at=at - timedelta(days=1))
    rows = administrator.get("members/member/").context["cl"].result_list
    shown = {str(row): row.points_on_page for row in rows}
    assert ">100<" in shown["alice"]
    # No worker has come by: what is past its day is gone all the same.
    assert ">0<" in shown["bob"]
    assert house.findings() == []


def test_only_the_blocked_are_listed_where_they_are_asked_for(
    house: House, alice: Member, bob: Member, administrator: Person
) -> None:
    update_member(member=bob, changes={"active": False}, actor=TESTER, at=clock.now())
    assert list(administrator.get("members/member/", state="blocked").context["cl"].result_list) == [bob]


def test_no_column_can_be_looked_for_by_the_address(house: House, alice: Member, administrator: Person) -> None:
    for path in ("members/member/?member_type=x", "ledger/transaction/?amount__gte=1", "ledger/wallet/?kind=member"):
        assert administrator.get(path).status_code == 400


def test_the_page_of_a_member_tells_what_matters(
    house: House, alice: Member, zoe: Member, administrator: Person
) -> None:
    at = clock.now()
    house.give(zoe, 2500, expires_at=at + timedelta(days=20), description="A long walk")
    house.give(zoe, 300, valid_from=at + timedelta(days=3))
    house.take(zoe, 500, hold=True)
    page = administrator.get(f"members/member/{zoe.pk}/change/")
    [figure] = page.context["target"].figures_on_page
    assert ">2,000<" in figure.value
    notes = [(name, re.sub(r"<[^>]+>", "", value)) for name, value in figure.notes]
    assert notes[:3] == [("held", "500"), ("pending", "300"), ("next to expire", "2,500")]
    titles = [panel.title for panel in page.context["panels"]]
    assert titles == [
        "Held",
        "Movements",
        "Credits",
        "Claims",
        "Coupons",
        "Orders",
        "Why points came, and why not",
        "Missions",
        "Referral codes",
        "Referrals",
        "Programs",
        "Tiers so far",
        "Audiences",
        "What happened",
        "History",
    ]
    body = page.content.decode()
    for text in ("Zoë Müller-Adams", "A long walk", "crm-77", "4711 0815", "Base", "Program"):
        assert text in body


def test_what_fell_due_is_settled_before_the_page_is_shown(house: House, alice: Member, administrator: Person) -> None:
    at = clock.now()
    house.give(alice, 100, at=at - timedelta(days=9), expires_at=at - timedelta(days=1))
    page = administrator.get(f"members/member/{alice.pk}/change/")
    movements = next(panel for panel in page.context["panels"] if panel.title == "Movements")
    assert [row[1].split(">")[1].split("<")[0] for row in movements.rows] == ["Expired", "Given"]
    assert next(panel for panel in page.context["panels"] if panel.title == "Credits").rows == []


def test_only_the_newest_movements_and_the_soonest_credits_are_shown(
    house: House, alice: Member, administrator: Person
) -> None:
    at = clock.now()
    for day in range(60):
        house.give(alice, 1 + day, expires_at=at + timedelta(days=100 - day))
    panels = {panel.title: panel for panel in administrator.get(f"members/member/{alice.pk}/change/").context["panels"]}
    assert len(panels["Movements"].rows) == 20
    assert panels["Movements"].more == f"/admin/ledger/transaction/?wallet={alice.wallet_id}"
    assert len(panels["Credits"].rows) == 50
    assert panels["Credits"].note == "The first 50; 10 more are open."
    assert ">60<" in panels["Credits"].rows[0][2]


def test_without_the_ledger_role_a_page_tells_nothing_of_points(
    house: House, zoe: Member, staff_with: Callable[..., Person]
) -> None:
    house.give(zoe, 7_777_777)
    create_tier(
        program=house.program, name="Gold", min_required_points=9_777_777, tier_order=9, actor=TESTER, at=clock.now()
    )
    # Longer than the fraction of a second.
    told = re.compile("7.?777.?777|2.?000.?000")
    reader = staff_with("members:read")
    page = reader.get(f"members/member/{zoe.pk}/change/")
    assert [panel.title for panel in page.context["panels"]] == ["Programs", "What happened", "History"]
    assert not told.search(page.content.decode())
    assert "Wallet" not in page.content.decode()
    assert "data-act=" not in page.content.decode()
    assert not told.search(reader.get("members/member/").content.decode())


def test_without_the_member_role_there_are_no_members(
    house: House, zoe: Member, staff_with: Callable[..., Person]
) -> None:
    house.give(zoe, 5)
    keeper = staff_with("ledgers:write")
    assert keeper.get("members/member/").status_code == 403
    assert keeper.get(f"members/member/{zoe.pk}/change/").status_code == 404
    # Wallets and movements are theirs to see, names are not.
    for path in ("ledger/transaction/", "ledger/wallet/", f"ledger/wallet/{zoe.wallet_id}/change/"):
        page = keeper.get(path)
        assert page.status_code == 200
        assert "Zoë" not in page.content.decode()
    assert list(keeper.get("ledger/wallet/", q="zoe").context["cl"].result_list) == []


def test_members_of_another_organization_are_not_there(house: House, zoe: Member, stranger: Person) -> None:
    assert stranger.get(f"members/member/{zoe.pk}/change/").status_code == 404
    assert list(stranger.get("members/member/").context["cl"].result_list) == []
    assert list(stranger.get("members/member/", q="zoe").context["cl"].result_list) == []
    assert stranger.get(f"members/member/{zoe.pk}/do/block/").status_code == 404


def test_a_member_is_taken_in(house: House, staff_with: Callable[..., Person]) -> None:
    clerk = staff_with("members:write")
    answer = clerk.act("members/member/add/", first_name="Dana", last_name="Diaz", phone="0151 99887766")
    made = Member.objects.get()
    assert answer.url == f"/admin/members/member/{made.pk}/change/"
    assert made.profile == {"name": "Dana", "lastName": "Diaz", "phone": "0151 99887766"}
    assert made.loyalty_member_id.startswith("m-")
    assert made.enrollments.get().program == house.program
    assert found(house, "+49 151 99887766") == [made.pk]
    assert AuditEntry.objects.filter(action="member.created", actor_name=str(clerk.operator)).count() == 1


def test_an_id_that_another_has_is_refused_beside_the_field(
    house: House, alice: Member, bob: Member, administrator: Person
) -> None:
    taken = {"loyalty_member_id": ["This loyaltyMemberId is already taken."]}
    assert refusals(administrator.act("members/member/add/", loyalty_member_id="alice")) == taken
    answer = administrator.act(f"members/member/{bob.pk}/do/edit/", loyalty_member_id="alice")
    assert refusals(answer) == taken
    assert Member.objects.count() == 2


def test_an_edit_changes_what_is_different_and_nothing_else(house: House, zoe: Member, administrator: Person) -> None:
    update_member(member=zoe, changes={"profile": {"shoe": 39}}, actor=TESTER, at=clock.now())
    administrator.act(f"members/member/{zoe.pk}/do/edit/", phone="", email="zoe@example.com", reason="She called")
    zoe.refresh_from_db()
    expected = {**PROFILE, "email": "zoe@example.com", "shoe": 39}
    del expected["phone"]
    assert zoe.profile == expected
    entry = AuditEntry.objects.order_by("-pk").first()
    assert entry is not None
    assert (entry.action, entry.reason, list(entry.after)) == ("member.updated", "She called", ["profile"])
    assert "39" in administrator.get(f"members/member/{zoe.pk}/change/").content.decode()


def test_programs_and_tiers_are_made_and_changed(house: House, administrator: Person) -> None:
    program = house.program
    answer = administrator.act(
        f"members/loyaltyprogram/{program.pk}/do/add-tier/",
        name="Gold",
        min_required_points="500",
        tier_order="2",
        active="1",
    )
    assert answer.status_code == 302
    gold = LoyaltyTier.objects.get(name="Gold")
    assert gold.min_required_points == 500
    broken = administrator.act(f"members/loyaltytier/{gold.pk}/do/edit/", tier_order="1")
    assert list(refusals(broken)) == ["tier_order"]
    administrator.act(f"members/loyaltytier/{gold.pk}/do/edit/", min_required_points="0", name="Golden")
    gold.refresh_from_db()
    assert (gold.name, gold.min_required_points) == ("Golden", 0)
    administrator.act("members/loyaltyprogram/add/", name="Second", ledger=house.ledger.pk, is_default="1")
    made = LoyaltyProgram.objects.get(name="Second")
    assert made.is_default
    refused = administrator.act(f"members/loyaltyprogram/{made.pk}/do/edit/", is_default=None)
    assert list(refusals(refused)) == ["__all__"]
    for path in (f"loyaltyprogram/{program.pk}", f"loyaltytier/{gold.pk}"):
        assert administrator.get(f"members/{path}/change/").status_code == 200


def test_programs_are_changed_by_administrators_and_tiers_by_their_role(
    house: House, staff_with: Callable[..., Person]
) -> None:
    clerk = staff_with("tiers:write")
    assert clerk.get("members/loyaltyprogram/add/").status_code == 403
    page = clerk.get(f"members/loyaltyprogram/{house.program.pk}/change/").content.decode()
    assert 'data-act="add-tier"' in page
    assert 'data-act="edit"' not in page
    nobody = staff_with("members:read")
    assert nobody.get("members/loyaltytier/").status_code == 403
    assert "Tiers" not in [
        panel.title for panel in nobody.get(f"members/loyaltyprogram/{house.program.pk}/change/").context["panels"]
    ]


def test_a_program_of_a_stranger_cannot_use_our_books(house: House, stranger: Person) -> None:
    answer = stranger.act("members/loyaltyprogram/add/", name="Theirs", ledger=house.ledger.pk)
    assert "ledger" in refusals(answer)


def queries(person: Person, path: str) -> int:
    person.get(path)
    with round_trips() as captured:
        assert person.get(path).status_code == 200
    return len(captured)


def test_the_length_of_lists_and_histories_costs_no_queries(house: House, alice: Member, administrator: Person) -> None:
    at = clock.now()
    path = f"members/member/{alice.pk}/change/"

    def live(member: Member, number: int) -> None:
        house.give(member, 100 + number, expires_at=at + timedelta(days=9 + number))
        house.take(member, 1)
        house.take(member, 1, hold=True)
        update_member(member=member, changes={"profile": {"shoe": number}}, actor=TESTER, at=at)

    live(alice, 0)
    few = [queries(administrator, path), queries(administrator, "members/member/")]
    for number in range(25):
        live(alice, number + 1)
        live(factories.MemberFactory(organization=house.organization), number)
        program = create_program(
            organization_id=house.id, name=f"P{number}", ledger_id=house.ledger.pk, actor=TESTER, at=at
        )
        create_tier(program=program, name="T", min_required_points=0, tier_order=1, actor=TESTER, at=at)
    many = [queries(administrator, path), queries(administrator, "members/member/")]
    assert many == few
    assert few[0] <= 32
    assert few[1] <= 16


@pytest.mark.postgresql
def test_the_search_reads_indexes_only(house: House, zoe: Member) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_wallet (organization_id, kind, active, created_at)"
            " SELECT %s, 'member', true, now() FROM generate_series(1, 20000)",
            [house.id],
        )
        cursor.execute(
            "INSERT INTO members_member (organization_id, customer_id, loyalty_member_id, member_type, active, profile,"
            " on_chain, custom_attributes, referral_code, search_text, created_at, updated_at, wallet_id)"
            " SELECT %s, gen_random_uuid(), 'bulk-' || w.id, '', true, '{}', '{}', '{}', '',"
            " ' ' || md5(w.id::text) || ' bulk-' || w.id, now(), now(), w.id"
            " FROM ledger_wallet w WHERE w.holder_id IS NULL AND w.kind = 'member'",
            [house.id],
        )
    analyze("members_member")
    for text in ("zoe mul", "zoe.mue", "0151 2345678", "4711", "crm-77", str(zoe.pk), str(zoe.customer_id)):
        with round_trips() as captured:
            assert zoe.pk in found(house, text)
        for query in captured:
            assert "Seq Scan" not in plan_of(query["sql"]), (text, query["sql"])


def plan_of(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + sql.replace("%", "%%"))
        return "\n".join(row[0] for row in cursor.fetchall())


pages: Any = pytest.mark.django_db(transaction=True)


@pages
def test_support_finds_a_member_by_phone_and_gives_points_with_the_keyboard_alone(
    open_page: Open, house: House, zoe: Member, bob: Member, administrator: Person
) -> None:
    house.give(zoe, 40)
    page = open_page("members/member/", who=administrator)
    page.wait_for_load_state("networkidle")
    page.keyboard.press("/")
    page.wait_for_selector("#searchbar:focus")
    page.keyboard.type("0151 2345678")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/member/{zoe.pk}/change/")
    assert "40" in page.inner_text(".ts-large")
    page.focus('[data-act="give"]')
    page.keyboard.press("Enter")
    page.wait_for_selector("#id_amount:focus")
    page.keyboard.type("25")
    page.focus("#id_reason")
    page.keyboard.type("A long wait")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ts-preview")
    assert "65" in page.inner_text(".ts-preview")
    page.wait_for_selector(".ts-buttons button:focus")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/member/{zoe.pk}/change/")
    assert "65" in page.inner_text(".ts-large")
    assert "A long wait" in page.inner_text("[aria-label=Movements]")
    assert house.balance(zoe) == (65, 0, 0)


@pages
@pytest.mark.parametrize(("size", "dark"), [((820, 1100), True), ((640, 480), False)])
def test_pages_fit_a_tablet_and_a_page_twice_as_large(
    open_page: Open, house: House, zoe: Member, administrator: Person, size: Any, dark: bool
) -> None:
    given = house.give(zoe, 1234567, description="A description that is rather long, as people write them")
    house.take(zoe, 100, hold=True)
    page = open_page(f"members/member/{zoe.pk}/change/", who=administrator, size=size, dark=dark)
    for path in (
        f"members/member/{zoe.pk}/change/",
        "members/member/",
        f"members/member/{zoe.pk}/do/give/",
        "members/member/do/import-points/",
        f"ledger/transaction/{given.id}/change/",
        "ledger/transaction/",
        f"ledger/ledgeraccount/{house.account.pk}/change/",
        f"ledger/wallet/{zoe.wallet_id}/change/",
    ):
        page.goto(f"/admin/{path}")
        assert overflow(page) == 0, path
