"""Giving coupons by hand and taking them back: each with a reason, and a look at what will happen."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from coupons.admin.display import account_paid, used_of
from coupons.admin.offered import ChoosesBook
from coupons.errors import LimitPerCoupon, NotEligible
from coupons.models import BookMember, CouponBook, CouponUsage
from coupons.selectors import get_book, get_book_to_use, lines_in_order
from coupons.services import Given, assign_coupons, revert_usage
from ledger.admin import balance_lines, points
from ledger.models import LedgerAccount
from ledger.selectors import WalletBalance
from ledger.services import current_balance, rehearse
from loyalty.kernel.clock import zone_of
from loyalty.kernel.desk import Act, Done, Line, Preview, Seat, number, when
from loyalty.kernel.errors import DomainError, NotFound
from members.admin.offered import member_field, member_named
from members.models import Member
from members.selectors import get_member

MOST_GIVEN = 100
_SAYS = {kind.code: kind.says for kind in NotEligible.__subclasses__()}


class CouponAct(Act):
    """Something that changes what a member has of a book, looked at before it is done."""

    needs = "coupons:write"
    asks_reason = True

    def counts(self, book: CouponBook, member: Member) -> list[tuple[str, int]]:
        """What the book counts, and what of it is the member's."""
        found: Any = get_book(book.organization_id, book.pk)
        place = BookMember.objects.filter(book=book, member=member).first()
        return [
            (f"{member} was given", place.assigned if place else 0),
            (f"{member} used", place.used if place else 0),
            (f"{book}: given in all", found.assigned),
            (f"{book}: used in all", found.used),
        ]

    def balance(self, member: Member, account: LedgerAccount | None) -> WalletBalance | None:
        """What the member has in the account; None where the person may not see points."""
        if account is None or not self.seat.may("ledgers:read", member.organization_id):
            return None
        return current_balance(
            organization_id=member.organization_id,
            ledger_id=account.ledger_id,
            account_id=account.pk,
            wallet_id=member.wallet_id,
            actor=self.actor,
            at=self.at,
        )

    def compared(self, book: CouponBook, member: Member, account: LedgerAccount | None, do: Any) -> tuple[Any, Any]:
        """What `do` answers, and the lines of before and after; nothing of it has happened then."""
        counts, balance = self.counts(book, member), self.balance(member, account)

        def seen() -> tuple[Any, list[tuple[str, int]], WalletBalance | None]:
            return do(), self.counts(book, member), self.balance(member, account)

        done, then, left = rehearse(seen)
        lines = [
            Line(what, number(now), number(after))
            for (what, now), (_, after) in zip(counts, then, strict=True)
            if now != after
        ]
        if account is not None and balance is not None and left is not None and balance != left:
            lines += balance_lines(account, balance, left, str(member))
        return done, lines


