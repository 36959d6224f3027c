"""What can be done about orders: cancel one, take it back in whole or in part, and take many in by a file."""

from __future__ import annotations

from decimal import Decimal
from typing import IO, Any, ClassVar

from django import forms

from campaigns.admin.display import HEADERS, Named
from campaigns.errors import OrderChanged
from campaigns.services import (
    RETURNED,
    Kept,
    OrdersSurvey,
    Placed,
    correct_order,
    draft_as,
    kept_of_order,
    preview_order_import,
    start_order_import,
    survey_orders,
)
from ledger.admin import balance_lines
from ledger.models import LedgerAccount
from ledger.selectors import WalletBalance
from ledger.services import current_balances, rehearse
from loyalty.kernel.desk import Act, Done, Line, Preview, number
from loyalty.kernel.models import Job
from members.admin.uploads import ERRORS_SHOWN, MOST_PREVIEWED, FilePreview, UploadAct
from members.models import PurchaseOrder
from members.services.imports.chunks import RowError
from members.services.orders import FOLLOWS, OrderDraft

Status = PurchaseOrder.Status
# Of a longer order the rest is kept.
MOST_ASKED = 100
_SHOWN = ("externalId", "loyaltyMemberId", "status", "total", "discountedTotal", "externalEventDate")


class _Become(Act):
    """Another state of an order; what that takes is looked at before."""

    needs = "orders:write"
    asks_reason = True
    is_dangerous = True
    becomes: ClassVar[str]

    # What the person looked at: what has changed meanwhile is not written over.
    seen = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput)

    def starts(self) -> dict[str, Any]:
        """Which order is looked at."""
        return {"seen": self.target.content_hash}

    @classmethod
    def fits(cls, target: PurchaseOrder) -> bool:
        """Where the state may follow."""
        return cls.becomes in FOLLOWS[target.status]

    def draft(self) -> OrderDraft:
        """The order as it would be."""
        return draft_as(self.target, self.becomes)

    def wanted(self) -> OrderDraft:
        """The order as it would be, if it still is what was looked at.

        :raises OrderChanged: it is not.
        """
        if self.cleaned_data["seen"] != self.target.content_hash:
            raise OrderChanged
        return self.draft()

    def preview(self) -> Preview:
        """What it takes from the member, line by line, and what the member has before and after."""
        order: PurchaseOrder = self.target
        draft, may_see = self.wanted(), self.seat.may("ledgers:read", order.organization_id)
        now = self._balances() if may_see else []

        def seen() -> tuple[Placed, list[WalletBalance]]:
            return self._correct(draft), self._balances() if may_see else []

        placed, then = rehearse(seen)
        lines = [Line("State", order.get_status_display(), Status(draft.status).label)]
        if draft.basis != order.basis:
            lines.append(Line("It counts by", number(_money(order.basis)), number(_money(draft.basis))))
        accounts = LedgerAccount.objects.in_bulk([balance.ledger_account_id for balance in now])
        for before, after in zip(now, then, strict=True):
            if before != after:
                account = accounts[before.ledger_account_id]
                lines += balance_lines(account, before, after, account.name)
        named = Named(placed.rows, self.seat, order.organization_id, self._accounts(placed.rows))
        taken = any(row["result"] == RETURNED for row in placed.rows)
        says = f"So much is taken back from {order.member}." if taken else "Nothing is taken back."
        return Preview(says, lines, HEADERS, [named.row(row) for row in placed.rows])

    def _correct(self, draft: OrderDraft) -> Placed:
        return correct_order(order=self.target, draft=draft, actor=self.actor, at=self.at, reason=self.reason)

    def _balances(self) -> list[WalletBalance]:
        order: PurchaseOrder = self.target
        return current_balances(
            organization_id=order.organization_id,
            ledger_id=None,
            wallet_id=order.member.wallet_id,
            actor=self.actor,
            at=self.at,
        )

    def _accounts(self, taken: Any) -> dict[str, LedgerAccount]:
        """In which accounts points are taken: those of the order's awards."""
        awards = self.target.awards.filter(transaction__isnull=False).select_related("transaction__account")
        by_action = {(award.campaign_id, award.action_id): award.transaction.account for award in awards}
        return {
            line["ledgerTransactionId"]: by_action[line["campaignId"], line["actionId"]]
            for line in taken
            if "ledgerTransactionId" in line and (line["campaignId"], line["actionId"]) in by_action
        }

    def act(self) -> Done:
        """Tell it."""
        order: Any = self._correct(self.wanted()).order
        return Done(f"Order {order} is {order.get_status_display().lower()}.", order)


