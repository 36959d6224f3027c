"""Single transfers cancelled, activated and expired (contract open_loyalty O7 to O9)."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.dialects.open_loyalty import shapes
from loyalty.dialects.open_loyalty.access import MANAGE
from loyalty.dialects.open_loyalty.problems import Refused
from loyalty.dialects.open_loyalty.views import TRANSACTION, StoreView, transfer_number
from loyalty.kernel.errors import NotFound
from members.errors import NotThisTransfer
from members.selectors.single_transfers import SingleTransfer, get_transfer_of_lot, get_transfer_of_transaction
from members.services import activate_transfer, cancel_transfer, expire_transfer


class TransferView(StoreView):
    """One transfer of the store's account."""

    needs = MANAGE

    def found(self, transfer: str) -> SingleTransfer:
        """The transfer with this id.

        :raises NotFound: where the store's account has none.
        """
        named = transfer_number(transfer)
        if named is None:
            raise NotFound("There is no such transfer.")
        kind, number = named
        get = get_transfer_of_transaction if kind == TRANSACTION else get_transfer_of_lot
        return get(self.store.account_id, number)


class CancelView(TransferView):
    """Take points back."""

    @extend_schema(**shapes.CANCEL)
    def post(self, request: Request, store: str, transfer: str) -> Response:
        """Take back what is left of points that were given, or end a block; the second time is a 400."""
        found = self.found(transfer)
        try:
            cancel_transfer(
                store=self.store, found=found, actor=self.visitor.actor, at=self.at, source=self.visitor.source
            )
        except NotThisTransfer as error:
            raise Refused(400, {"error": "this transfer cannot be canceled"}) from error
        return Response(status=200)


class ActivateView(TransferView):
    """Unlock points."""

    @extend_schema(**shapes.ACTIVATE)
    def post(self, request: Request, store: str, transfer: str) -> Response:
        """Make locked points valid now."""
        found = self.found(transfer)
        try:
            activate_transfer(store=self.store, found=found, actor=self.visitor.actor, at=self.at)
        except NotThisTransfer as error:
            raise Refused(400, {"error": f"Points transfer: #{transfer} - cannot be unlocked"}) from error
        return Response(status=204)


class ExpireView(TransferView):
    """Let points expire."""

    @extend_schema(**shapes.EXPIRE)
    def post(self, request: Request, store: str, transfer: str) -> Response:
        """Let what is free of active points expire now."""
        found = self.found(transfer)
        try:
            expire_transfer(
                store=self.store, found=found, actor=self.visitor.actor, at=self.at, source=self.visitor.source
            )
        except NotThisTransfer as error:
            raise Refused(400, {"error": f"Points transfer: #{transfer} - cannot be expired"}) from error
        return Response(status=204)
