"""A walk over every published operation of the core API: where it is, and what a good call looks like."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.apps import apps
from django.db import connection
from django.db.models import BinaryField

from campaigns.services import (
    create_action,
    create_campaign,
    create_event_type,
    create_matcher,
    create_mission,
    create_referral_program,
    create_survey,
    create_trigger,
    put_order,
    register_referral_codes,
)
from coupons.models import Coupon
from coupons.services import add_codes, assign_coupons, create_book
from loyalty.kernel.api.catalog import CATALOGS
from loyalty.kernel.models import ApiCredential
from loyalty.kernel.prepared import fetch
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import create_catalog_entry, create_content_schema, create_user
from members.models import LoyaltyTier, Member
from members.selectors import get_member
from members.services import create_audience, create_portal
from members.services.orders import OrderDraft
from partners.services import create_partnership, offer_book
from tests import factories
from tests.house import NOON, TESTER, House
from tests.walk_bodies import bodies_of

CONTRACT = Path(__file__).parent / "contracts" / "loyalty_core_operations.yaml"
OPERATIONS: list[dict[str, Any]] = yaml.safe_load(CONTRACT.read_text())["operations"]

# The scrape shows two numbers as objects; what they are says their default (semantics 0.9).
for _field in [field for op in OPERATIONS for field in op["body"] or ()]:
    if _field["type"] == "object" and _field.get("default") == 1:
        _field["type"] = "number"

# Answered without a key around them, and so with what every resource has beside its body's fields (15b).
FLAT = {op["operationId"] for op in OPERATIONS if "flat" in op.get("note", "")}


# Read one thing by a query.
SINGLE = {
    "getCouponBook",
    "getMemberCouponUsagesCount",
    *(op["operationId"] for op in OPERATIONS if op["tag"] == "Stats"),
}
ASKING = [op for op in OPERATIONS if op["queryParams"]]
LISTS = [op for op in ASKING if op["operationId"] not in SINGLE]


OURS = ("loyalty", "ledger", "members", "coupons", "campaigns", "partners")


def by_tag(operations: Iterable[dict[str, Any]]) -> Any:
    """Parametrizes `ops`: the operations of a tag at a time. For calls that leave their world as it was."""
    tags = groupby(sorted(operations, key=itemgetter("tag")), key=itemgetter("tag"))
    return pytest.mark.parametrize("ops", [pytest.param(list(ops), id=tag.replace(" ", "-")) for tag, ops in tags])


class World:
    """A house with a little of everything, and for each operation a call that succeeds there."""

    def __init__(self, house: House, member: Member, other: Member) -> None:
        self.house, self.member, self.other = house, member, other
        self.tier = LoyaltyTier.objects.get(program=house.program)
        house.give(member, 1000)
        house.give(member, 5, unique_key="first")
        self.hold = house.take(member, 10, hold=True)
        words: dict[str, Any] = {"organization_id": house.id, "actor": TESTER, "at": NOON}
        self.content: Any = create_content_schema(name="Card", type=1, schema="{}", **words)
        self.portal = create_portal(name="Web", **words)
        person = {"organization": house.organization, "username": f"paul-{house.id}", "granter": EVERYTHING}
        self.user = create_user(**person, password="a good long password", actor=TESTER, at=NOON).place.operator
        # The neighbor's are called otherwise.
        self.codes = {catalog.lookup_url_kwarg: f"{route}-{house.id}" for route, catalog in CATALOGS.items()}
        for catalog in CATALOGS.values():
            code = self.codes[catalog.lookup_url_kwarg]
            create_catalog_entry(model=catalog.model, code=code, label="Somewhere", **words)
        rule = {"matcher_type": "attribute-matcher", "matcher": {"expression": "member.active"}}
        self.audience = create_audience(name="Everybody", **words, **rule)
        self.book = create_book(name="Coffee", type="list", status="published", **words)
        add_codes(book=self.book, codes=["FIRST", "SECOND", "THIRD"], actor=TESTER, at=NOON)
        self.coupon = Coupon.objects.get(book=self.book, code="THIRD")
        matcher = {"type": "item-matcher", "matcher": {"expression": "item.sku == 'latte'"}}
        self.matcher = create_matcher(name=f"Lattes {house.id}", **matcher, **words)
        self.event_type = create_event_type(code=f"visited-{house.id}", name="Visit", schema_type="builtin", **words)
        self.campaign = create_campaign(name="Double", code=f"double-{house.id}", **words)
        effects = {"effects": [{"type": "mint-points", "params": {"amount": 5}}]}
        action = {"name": "Five", "status": "running", "effects": effects}
        self.action = create_action(campaign=self.campaign, actor=TESTER, at=NOON, **action)
        # Nothing of the walk is that event.
        goal = {"goal_count": 3, "max_repetitions": 5, "points": 7, "event_type": "badge-minted"}
        code = f"three-{house.id}"
        self.mission = create_mission(name="Three", code=code, program_id=house.program.pk, **goal, **words)
        program = {"event_type": "benefit-used", "max_per_code": 5, "referrer_points": 5, "referred_points": 3}
        self.referrals = create_referral_program(name="Friends", code=f"friends-{house.id}", **program, **words)
        given_codes = {"program": self.referrals, "member": member, "actor": TESTER, "at": NOON}
        (self.referral_code,) = register_referral_codes(codes=[f"friend-{house.id}"], **given_codes)
        buyer = get_member(house.id, member.pk)
        bought = OrderDraft(member=buyer, external_id=f"o-{house.id}", type="shop", status="created", total=Decimal(9))
        self.order: Any = put_order(organization_id=house.id, draft=bought, actor=TESTER, at=NOON).order
        given = assign_coupons(book=self.book, member=member, actor=TESTER, at=NOON)
        self.usage = given.usages[0]
        # Of what does not happen here: the calls of the walk have nobody to tell.
        rare = {"url": "https://example.com/hooks", "event_types": ["badge-minted"]}
        self.trigger = create_trigger(name="Shop", **rare, **words).trigger
        # A third organization, which nobody else knows: it offered a book that waits for a decision.
        third = factories.build_house(f"Partner of {house.id}")
        self.partnership = create_partnership(
            organization=house.organization, partner=third.organization, actor=TESTER, at=NOON
        )
        theirs: dict[str, Any] = {"organization_id": third.id, "actor": TESTER, "at": NOON}
        lent = create_book(name="Cake", type="codeless", status="published", **theirs)
        self.offering = offer_book(partnership_id=self.partnership.pk, book_id=lent.pk, **theirs)
        self.survey = create_survey(name="Autumn", **words)

    @property
    def ids(self) -> dict[str, Any]:
        """What stands for each path parameter."""
        return {
            "organizationId": self.house.id,
            "ledgerId": self.house.ledger.pk,
            "ledgerAccountId": self.house.account.pk,
            "walletId": self.member.wallet_id,
            "loyaltyProgramId": self.house.program.pk,
            "loyaltyTierId": self.tier.pk,
            "memberId": self.member.pk,
            "loyaltyMemberId": self.member.loyalty_member_id,
            **self.codes,
            "portalId": self.portal.pk,
            "publicId": self.portal.public_id,
            "userId": self.user.user_id,
            "id": self.content.pk,
            "versionId": self.content.latest_version_id,
            "audienceId": self.audience.pk,
            "couponBookId": self.book.pk,
            "couponId": self.coupon.pk,
            "couponUsageId": self.usage.pk,
            "triggerId": self.trigger.pk,
            "matcherId": self.matcher.pk,
            "matcherKey": self.matcher.key,
            "apiCode": self.event_type.code,
            "effectId": "mint-points",
            "campaignId": self.campaign.pk,
            "actionId": self.action.pk,
            "orderId": self.order.pk,
            "missionId": self.mission.pk,
            "referralProgramId": self.referrals.pk,
            "referralCodeId": self.referral_code.pk,
            "couponBookOfferingId": self.offering.pk,
            "eventType": self.event_type.code,
            "surveyId": self.survey.pk,
        }

    def path(self, op: dict[str, Any], **instead: Any) -> str:
        """The operation's path in this house."""
        return "/api/v1" + op["path"].format(**{**self.ids, **instead})

    def body(self, op: dict[str, Any]) -> Any:
        """A body the operation takes."""
        return bodies_of(self)[op["operationId"]] if op["body"] else None


