"""How many round trips a call costs: as many with years of history as without, and for a full page as for one row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.db import connection, transaction

from campaigns.models import Campaign, ReferralProgram
from campaigns.services import (
    create_action,
    create_campaign,
    create_matcher,
    create_referral_program,
    create_trigger,
    register_referral_codes,
)
from coupons.services import add_codes, assign_coupons, create_book
from ledger import services
from loyalty.kernel import clock
from loyalty.kernel.api.catalog import CATALOGS
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import create_catalog_entry, create_content_schema, create_user
from members.models import LoyaltyTier, Member
from members.services import create_audience, create_portal, create_program, create_tier, set_member_tier
from partners.selectors import list_partnerships
from partners.services import create_partnership, offer_book
from tests import factories
from tests.campaigns.quests import make_mission
from tests.databases import analyze, forget_statistics, round_trips
from tests.history import happen_long_ago, spend_a_past
from tests.house import TESTER, Api, House, api_for
from tests.walk import LISTS, OPERATIONS, World, rows_of

BIG = 100_000


@pytest.fixture
def thrown_away(db: None) -> Iterator[None]:
    """What the test leaves is rolled back without each of its hundred thousand references being checked first."""
    yield
    transaction.set_rollback(True)


def cost(call: Callable[[], Any]) -> int:
    """The round trips of a call, the second time: the first may note when the credential was used."""
    call()
    with round_trips() as asked:
        call()
    return len(asked)


def calls_of(house: House, api: Api, member: Member) -> dict[str, Callable[[], Any]]:
    """What must not get slower with history."""
    wallet, both = house.wallet_path(member), f"walletId={member.wallet_id}"

    def sent(status: int, method: str, path: str, body: Any = None) -> Callable[[], Any]:
        def send() -> None:
            answer = api.send(method, path, body)
            assert answer.status_code == status, answer.content

        return send

    return {
        "balance": sent(200, "GET", wallet),
        "balances": sent(200, "GET", f"ledgers/{house.ledger.pk}/wallets/{member.wallet_id}"),
        "mint": sent(201, "POST", f"{wallet}/mint", {"amount": 3}),
        "spend": sent(201, "POST", f"{wallet}/burn", {"amount": 2}),
        "hold": sent(201, "POST", f"{wallet}/burn", {"amount": 1, "captureMethod": "manual"}),
        "newest of the wallet": sent(200, "GET", f"{house.account_path}/transactions?{both}"),
        "newest of the account": sent(200, "GET", f"{house.account_path}/transactions"),
        "account": sent(200, "GET", house.account_path),
    }


def test_history_costs_no_queries(thrown_away: None, house: House, api: Api, alice: Member) -> None:
    long_ago = clock.now() - timedelta(days=30)
    for _ in range(12):
        house.give(alice, 10)
    calls = calls_of(house, api, alice)
    spend_a_past(house, alice, 10, at=long_ago)
    assert house.findings() == [], "the history is not a history"
    young = {name: cost(call) for name, call in calls.items()}
    spend_a_past(house, alice, BIG, at=long_ago)
    old = {name: cost(call) for name, call in calls.items()}
    assert old == young


def test_9_past_events_and_orders_cost_no_queries(thrown_away: None, house: House, alice: Member) -> None:
    api, long_ago = api_for(house.organization, is_admin=True), clock.now() - timedelta(days=30)
    generic, confirmed = "member-generic-event", "member-purchase-order-confirmed"
    gives = {"effects": [{"type": "mint-points", "params": {"amount": 3}}]}
    own = {"organization_id": house.id, "actor": TESTER, "at": clock.now()}
    for kind in (generic, confirmed):
        campaign = create_campaign(name=kind, code=kind, event_type=kind, monthly_limit=10**9, **own)
        create_action(campaign=campaign, name="Give", status="running", effects=gives, actor=TESTER, at=clock.now())
    keys = count()

    def happen() -> None:
        body = {"memberId": alice.pk, "eventType": generic, "organizationId": house.id, "payload": {}}
        assert api.post("loyalty-events", {**body, "systemUniqueKey": f"key-{next(keys)}"}).status_code == 201

    def buy() -> None:
        body = {"externalId": f"order-{next(keys)}", "type": "shop", "status": "confirmed", "total": 9}
        assert api.send("PUT", f"members/{alice.pk}/purchase-orders", body).status_code in (200, 201)

    happen_long_ago(house, alice, 10, at=long_ago, event_type=generic)
    young = [cost(happen), cost(buy)]
    for kind in (generic, confirmed):
        happen_long_ago(house, alice, BIG, at=long_ago, event_type=kind)
    assert [cost(happen), cost(buy)] == young


# --- plans ---

READS_LOTS_OR_TRANSACTIONS = re.compile(r"\bFROM \"?(ledger_lot|ledger_transaction)\b|JOIN ledger_lot\b")


def plans_of(call: Callable[[], Any]) -> list[str]:
    """The plans of everything a call reads from lots and transactions."""
    with round_trips() as asked:
        call()
    statements = [part for query in asked.captured_queries for part in query["sql"].split(";\n")]
    reads = [
        part for part in statements if part.lstrip().startswith("SELECT") and READS_LOTS_OR_TRANSACTIONS.search(part)
    ]
    plans = []
    with connection.cursor() as cursor:
        for statement in reads:
            cursor.execute("EXPLAIN " + statement.replace("%", "%%"), [])
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
    return plans


@pytest.mark.postgresql
def test_whatever_history_there_is_an_index_finds_what_is_asked_for(
    thrown_away: None, house: House, api: Api, alice: Member, bob: Member, settings: Any
) -> None:
    settings.DATABASE_PREPARE = False  # what is prepared is not kept as text
    for _ in range(12):
        house.give(alice, 10, expires_at=clock.now() + timedelta(days=3))
        house.give(bob, 10)
    spend_a_past(house, alice, BIG, at=clock.now() - timedelta(days=30))
    tables = ("ledger_lot", "ledger_transaction", "ledger_balance")
    for know in (forget_statistics, analyze):
        know(*tables)
        for member in (alice, bob):
            calls = calls_of(house, api, member)
            for name in ("balance", "spend", "newest of the wallet", "newest of the account"):
                plans = plans_of(calls[name])
                assert plans, f"{name}: nothing was read"
                for plan in plans:
                    assert not re.search(r"Seq Scan on ledger_(lot|transaction)", plan), f"{name}:\n{plan}"
                    assert "Index" in plan, f"{name}:\n{plan}"


# --- what every operation costs ---


# On the embedded database a round trip is a call of a function, and several rows are several statements.
MOST_FOR_A_MINT = 11 if connection.vendor == "postgresql" else 17


@pytest.mark.django_db(transaction=True)
def test_a_mint_over_http_is_a_handful_of_round_trips(house: House, api: Api, alice: Member) -> None:
    path = f"{house.wallet_path(alice)}/mint"
    for number in range(3):
        with round_trips() as asked:
            assert api.post(path, {"amount": 3, "systemUniqueKey": f"k{number}"}).status_code == 201
    statements = [query["sql"] or "" for query in asked.captured_queries]
    assert (statements[1].split()[0], statements[-1]) == ("BEGIN", "COMMIT")
    assert len(statements) <= MOST_FOR_A_MINT, "\n".join(statements)


def gold_of(house: House) -> LoyaltyTier:
    """A tier nobody has reached."""
    found = LoyaltyTier.objects.filter(program=house.program, name="Gold").first()
    words: dict[str, Any] = {"name": "Gold", "min_required_points": 9, "tier_order": 9}
    return found or create_tier(program=house.program, actor=TESTER, at=clock.now(), **words)


def give_coupon(house: House, member: Member) -> None:
    """One coupon more of a book of its own."""
    words: dict[str, Any] = {"organization_id": house.id, "actor": TESTER, "at": clock.now()}
    book = create_book(name="Given", type="generated", status="published", **words)
    assign_coupons(book=book, member=member, actor=TESTER, at=clock.now())


def refer(house: House, referrer: Member, index: int) -> None:
    """One more of who refers, with a code and somebody who came with it."""
    program = ReferralProgram.objects.get(organization=house.id)
    register_referral_codes(program=program, member=referrer, codes=[f"f{index}"], actor=TESTER, at=clock.now())
    factories.MemberFactory(organization=house.organization, referral_code=f"f{index}")


def offer_coupons(house: House) -> None:
    """One book more that is offered to the partner, who is made with the first."""
    words: dict[str, Any] = {"actor": TESTER, "at": clock.now()}
    partnership = list_partnerships(house.id).first() or create_partnership(
        organization=house.organization, partner=factories.OrganizationFactory(), **words
    )
    here = {"organization_id": house.id, **words}
    book = create_book(name="Offered", type="codeless", status="published", **here)
    offer_book(partnership_id=partnership.pk, book_id=book.pk, **here)


RULE = {"expression": "true"}
REFERRALS = {"event_type": "member-created", "max_per_code": 50, "referrer_points": 5, "referred_points": 5}
EFFECTS = {"effects": [{"type": "mint-points", "params": {"amount": 5}}]}


def fill(house: House, what: str, number: int, member: Member) -> None:
    """Have this many rows more of a list."""
    at, own = clock.now(), {"organization_id": house.id}

    def words(index: int) -> dict[str, Any]:
        return {"name": f"{what} {index}", "actor": TESTER, "at": at}

    def join(index: int) -> None:
        factories.MemberFactory(organization=house.organization)

    def change_tier(index: int) -> None:
        tier_id = gold_of(house).pk if index % 2 == 0 else None
        set_member_tier(member=member, program=house.program, loyalty_tier_id=tier_id, actor=TESTER, at=at)

    def hire(index: int) -> None:
        place = {"organization": house.organization, "username": f"user{index}", "granter": EVERYTHING}
        create_user(**place, actor=TESTER, at=at)

    makers: dict[str, Callable[[int], Any]] = {
        "listMembers": join,
        "searchMembers": join,
        "listMemberTierHistory": change_tier,
        "listOrganizationUsers": hire,
        "listMemberEvents": lambda index: house.give(member, 1),
        "listLedgers": lambda index: services.create_ledger(**own, **words(index)),
        "listLedgerAccounts": lambda index: services.create_account(ledger=house.ledger, **words(index)),
        "listLoyaltyPrograms": lambda index: create_program(ledger_id=house.ledger.pk, **own, **words(index)),
        "listLoyaltyTiers": lambda index: create_tier(
            program=house.program, min_required_points=5, tier_order=index + 2, **words(index)
        ),
        "listContentSchemas": lambda index: create_content_schema(type=1, schema="{}", **own, **words(index)),
        "listAudiences": lambda index: create_audience(matcher_type="null-matcher", **own, **words(index)),
        "listPortals": lambda index: create_portal(**own, **words(index)),
        "listEventTriggers": lambda index: create_trigger(url="https://example.com/", **own, **words(index)),
        "listCouponBooks": lambda index: create_book(type="codeless", status="published", **own, **words(index)),
        "listMemberCouponBooks": lambda index: create_book(type="codeless", status="published", **own, **words(index)),
        "listMatchers": lambda index: create_matcher(type="item-matcher", matcher=RULE, **own, **words(index)),
        "listCampaigns": lambda index: create_campaign(code=f"c{index}", **own, **words(index)),
        "listCampaignActions": lambda index: create_action(
            campaign=Campaign.objects.get(organization=house.id), status="draft", effects=EFFECTS, **words(index)
        ),
        "listMissions": lambda index: make_mission(house, code=f"m{index}"),
        "listMemberMissions": lambda index: make_mission(house, code=f"m{index}"),
        "listMemberCoupons": lambda index: give_coupon(house, member),
        "listReferralPrograms": lambda index: create_referral_program(
            code=f"r{index}", **REFERRALS, **own, **words(index)
        ),
        "listReferralCodes": lambda index: refer(house, member, index),
        "listReferredByCode": lambda index: factories.MemberFactory(
            organization=house.organization, referral_code="the-code"
        ),
        "getReferralMembersReport": lambda index: refer(
            house, factories.MemberFactory(organization=house.organization), index
        ),
        "listCouponBookOfferings": lambda index: offer_coupons(house),
    }
    for catalog in CATALOGS.values():
        makers[catalog.operations["list"]] = lambda index, model=catalog.model: create_catalog_entry(  # type: ignore[misc]
            model=model, code=f"c{index}", label="Somewhere", actor=TESTER, at=at, **own
        )
    for index in range(number):
        makers[what](index)


# Effects are no rows, but of the code.
@pytest.mark.parametrize(
    "op", [op for op in LISTS if op["operationId"] != "listRuleEffects"], ids=lambda op: op["operationId"]
)
def test_a_list_of_25_costs_as_much_as_a_list_of_one(house: House, op: dict[str, Any]) -> None:
    member = factories.MemberFactory(organization=house.organization)
    api = api_for(house.organization, is_admin=True)
    ids = {"organizationId": house.id, "ledgerId": house.ledger.pk, "ledgerAccountId": house.account.pk}
    words: dict[str, Any] = {"organization_id": house.id, "actor": TESTER, "at": clock.now()}
    book = create_book(name="Codes", type="list", status="published", **words)
    add_codes(book=book, codes=[f"CODE{index}" for index in range(30)], actor=TESTER, at=clock.now())
    more = {"loyaltyProgramId": house.program.pk, "memberId": member.pk, "couponBookId": book.pk}
    if op["operationId"] == "listCampaignActions":
        more["campaignId"] = create_campaign(name="Double", code="double", **words).pk
    if op["tag"] == "Referrals":
        program = create_referral_program(name="Friends", code="friends", **REFERRALS, **words)
        give = {"program": program, "member": member, "codes": ["the-code"], "actor": TESTER, "at": clock.now()}
        more |= {"referralProgramId": program.pk, "referralCodeId": register_referral_codes(**give)[0].pk}
    path = "/api/v1" + op["path"].format(**ids, **more) + "?default=false&includeLastSchema=true&limit="

    def rows(limit: int) -> int:
        return len(rows_of(api.get(f"{path}{limit}").body))

    if op["operationId"] == "listLedgerTransactions":
        for _ in range(9):
            house.give(member, 9)
            hold = house.take(member, 3, hold=True)
            services.revert_transactions(
                organization_id=house.id, transaction_ids=[hold.id], actor=TESTER, at=clock.now()
            )
            house.move(member, factories.MemberFactory(organization=house.organization), 1)
        # The first row alone is one that has a hold to be looked up.
        house.take(member, 3, hold=True)
    else:
        fill(house, op["operationId"], 25 - rows(25), member)

    assert (rows(1), rows(25)) == (1, 25)
    assert cost(lambda: rows(1)) == cost(lambda: rows(25))


# Above this a call does something row by row that should be done at once. Savepoints of the services count as well.
MOST = {"list": 8, "get": 4, "other": 18 if connection.vendor == "postgresql" else 24}

# An account, its place, a mark of each in the history and an invitation: five rows, by four services in one. A use that
# makes its own assignment is two acts in one.
# An event is stored, then evaluated with what the ledger does for it; a mission is counted, paid and told. An order
# takes back before that, by one more call of the ledger. A book with its content is two rows with a history.
_AT_SERVER = connection.vendor == "postgresql"
MOST_OF = {
    "createOrganizationUser": 24,
    "useCoupon": 20 if _AT_SERVER else 24,
    "updateCouponBook": 19,
    "trackLoyaltyEvent": 24 if _AT_SERVER else 31,
    "incrementMemberMission": 24 if _AT_SERVER else 30,
    "importPurchaseOrders": 30 if _AT_SERVER else 36,
    "upsertMemberPurchaseOrder": 46 if _AT_SERVER else 58,
    "listMemberPurchaseOrders": 5,
    # A decision and a new book, each with its history, and a mark in that of the book that was offered.
    "updateCouponBookOfferingApproval": 20,
}


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op["operationId"])
def test_no_operation_costs_more_than_a_few_round_trips(
    db: None, worlds: tuple[World, World], op: dict[str, Any]
) -> None:
    world = deepcopy(worlds[0])
    api = api_for(world.house.organization, is_admin=True)
    api.get("")
    with round_trips() as asked:
        answer = api.send(op["method"], world.path(op), world.body(op))
    assert answer.status_code == op["response"]["status"]
    kind = "other" if op["method"] != "GET" else "list" if op["queryParams"] else "get"
    assert len(asked) <= MOST_OF.get(op["operationId"], MOST[kind]), "\n".join(
        query["sql"] or "" for query in asked.captured_queries
    )
