"""The console's menu, and the organizations to choose from."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from loyalty.kernel.desk.seat import seat_of

# A group, and in it what a person reads, its resource, its icon.
MENU: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "People",
        (
            ("Members", "members_member", "group"),
            ("Audiences", "members_audience", "groups"),
            ("Programs", "members_loyaltyprogram", "loyalty"),
            ("Portals", "members_portal", "web"),
            ("Stores", "members_store", "storefront"),
            ("Surveys", "campaigns_npssurvey", "sentiment_satisfied"),
        ),
    ),
    (
        "Points",
        (
            ("Transactions", "ledger_transaction", "swap_horiz"),
            ("Wallets", "ledger_wallet", "account_balance_wallet"),
            ("Claims", "members_claim", "redeem"),
            ("Accounts", "ledger_ledgeraccount", "toll"),
            ("Ledgers", "ledger_ledger", "menu_book"),
        ),
    ),
    (
        "Coupons",
        (
            ("Coupon books", "coupons_couponbook", "confirmation_number"),
            ("Codes", "coupons_coupon", "qr_code_2"),
            ("Given and used", "coupons_couponusage", "receipt_long"),
        ),
    ),
    (
        "Campaigns",
        (
            ("Campaigns", "campaigns_campaign", "campaign"),
            ("Actions", "campaigns_campaignaction", "bolt"),
            ("Missions", "campaigns_mission", "flag"),
            ("Referral programs", "campaigns_referralprogram", "group_add"),
            ("Referral codes", "campaigns_referralcode", "qr_code"),
            ("Who came", "campaigns_referral", "handshake"),
            ("Matchers", "campaigns_actionmatcher", "filter_alt"),
            ("Event types", "campaigns_loyaltyeventtype", "sell"),
            ("Orders", "members_purchaseorder", "shopping_bag"),
            ("Events", "members_loyaltyevent", "timeline"),
        ),
    ),
    (
        "Partners",
        (
            ("Partnerships", "partners_partnership", "diversity_3"),
            ("Offerings", "partners_couponbookoffering", "local_mall"),
            ("Partners", "partners_partner", "handshake"),
            ("Partner programs", "partners_partnerprogram", "currency_exchange"),
            ("Exchange clients", "partners_exchangeclient", "app_registration"),
            ("Exchanges", "partners_exchange", "sync_alt"),
            ("Statements", "partners_statement", "request_quote"),
        ),
    ),
    (
        "Catalog",
        (
            ("Order locations", "loyalty_orderlocation", "storefront"),
            ("Product categories", "loyalty_productcategory", "category"),
            ("Locations", "loyalty_location", "location_on"),
            ("Categories", "loyalty_category", "label"),
            ("Content schemas", "loyalty_contentschema", "data_object"),
        ),
    ),
    (
        "House",
        (
            ("Imports and jobs", "loyalty_job", "work_history"),
            ("Organizations", "loyalty_organization", "store"),
            ("Operators", "loyalty_operator", "badge"),
            ("API credentials", "loyalty_apicredential", "key"),
            ("Webhooks", "campaigns_eventtrigger", "webhook"),
            ("Webhook deliveries", "campaigns_delivery", "outbox"),
            ("History", "loyalty_auditentry", "history"),
        ),
    ),
)


def menu(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu, without what this person may not see."""
    shown = {model._meta.label_lower.replace(".", "_"): page for model, page in admin.site._registry.items()}
    groups: list[dict[str, Any]] = [
        {"items": [{"title": "Home", "icon": "home", "link": reverse("admin:index")}], "separator": False}
    ]
    for title, entries in MENU:
        items = [
            {"title": text, "icon": icon, "link": reverse(f"admin:{name}_changelist")}
            for text, name, icon in entries
            if name in shown and shown[name].has_module_permission(request)
        ]
        if items:
            groups.append({"title": title, "items": items, "separator": True})
    return groups


def pages(request: HttpRequest) -> list[tuple[str, str, str]]:
    """Title, icon and address of every page in this person's menu."""
    return [(item["title"], item["icon"], item["link"]) for group in menu(request) for item in group["items"]]


def organizations(request: HttpRequest) -> list[dict[str, Any]]:
    """The organizations to look into, where there is more than one."""
    seat = seat_of(request)
    items = [
        {"title": organization.name, "link": reverse("admin:look_into", args=[pk]), "icon": "store"}
        for pk, organization in seat.organizations.items()
    ]
    if seat.is_system_admin:
        try:
            link = reverse("admin:loyalty_organization_changelist")
        except NoReverseMatch:
            return items
        items.append({"title": "All organizations", "link": link, "icon": "list"})
    return items if len(items) > 1 or seat.is_system_admin else []


def organization_name(request: HttpRequest) -> str:
    """What stands under the product's name."""
    organization = seat_of(request).organization
    return organization.name if organization else "Loyalty back office"
