"""A walk over every published operation of the core API: where it is, and what a good call looks like."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from django.apps import apps

from loyalty.kernel.api.catalog import CATALOGS
from loyalty.kernel.models import ApiCredential
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import create_catalog_entry, create_content_schema, create_user
from members.models import LoyaltyTier, Member
from members.services import create_audience, create_portal
from tests.house import NOON, TESTER, House

CONTRACT = Path(__file__).parent / "contracts" / "loyalty_core_operations.yaml"
OPERATIONS: list[dict[str, Any]] = yaml.safe_load(CONTRACT.read_text())["operations"]

# Tags that are published, and the operations of theirs that are not yet.
BUILT = {
    "Organizations",
    "Ledgers",
    "Ledger Accounts and Wallets",
    "Ledger Transactions",
    "Ledger Batch Transaction Processing",
    "Ledger Wallets",
    "Loyalty Programs",
    "Loyalty Program Tiers",
    "Organization Members",
    "Organization Loyalty Members",
    "Member Events",
    "Search",
    "Order Locations",
    "Product Categories",
    "Locations",
    "Categories",
    "Organization Content Schemas",
    "Organization Users",
    "Portals",
    "Rules Expressions",
    "Audiences",
}
NOT_YET = {
    "listMemberMissions",
    "incrementMemberMission",
}
# Answered without a key around them, and so with what every resource has beside its body's fields (15b).
FLAT = {op["operationId"] for op in OPERATIONS if "flat" in op.get("note", "")}
PUBLISHED = [op for op in OPERATIONS if op["tag"] in BUILT and op["operationId"] not in NOT_YET]


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
        }

    def path(self, op: dict[str, Any], **instead: Any) -> str:
        """The operation's path in this house."""
        return "/api/v1" + op["path"].format(**{**self.ids, **instead})

    def body(self, op: dict[str, Any]) -> Any:
        """A body the operation takes."""
        house = self.house
        ids = {"ledgerId": house.ledger.pk, "ledgerAccountId": house.account.pk}
        words = {"description": "d", "externalId": "e", "tags": ["t"], "externalEventDate": "2026-01-01T00:00:00Z"}
        both = {"fromWalletId": self.member.wallet_id, "toWalletId": self.other.wallet_id, "amount": 1}
        points = {"active": True, "isRevolving": False, "syncAlgorand": False}
        program = {"active": True, "name": "P", "ledgerId": house.ledger.pk, "description": "", "setAsDefault": True}
        tier = {"name": "T", "active": True, "minRequiredPoints": 5, "tierOrder": 7}
        texts = {"description": "d", "pictureUrl": "https://example.com/x.png"}
        account = {
            "active": True,
            "name": "Nora New",
            "nickname": "nora",
            "profilePictureUrl": "",
            "isSystemAdmin": False,
            "pendingProvisioning": False,
            "customAttributes": {"a": 1},
        }
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
        place = {"isAdmin": False, "roles": ["users:read"]}
        audience = {
            "active": True,
            "organizationId": house.id,
            "name": "A",
            "matcherType": "attribute-matcher",
            "matcher": {"expression": "member.active"},
        }
        bodies = {
            "updateOrganization": {
                "name": "N",
                "description": "",
                "pictureUrl": "",
                "defaultLoyaltyProgramId": house.program.pk,
                "defaultLocale": "en-US",
            },
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
            "captureLedgerTransactions": {"transactions": [{"ledgerTransactionId": str(self.hold.id)}]},
            "processLedgerTransactionBatch": {"items": [{**both, **words, **ids}]},
            "mintWalletPointsDefaultAccount": {"amount": 1, **words},
            "burnWalletPointsDefaultAccount": {"amount": 1, **words},
            "createLoyaltyTier": tier,
            "updateLoyaltyTier": {**tier, "name": "Base", "minRequiredPoints": 0, "tierOrder": 1},
            "createLoyaltyProgram": program,
            "updateLoyaltyProgram": program,
            "createMember": {"loyaltyMemberId": "newcomer", "profile": {"email": "new@example.com"}},
            "getMembersBatch": {"memberIds": [self.member.pk]},
            "updateMember": {"profile": {"name": "N"}, "updateReason": "r"},
            "setMemberTier": {"loyaltyTierId": self.tier.pk, "expiresAt": "2099-01-01T00:00:00Z"},
            "setLoyaltyMemberTier": {"loyaltyTierId": self.tier.pk, "loyaltyProgramId": house.program.pk},
            "mintLoyaltyMemberPoints": {"amount": 1, **words},
            "createContentSchema": {"name": "S", "type": 1, "active": True, "schema": "{}", **texts},
            "updateContentSchema": {"schema": "true", **texts},
            "createPortal": portal,
            "updatePortal": {**portal, "publicId": self.portal.public_id},
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
            "burnLoyaltyMemberPoints": {"amount": 1, **words},
            "createAudience": audience,
            "updateAudience": audience,
            "matchMemberAudiences": {"audienceIds": [self.audience.pk], "member": {"active": True}},
            "parseRuleExpressions": {"inputs": [{"id": "a", "expression": "member.active"}], "annotate": True},
            "serializeRuleExpressions": {"inputs": [{"node": {"type": "null"}}], "annotate": True},
        }
        for catalog in CATALOGS.values():
            word, what = catalog.wrapper, catalog.operations
            bodies[what["create"]] = {f"{word}Code": "new", f"{word}Label": "New", "tags": ["t"]}
            bodies[what["update"]] = {f"{word}Label": "Renamed"}
        return bodies[op["operationId"]] if op["body"] else None


def rows_of(answer: Any) -> list[Any]:
    """The rows of a list, in whichever envelope, or none."""
    rows: list[Any] = answer if isinstance(answer, list) else answer.get("results", answer.get("loyaltyPrograms"))
    return rows


def every_row() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of ours, to see that a refused call left all of them as they were."""
    ours = ("loyalty", "ledger", "members", "coupons", "campaigns", "partners")
    found = {}
    for model in apps.get_models():
        if model._meta.app_label in ours:
            columns = [f.attname for f in model._meta.concrete_fields]
            if model is ApiCredential:
                columns.remove("last_used_at")
            found[model._meta.label] = list(model.objects.order_by("pk").values_list(*columns))
    return found


def has_the_keys_of(op: dict[str, Any], keys: Iterable[str]) -> bool:
    """Whether an answer has the keys that the contract's sample shows."""
    wanted = set(op["response"]["sampleKeys"])
    return set(keys) >= wanted if op["operationId"] in FLAT else set(keys) == wanted
