"""Referrals on the console: programs made, changed and paused, codes given, and who brought whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import reverse

from campaigns.models import UNLIMITED, Referral, ReferralCode, ReferralProgram
from loyalty.console.demo import make_demo
from loyalty.kernel import clock
from loyalty.kernel.desk import address_of
from loyalty.kernel.models import Organization
from members.models import Member
from tests.campaigns.friends import give_codes, join, make_referrals
from tests.house import House
from tests.staff import Person, refusals
from tests.walk import every_row

PATH = "campaigns/referralprogram/"
SAID = {
    "name": "Bring a friend",
    "code": "friends",
    "event_type": "member-created",
    "referrer_points": "10",
    "referred_points": "5",
    "max_per_code": "3",
}


def test_a_program_is_made_changed_and_paused(house: House, administrator: Person) -> None:
    made = administrator.act(f"{PATH}add/", **SAID, valid_from="2026-01-01T00:00:00", tags="a, b")
    program = ReferralProgram.objects.get()
    assert (made.status_code, made["Location"]) == (302, address_of(program))
    assert (program.referrer_points, program.referred_points, program.max_per_member) == (10, 5, UNLIMITED)
    assert (program.max_per_code, program.max_redeems, program.tags, program.active) == (3, None, ["a", "b"], True)
    path = f"{PATH}{program.pk}/do/"
    assert "max_per_member" not in administrator.form_of(f"{path}edit/")
    before = program.valid_from
    administrator.act(f"{path}edit/", name="Bring two", max_per_member="7", referred_account=house.account.pk)
    program.refresh_from_db()
    assert (program.name, program.max_per_member, program.referred_account) == ("Bring two", 7, house.account)
    assert (program.valid_from, program.referrer_points) == (before, 10)
    administrator.act(f"{path}pause/", reason="Enough for now")
    program.refresh_from_db()
    assert not program.active
    assert administrator.get(f"{path}give-codes/").status_code == 403
    administrator.act(f"{path}resume/", reason="On we go")
    program.refresh_from_db()
    assert program.active
    assert "On we go" in administrator.get(address_of(program)).content.decode()


def test_what_a_program_cannot_mean_is_said_beside_the_field(house: House, administrator: Person) -> None:
    make_referrals(house, code="friends")
    before = every_row("campaigns")
    assert list(refusals(administrator.act(f"{PATH}add/", **SAID))) == ["code"]
    wrong = {**SAID, "code": "x", "valid_from": "2030-01-02T00:00:00", "valid_to": "2030-01-01T00:00:00"}
    assert list(refusals(administrator.act(f"{PATH}add/", **wrong))) == ["valid_to"]
    assert list(refusals(administrator.act(f"{PATH}add/", **{**SAID, "code": "x", "referrer_points": "-1"}))) == [
        "referrer_points"
    ]
    assert every_row("campaigns") == before


def test_codes_are_given_from_both_sides_and_the_pages_tell_who_came(
    house: House, administrator: Person, alice: Member, bob: Member
) -> None:
    program = make_referrals(house)
    administrator.act(f"{PATH}{program.pk}/do/give-codes/", member="alice", codes="one\n\n two ")
    administrator.act(f"members/member/{bob.pk}/do/give-referral-codes/", program=program.pk, codes="bobs")
    assert list(ReferralCode.objects.order_by("pk").values_list("code", "referrer__member")) == [
        ("one", alice.pk),
        ("two", alice.pk),
        ("bobs", bob.pk),
    ]
    taken = administrator.act(f"members/member/{bob.pk}/do/give-referral-codes/", program=program.pk, codes="ONE")
    assert refusals(taken) == {"codes": ["Another member has this code."]}
    dora = join(house, "one", loyalty_member_id="dora")
    read = administrator.get(address_of(program)).content.decode()
    assert "Who brings most" in read and "dora" in read and "Given to who refers" in read
    mine = administrator.get(address_of(alice)).content.decode()
    assert ">one<" in mine and "dora" in mine and "Brought" in mine
    assert "Brought by" in administrator.get(address_of(dora)).content.decode()
    found = administrator.get(reverse("admin:campaigns_referralcode_changelist"), q="ONE").context["cl"].result_list
    assert [code.code for code in found] == ["one"]
    listed = administrator.get(reverse("admin:campaigns_referral_changelist"), program=program.pk).context["cl"]
    assert [row.member_id for row in listed.result_list] == [dora.pk]
    assert "dora" in administrator.get(address_of(Referral.objects.get())).content.decode()


def test_people_are_told_only_to_those_who_may_read_members(
    house: House, staff_with: Callable[..., Person], alice: Member
) -> None:
    program = make_referrals(house)
    give_codes(program, alice)
    join(house, loyalty_member_id="dora")
    reader = staff_with("campaigns:read")
    for row in (program, ReferralCode.objects.get(), Referral.objects.get()):
        read = reader.get(address_of(row))
        assert read.status_code == 200
        text = read.content.decode()
        assert "dora" not in text and "alice" not in text
    for name in ("referralcode", "referral"):
        text = reader.get(reverse(f"admin:campaigns_{name}_changelist")).content.decode()
        assert "dora" not in text and "alice" not in text


def test_somebody_is_taken_in_with_a_code(house: House, administrator: Person, alice: Member) -> None:
    give_codes(make_referrals(house), alice)
    administrator.act("members/member/add/", first_name="Dora", referral_code="friend", loyalty_member_id="dora")
    assert Member.objects.get(loyalty_member_id="dora").referrals.get().referrer.member == alice
    before = Member.objects.count()
    refused = administrator.act("members/member/add/", referral_code="nothing", loyalty_member_id="emil")
    assert refusals(refused) == {"__all__": ["There is no such referral code."]}
    assert Member.objects.count() == before


def test_the_demo_has_one_program_however_often_it_is_made(db: None, tmp_path: Any, settings: Any) -> None:
    settings.VAR_DIR = tmp_path
    for _ in range(2):
        make_demo(clock.now())
    coffee = Organization.objects.get(key="demo-coffee")
    assert ReferralProgram.objects.get(organization=coffee).codes.get().code == "COFFEE-WITH-ALICE"
