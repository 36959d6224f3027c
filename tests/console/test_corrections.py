"""Corrections by a person: what they do, what they say before, what they leave behind, and who may not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from ledger.models import Balance, Hold, Lot, LotUse, Transaction
from ledger.services import create_account
from loyalty.kernel import clock
from loyalty.kernel.models import AuditEntry
from members.models import Member
from members.services import update_member
from tests import factories
from tests.databases import in_parallel
from tests.house import TESTER, House
from tests.staff import Person, refusals


@pytest.fixture
def house(db: None) -> House:
    """A house whose points have two decimals and expire after a year."""
    return factories.build_house("Demo Coffee", decimals=2, format_string="{amount} beans")


def page(member: Member, slug: str) -> str:
    return f"members/member/{member.pk}/do/{slug}/"


def marks(past: str) -> list[tuple[str, str, dict[str, Any], str]]:
    entries = AuditEntry.objects.filter(action=f"correction.{past}").order_by("pk")
    return [(entry.target_name, entry.actor_name, entry.after, entry.reason) for entry in entries]


def previewed(answer: Any) -> list[tuple[str, str, str]]:
    assert answer.status_code == 200
    assert refusals(answer) == {}
    return [(str(line.what), text_of(line.now), text_of(line.then)) for line in answer.context["preview"].lines]


def text_of(html: Any) -> str:
    import re

    return re.sub(r"<[^>]+>", "", str(html)).strip()


def test_points_given_are_there_with_the_reason_and_the_name(
    house: House, alice: Member, administrator: Person
) -> None:
    answer = administrator.act(page(alice, "give"), amount="12.50", reason="A cold coffee")
    assert answer.status_code == 302
    assert answer.url == f"/admin/members/member/{alice.pk}/change/"
    assert house.balance(alice) == (1250, 0, 0)
    row = Transaction.objects.get(kind="mint")
    assert (row.description, row.source, row.actor) == (
        "A cold coffee",
        "correction",
        f"operator:{administrator.operator.pk}",
    )
    words = {"amount": "12.50", "account": "Points", "transaction": row.pk}
    assert marks("given") == [("alice", "Anna Administrator", words, "A cold coffee")]
    shown = administrator.get(f"members/member/{alice.pk}/change/").content.decode()
    assert "A cold coffee" in shown
    assert "Anna Administrator" in shown
    assert house.findings() == []


def test_what_the_preview_says_is_what_happens(house: House, alice: Member, administrator: Person) -> None:
    house.give(alice, 1000)
    form = {**administrator.form_of(page(alice, "give")), "amount": "2.50", "reason": "x"}
    looked = administrator.post(page(alice, "give"), **form)
    assert previewed(looked) == [("Can be spent", "10.00 beans", "12.50 beans")]
    assert house.balance(alice) == (1000, 0, 0)
    assert Transaction.objects.count() == 1
    assert AuditEntry.objects.filter(action__startswith="correction.").count() == 0
    administrator.post(page(alice, "give"), **form, confirmed="1")
    assert house.balance(alice) == (1250, 0, 0)


def test_the_same_form_sent_twice_gives_once(house: House, alice: Member, administrator: Person) -> None:
    form = {**administrator.form_of(page(alice, "give")), "amount": "5", "reason": "x", "confirmed": "1"}
    first, second = (administrator.post(page(alice, "give"), **form) for _ in range(2))
    assert (first.status_code, second.status_code) == (302, 302)
    assert house.balance(alice) == (500, 0, 0)
    assert len(marks("given")) == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_form_sent_by_two_windows_at_once_gives_once(
    house: House, alice: Member, administrator: Person
) -> None:
    form = {**administrator.form_of(page(alice, "give")), "amount": "5", "reason": "x", "confirmed": "1"}
    sent = [lambda: Person(administrator.operator).post(page(alice, "give"), **form) for _ in range(3)]
    answers = in_parallel(*sent)
    assert [answer.status_code for answer in answers] == [302, 302, 302]
    assert house.balance(alice) == (500, 0, 0)
    assert len(marks("given")) == 1


def test_points_given_for_later_wait_and_expire_on_the_day_that_was_said(
    house: House, alice: Member, administrator: Person
) -> None:
    today = clock.now().date()
    start, end = today + timedelta(days=3), today + timedelta(days=10)
    answer = administrator.act(page(alice, "give"), amount="1", reason="x", valid_from=str(start), expires_at=str(end))
    assert answer.status_code == 302
    assert house.balance(alice) == (0, 0, 100)
    lot = Lot.objects.get()
    assert (lot.valid_from.date(), f"{lot.expires_at:%Y-%m-%d %H:%M:%S}") == (start, f"{end} 23:59:59")


def test_points_that_would_expire_before_they_are_valid_are_refused_beside_the_field(
    house: House, alice: Member, administrator: Person
) -> None:
    day = clock.now().date() - timedelta(days=1)
    answer = administrator.act(page(alice, "give"), amount="1", reason="x", expires_at=str(day))
    assert refusals(answer) == {"expires_at": ["The points would expire before they become valid."]}
    assert house.balance(alice) == (0, 0, 0)


@pytest.mark.parametrize(
    ("amount", "says"),
    [
        ("12.555", "This account has 2 decimals."),
        ("0", "Write an amount above zero."),
        ("x", "Write a number like 12.50, without separators between thousands."),
        (str(2**63), "This is more than an account can hold."),
        ("", "How many?"),
    ],
)
def test_what_is_no_amount_is_refused_beside_the_field(
    house: House, alice: Member, administrator: Person, amount: str, says: str
) -> None:
    answer = administrator.act(page(alice, "give"), amount=amount, reason="x")
    assert refusals(answer) == {"amount": [says]}
    assert house.balance(alice) == (0, 0, 0)


def test_nothing_is_given_without_a_reason(house: House, alice: Member, administrator: Person) -> None:
    assert "reason" in refusals(administrator.act(page(alice, "give"), amount="1"))
    assert house.balance(alice) == (0, 0, 0)


def test_taking_shows_which_credits_go_and_takes_these(house: House, alice: Member, administrator: Person) -> None:
    at = clock.now()
    late = house.give(alice, 1000, expires_at=at + timedelta(days=90))
    soon = house.give(alice, 300, expires_at=at + timedelta(days=9))
    form = {**administrator.form_of(page(alice, "take")), "amount": "5", "reason": "Given twice"}
    looked = administrator.post(page(alice, "take"), **form)
    assert previewed(looked) == [("Can be spent", "13.00 beans", "8.00 beans")]
    assert [text_of(row[0]) for row in looked.context["preview"].rows] == ["3.00 beans", "2.00 beans"]
    administrator.post(page(alice, "take"), **form, confirmed="1")
    assert house.balance(alice) == (800, 0, 0)
    taken = [(use.lot.transaction_id, use.amount) for use in LotUse.objects.select_related("lot").order_by("pk")]
    assert taken == [(soon.id, 300), (late.id, 200)]
    assert [mark[3] for mark in marks("taken")] == ["Given twice"]
    assert house.findings() == []


def test_more_than_there_is_cannot_be_taken(house: House, alice: Member, administrator: Person) -> None:
    house.give(alice, 100)
    for confirmed in (False, True):
        answer = administrator.act(page(alice, "take"), amount="1.01", reason="x", confirmed=confirmed)
        assert refusals(answer) == {"__all__": ["The wallet has not enough available points."]}
    assert house.balance(alice) == (100, 0, 0)
    assert marks("taken") == []


def test_held_points_are_kept_aside_and_given_back(house: House, alice: Member, administrator: Person) -> None:
    house.give(alice, 1000)
    assert "release" not in administrator.get(f"members/member/{alice.pk}/change/").content.decode().split("data-act=")
    administrator.act(page(alice, "hold"), amount="4", reason="Table booked")
    assert house.balance(alice) == (1000, 400, 0)
    held = Hold.objects.get()
    answer = administrator.act(page(alice, "release"), hold=held.pk, reason="They left", confirmed=False)
    assert previewed(answer) == [("Can be spent", "6.00 beans", "10.00 beans"), ("Held", "4.00 beans", "0.00 beans")]
    administrator.act(page(alice, "release"), hold=held.pk, reason="They left")
    assert house.balance(alice) == (1000, 0, 0)
    assert [mark[0] for mark in marks("held") + marks("released")] == ["alice", "alice"]
    # Nothing is held: there is nothing to release.
    assert administrator.get(page(alice, "release")).status_code == 403
    assert house.findings() == []


def test_a_hold_is_captured_in_part_from_its_own_page(house: House, alice: Member, administrator: Person) -> None:
    house.give(alice, 1000)
    held = house.take(alice, 400, hold=True)
    path = f"ledger/transaction/{held.id}/do/capture/"
    assert administrator.form_of(path)["amount"] == 400
    answer = administrator.act(path, amount="4.01", reason="x")
    assert refusals(answer) == {"amount": ["At most 4.00."]}
    answer = administrator.act(path, amount="1.50", reason="Two cakes", confirmed=False)
    assert previewed(answer) == [("Can be spent", "6.00 beans", "8.50 beans"), ("Held", "4.00 beans", "0.00 beans")]
    administrator.act(path, amount="1.50", reason="Two cakes")
    assert house.balance(alice) == (850, 0, 0)
    assert Transaction.objects.get(kind="capture").description == "Two cakes"
    assert administrator.get(path).status_code == 403
    assert house.findings() == []


def test_a_transfer_goes_to_whoever_the_scrap_names(
    house: House, alice: Member, bob: Member, administrator: Person
) -> None:
    house.give(alice, 1000)
    answer = administrator.act(page(alice, "transfer"), to="BOB@example.com", amount="3", reason="x", confirmed=False)
    assert previewed(answer) == [
        ("alice: can be spent", "10.00 beans", "7.00 beans"),
        ("bob: can be spent", "0.00 beans", "3.00 beans"),
    ]
    administrator.act(page(alice, "transfer"), to="BOB@example.com", amount="3", reason="Wrong card")
    assert (house.balance(alice), house.balance(bob)) == ((700, 0, 0), (300, 0, 0))
    [sent], [received] = marks("transferred"), marks("received")
    assert (sent[0], sent[2]["to"], received[0], received[2]["from"]) == ("alice", "bob", "bob", "alice")
    assert house.findings() == []


def test_a_transfer_to_nobody_to_many_or_to_oneself_is_refused_beside_the_field(
    house: House, alice: Member, charlie: Member, administrator: Person
) -> None:
    house.give(alice, 1000)
    for own_id in ("dan-1", "dan-2"):
        profile = {"name": "Dan", "lastName": own_id}
        factories.MemberFactory(organization=house.organization, loyalty_member_id=own_id, profile=profile)
    refused = {
        "nobody at all": "No member is found by this.",
        "charlie": "No member is found by this.",
        str(charlie.pk): "No member is found by this.",
        "charlie@example.com": "No member is found by this.",
        "dan": "2 members are found by this; write more of it, or the member's own id.",
        "alice": "This is the member the points come from.",
    }
    for text, says in refused.items():
        answer = administrator.act(page(alice, "transfer"), to=text, amount="1", reason="x")
        assert refusals(answer) == {"to": [says]}, text
    assert house.balance(alice) == (1000, 0, 0)


def test_a_blocked_member_is_given_nothing(house: House, alice: Member, administrator: Person) -> None:
    form = {**administrator.form_of(page(alice, "give")), "amount": "1", "reason": "x", "confirmed": "1"}
    administrator.act(f"members/member/{alice.pk}/do/block/", reason="Fraud")
    alice.refresh_from_db()
    assert not alice.active
    assert administrator.post(page(alice, "give"), **form).status_code == 403
    assert administrator.get(page(alice, "give")).status_code == 403
    assert house.balance(alice) == (0, 0, 0)
    administrator.act(f"members/member/{alice.pk}/do/unblock/", reason="It was not she")
    administrator.act(page(alice, "give"), amount="1", reason="x")
    assert house.balance(alice) == (100, 0, 0)


def test_a_receiver_who_is_blocked_is_refused_beside_the_field(
    house: House, alice: Member, bob: Member, administrator: Person
) -> None:
    house.give(alice, 100)
    update_member(member=bob, changes={"active": False}, actor=TESTER, at=clock.now())
    answer = administrator.act(page(alice, "transfer"), to="bob", amount="1", reason="x")
    assert refusals(answer) == {"to": ["bob is blocked."]}


@pytest.mark.parametrize("slug", ["give", "take", "hold", "transfer"])
def test_without_the_role_there_is_no_button_and_no_page(
    house: House, alice: Member, staff_with: Callable[..., Person], slug: str
) -> None:
    house.give(alice, 100)
    reader = staff_with("members:write", "ledgers:read")
    shown = reader.get(f"members/member/{alice.pk}/change/").content.decode()
    assert f'data-act="{slug}"' not in shown
    assert 'data-act="edit"' in shown
    fields = {"account": house.account.pk, "amount": "1", "reason": "x", "to": "bob", "confirmed": "1", "once": "k"}
    assert reader.get(page(alice, slug)).status_code == 403
    assert reader.post(page(alice, slug), **fields).status_code == 403
    assert house.balance(alice) == (100, 0, 0)


def test_nobody_of_another_organization_sees_or_moves_anything(house: House, alice: Member, stranger: Person) -> None:
    given = house.give(alice, 100)
    lot = Lot.objects.get()
    for path in (page(alice, "give"), f"ledger/transaction/{given.id}/do/revert/", f"ledger/lot/{lot.pk}/do/cancel/"):
        assert stranger.get(path).status_code == 404
        answer = stranger.post(path, once="k", account=house.account.pk, amount="1", reason="x", confirmed="1")
        assert answer.status_code == 404
    assert house.balance(alice) == (100, 0, 0)


def test_the_amount_is_written_in_the_units_of_the_account_chosen(
    house: House, alice: Member, administrator: Person
) -> None:
    miles = create_account(ledger=house.ledger, name="Miles", decimals=0, actor=TESTER, at=clock.now())
    refused = administrator.act(page(alice, "give"), account=miles.pk, amount="2.5", reason="x")
    assert refusals(refused) == {"amount": ["This account has no decimals."]}
    administrator.act(page(alice, "give"), account=miles.pk, amount="25", reason="x")
    administrator.act(page(alice, "give"), account=house.account.pk, amount="2.5", reason="x")
    assert dict(Balance.objects.filter(wallet=alice.wallet_id).values_list("account__name", "active")) == {
        "Miles": 25,
        "Points": 250,
    }
    # Both stand at the top of the page.
    shown = administrator.get(f"members/member/{alice.pk}/change/").context["target"].figures_on_page
    assert sorted(figure.title for figure in shown) == ["Miles", "Points"]


def test_what_people_write_is_shown_as_they_wrote_it_and_runs_nowhere(
    house: House, alice: Member, administrator: Person
) -> None:
    evil = "<script>alert(1)</script>"
    update_member(member=alice, changes={"profile": {"name": evil}}, actor=TESTER, at=clock.now())
    administrator.act(page(alice, "give"), amount="1", reason=evil)
    row = Transaction.objects.get()
    for path in (
        f"members/member/{alice.pk}/change/",
        "members/member/",
        f"ledger/transaction/{row.pk}/change/",
        "ledger/transaction/",
        f"ledger/wallet/{alice.wallet_id}/change/",
        page(alice, "take"),
    ):
        body = administrator.get(path).content.decode()
        assert evil not in body, path
        assert "&lt;script&gt;" in body, path


def test_an_account_of_another_organization_cannot_be_named(
    house: House, neighbor: House, alice: Member, administrator: Person
) -> None:
    answer = administrator.act(page(alice, "give"), account=neighbor.account.pk, amount="1", reason="x")
    assert "account" in refusals(answer)
    assert Transaction.objects.count() == 0


def test_a_revert_says_before_what_it_does(house: House, alice: Member, bob: Member, administrator: Person) -> None:
    house.give(alice, 1000)
    moved = house.move(alice, bob, 300)
    path = f"ledger/transaction/{moved.id}/do/revert/"
    looked = administrator.act(path, reason="Wrong card", confirmed=False)
    assert previewed(looked) == [
        (line[0], line[1], line[2])
        for line in (
            (looked.context["preview"].lines[0].what, "7.00 beans", "10.00 beans"),
            (looked.context["preview"].lines[1].what, "3.00 beans", "0.00 beans"),
        )
    ]
    assert (house.balance(alice), house.balance(bob)) == ((700, 0, 0), (300, 0, 0))
    answer = administrator.act(path, reason="Wrong card")
    opposite = Transaction.objects.get(kind="revert")
    assert answer.url == f"/admin/ledger/transaction/{opposite.pk}/change/"
    assert (opposite.answers_id, opposite.description) == (moved.id, "Wrong card")
    assert (house.balance(alice), house.balance(bob)) == ((1000, 0, 0), (0, 0, 0))
    assert [(mark[0], mark[3]) for mark in marks("reverted")] == [(f"transfer {moved.id}", "Wrong card")]
    assert administrator.get(path).status_code == 403
    assert house.findings() == []


def test_a_revert_of_what_was_spent_is_refused_and_nothing_moves(
    house: House, alice: Member, administrator: Person
) -> None:
    given = house.give(alice, 1000)
    house.take(alice, 900)
    for confirmed in (False, True):
        answer = administrator.act(f"ledger/transaction/{given.id}/do/revert/", reason="x", confirmed=confirmed)
        assert refusals(answer) == {"__all__": ["The wallet has not enough available points."]}
    assert house.balance(alice) == (100, 0, 0)


def test_credits_are_made_valid_expired_and_cancelled_by_hand(
    house: House, alice: Member, administrator: Person
) -> None:
    later = clock.now() + timedelta(days=5)
    for amount in (100, 200, 400):
        house.give(alice, amount, valid_from=later)
    first, second, third = Lot.objects.order_by("pk")
    answer = administrator.act(f"ledger/lot/{first.pk}/do/activate/", reason="x", confirmed=False)
    assert previewed(answer) == [("Can be spent", "0.00 beans", "1.00 beans"), ("Pending", "7.00 beans", "6.00 beans")]
    administrator.act(f"ledger/lot/{first.pk}/do/activate/", reason="They asked")
    administrator.act(f"ledger/lot/{second.pk}/do/activate/", reason="They asked")
    assert house.balance(alice) == (300, 0, 400)
    administrator.act(f"ledger/lot/{first.pk}/do/expire/", reason="Given by mistake")
    assert house.balance(alice) == (200, 0, 400)
    administrator.act(f"ledger/lot/{third.pk}/do/cancel/", reason="Never meant")
    assert house.balance(alice) == (200, 0, 0)
    assert [lot.state for lot in Lot.objects.order_by("pk")] == ["expired", "active", "cancelled"]
    assert Transaction.objects.get(kind="expire").description == "Given by mistake"
    assert Transaction.objects.get(kind="revert").description == "Never meant"
    assert [len(marks(past)) for past in ("activated", "expired", "cancelled")] == [2, 1, 1]
    assert administrator.get(f"ledger/lot/{first.pk}/do/expire/").status_code == 403
    assert house.findings() == []


def test_the_mark_and_the_movement_stand_or_fall_together(
    house: House, alice: Member, administrator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**words: Any) -> None:
        raise RuntimeError("the history cannot be written")

    monkeypatch.setattr("ledger.services.corrections.record", broken)
    with pytest.raises(RuntimeError):
        administrator.act(page(alice, "give"), amount="1", reason="x")
    assert connection.in_atomic_block
    assert house.balance(alice) == (0, 0, 0)
    assert Transaction.objects.count() == 0
