"""The books on the console: ledgers, accounts, wallets, credits and transactions; quick, however long they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.models import Ledger, LedgerAccount, Lot, Transaction
from ledger.selectors import Wanted, browse_transactions, browsing, expiring, monthly_totals
from ledger.services import create_account, set_supply
from loyalty.kernel import clock
from loyalty.kernel.models import AuditEntry
from members.models import Member
from tests import factories
from tests.databases import round_trips
from tests.house import TESTER, House
from tests.staff import Person, refusals


def shown(html: Any) -> str:
    return re.sub(r"<[^>]+>", "", str(html)).strip()


def listed(person: Person, **query: Any) -> list[int]:
    page = person.get("ledger/transaction/", **query)
    assert page.status_code == 200
    return [row.pk for row in page.context["cl"].result_list]


def panels(page: Any) -> dict[str, Any]:
    return {panel.title: panel for panel in page.context["panels"]}


# --- accounts and ledgers ---


def test_an_account_tells_what_is_owed_and_where_it_went(house: House, alice: Member, administrator: Person) -> None:
    house.give(alice, 1000)
    reverted = house.give(alice, 50)
    house.take(alice, 200)
    house.take(alice, 30, hold=True)
    house.give(alice, 70, valid_from=clock.now() + timedelta(days=5))
    administrator.act(f"ledger/transaction/{reverted.id}/do/revert/", reason="x")
    page = administrator.get(f"ledger/ledgeraccount/{house.account.pk}/change/")
    figures = {figure.title: shown(figure.value) for figure in page.context["target"].figures_on_page}
    assert figures == {
        "Owed to members": "870",
        "Given": "1,070",
        "Spent": "200",
        "Expired": "0",
        "Supply": "unlimited",
    }
    notes = {name: shown(text) for figure in page.context["target"].figures_on_page for name, text in figure.notes}
    assert notes == {"held": "30", "pending": "70", "reverted": "50", "transferred": "0"}
    [month] = panels(page)["By month"].rows
    assert [shown(cell) for cell in month[1:]] == ["1,070", "200", "0", "50", "870"]
    # The owed is what the members' balances say.
    active, _, pending = house.balance(alice)
    assert active + pending == 870


def test_what_is_owed_at_the_end_of_each_month_adds_up(house: House, alice: Member, administrator: Person) -> None:
    for month, amount in ((1, 100), (2, 200), (4, 400)):
        house.give(alice, amount, external_event_at=datetime(2026, month, 15, tzinfo=UTC))
    house.take(alice, 50, external_event_at=datetime(2026, 2, 20, tzinfo=UTC))
    assert [(month.month, totals.circulating) for month, totals in monthly_totals(house.account.pk)] == [
        (1, 100),
        (2, 150),
        (4, 400),
    ]
    page = administrator.get(f"ledger/ledgeraccount/{house.account.pk}/change/")
    rows = panels(page)["By month"].rows
    assert [(row[0], shown(row[-1])) for row in rows] == [
        ("April 2026", "650"),
        ("February 2026", "250"),
        ("January 2026", "100"),
    ]


def test_what_expires_soon_is_told_by_week(house: House, alice: Member, bob: Member, administrator: Person) -> None:
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    for member, amount, day in ((alice, 10, 1), (bob, 20, 2), (alice, 40, 9), (bob, 80, 89), (alice, 160, 91)):
        house.give(member, amount, at=at, expires_at=at + timedelta(days=day))
    house.take(alice, 4, at=at)
    days = expiring(house.account.pk, at, at + timedelta(days=90), "UTC")
    assert [(str(day), amount) for day, amount in days] == [
        ("2026-03-03", 6),
        ("2026-03-04", 20),
        ("2026-03-11", 40),
        ("2026-05-30", 80),
    ]
    # Where it is a day later already, it is another day.
    late = at.replace(hour=23)
    house.give(bob, 1, at=late, expires_at=late + timedelta(days=1))
    assert [str(day) for day, amount in expiring(house.account.pk, at, at + timedelta(days=2), "Asia/Tokyo")] == [
        "2026-03-03",
        "2026-03-04",
    ]

    # The ninetieth day counts to its end.
    ends = clock.end_of_local_day(clock.now(), "UTC", days=90)
    house.give(bob, 7000, expires_at=ends)
    page = administrator.get(f"ledger/ledgeraccount/{house.account.pk}/change/")
    weeks = panels(page)["Expires in the next 90 days"].rows
    assert "7,000 Points" in [shown(row[1]) for row in weeks] or "7,161 Points" in [shown(row[1]) for row in weeks]


def test_an_account_is_opened_with_its_rules(house: House, administrator: Person) -> None:
    answer = administrator.act(
        "ledger/ledgeraccount/add/",
        name="Miles",
        decimals="2",
        format_string="{amount} mi",
        expires_in_months="24",
        max_supply="1000.50",
        spend_order="oldest-first",
    )
    made = LedgerAccount.objects.get(name="Miles")
    assert answer.url == f"/admin/ledger/ledgeraccount/{made.pk}/change/"
    assert (made.decimals, made.max_supply, made.expires_in_months, made.spend_order, made.ledger) == (
        2,
        100050,
        24,
        "oldest-first",
        house.ledger,
    )
    page = administrator.get(answer.url)
    supply = page.context["target"].figures_on_page[-1]
    assert (shown(supply.value), shown(supply.notes[1][1])) == ("1,000.50", "1,000.50")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "Points"}, "name"),
        ({"format_string": "points"}, "format_string"),
        ({"max_supply": "0.5", "decimals": "0"}, "max_supply"),
        ({"max_supply": "18446744073710"}, "max_supply"),
        ({"decimals": "7"}, "decimals"),
    ],
)
def test_an_account_that_cannot_be_is_refused_beside_the_field(
    house: House, administrator: Person, fields: dict[str, str], field: str
) -> None:
    answer = administrator.act("ledger/ledgeraccount/add/", **{"name": "New", "decimals": "0", **fields})
    assert list(refusals(answer)) == [field]
    assert LedgerAccount.objects.count() == 1


def test_a_change_of_rules_is_shown_first_and_kept_with_its_reason(house: House, administrator: Person) -> None:
    path = f"ledger/ledgeraccount/{house.account.pk}/do/edit/"
    looked = administrator.act(
        path, decimals="0", expires_in_months="6", may_owe="1", reason="New terms", confirmed=False
    )
    lines = {(line.what, line.now, line.then) for line in looked.context["preview"].lines}
    assert lines == {("Expires in months", "12", "6"), ("May go below zero", "no", "yes")}
    house.account.refresh_from_db()
    assert house.account.expires_in_months == 12
    administrator.act(path, decimals="0", expires_in_months="6", may_owe="1", reason="New terms")
    house.account.refresh_from_db()
    assert (house.account.expires_in_months, house.account.may_owe) == (6, True)
    entry = AuditEntry.objects.order_by("-pk").first()
    assert entry is not None
    assert (entry.action, entry.reason) == ("account.updated", "New terms")


def test_decimals_do_not_change_after_the_first_points(house: House, alice: Member, administrator: Person) -> None:
    house.give(alice, 1)
    answer = administrator.act(f"ledger/ledgeraccount/{house.account.pk}/do/edit/", decimals="2", reason="x")
    assert refusals(answer) == {"__all__": ["This cannot change after the account's first transaction."]}
    house.account.refresh_from_db()
    assert house.account.decimals == 0


def test_the_supply_is_changed_with_a_reason_and_not_below_what_is_given(
    house: House, alice: Member, administrator: Person
) -> None:
    house.give(alice, 500)
    path = f"ledger/ledgeraccount/{house.account.pk}/do/supply/"
    low = administrator.act(path, max_supply="499", reason="x", confirmed=False)
    assert refusals(low) == {"__all__": ["The supply cannot be lower than what is already issued."]}
    looked = administrator.act(path, max_supply="900", reason="Budget", confirmed=False)
    [line] = looked.context["preview"].lines
    assert (line.now, shown(line.then)) == ("unlimited", "900 Points")
    administrator.act(path, max_supply="900", reason="Budget")
    house.account.refresh_from_db()
    assert house.account.max_supply == 900
    assert (house.account.supply.consumed, Transaction.objects.get(kind="supply").description) == (500, "Budget")
    administrator.act(path, max_supply=None, reason="No limit after all")
    house.account.refresh_from_db()
    assert house.account.max_supply is None
    assert house.findings() == []


def test_a_ledger_is_opened_and_told_its_default_account(house: House, administrator: Person) -> None:
    other = create_account(ledger=house.ledger, name="Other", actor=TESTER, at=clock.now())
    administrator.act("ledger/ledger/add/", name="Second", description="For the south")
    assert Ledger.objects.get(name="Second").organization_id == house.id
    administrator.act(f"ledger/ledger/{house.ledger.pk}/do/edit/", default_account=other.pk, name="First")
    other.refresh_from_db()
    assert other.is_default
    page = administrator.get(f"ledger/ledger/{house.ledger.pk}/change/")
    assert page.context["title"] == "First"
    assert [shown(row[0]) for row in panels(page)["Accounts"].rows] == ["Other", "Points"]


# --- who may see and do what ---

PAGES = ("ledger", "ledgeraccount", "wallet", "transaction")


@pytest.mark.parametrize("name", PAGES)
def test_without_the_role_the_books_are_closed(
    house: House, alice: Member, staff_with: Callable[..., Person], name: str
) -> None:
    house.give(alice, 5)
    clerk = staff_with("members:write")
    assert clerk.get(f"ledger/{name}/").status_code == 403
    assert clerk.get(f"ledger/{name}/1/change/").status_code == 404
    assert f"/admin/ledger/{name}/" not in clerk.get("").content.decode()
    assert clerk.get(f"ledger/lot/{Lot.objects.get().pk}/change/").status_code == 404


@pytest.mark.parametrize("name", PAGES)
def test_who_may_read_is_offered_nothing_to_change(
    house: House, alice: Member, staff_with: Callable[..., Person], name: str
) -> None:
    given = house.give(alice, 5)
    reader = staff_with("ledgers:read")
    rows = {
        "ledger": house.ledger.pk,
        "ledgeraccount": house.account.pk,
        "wallet": alice.wallet_id,
        "transaction": given.id,
    }
    for path in (f"ledger/{name}/", f"ledger/{name}/{rows[name]}/change/"):
        page = reader.get(path)
        assert page.status_code == 200
        assert "data-act=" not in page.content.decode()
    for path in (
        "ledger/ledger/add/",
        "ledger/ledgeraccount/add/",
        f"ledger/ledgeraccount/{house.account.pk}/do/supply/",
        f"ledger/transaction/{given.id}/do/revert/",
        f"ledger/lot/{Lot.objects.get().pk}/do/expire/",
    ):
        assert reader.get(path).status_code == 403
        assert reader.post(path, once="k", reason="x", name="x", confirmed="1").status_code == 403
    assert house.balance(alice) == (5, 0, 0)


def test_the_books_of_another_organization_are_not_there(
    house: House, alice: Member, charlie: Member, neighbor: House, stranger: Person, administrator: Person
) -> None:
    given, theirs = house.give(alice, 5, unique_key="ours", external_id="ext"), neighbor.give(charlie, 5)
    paths = (
        f"ledger/ledger/{house.ledger.pk}",
        f"ledger/ledgeraccount/{house.account.pk}",
        f"ledger/wallet/{alice.wallet_id}",
        f"ledger/transaction/{given.id}",
        f"ledger/lot/{Lot.objects.order_by('pk')[0].pk}",
    )
    for path in paths:
        assert administrator.get(f"{path}/change/").status_code == 200
        assert stranger.get(f"{path}/change/").status_code == 404
    assert listed(stranger) == [theirs.id]
    for query in ({"q": str(given.id)}, {"q": "ours"}, {"q": "ext"}, {"q": f"wallet {alice.wallet_id}"}):
        assert listed(stranger, **query) == []
        assert listed(administrator, **query) == [given.id]
    assert listed(stranger, wallet=alice.wallet_id) == []
    assert listed(stranger, account=house.account.pk) == []
    found = stranger.get("ledger/wallet/", q=str(alice.wallet_id)).context["cl"].result_list
    assert list(found) == []


# --- transactions ---


def test_transactions_are_found_by_what_names_them(
    house: House, alice: Member, bob: Member, administrator: Person
) -> None:
    first = house.give(alice, 500, unique_key="order:1", external_id="E-1")
    second = house.move(alice, bob, 100, external_id="E-1")
    third = house.take(bob, 30)
    assert listed(administrator) == [third.id, second.id, first.id]
    assert listed(administrator, q="order:1") == [first.id]
    assert listed(administrator, q=" E-1 ") == [second.id, first.id]
    assert listed(administrator, q=str(third.id)) == [third.id]
    assert listed(administrator, q=f"wallet {alice.wallet_id}") == [second.id, first.id]
    assert listed(administrator, wallet=bob.wallet_id) == [third.id, second.id]
    assert listed(administrator, wallet=bob.wallet_id, kind="burn") == [third.id]
    assert listed(administrator, kind="mint") == [first.id]
    assert listed(administrator, account=house.account.pk) == [third.id, second.id, first.id]
    assert listed(administrator, wallet=house.account.reserve_id) == [first.id]
    for odd in ({"wallet": "x"}, {"wallet": "9" * 40}, {"account": "0"}, {"q": "x" * 300}):
        assert listed(administrator, **odd) == []
    assert listed(administrator, kind="nothing") == [third.id, second.id, first.id]


def test_transactions_are_found_by_the_days_they_happened_on(
    house: House, alice: Member, administrator: Person
) -> None:
    days = [datetime(2026, 1, day, 23, 30, tzinfo=UTC) for day in (1, 3, 2)]
    first, third, second = (house.give(alice, 1, external_event_at=day).id for day in days)
    assert listed(administrator, effective_at_from="2026-01-02") == [third, second]
    assert listed(administrator, effective_at_to="2026-01-02") == [second, first]
    assert listed(administrator, effective_at_from="2026-01-02", effective_at_to="2026-01-02") == [second]
    assert listed(administrator, effective_at_from="2026-01-02", wallet=alice.wallet_id) == [second, third]
    for odd in ("2026-13-01", "yesterday", "9999-12-31"):
        assert len(listed(administrator, effective_at_to=odd)) == 3


def test_a_filter_looks_only_so_far_back_and_says_so(
    house: House, alice: Member, administrator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.give(alice, 100)
    burned = house.take(alice, 1)
    house.give(alice, 100)
    page = administrator.get("ledger/transaction/", kind="burn")
    assert ([row.pk for row in page.context["cl"].result_list], page.context["cl"].note) == ([burned.id], "")
    monkeypatch.setattr(browsing, "REACH", 1)
    assert browse_transactions(Wanted([house.account.pk], kind="burn")).is_cut
    page = administrator.get("ledger/transaction/", kind="burn")
    assert list(page.context["cl"].result_list) == []
    assert "newest" in page.context["cl"].note
    assert page.context["cl"].note in page.content.decode()


def test_a_long_list_is_cut_and_says_so(
    house: House, alice: Member, administrator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.admin.transactions.TransactionList.most", 3)
    ids = [house.give(alice, 1).id for _ in range(5)]
    page = administrator.get("ledger/transaction/")
    assert [row.pk for row in page.context["cl"].result_list] == ids[:1:-1]
    assert "The newest 3 are listed" in page.content.decode()
    assert "3 or more transactions" in " ".join(page.content.decode().split())


def test_pages_of_the_list_follow_each_other(house: House, alice: Member, administrator: Person) -> None:
    ids = [house.give(alice, 1).id for _ in range(53)]
    assert listed(administrator) == ids[:-51:-1]
    assert listed(administrator, p=2) == ids[2::-1]
    assert administrator.get("ledger/transaction/", p=99).status_code == 302


def test_a_transaction_tells_both_sides_its_cause_and_its_credits(
    house: House, alice: Member, bob: Member, administrator: Person
) -> None:
    house.give(alice, 60)
    house.give(alice, 60)
    moved = house.move(alice, bob, 100, unique_key="k-1", external_id="E-9", description="A present", tags=["vip"])
    page = administrator.get(f"ledger/transaction/{moved.id}/change/")
    assert page.context["title"] == f"Transferred #{moved.id}"
    body = page.content.decode()
    for text in ("k-1", "E-9", "A present", "vip", f"/admin/ledger/wallet/{alice.wallet_id}/change/"):
        assert text in body
    tables = panels(page)
    assert [shown(row[1]) for row in tables["Credits it took from"].rows] == ["−60 Points", "−40 Points"]
    assert [shown(row[2]) for row in tables["Credits it made"].rows] == ["60 Points", "40 Points"]
    administrator.act(f"ledger/transaction/{moved.id}/do/revert/", reason="Not wanted")
    page = administrator.get(f"ledger/transaction/{moved.id}/change/")
    [answer] = panels(page)["Answered by"].rows
    assert [shown(cell) for cell in answer[2:]] == ["100 Points", "Not wanted", "Anna Administrator"]
    assert "reverted" in page.content.decode()


def test_every_kind_of_transaction_and_wallet_has_its_page(
    house: House, alice: Member, bob: Member, administrator: Person
) -> None:
    at = clock.now()
    given = house.give(alice, 1000)
    house.give(bob, 5, at=at - timedelta(days=3), expires_at=at - timedelta(days=1))
    house.move(alice, bob, 10)
    for slug in ("capture", "release"):
        held = house.take(alice, 20, hold=True)
        administrator.act(f"ledger/transaction/{held.id}/do/{slug}/", amount="5", reason="x")
    set_supply(account=house.account, max_supply=10**6, actor=TESTER, at=at)
    house.take(alice, 1)
    administrator.get(f"members/member/{bob.pk}/change/")
    reverted = house.give(bob, 3)
    administrator.act(f"ledger/transaction/{reverted.id}/do/revert/", reason="x")
    kinds = set(Transaction.objects.values_list("kind", flat=True))
    assert kinds == {"mint", "burn", "transfer", "expire", "revert", "supply", "hold", "capture", "release"}
    for row in Transaction.objects.all():
        assert administrator.get(f"ledger/transaction/{row.pk}/change/").status_code == 200
    for wallet_id in (house.account.reserve_id, house.account.issuance_id, house.account.expired_id, bob.wallet_id):
        assert administrator.get(f"ledger/wallet/{wallet_id}/change/").status_code == 200
    for lot in Lot.objects.all():
        assert administrator.get(f"ledger/lot/{lot.pk}/change/").status_code == 200
    assert administrator.get("ledger/lot/").url == "/admin/ledger/wallet/"
    assert administrator.get(f"ledger/transaction/{given.id}/change/").context["title"] == f"Given #{given.id}"
    assert house.findings() == []


def test_a_wallet_is_found_by_its_holder(house: House, alice: Member, bob: Member, administrator: Person) -> None:
    for text in ("alice@example.com", str(alice.wallet_id)):
        rows = administrator.get("ledger/wallet/", q=text).context["cl"].result_list
        assert alice.wallet_id in [row.pk for row in rows]
    page = administrator.get(f"ledger/wallet/{alice.wallet_id}/change/")
    assert f"/admin/members/member/{alice.pk}/change/" in page.content.decode()


# --- what it costs ---


def queries(person: Person, path: str) -> int:
    person.get(path)
    with round_trips() as captured:
        assert person.get(path).status_code == 200
    return len(captured)


def test_the_length_of_the_books_costs_no_queries(house: House, alice: Member, administrator: Person) -> None:
    def live(member: Member, number: int) -> Any:
        house.give(member, 100 + number, expires_at=clock.now() + timedelta(days=9 + number))
        house.take(member, 1, hold=True)
        return house.take(member, 20)

    first = live(alice, 0)
    paths = (
        "ledger/transaction/",
        f"ledger/transaction/?wallet={alice.wallet_id}",
        "ledger/transaction/?kind=burn",
        "ledger/transaction/?effective_at_from=2020-01-01",
        f"ledger/transaction/{first.id}/change/",
        "ledger/wallet/",
        f"ledger/wallet/{alice.wallet_id}/change/",
        "ledger/ledgeraccount/",
        f"ledger/ledgeraccount/{house.account.pk}/change/",
        f"ledger/ledger/{house.ledger.pk}/change/",
    )
    few = {path: queries(administrator, path) for path in paths}
    for number in range(25):
        live(alice, number + 1)
        live(factories.MemberFactory(organization=house.organization), number)
    many = {path: queries(administrator, path) for path in paths}
    assert many == few
    assert max(few.values()) <= 22, few
