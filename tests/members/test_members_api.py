"""Members over the core API: creation, reading, changing, lists (semantics 5.1 to 5.4, 5.6)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
import time_machine

from ledger.models import Wallet
from loyalty.kernel import clock
from loyalty.kernel.models import AuditEntry
from members.models import Enrollment, LoyaltyTier, Member
from members.selectors import get_member
from members.services import update_member
from tests.house import NOON_TEXT, TESTER, Api, House
from tests.refusals import refuses


def create(api: Api, loyalty_member_id: str, **more: Any) -> dict[str, Any]:
    answer = api.post("members", {"loyaltyMemberId": loyalty_member_id, **more})
    assert answer.status_code == 201, answer.content
    member: dict[str, Any] = answer.body["loyalMember"]
    return member


def test_a_new_member_has_a_wallet_a_place_in_the_default_program_and_its_default_tier(
    noon: time_machine.Coordinates, house: House, api: Api
) -> None:
    tier = LoyaltyTier.objects.get(program=house.program)
    body = {
        "loyaltyMemberId": "card-1",
        "publicLoyaltyMemberId": "P-1",
        "memberType": "staff",
        "profile": {"name": "Ann", "email": "ann@example.com", "deep": {"er": [1, None]}},
        "customAttributes": {"shoe": 42},
        "onChain": {"address": "0x1"},
        "memberId": 99,
    }
    answer = api.post("members", body)
    made = Member.objects.get(loyalty_member_id="card-1")
    assert answer.status_code == 201
    assert answer.body == {
        "loyalMember": {
            "memberId": made.pk,
            "organizationId": house.id,
            "loyaltyMemberId": "card-1",
            "publicLoyaltyMemberId": "P-1",
            "memberType": "staff",
            "active": True,
            "walletId": made.wallet_id,
            "profile": body["profile"],
            "onChain": {"wallets": [], "address": "0x1"},
            "customAttributes": {"shoe": 42},
            "referralCode": None,
            "tiers": [
                {
                    "loyaltyProgramId": house.program.pk,
                    "loyaltyTierId": tier.pk,
                    "loyaltyTierKey": "base",
                    "loyaltyManualTierId": None,
                    "loyaltySystemTierId": tier.pk,
                    "expiresAt": None,
                }
            ],
            "createdAt": NOON_TEXT,
            "updatedAt": NOON_TEXT,
        }
    }
    wallet = Wallet.objects.get(pk=made.wallet_id)
    assert (wallet.organization_id, wallet.kind, wallet.holder_id, wallet.active) == (house.id, "member", made.pk, True)
    assert api.get(f"members/{made.pk}").body == answer.body
    assert api.get("loyalty-members/card-1").body == answer.body


def test_a_member_of_whom_little_is_said_has_nulls_and_empty_objects(house: House, api: Api) -> None:
    made = create(api, "m", publicLoyaltyMemberId=None)
    assert (made["publicLoyaltyMemberId"], made["memberType"], made["referralCode"]) == (None, None, None)
    assert create(api, "n", memberType=None, referralCode=None)["memberType"] is None
    assert (made["profile"], made["customAttributes"], made["onChain"]) == ({}, {}, {"wallets": []})


def test_without_a_default_program_a_member_is_in_none(db: None) -> None:
    from tests import factories
    from tests.house import api_for

    bare = factories.OrganizationFactory()
    assert create(api_for(bare, "members:write"), "m")["tiers"] == []


def test_a_member_can_be_made_inactive_from_the_start(house: House, api: Api) -> None:
    made = create(api, "m", active=False)
    assert made["active"] is False
    assert Wallet.objects.get(pk=made["walletId"]).active is False
    refuses(api, "POST", "loyalty-members/m/mint", {"amount": 1}, 422, "MEMBER_INACTIVE")


@pytest.mark.parametrize("name", ["loyaltyMemberId", "publicLoyaltyMemberId"])
def test_an_id_is_taken_once_per_organization(
    house: House, api: Api, alice: Member, neighbor: House, charlie: Member, name: str
) -> None:
    taken = create(api, "taken", publicLoyaltyMemberId="P-1")
    body = {"loyaltyMemberId": "new", "publicLoyaltyMemberId": "P-2", name: taken[name]}
    details = refuses(api, "POST", "members", body, 409, "ALREADY_EXISTS")
    assert details["field"] == name
    refuses(api, "PATCH", f"members/{alice.pk}", {name: taken[name], "memberType": "x"}, 409, "ALREADY_EXISTS")
    # What the neighbor uses is free here, and a public id may be missing as often as it likes.
    create(api, charlie.loyalty_member_id)
    create(api, "another")


@pytest.mark.parametrize("own_id", ["a+b@example.com", "50% off", "Ünï-cødé", "a b.c", "?x=1&y#z", "7", "😀", ".."])
def test_an_own_id_is_any_text_and_stands_in_paths(house: House, api: Api, own_id: str) -> None:
    made = create(api, own_id)
    assert made["loyaltyMemberId"] == own_id
    path = f"loyalty-members/{quote(own_id, safe='')}"
    assert api.get(path).body["loyalMember"] == made
    assert api.post(f"{path}/mint", {"amount": 3}).status_code == 201
    assert [row["memberId"] for row in api.get(f"members?loyaltyMemberId={quote(own_id)}").body["results"]] == [
        made["memberId"]
    ]


@pytest.mark.parametrize("own_id", ["a/b", "", "  ", None, 5, "x" * 256], ids=repr)
def test_an_own_id_has_no_slash_and_is_not_empty(house: House, api: Api, own_id: object) -> None:
    refuses(api, "POST", "members", {"loyaltyMemberId": own_id}, 400, "INVALID_INPUT")


def test_own_ids_differ_by_case(house: House, api: Api) -> None:
    assert create(api, "Card")["memberId"] != create(api, "card")["memberId"]
    refuses(api, "GET", "loyalty-members/CARD", None, 404, "NOT_FOUND")


def test_a_referral_code_nobody_knows_makes_no_member(house: House, api: Api) -> None:
    body = {"loyaltyMemberId": "m", "referralCode": "FRIEND"}
    refuses(api, "POST", "members", body, 422, "REFERRAL_CODE_REFUSED")
    create(api, "m", referralCode="")


# --- changing ---


def test_profile_and_attributes_merge_one_level_and_null_deletes(house: House, api: Api) -> None:
    member = create(
        api,
        "m",
        profile={"name": "Ann", "address": {"city": "Bonn", "zip": "53111"}, "phone": "1"},
        customAttributes={"a": 1, "b": 2},
        onChain={"x": 1},
    )
    body = {
        "profile": {"address": {"city": "Köln"}, "phone": None, "email": "a@example.com"},
        "customAttributes": {"b": None, "c": False},
        "onChain": {"y": 2},
    }
    changed = api.patch(f"members/{member['memberId']}", body).body["loyalMember"]
    assert changed["profile"] == {"name": "Ann", "address": {"city": "Köln"}, "email": "a@example.com"}
    assert changed["customAttributes"] == {"a": 1, "c": False}
    assert changed["onChain"] == {"wallets": [], "y": 2}
    assert api.get(f"members/{member['memberId']}").body["loyalMember"] == changed


def test_what_an_update_does_not_name_stays(noon: time_machine.Coordinates, house: House, api: Api) -> None:
    member = create(api, "m", memberType="staff", publicLoyaltyMemberId="P", profile={"name": "Ann"})
    noon.shift(60)
    answer = api.patch(f"members/{member['memberId']}", {"customAttributes": {"a": 1}, "walletId": 1, "createdAt": "x"})
    assert answer.status_code == 200
    changes = {"customAttributes": {"a": 1}, "updatedAt": "2030-03-15T12:01:00Z"}
    assert answer.body["loyalMember"] == {**member, **changes}


def test_null_clears_what_can_be_null(house: House, api: Api) -> None:
    member = create(api, "m", memberType="staff", publicLoyaltyMemberId="P")
    path = f"members/{member['memberId']}"
    changed = api.patch(path, {"publicLoyaltyMemberId": None, "memberType": None})
    assert changed.status_code == 200, changed.content
    assert (changed.body["loyalMember"]["publicLoyaltyMemberId"], changed.body["loyalMember"]["memberType"]) == (
        None,
        None,
    )
    for name in ("loyaltyMemberId", "active", "profile"):
        refuses(api, "PATCH", path, {name: None}, 400, "INVALID_INPUT")


def test_an_own_id_can_change_to_one_that_is_free(house: House, api: Api, alice: Member) -> None:
    house.give(alice, 5)
    assert api.patch(f"members/{alice.pk}", {"loyaltyMemberId": "alice-2"}).body["loyalMember"]["loyaltyMemberId"] == (
        "alice-2"
    )
    refuses(api, "GET", "loyalty-members/alice", None, 404, "NOT_FOUND")
    assert api.get("loyalty-members/alice-2").body["loyalMember"]["walletId"] == alice.wallet_id
    assert house.balance(alice) == (5, 0, 0)


def test_an_update_leaves_old_new_and_reason_in_the_audit_trail(house: House, api: Api, alice: Member) -> None:
    body = {"memberType": "gold", "profile": {"email": "new@example.com"}, "updateReason": "she asked"}
    api.patch(f"members/{alice.pk}", body)
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.target_type, entry.target_id) == ("member.updated", "members.member", str(alice.pk))
    assert (entry.organization_id, entry.actor.split(":")[0], entry.reason) == (house.id, "credential", "she asked")
    assert entry.before == {"member_type": "", "profile": {"email": "alice@example.com"}}
    assert entry.after == {"member_type": "gold", "profile": {"email": "new@example.com"}}


def test_an_update_that_changes_nothing_leaves_no_mark(house: House, api: Api, alice: Member) -> None:
    entries = AuditEntry.objects.count()
    before = api.get(f"members/{alice.pk}").body
    body = {"profile": {"email": "alice@example.com"}, "active": True, "updateReason": "no reason"}
    assert api.patch(f"members/{alice.pk}", body).body == before
    assert AuditEntry.objects.count() == entries


def test_a_new_member_is_in_the_audit_trail(house: House, api: Api) -> None:
    made = create(api, "m")
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.target_id) == ("member.created", str(made["memberId"]))
    assert entry.after == {"loyalty_member_id": "m", "active": True}


def test_a_member_deactivated_and_back_moves_points_again(house: House, api: Api, alice: Member) -> None:
    house.give(alice, 5)
    assert api.patch(f"members/{alice.pk}", {"active": False}).body["loyalMember"]["active"] is False
    refuses(api, "POST", f"{house.wallet_path(alice)}/burn", {"amount": 1}, 422, "MEMBER_INACTIVE")
    assert api.get(f"members/{alice.pk}").status_code == 200
    assert api.get(house.wallet_path(alice)).body["wallet"]["balance"] == 5
    api.patch(f"members/{alice.pk}", {"active": True})
    assert api.post(f"{house.wallet_path(alice)}/burn", {"amount": 1}).status_code == 201


def test_member_and_wallet_stay_together_when_two_people_change_them_at_once(house: House, alice: Member) -> None:
    seen_by_both = [get_member(house.id, alice.pk) for _ in range(2)]
    for seen, active in zip(seen_by_both, (False, True), strict=True):
        update_member(member=seen, changes={"active": active}, actor=TESTER, at=clock.now())
        alice.refresh_from_db()
        assert alice.active == Wallet.objects.get(pk=alice.wallet_id).active == active


def test_expiry_goes_on_for_an_inactive_member(
    noon: time_machine.Coordinates, house: House, api: Api, alice: Member
) -> None:
    house.give(alice, 5)
    api.patch(f"members/{alice.pk}", {"active": False})
    noon.shift(366 * 24 * 3600)
    assert api.get(house.wallet_path(alice)).body["wallet"]["balance"] == 0
    assert house.findings() == []


def test_an_email_that_changed_is_found_and_the_old_one_is_not(house: House, api: Api, alice: Member) -> None:
    api.patch(f"members/{alice.pk}", {"profile": {"email": "New@Example.com"}})
    assert api.get("members?email=alice@example.com").body["results"] == []
    assert [row["memberId"] for row in api.get("members?email=new@example.com").body["results"]] == [alice.pk]


# --- several at once ---


def test_a_batch_answers_in_the_order_asked_and_each_once(house: House, api: Api, charlie: Member) -> None:
    first, second = create(api, "a"), create(api, "b")
    ids = [second["memberId"], 987654321, first["memberId"], second["memberId"], charlie.pk, 987654321]
    answer = api.post("batch/members", {"memberIds": [str(ids[0]), *ids[1:]]})
    assert answer.status_code == 200
    assert answer.body == {"members": [second, first], "notFound": [987654321, charlie.pk]}


def test_a_batch_has_1_to_100_ids(house: House, api: Api) -> None:
    for ids in ([], list(range(1, 102)), None):
        refuses(api, "POST", "batch/members", {"memberIds": ids}, 400, "INVALID_INPUT")
    answer = api.post("batch/members", {"memberIds": list(range(1_000_001, 1_000_101))})
    assert answer.body == {"members": [], "notFound": list(range(1_000_001, 1_000_101))}


def test_a_list_row_has_the_shape_of_the_single_read(house: House, api: Api, alice: Member) -> None:
    Enrollment.objects.filter(member=alice).update(manual_tier=LoyaltyTier.objects.get())
    assert api.get("members").body["results"] == [api.get(f"members/{alice.pk}").body["loyalMember"]]