def rows_of(answer: Any) -> list[Any]:
    """The rows of a list, in whichever envelope, or none."""
    if isinstance(answer, list):
        return answer
    names = ("results", "loyaltyPrograms", "referrals")
    rows: list[Any] = next((answer[name] for name in names if name in answer), None)  # type: ignore[assignment]
    return rows


@cache
def _every_row_asked(apps_asked: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """The tables' names, and one query for all their rows: a query for each would be most of what a walk costs."""
    array, blob = {"postgresql": ("json_build_array({})::text", "{}"), "sqlite": ("json_array({})", "hex({})")}[
        connection.vendor
    ]
    models = [model for model in apps.get_models() if model._meta.app_label in apps_asked]
    parts = []
    for model in models:
        fields = [f for f in model._meta.concrete_fields if (model, f.attname) != (ApiCredential, "last_used_at")]
        columns = [
            (blob if isinstance(field, BinaryField) else "{}").format(connection.ops.quote_name(field.column))
            for field in fields
        ]
        rows = array.format(", ".join(columns))
        parts.append(f"SELECT '{model._meta.label}', {rows} FROM {model._meta.db_table}")
    return tuple(model._meta.label for model in models), " UNION ALL ".join(parts)


def every_row(*apps_asked: str) -> dict[str, list[str]]:
    """Every row of every table of ours (or of these apps alone), as JSON, to see that a refused call left all of them
    as they were.
    """
    labels, query = _every_row_asked(apps_asked or OURS)
    found: dict[str, list[str]] = {label: [] for label in labels}
    # Prepared: to plan so many tables takes much longer than to read the few rows a test has.
    for label, row in fetch(query, ()):
        found[label].append(row)
    return {label: sorted(rows) for label, rows in found.items()}


def has_the_keys_of(op: dict[str, Any], keys: Iterable[str]) -> bool:
    """Whether an answer has the keys that the contract's sample shows."""
    wanted = set(op["response"]["sampleKeys"])
    # A sample without any says nothing.
    return set(keys) >= wanted if op["operationId"] in FLAT or not wanted else set(keys) == wanted
