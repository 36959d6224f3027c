"""Point accounts and point definitions (contract V1 to V4)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.selectors import list_member_accounts
from loyalty.dialects.engage import shapes
from loyalty.dialects.engage.problems import no_such
from loyalty.dialects.engage.reading import read_account_id, read_guid, read_window
from loyalty.dialects.engage.rendering import page, written_account, written_definition
from loyalty.dialects.engage.views import EngageView, balance_number, no_account, no_contact
from loyalty.kernel.api.fields import MAX_ID
from loyalty.kernel.errors import InvalidInput
from members.services import current_holding, current_holdings


class AccountsView(EngageView):
    """The point accounts of a contact."""

    @extend_schema(
        operation_id="getPointAccounts",
        tags=["Point accounts"],
        parameters=[shapes.CONTACT, *shapes.WINDOW],
        responses={200: shapes.AccountPage, **shapes.refusals(400, 404)},
    )
    def get(self, request: Request) -> Response:
        """A page of them; empty for a contact who never had points (V1)."""
        query = self.query
        contact_id, window = read_guid(query.get("contactId"), "contactId"), read_window(query)
        held = current_holdings(
            organization_id=self.organization_id, customer_id=contact_id, actor=self.actor, at=self.at
        )
        if held is None:
            raise no_contact()
        return Response(
            page([written_account(one) for one in held[window.offset : window.stop]], len(held), window.offset)
        )


class AccountView(EngageView):
    """One point account."""

    @extend_schema(
        operation_id="getPointAccount",
        tags=["Point accounts"],
        responses={200: shapes.Account, **shapes.refusals(404)},
    )
    def get(self, request: Request, id: str) -> Response:
        """The account as it is now (V2)."""
        try:
            given = read_account_id(id, "id")
        except InvalidInput:
            raise no_account() from None
        held = current_holding(
            organization_id=self.organization_id, balance_id=balance_number(given), actor=self.actor, at=self.at
        )
        if held is None:
            raise no_account()
        return Response(written_account(held))


class DefinitionsView(EngageView):
    """The kinds of points."""

    @extend_schema(
        operation_id="getPointDefinitions",
        tags=["Point definitions"],
        parameters=shapes.WINDOW,
        responses={200: shapes.Definition(many=True), **shapes.refusals(400)},
    )
    def get(self, request: Request) -> Response:
        """Those that are active, as a plain array (V3)."""
        window = read_window(self.query)
        rows = list_member_accounts(self.organization_id).filter(active=True).select_related("ledger").order_by("pk")
        return Response([written_definition(row) for row in rows[window.offset : window.stop]])


class DefinitionView(EngageView):
    """One kind of point."""

    @extend_schema(
        operation_id="getPointDefinition",
        tags=["Point definitions"],
        responses={200: shapes.Definition, **shapes.refusals(404)},
    )
    def get(self, request: Request, id: str) -> Response:
        """The definition, active or not (V4)."""
        found: Any = None
        if id.isascii() and id.isdigit() and len(id) < 20 and int(id) <= MAX_ID:
            found = list_member_accounts(self.organization_id).select_related("ledger").filter(pk=int(id)).first()
        if found is None:
            raise no_such("PointDefinition", "There is no such point definition.")
        return Response(written_definition(found))
