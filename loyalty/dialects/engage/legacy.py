"""What is left of version 2, and the look-up of a contact (contract V15 to V17), in the organization's own account."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.selectors import StatementRow, count_statement, list_statement
from ledger.services import available_balances, burn, mint, post_transactions
from loyalty.dialects.engage import shapes
from loyalty.dialects.engage.reading import (
    read_amount,
    read_guid,
    read_object,
    read_source,
    read_text,
    read_window,
    wrong,
)
from loyalty.dialects.engage.rendering import description_of, moment, page, points, source_of, type_of
from loyalty.dialects.engage.views import EngageView, no_contact
from loyalty.kernel.errors import InvalidInput
from members.selectors import Holding, Match, find_customer_id, resolve_account
from members.services import current_holdings


class LegacyView(EngageView):
    """Of a contact in the path."""

    def contact_of_path(self, text: str) -> tuple[uuid.UUID, Match]:
        """The contact the path names.

        :raises Refused: ContactNotFound.
        """
        try:
            contact_id = read_guid(text, "contactId")
        except InvalidInput:
            raise no_contact() from None
        return contact_id, self.contact_of(text)


class RewardPointView(LegacyView):
    """Giving and taking."""

    @extend_schema(
        operation_id="addRewardPointTransaction",
        tags=["Version 2"],
        request=shapes.RewardPoints,
        responses={200: shapes.RewardTotal, **shapes.refusals(400, 404, 415)},
    )
    def post(self, request: Request, contactId: str) -> Response:
        """Give or (below 0) take points; every call acts (V15)."""
        data = read_object(request.data)
        description, said = read_text(data, "description"), data.get("type")
        if said is not None and not isinstance(said, str):
            raise wrong("type", "must be a text.")
        contact_id, contact = self.contact_of_path(contactId)
        account = resolve_account(self.organization_id)
        amount = read_amount(data.get("points"), account.decimals, "points")
        words: dict[str, Any] = {
            "account_id": account.pk,
            "wallet_id": contact.wallet_id,
            "amount": abs(amount),
            "description": description,
            "source": _source(said),
        }
        move = mint(**words) if amount > 0 else burn(**words)
        post_transactions(organization_id=self.organization_id, moves=[move], actor=self.actor, at=self.at)
        total = available_balances(
            organization_id=self.organization_id,
            account_id=account.pk,
            wallet_ids=[contact.wallet_id],
            actor=self.actor,
            at=self.at,
        )[contact.wallet_id]
        return Response({"contactId": str(contact_id), "totalRewardPoints": points(total, account.decimals)})


def _source(said: str | None) -> str:
    """The type is free text in version 2; where it is one of the sources it is kept as that."""
    try:
        return read_source({"source": said}) or "Manual"
    except InvalidInput:
        return "Manual"


class BonusTransactionsView(LegacyView):
    """What was given and taken."""

    @extend_schema(
        operation_id="getBonusPointTransactions",
        tags=["Version 2"],
        parameters=shapes.WINDOW,
        responses={200: shapes.BonusPage, **shapes.refusals(400, 404)},
    )
    def get(self, request: Request, contactId: str) -> Response:
        """A page of the contact's transactions, newest first (V16)."""
        window = read_window(self.query)
        try:
            contact_id = read_guid(contactId, "contactId")
        except InvalidInput:
            raise no_contact() from None
        account = resolve_account(self.organization_id)
        found = current_holdings(
            organization_id=self.organization_id, customer_id=contact_id, actor=self.actor, at=self.at
        )
        if found is None:
            raise no_contact()
        held = next((one for one in found if one.account_id == account.pk), None)
        if held is None:
            return Response(page([], 0, window.offset))
        where: dict[str, Any] = {"account_id": held.account_id, "wallet_id": held.wallet_id}
        rows = list_statement(**where, start=window.offset, stop=window.stop)
        total = count_statement(**where, kept=held.transactions)
        return Response(page([_written(row, held) for row in rows], total, window.offset))


def _written(row: StatementRow, held: Holding) -> dict[str, Any]:
    """A transaction as version 2 shows it; ids are numbers there."""
    return {
        "id": row.id,
        "amount": points(row.amount if row.incoming else -row.amount, held.decimals),
        "transactionDateTime": moment(row.effective_at, held.zone),
        "description": description_of(row),
        "type": type_of(row),
        "source": source_of(row),
    }


class ContactIdView(EngageView):
    """Finding a contact."""

    reads = "members:read"

    @extend_schema(
        operation_id="getContactId",
        tags=["Contacts"],
        parameters=[shapes.EMAIL],
        responses={200: {"type": "string", "format": "uuid"}, **shapes.refusals(400, 404)},
    )
    def get(self, request: Request) -> Response:
        """The id of the contact with this email; of several the oldest (V17)."""
        email = self.query.get("email", "").strip()
        if not email:
            raise wrong("email", "is required.")
        found = find_customer_id(self.organization_id, email)
        if found is None:
            raise no_contact()
        return Response(str(found))
