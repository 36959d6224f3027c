"""Points given, spent, blocked and sent (contract open_loyalty O3 to O6 and O12)."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.dialects.open_loyalty import forms, shapes
from loyalty.dialects.open_loyalty.access import GIVE, MANAGE, OWN
from loyalty.dialects.open_loyalty.problems import Refused, form_body
from loyalty.dialects.open_loyalty.views import FormView, transfer_uuid
from loyalty.kernel.errors import NotFound
from members.selectors.fronts import Holder, find_parties
from members.services import give_at_store, send_at_store, spend_at_store


class CounterView(FormView):
    """What is done with the points of one customer."""

    def about(self, values: dict[str, Any]) -> Holder:
        """The customer the form names.

        :raises NotFound: where the organization has no such customer.
        """
        holder = self.visitor.front.about
        if holder is None:
            raise NotFound(f"Customer ID: #{values['customer']} not exist")
        return holder

    def words(self, values: dict[str, Any]) -> dict[str, Any]:
        """What every service here is told."""
        return {
            "store": self.store,
            "wallet_id": self.about(values).wallet_id,
            "amount": values["points"],
            "comment": values["comment"],
            "actor": self.visitor.actor,
            "at": self.at,
            "source": self.visitor.source,
        }


class AddView(CounterView):
    """Give points."""

    children = ("customer", "points", "validityDuration", "comment")
    needs = GIVE

    @extend_schema(**shapes.ADD)
    def post(self, request: Request, store: str | None = None) -> Response:
        """Points with the store's dates; `validityDuration` says for how many days they live instead."""
        decimals = self.visitor.front.decimals
        values = self.read({**_who_and_what(decimals), "validityDuration": forms.days})
        made = give_at_store(
            timezone=self.visitor.front.timezone, days=values["validityDuration"], **self.words(values)
        )
        return _made(made)


class PosAddView(AddView):
    """Give points at the till of the seller's own store."""

    @extend_schema(**shapes.POS_ADD)
    def post(self, request: Request, store: str | None = None) -> Response:
        """The same, at the store the seller sells at."""
        return super().post(request, store)


class SpendView(CounterView):
    """Take points."""

    children = ("customer", "points", "validityDuration", "comment")
    needs = GIVE

    @extend_schema(**shapes.SPEND)
    def post(self, request: Request, store: str | None = None) -> Response:
        """Points taken for good, from credits in the account's order. `validityDuration` is taken and means nothing."""
        readers = {**_who_and_what(self.visitor.front.decimals), "validityDuration": forms.days}
        return _made(spend_at_store(**self.words(self.read(readers))))


class PosSpendView(SpendView):
    """Take points at the till of the seller's own store."""

    @extend_schema(**shapes.POS_SPEND)
    def post(self, request: Request, store: str | None = None) -> Response:
        """The same, at the store the seller sells at."""
        return super().post(request, store)


class BlockView(CounterView):
    """Keep points from being spent."""

    children = ("customer", "points", "comment")
    needs = MANAGE

    @extend_schema(**shapes.BLOCK)
    def post(self, request: Request, store: str) -> Response:
        """Points kept aside until the transfer is cancelled."""
        values = self.read(_who_and_what(self.visitor.front.decimals))
        return _made(spend_at_store(block=True, **self.words(values)))


class SendView(FormView):
    """Points from one customer to another, by an administrator."""

    children: ClassVar[tuple[str, ...]] = ("sender", "receiver", "points")
    needs = MANAGE

    @extend_schema(**shapes.SEND)
    def post(self, request: Request, store: str) -> Response:
        """Points sent; each keeps its expiry. Both customers are named by UUID, email or phone."""
        values = self.read(
            {
                "sender": forms.party,
                "receiver": forms.party,
                "points": forms.points(self.visitor.front.decimals, least=1),
            },
        )
        names = (values["sender"], values["receiver"])
        sender, receiver = find_parties(self.store.organization_id, names)
        return _made(self.send(sender, receiver, values["points"]))

    def send(self, sender: Holder | None, receiver: Holder | None, amount: int) -> int:
        """Move the points.

        :raises Refused: 400 where one of them is nobody, or blocked.
        """
        parties = {"sender": sender, "receiver": receiver}
        wrong = {name: [forms.BLANK] for name, holder in parties.items() if holder is None and name in self.children}
        if sender is None or receiver is None:
            raise Refused(400, form_body(self.children, wrong))
        blocked = {
            name: ["This customer is not active."] for name, holder in parties.items() if holder and not holder.active
        }
        if blocked:
            raise Refused(400, form_body(self.children, blocked))
        return send_at_store(
            store=self.store,
            from_wallet_id=sender.wallet_id,
            to_wallet_id=receiver.wallet_id,
            amount=amount,
            actor=self.visitor.actor,
            at=self.at,
            source="api",
        )


class OwnSendView(SendView):
    """Points from the customer who is signed in to another."""

    children: ClassVar[tuple[str, ...]] = ("receiver", "points")
    needs = OWN

    @extend_schema(**shapes.OWN_SEND)
    def post(self, request: Request, store: str) -> Response:
        """Points sent; each keeps its expiry."""
        points = forms.points(self.visitor.front.decimals, least=1)
        values = self.read({"receiver": forms.party, "points": points})
        guest = self.visitor.front.guest
        assert guest is not None  # noqa: S101 - only customers may
        [receiver] = find_parties(self.store.organization_id, [values["receiver"]])
        return _made(self.send(guest.holder, receiver, values["points"]))


def _who_and_what(decimals: int) -> dict[str, forms.Reader]:
    return {
        "customer": forms.customer,
        "points": forms.points(decimals, least=10**decimals),
        "comment": forms.comment,
    }


def _made(number: int) -> Response:
    return Response({"pointsTransferId": transfer_uuid(number)})