class _Give(CouponAct):
    """Give coupons of a book to a member."""

    verb, icon = "Give", "confirmation_number"
    template = "admin/shown_form.html"

    number = forms.IntegerField(
        min_value=1, max_value=MOST_GIVEN, initial=1, label="How many", help_text="Exactly so many, or none."
    )
    code = forms.CharField(
        required=False, max_length=255, help_text="A certain one. Empty: the next free one, or a new one."
    )
    expires_on = forms.DateField(
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Their last day. Empty: as long as the book is valid.",
    )

    def pair(self) -> tuple[CouponBook, Member]:
        """What is given, and to whom."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        """A code is one coupon."""
        if self.cleaned_data.get("code") and self.cleaned_data.get("number", 1) != 1:
            raise ValidationError({"number": "A code is one coupon: name it, or say how many."})
        return self.cleaned_data

    def give(self) -> Given:
        """Call the service."""
        book, member = self.pair()
        many, code, day = (self.cleaned_data[name] for name in ("number", "code", "expires_on"))
        zone = zone_of(book.organization.timezone)
        return assign_coupons(
            book=get_book_to_use(book.organization_id, book.pk),
            member=get_member(member.organization_id, member.pk),
            number=many,
            codes=(code,) if code else (),
            strict=True,
            expires_at=datetime.combine(day, time(23, 59, 59), zone) if day else None,
            unique_keys=[f"{self.key}:{place}" for place in range(many)],
            actor=self.actor,
            at=self.at,
            reason=self.reason,
        )

    def preview(self) -> Preview:
        """What the member and the book have before and after, what it costs, and the coupons."""
        book, member = self.pair()
        book = get_book_to_use(book.organization_id, book.pk)
        account = account_paid(book) if book.assignment_required_points else None
        given, lines = self.compared(book, member, account, self.give)
        if account is not None:
            cost = sum(usage.amount for usage in given.usages) * (book.assignment_required_points or 0)
            lines.append(Line("It costs", "", points(cost, account)))
        rows = [(self._code(book, usage), usage.amount, when(usage.ends_at)) for usage in given.usages]
        many = len(given.usages)
        says = f"{member} is given {many} coupon{'s' if many > 1 else ''} of {book}."
        return Preview(says, lines, ("Code", "Uses", "Expires"), rows)

    @staticmethod
    def _code(book: CouponBook, usage: CouponUsage) -> str:
        if usage.coupon is None:
            return "none"
        # Made anew when it is done.
        return "a new one" if book.type == CouponBook.Type.GENERATED and not usage.coupon.used else usage.coupon.code

    def act(self) -> Done:
        """Give them."""
        book, member = self.pair()
        usages = self.give().usages
        codes = ", ".join(usage.coupon.code for usage in usages[:5] if usage.coupon is not None)
        many = f"{len(usages)} coupon{'s' if len(usages) > 1 else ''}"
        return Done(f"{member} was given {many} of {book}{': ' + codes if codes else ''}.", self.target)

    def refuse(self, error: DomainError) -> None:
        """With every reason why not, and what is about the code beside it."""
        if isinstance(error, NotEligible):
            codes = error.details.get("exclusionReasons", [error.code])
            field = "code" if isinstance(error, LimitPerCoupon) and self.cleaned_data.get("code") else None
            self.add_error(field, [_SAYS.get(code, code) for code in codes])
        elif isinstance(error, NotFound) and self.cleaned_data.get("code"):
            self.add_error("code", error.message)
        else:
            named = {"codes": "code", "expiredAt": "expires_on"}.get(getattr(error, "field", None) or "")
            self.add_error(named, error.message) if named else super().refuse(error)


class GiveToSomebody(_Give):
    """Give coupons of this book to a member."""

    slug, title = "give", "Give to a member"

    member = member_field()
    field_order = ["member", "number", "code", "expires_on"]

    @classmethod
    def possible(cls, seat: Seat, target: Any, organization_id: int | None) -> bool:
        """To look for members takes the role for members too."""
        return super().possible(seat, target, organization_id) and seat.may("members:read", organization_id)

    @classmethod
    def fits(cls, target: CouponBook) -> bool:
        """What is published."""
        return target.status == CouponBook.Status.PUBLISHED

    def clean_member(self) -> Member:
        """Exactly one."""
        return member_named(self.target.organization_id, self.cleaned_data["member"])

    def pair(self) -> tuple[CouponBook, Member]:
        """This book, and the member named."""
        return self.target, self.cleaned_data["member"]


class GiveCoupon(ChoosesBook, _Give):
    """Give this member a coupon."""

    slug, title = "give-coupon", "Give a coupon"

    field_order = ["book", "number", "code", "expires_on"]

    @classmethod
    def fits(cls, target: Member) -> bool:
        """Whoever is active."""
        return target.active

    def books_offered(self) -> QuerySet[CouponBook]:
        """The published ones."""
        return CouponBook.objects.filter(organization=self.books_of, status=CouponBook.Status.PUBLISHED)

    @property
    def books_of(self) -> int:
        """The member's organization."""
        organization_id: int = self.target.organization_id
        return organization_id

    def pair(self) -> tuple[CouponBook, Member]:
        """The book named, and this member."""
        return self.cleaned_data["book"], self.target


class Revert(CouponAct):
    """Take back what was given or used."""

    slug, title, verb, icon, is_dangerous = "revert", "Take back", "Take it back", "undo", True
    about = "What was paid comes back into the credits it was taken from, and a code that nobody has is free again."

    @classmethod
    def fits(cls, target: CouponUsage) -> bool:
        """What stands, and of which nothing is used."""
        return target.status != CouponUsage.Status.REVERTED and not target.amount_used

    def revert(self) -> list[CouponUsage]:
        """Call the service."""
        return revert_usage(usage=self.target, actor=self.actor, at=self.at, reason=self.reason)

    def preview(self) -> Preview:
        """What the member and the book have before and after, and what comes back."""
        usage: CouponUsage = self.target
        account = usage.transaction.account if usage.transaction is not None else None
        touched, lines = self.compared(usage.book, usage.member, account, self.revert)
        if account is None:
            lines.append(Line("Points", "", "none were paid"))
        rows = [(f"{line.get_kind_display()} #{line.pk}", line.get_status_display(), used_of(line)) for line in touched]
        kind = "use" if usage.kind == CouponUsage.Kind.USE else "coupon"
        says = f"The {kind} of {usage.book} is taken back from {usage.member}."
        return Preview(says, lines, ("Line", "State then", "Used of it then"), rows)

    def act(self) -> Done:
        """Take it back."""
        self.revert()
        (fresh,) = lines_in_order([self.target.pk])
        return Done(f"{fresh.get_kind_display()} #{fresh.pk} is taken back.", fresh)