class CancelOrder(_Become):
    """It came to nothing."""

    slug, title, verb, icon, becomes = "cancel", "Cancel", "Cancel it", "cancel", Status.CANCELLED
    about = "All that was given for it is taken back, as far as it is there. This cannot be undone."


class ReturnOrder(_Become):
    """All of it came back."""

    slug, title, verb, icon, becomes = "return", "Return all", "Return it", "assignment_return", Status.RETURNED
    about = "All that was given for it is taken back, as far as it is there. This cannot be undone."


class ReturnPart(_Become):
    """Some of it came back."""

    slug, title, verb, icon = "return-part", "Return a part", "Return it", "undo"
    becomes = Status.PARTIALLY_RETURNED
    about = "Say what is kept of each item. What is kept keeps its share of what was given."

    total = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=18,
        decimal_places=4,
        label="What the order comes to then",
        help_text="Empty: less what is returned.",
    )

    @classmethod
    def fits(cls, target: PurchaseOrder) -> bool:
        """What has items, and of which not all is gone; again, where a part went back."""
        return bool(target.items) and (super().fits(target) or target.status == cls.becomes)

    def prepare(self) -> None:
        """A field for each item."""
        for place, item in enumerate(self.target.items[:MOST_ASKED]):
            had = Decimal(str(item["quantity"]))
            self.fields[f"keep_{place}"] = forms.DecimalField(
                min_value=0,
                max_value=had,
                decimal_places=4,
                label=f"Kept of {item.get('name') or item['sku']}",
                help_text=f"Of {had.normalize():f}.",
            )
        self.order_fields([*(name for name in self.fields if name.startswith("keep_")), "total", "reason"])

    def starts(self) -> dict[str, Any]:
        """All is kept."""
        kept = {f"keep_{place}": item["quantity"] for place, item in enumerate(self.target.items[:MOST_ASKED])}
        return {**super().starts(), **kept}

    def draft(self) -> OrderDraft:
        """With what is kept."""
        said = self.cleaned_data
        quantities = {int(name[5:]): value for name, value in said.items() if name.startswith("keep_")}
        kept = kept_of_order(self.target, quantities)
        if said["total"] is not None:
            kept = self._by_hand(kept, said["total"])
        return draft_as(self.target, self.becomes, kept)

    @staticmethod
    def _by_hand(kept: Kept, total: Decimal) -> Kept:
        """What a person says it comes to is what it counts by."""
        if kept.discounted_total is None:
            return Kept(kept.items, total, None)
        return Kept(kept.items, max(total, kept.total), total)


def _money(amount: Decimal) -> str:
    return f"{amount.normalize():,f}"


class ImportOrders(UploadAct):
    """Take many orders in by a file."""

    slug, title, needs = "import-orders", "Import orders", "orders:write"
    about = (
        "A file of JSON, an order on each line, as the API takes them. You see what it would do before anything is"
        " taken in."
    )
    accepts = ".jsonl,.ndjson,.json"

    def look_through(self, source: IO[bytes], name: str) -> OrdersSurvey:
        """How many lines it has, and whether they can be read."""
        return survey_orders(source)

    def preview(self) -> Preview | None:
        """What the file would do, or its first lines."""
        assert self.upload is not None  # noqa: S101 - clean has seen to it
        with self.upload.path.open("rb") as source:
            found = preview_order_import(
                organization_id=self.organization.pk, source=source, at=self.at, most_lines=MOST_PREVIEWED
            )
        names = [name for name in _SHOWN if any(name in row for row in found.first_rows)]
        shown = [[_short(row.get(name, "")) for name in names] for row in found.first_rows]
        return FilePreview(
            f"{self.upload.name}: {found.lines:,} line{'s' if found.lines != 1 else ''}"
            + ("" if found.is_whole else " looked at"),
            headers=names,
            rows=shown,
            counts=[
                ("New orders", f"{found.created:,}"),
                ("Changed", f"{found.updated:,}"),
                ("Known as they are", f"{found.unchanged:,}"),
                ("Would be refused", f"{found.refused:,}"),
            ],
            errors=[RowError(one.line, one.identifier, one.message, {}) for one in found.errors[:ERRORS_SHOWN]],
            more_errors=max(0, found.refused - ERRORS_SHOWN),
            note=""
            if found.is_whole
            else f"The file is longer: only its first {found.lines:,} lines were looked at. The job tells of the rest.",
        )

    def start(self, source: IO[bytes], name: str) -> Job:
        """Ask for the job."""
        return start_order_import(
            organization_id=self.organization.pk,
            source=source,
            name=name,
            actor=self.actor,
            at=self.at,
            survey=self.survey,
        )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


ORDER_ACTS: tuple[type[Act], ...] = (ReturnPart, ReturnOrder, CancelOrder)
