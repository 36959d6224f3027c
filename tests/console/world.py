"""A house with a row behind every page of the console, and ways to walk over them all."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.urls import reverse

from campaigns.selectors import get_mission
from campaigns.services import (
    create_action,
    create_campaign,
    create_event_type,
    create_matcher,
    create_mission,
    create_referral_program,
    create_survey,
    create_trigger,
    increment_mission,
    register_referral_codes,
    send_test,
    update_campaign,
)
from coupons.models import CouponBook
from coupons.services import add_codes, assign_coupons, create_book, use_coupon
from loyalty.kernel import clock
from loyalty.kernel.desk import Act, HouseAdmin
from loyalty.kernel.models import ApiCredential, AuditEntry, CatalogEntry, Job, Operator
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import (
    create_catalog_entry,
    create_content_schema,
    create_credential,
    create_job,
    set_membership,
)
from members.models import Member
from members.selectors import get_member
from members.services import ClaimDraft, appoint_seller, create_audience, create_claims, create_portal, create_store
from partners.models import PartnerProgram
from partners.services import (
    Destination,
    Order,
    close_period,
    create_client,
    create_partner,
    create_partner_program,
    create_partnership,
    issue_points,
    offer_book,
)
from tests import factories
from tests.campaigns.plays import minting
from tests.campaigns.shop import CONFIRMED, item, order
from tests.house import TESTER, House

PAGES = [page for page in admin.site._registry.values() if isinstance(page, HouseAdmin)]


# Credits are looked at by wallet: they have pages, but no list of their own.
LISTED = [page for page in PAGES if page.opts.label_lower != "ledger.lot"]


def name_of(page: HouseAdmin) -> str:
    """The page's name in addresses."""
    return f"{page.opts.app_label}_{page.opts.model_name}"


def list_of(page: HouseAdmin) -> str:
    """The address of its list."""
    return reverse(f"admin:{name_of(page)}_changelist")


def act_address(page: HouseAdmin, kind: type[Act], row: Any) -> str:
    """The address of an act with a row."""
    return reverse(f"admin:{name_of(page)}_act", args=[row.pk, kind.slug])


def all_acts(page: HouseAdmin, row: Any) -> Iterator[tuple[type[Act], str]]:
    """Every act of a page with a row of it, and its address."""
    for kind in page.acts:
        yield kind, act_address(page, kind, row)


def fill(house: House, member: Member, count: int = 1) -> None:
    """Rows behind the pages: `count` of what comes in numbers."""
    now = clock.now()
    words: dict[str, Any] = {"granter": EVERYTHING, "actor": TESTER, "at": now}
    for number in range(count):
        service = factories.ServiceFactory(name=f"Service {number}")
        set_membership(operator=service, organization=house.organization, roles=["members:read"], **words)
        create_credential(operator=service, organization=house.organization, name=f"Key {number}", **words)
        job = create_job(
            kind="import_points",
            organization_id=house.id,
            actor=TESTER,
            at=now,
            params={"name": f"{number}.csv", "path": ""},
            progress_total=9,
        )
        Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED, error="It broke.", result={"processed": 4})
        here: dict[str, Any] = {"organization_id": house.id, "actor": TESTER, "at": now}
        for model in CatalogEntry.__subclasses__():
            # Every one of its own name: the walks look for it on pages of others.
            name = f"{model.word} {number} of {house.id}"
            count_so_far = model._default_manager.filter(organization=house.organization).count()
            create_catalog_entry(model=model, code=f"{model.word}-{count_so_far}", label=name, tags=["a"], **here)
        create_content_schema(name=f"Schema {number} of {house.id}", type=1, schema="{}", **here)
        create_portal(name=f"Portal {number} of {house.id}", program_id=house.program.pk, **here)
        store = create_store(
            code=f"store-{house.id}-{uuid.uuid4().hex[:8]}", name=f"Store {number} of {house.id}", **here
        )
        appoint_seller(store=store, operator=factories.OperatorFactory(), actor=TESTER, at=now)
        create_audience(name=f"Some {number}", matcher_type="null-matcher", **here)
        address = f"https://example.com/{number}"
        hook = create_trigger(name=f"Webhook {number} of {house.id}", url=address, **here).trigger
        send_test(trigger=hook, actor=TESTER, at=now)
        create_survey(name=f"Survey {number} of {house.id} {uuid.uuid4().hex[:8]}", **here)
        draft = ClaimDraft(100 + number, email=member.profile["email"])
        create_claims(store=store, zone="UTC", drafts=[draft], actor=TESTER, at=now)
        _fill_coupons(house, member, f"{number} of {house.id}", here)
        _fill_missions(house, member, f"{number} of {house.id}", here)
        _fill_partners(house, here)
        _fill_campaigns(house, member, f"{number} of {house.id}", here)
        _fill_referrals(house, member, f"{number} of {house.id}", here)
        _fill_exchange(house, member, f"{number} of {house.id} {uuid.uuid4().hex[:8]}", here)
        house.give(member, 1000 + number)
        house.take(member, 10, hold=True)


