"""What each operation of the core API takes: for every one a body that succeeds in a world of the walk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loyalty.kernel.api.catalog import CATALOGS

if TYPE_CHECKING:
    from tests.walk import World

WORDS: dict[str, Any] = {
    "description": "d",
    "externalId": "e",
    "tags": ["t"],
    "externalEventDate": "2026-01-01T00:00:00Z",
}


def bodies_of(world: World) -> dict[str, Any]:
    """The bodies, by operation."""
    parts = (_points, _people, _house, _users, _coupons, _intake, _campaigns, _missions_and_triggers, _referrals)
    return _catalogs() | {name: body for part in parts for name, body in part(world).items()}


def _points(world: World) -> dict[str, Any]:
    house, words = world.house, WORDS
    ids = {"ledgerId": house.ledger.pk, "ledgerAccountId": house.account.pk}
    both = {"fromWalletId": world.member.wallet_id, "toWalletId": world.other.wallet_id, "amount": 1}
    points = {"active": True, "isRevolving": False, "syncAlgorand": False}
    return {
        "createLedger": {"name": "Another"},
        "updateLedger": {"name": "Main", "defaultAccountId": house.account.pk},
        "createLedgerAccount": {"name": "Stamps", **points},
        "updateLedgerAccount": {"name": "Points", **points},
        "updateLedgerAccountSupply": {"maxSupply": 5000, **words},
        "transferPoints": {**both, **words},
        "transferPointsSet": {"create": [{**both, **words, "ledgerAccountId": house.account.pk}]},
        "revertLedgerTransaction": {"systemUniqueKey": "first"},
        "burnWalletPoints": {"amount": 1, **words},
        "mintWalletPoints": {"amount": 1, **words},
        "captureLedgerTransactions": {"transactions": [{"ledgerTransactionId": str(world.hold.id)}]},
        "processLedgerTransactionBatch": {"items": [{**both, **words, **ids}]},
        "mintWalletPointsDefaultAccount": {"amount": 1, **words},
        "burnWalletPointsDefaultAccount": {"amount": 1, **words},
        "mintLoyaltyMemberPoints": {"amount": 1, **words},
        "burnLoyaltyMemberPoints": {"amount": 1, **words},
    }


def _people(world: World) -> dict[str, Any]:
    house = world.house
    program = {"active": True, "name": "P", "ledgerId": house.ledger.pk, "description": "", "setAsDefault": True}
    tier = {"name": "T", "active": True, "minRequiredPoints": 5, "tierOrder": 7}
    audience = {
        "active": True,
        "organizationId": house.id,
        "name": "A",
        "matcherType": "attribute-matcher",
        "matcher": {"expression": "member.active"},
    }
    return {
        "createLoyaltyTier": tier,
        "updateLoyaltyTier": {**tier, "name": "Base", "minRequiredPoints": 0, "tierOrder": 1},
        "createLoyaltyProgram": program,
        "updateLoyaltyProgram": program,
        "createMember": {"loyaltyMemberId": "newcomer", "profile": {"email": "new@example.com"}},
        "getMembersBatch": {"memberIds": [world.member.pk]},
        "updateMember": {"profile": {"name": "N"}, "updateReason": "r"},
        "setMemberTier": {"loyaltyTierId": world.tier.pk, "expiresAt": "2099-01-01T00:00:00Z"},
        "setLoyaltyMemberTier": {"loyaltyTierId": world.tier.pk, "loyaltyProgramId": house.program.pk},
        "createAudience": audience,
        "updateAudience": audience,
        "matchMemberAudiences": {"audienceIds": [world.audience.pk], "member": {"active": True}},
        "parseRuleExpressions": {"inputs": [{"id": "a", "expression": "member.active"}], "annotate": True},
        "serializeRuleExpressions": {"inputs": [{"node": {"type": "null"}}], "annotate": True},
    }


def _house(world: World) -> dict[str, Any]:
    house = world.house
    texts = {"description": "d", "pictureUrl": "https://example.com/x.png"}
    portal = {
        "name": "Web",
        "active": True,
        "customAttributes": {"a": 1},
        "links": {},
        "theme": {"color": "red"},
        "forms": {},
        "metadata": {},
        "loyaltyProgramId": house.program.pk,
        "authRedirectUrl": "https://example.com/back",
        "authValidScopes": ["profile"],
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:00Z",
    }
    return {
        "updateOrganization": {
            "name": "N",
            "description": "",
            "pictureUrl": "",
            "defaultLoyaltyProgramId": house.program.pk,
            "defaultLocale": "en-US",
        },
        "createContentSchema": {"name": "S", "type": 1, "active": True, "schema": "{}", **texts},
        "updateContentSchema": {"schema": "true", **texts},
        "createPortal": portal,
        "updatePortal": {**portal, "publicId": world.portal.public_id},
    }


def _users(world: World) -> dict[str, Any]:
    house = world.house
    account = {
        "active": True,
        "name": "Nora New",
        "nickname": "nora",
        "profilePictureUrl": "",
        "isSystemAdmin": False,
        "pendingProvisioning": False,
        "customAttributes": {"a": 1},
    }
    place = {"isAdmin": False, "roles": ["users:read"]}
    return {
        "createOrganizationUser": {
            **account,
            **place,
            "userName": "nora",
            "email": "nora@example.com",
            "authClientId": "",
            "password": "a good long password",
            "passwordIsTemporary": True,
            "sendInvite": True,
            "emailIsVerified": False,
        },
        "updateOrganizationUser": {**account, "organizations": [str(house.id)]},
        "updateOrganizationUserPermissions": place,
        "adminSetOrganizationUserPassword": {"password": "another good password", "permanent": True},
    }


def _coupons(world: World) -> dict[str, Any]:
    house, member = world.house, world.member
    book = {
        "loyaltyProgramId": house.program.pk,
        "externalId": "e",
        "rankingIndex": 1,
        "audienceKeys": [world.audience.key],
        "name": "Cake",
        "description": "d",
        "subtitle": "s",
        "pictureUrl": "https://example.com/x.png",
        "detailPictureUrl": "https://example.com/y.png",
        "customAttributes": {"a": 1},
        "condition": {"expression": "member.active"},
        "discountAmount": 5.25,
        "discountType": "fixed",
        "tags": ["t"],
        "tiers": [world.tier.key],
        "publishingStatus": "published",
        "validFromDate": "2026-01-01T00:00:00Z",
        "validToDate": "2099-01-01T00:00:00Z",
        "maxAssignedPerMember": 5,
        "maxAssignedPerCoupon": 1,
        "maxCouponCount": 500,
        "defaultLocale": "en-US",
        "assignmentRequiredPoints": 1,
        "usageRequiredPoints": 1,
        "contentSchemaId": world.content.pk,
        "contentSchemaVersionId": world.content.latest_version_id,
        "locale": "en-US",
        "content": {"title": "Cake"},
        "isDefaultLocale": True,
        "requiredPointsConfig": {"ledgerId": house.ledger.pk, "ledgerAccountId": house.account.pk},
    }
    more: dict[str, Any] = {"customAttributes": {"a": 1}, "memberId": member.pk}
    other: dict[str, Any] = {**more, "memberId": world.other.pk}
    until = {"expiredAt": "2099-01-01T00:00:00Z"}
    return {
        "createCouponBook": {**book, "type": "list"},
        "updateCouponBook": {**book, "extraFields": {"b": 2}},
        "useCouponFromBook": {**more, "systemUniqueKey": "use", "code": "FIRST"},
        "assignCouponFromBook": {**other, "systemUniqueKeys": ["one"], "numberOfCodes": 1, "strictMode": True, **until},
        "addCouponsToBook": {"codes": ["FOURTH"]},
        "createCouponBookOffering": {
            "partnershipId": world.partnership.pk,
            "offeredCouponBookId": world.book.pk,
            "status": "pending",
        },
        "updateCouponBookOfferingApproval": {"approved": True},
        "updateCoupon": {"code": "3RD"},
        "useCoupon": {**other, "systemUniqueKey": "use"},
        "assignCoupon": {**other, "systemUniqueKey": "one", "amount": 1, "strictMode": True},
    }


def _intake(world: World) -> dict[str, Any]:
    kind = {
        "name": "Visit",
        "apiCode": "tasted",
        "customAttributes": {"schema": {"type": "object"}},
        "description": "d",
        "active": True,
        "schemaType": "custom",
    }
    item = {"externalId": "i", "sku": "latte", "name": "Latte", "quantity": 2, "unitPrice": 3.5, "total": 7}
    more = {
        "discountedTotal": 6.5,
        "productCategoryCode": "drinks",
        "categoryCodes": ["c"],
        "brand": "b",
        "tags": ["t"],
    }
    order = {
        **{name: WORDS[name] for name in ("description", "tags", "externalEventDate")},
        "loyaltyProgramId": world.house.program.pk,
        "customAttributes": {"orderLocationCode": "berlin"},
        "type": "shop",
        "total": 7,
        "discountedTotal": 6.5,
        "status": "confirmed",
        "items": [{**item, **more, "customAttributes": {"size": "large"}}],
    }
    return {
        "createLoyaltyEventType": kind,
        "upsertLoyaltyEventType": kind,
        "upsertMemberPurchaseOrder": {**order, "externalId": world.order.external_id},
        "importPurchaseOrders": {
            "orders": [{**order, "externalId": "o-2", "loyaltyMemberId": world.other.loyalty_member_id}]
        },
        "trackLoyaltyEvent": {
            **WORDS,
            "externalId": "e-1",
            "systemUniqueKey": "visit-1",
            "memberId": world.member.pk,
            "eventType": world.event_type.code,
            "payload": {"cups": 2},
            "organizationId": world.house.id,
        },
    }


def _campaigns(world: World) -> dict[str, Any]:
    matcher = {
        "organizationId": world.house.id,
        "name": "Cakes",
        "type": "item-matcher",
        "matcher": {"expression": "item.sku == 'cake'"},
    }
    campaign = {
        "loyaltyProgramId": world.house.program.pk,
        "name": "Triple",
        "description": "d",
        "pictureUrl": "https://example.com/x.png",
        "customAttributes": {"a": 1},
        "smartRewards": {"b": 2},
        "type": "points",
        "tags": ["t"],
        "enabledTopics": ["member-created"],
        "code": "triple",
        "active": True,
        "audienceKeys": [world.audience.key],
        "pointsMonthlyLimitPerMember": 500,
        "allowPartialApplicationOnLimit": True,
        "daysOfWeek": ["monday", "Sunday"],
        "locationCodes": [world.codes["locationCode"]],
        "eventType": world.event_type.code,
        "minSpendValue": 12.5,
        "loyaltyTierKeys": [world.tier.key],
        "validFrom": "2026-01-01T00:00:00Z",
        "validTo": "2099-01-01T00:00:00Z",
    }
    action = {
        "actionIndex": 1,
        "abortEvaluationIfFalse": True,
        "abortEvaluationOnError": True,
        "name": "Some",
        "rules": {"expression": "member.active", "matcherKey": world.matcher.key},
        "effects": {"effects": [{"type": "mint-points", "params": {"amount": {"expression": "5"}}}]},
        "status": "running",
    }
    return {
        "createMatcher": matcher,
        "updateMatcher": matcher,
        "createCampaign": campaign,
        "updateCampaign": campaign,
        "createCampaignAction": action,
        "updateCampaignAction": action,
    }


def _missions_and_triggers(world: World) -> dict[str, Any]:
    mission = {
        "loyaltyProgramId": world.house.program.pk,
        "name": "Ten coffees",
        "shortDescription": "s",
        "description": "d",
        "pictureUrl": "https://example.com/x.png",
        "customAttributes": {"a": 1},
        "type": "stamps",
        "audienceId": world.audience.pk,
        "tags": ["t"],
        "code": "ten",
        "active": True,
        "validFrom": "2026-01-01T00:00:00Z",
        "validTo": "2099-01-01T00:00:00Z",
        "pointsAccrual": 50,
        "ledgerId": world.house.ledger.pk,
        "ledgerAccountId": world.house.account.pk,
        "eventType": "member-purchase-order-confirmed",
        "maxRepetitions": 10,
        "goalCount": 3,
        "matcherId": world.matcher.pk,
    }
    settings: dict[str, Any] = {
        "url": "https://example.com/hooks?a=b",
        "secret": "a secret of the receiver",
        "headers": {"X-Shop": "1"},
        "eventTypes": ["member-created"],
    }
    trigger = {"type": "WebHook", "name": "Till", "settings": settings, "active": True}
    return {
        "createEventTrigger": trigger,
        "updateEventTrigger": trigger,
        "createMission": {**mission, "repetitionPeriod": "month", "periodLimit": 2},
        "updateMission": mission,
        "incrementMemberMission": {**WORDS, "amount": 4, "systemUniqueKey": "four"},
    }


def _referrals(world: World) -> dict[str, Any]:
    ledger_id, account_id = world.house.ledger.pk, world.house.account.pk
    program = {
        "loyaltyProgramId": world.house.program.pk,
        "name": "Neighbors",
        "description": "d",
        "pictureUrl": "https://example.com/x.png",
        "customAttributes": {"a": 1},
        "active": True,
        "validFromDate": "2026-01-01T00:00:00Z",
        "validToDate": "2099-01-01T00:00:00Z",
        "maxPerCode": 5,
        "maxReferralsPerMember": 10,
        "maxRedeemsPerReferredMemberPerCode": 2,
        "audienceId": world.audience.pk,
        "tags": ["t"],
        "code": "neighbors",
        "eventType": world.event_type.code,
        "referrerPointsAccrual": 5,
        "referrerLedgerId": ledger_id,
        "referrerLedgerAccountId": account_id,
        "referredPointsAccrual": 3,
        "referredLedgerId": ledger_id,
        "referredLedgerAccountId": account_id,
        "referredCount": 77,
    }
    return {
        "createReferralProgram": program,
        "updateReferralProgram": program,
        "createReferralCodes": {"memberId": world.other.pk, "codes": ["other-1", "other-2"]},
    }


def _catalogs() -> dict[str, Any]:
    bodies: dict[str, Any] = {}
    for catalog in CATALOGS.values():
        word, what = catalog.wrapper, catalog.operations
        bodies[what["create"]] = {f"{word}Code": "new", f"{word}Label": "New", "tags": ["t"]}
        bodies[what["update"]] = {f"{word}Label": "Renamed"}
    return bodies