def _fill_coupons(house: House, member: Member, name: str, here: dict[str, Any]) -> None:
    """A book with codes, one of them given and used, and content."""
    said = {"type": "list", "status": "published", "content": {"title": "A cup"}}
    book = create_book(name=f"Book {name}", **said, **here)
    words: dict[str, Any] = {"actor": here["actor"], "at": here["at"]}
    add_codes(book=book, codes=[f"code {name} {uuid.uuid4().hex[:8]}" for _ in range(2)], **words)
    found = get_member(house.id, member.pk)
    assign_coupons(book=book, member=found, amount=1, reason="A gift", **words)
    use_coupon(book=book, member=found, **words)
    assign_coupons(book=book, member=found, **words)


def _fill_missions(house: House, member: Member, name: str, here: dict[str, Any]) -> None:
    """A mission that was counted and achieved."""
    goal = {"goal_count": 3, "max_repetitions": 9, "points": 5, "event_type": "badge-minted"}
    code = f"mission {name} {uuid.uuid4().hex[:8]}"
    made = create_mission(name=f"Mission {name}", code=code, program_id=house.program.pk, **goal, **here)
    words: dict[str, Any] = {"actor": here["actor"], "at": here["at"]}
    increment_mission(mission=get_mission(house.id, made.pk), member=member, amount=4, **words)


def _fill_partners(house: House, here: dict[str, Any]) -> None:
    """A partner whom nobody else knows, and the newest book offered to it."""
    words: dict[str, Any] = {"actor": here["actor"], "at": here["at"]}
    partner = factories.OrganizationFactory()
    partnership = create_partnership(organization=house.organization, partner=partner, **words)
    book = CouponBook.objects.filter(organization=house.organization).latest("pk")
    offer_book(partnership_id=partnership.pk, book_id=book.pk, **here)


def _fill_campaigns(house: House, member: Member, name: str, here: dict[str, Any]) -> None:
    """A campaign on orders with a matcher and an action, an order that earned by it, and a type of events."""
    mark = uuid.uuid4().hex[:8]
    matcher = create_matcher(
        name=f"Beans {name} {mark}", type="item-matcher", matcher={"expression": "item.quantity > 0"}, **here
    )
    create_event_type(code=f"review-{mark}", name=f"Review {name}", schema_type="builtin", **here)
    campaign = create_campaign(name=f"Campaign {name} {mark}", code=f"campaign-{mark}", event_type=CONFIRMED, **here)
    create_action(
        campaign=campaign,
        name=f"Action {name}",
        status="running",
        rules={"expression": "order.total > 1", "matcherKey": matcher.key},
        effects={"effects": [minting("order.basis"), {"type": "mint-badge", "params": {"badge": "bean"}}]},
        actor=here["actor"],
        at=here["at"],
    )
    order(house, member, 10, external_id=f"order {name} {mark}", items=[item("beans", 10)])
    update_campaign(campaign=campaign, changes={"active": False}, actor=here["actor"], at=here["at"])


def _fill_referrals(house: House, member: Member, name: str, here: dict[str, Any]) -> None:
    """A referral program with a code, and somebody who came with it and was rewarded."""
    said = {"event_type": "member-created", "max_per_code": 9, "referrer_points": 10, "referred_points": 5}
    code = f"friend-{uuid.uuid4().hex[:8]}"
    program = create_referral_program(name=f"Friends {name}", code=code, **said, **here)
    words: dict[str, Any] = {"actor": here["actor"], "at": here["at"]}
    register_referral_codes(program=program, member=member, codes=[code], **words)
    factories.MemberFactory(organization=house.organization, referral_code=code)


def _fill_exchange(house: House, member: Member, name: str, here: dict[str, Any]) -> None:
    """A client that issues; the first time with a partner, its program, and the period that was in."""
    words: dict[str, Any] = {"actor": here["actor"], "at": here["at"]}
    program = PartnerProgram.objects.select_related("partner").filter(organization=house.organization).first()
    is_first = program is None
    # An account for each program: they come in dozens, not in numbers.
    program = program or create_partner_program(
        partner=create_partner(name=f"Partner {name}", currency="USD", **here),
        name=f"Program {name}",
        price_per_point=Decimal("0.1"),
        destination=house.program,
        **words,
    )
    made = create_client(partner=program.partner, name=f"App {name}", programs=[program], granter=EVERYTHING, **words)
    order = Order(program.pk, 1, Destination(user_email=member.profile["email"]), f"R {name}")
    issue_points(client=made.client, is_sandbox=False, order=order, **words)
    if is_first:
        over = here["at"] + timedelta(seconds=1)
        close_period(partner=program.partner, ends_at=over, actor=here["actor"], at=over)


def row_of(page: HouseAdmin, house: House) -> Any:
    """A row of the page that belongs to the house."""
    rows = page.model._default_manager
    if page.model is Operator:
        return rows.filter(memberships__organization=house.organization, kind="service").latest("pk")
    if page.model in (ApiCredential, Job, AuditEntry):
        return rows.filter(organization=house.organization).latest("pk")
    where = {"pk": house.id} if page.organization_of == "pk" else {page.organization_of: house.organization}
    return rows.filter(**where).latest("pk")
