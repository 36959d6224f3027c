"""Offerings on the console: one side offers a coupon book, the other accepts or rejects it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from coupons.admin.display import discount_of
from coupons.admin.offered import ChoosesBook
from coupons.models import CouponBook
from loyalty.kernel.desk import Act, Done, Line, Link, Panel, Preview, Seat, address_of, seat_of, state, when
from loyalty.kernel.desk.display import NOTHING
from partners.admin.sides import TwoSidedAdmin
from partners.models import CouponBookOffering
from partners.selectors import list_partnerships, with_both_sides
from partners.services import decide_offering, offer_book

# What services call it, and what the form does.
_CALLED = {"BOOK_NOT_OFFERABLE": "book", "ALREADY_OFFERED": "book", "PARTNERSHIP_INACTIVE": "partnership"}


class OfferBook(ChoosesBook):
    """Offer a partner one of the organization's coupon books."""

    slug, title, verb, icon, needs = "create", "Offer a coupon book", "Offer it", "add", "partnerships:write"
    about = "The partner decides; once accepted, its members are given coupons of your book, within the book's limits."
    partnership = forms.ChoiceField(label="Partner")

    def prepare(self) -> None:
        """The partners there are, and the books."""
        here = self.organization.pk
        partners = list_partnerships(here).filter(active=True).order_by("pk")
        field: Any = self.fields["partnership"]
        field.choices = [
            (str(one.pk), one.partner_organization.name if one.organization_id == here else one.organization.name)
            for one in partners
        ]
        super().prepare()

    def books_offered(self) -> QuerySet[CouponBook]:
        """The published ones that are the organization's own."""
        own = CouponBook.objects.filter(organization=self.books_of, source_book__isnull=True)
        return own.filter(status=CouponBook.Status.PUBLISHED)

    @property
    def books_of(self) -> int:
        """The organization that is looked into."""
        return self.organization.pk

    def act(self) -> Done:
        """Offer it."""
        made = offer_book(
            organization_id=self.organization.pk,
            partnership_id=int(self.cleaned_data["partnership"]),
            book_id=self.cleaned_data["book"].pk,
            actor=self.actor,
            at=self.at,
        )
        return Done(f"{made.offered_book} is offered to {made.partner_organization}.", made)

    def refuse(self, error: Any) -> None:
        """Beside the field it is about."""
        name = _CALLED.get(error.code)
        if name is None:
            super().refuse(error)
        else:
            self.add_error(name, error.message)


class _Decide(Act):
    """Accept or reject, by those who were offered the book."""

    needs = "partnerships:write"
    approves: ClassVar[bool]

    @classmethod
    def possible(cls, seat: Seat, target: Any, organization_id: int | None) -> bool:
        """On the side that decides."""
        return super().possible(seat, target, target.partner_organization_id)

    @classmethod
    def fits(cls, target: CouponBookOffering) -> bool:
        """What is not decided yet."""
        return target.status == CouponBookOffering.Status.PENDING

    def act(self) -> Done:
        """Decide it."""
        decided = decide_offering(
            offering=self.target, approved=self.approves, actor=self.actor, at=self.at, reason=self.reason
        )
        book = decided.accepted_book
        may_open = book is not None and self.seat.may("coupons:read", book.organization_id)
        return Done(f"The offering is {decided.status}.", book if may_open else decided)


class Accept(_Decide):
    """Take it."""

    slug, title, verb, icon, approves = "accept", "Accept", "Accept it", "check_circle", True

    def preview(self) -> Preview:
        """What there will be."""
        held: CouponBookOffering = self.target
        return Preview(
            f"{held.partner_organization} gets a coupon book of its own that gives what {held.organization} has.",
            [
                Line("Coupon book", "", f"{held.offered_book.name}, as a draft"),
                Line("Codes and limits in all", "", f"those of {held.organization}"),
                Line("Whom it is for, what it costs", "", "yours to decide before you publish it"),
            ],
        )


class Reject(_Decide):
    """Decline it."""

    slug, title, verb, icon, is_dangerous = "reject", "Reject", "Reject it", "cancel", True
    asks_reason, approves = True, False


@admin.register(CouponBookOffering)
class OfferingAdmin(TwoSidedAdmin):
    """A coupon book that one organization offers another."""

    list_display = ["book", "organization", "partner_organization", "stands", "offered"]
    list_select_related = ["organization", "partner_organization", "offered_book"]
    list_filter = ["status"]
    creates = OfferBook
    acts = (Accept, Reject)
    says_empty = (
        "An offering lets a partner give coupons of your book to its own members, or you those of a partner's. Both"
        " need a partnership first."
    )
    facts = (
        ("Offering", ("book", "organization", "partner_organization", "stands", "accepted", "offered", "decided")),
        ("The book", ("codes", "state_now", "subtitle", "description", "discount")),
    )

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a reading page speaks of."""
        return with_both_sides(super().everything(request))

    def name_of(self, target: CouponBookOffering) -> str:
        """Which book, for whom."""
        return f"{target.offered_book.name} for {target.partner_organization.name}"

    def panels(self, request: HttpRequest, target: CouponBookOffering, at: datetime) -> Iterable[Panel]:
        """Its history."""
        return self.history(request, target)

    def links(self, request: HttpRequest, target: CouponBookOffering) -> Iterable[Link]:
        """The books, each for the side whose it is."""
        for book, title in ((target.offered_book, "The offered book"), (target.accepted_book, "The linked book")):
            if book is not None and seat_of(request).may("coupons:read", book.organization_id):
                yield Link(title, address_of(book), "confirmation_number")

    # --- columns and facts ---
    @admin.display(description="Coupon book")
    def book(self, offering: CouponBookOffering) -> str:
        """Which book is offered."""
        return offering.offered_book.name

    @admin.display(description="State")
    def stands(self, offering: CouponBookOffering) -> SafeString:
        """What became of it."""
        return state(offering.get_status_display())

    @admin.display(description="Offered")
    def offered(self, offering: CouponBookOffering) -> SafeString:
        """When it was made."""
        return when(offering.created_at)

    @admin.display(description="Decided")
    def decided(self, offering: CouponBookOffering) -> SafeString:
        """When it was accepted or rejected."""
        is_open = offering.status == CouponBookOffering.Status.PENDING
        return NOTHING if is_open else when(offering.updated_at)

    @admin.display(description="Accepted as")
    def accepted(self, offering: CouponBookOffering) -> Any:
        """The partner's own book, and whether it is published."""
        held = offering.accepted_book
        return NOTHING if held is None else f"{held.name} ({held.get_status_display().lower()})"

    @admin.display(description="Codes")
    def codes(self, offering: CouponBookOffering) -> str:
        """Where its codes come from."""
        return offering.offered_book.get_type_display()

    @admin.display(description="State of the book")
    def state_now(self, offering: CouponBookOffering) -> SafeString:
        """Whether it is published."""
        return state(offering.offered_book.get_status_display())

    @admin.display(description="Subtitle")
    def subtitle(self, offering: CouponBookOffering) -> Any:
        """How it is told in short."""
        return offering.offered_book.subtitle or NOTHING

    @admin.display(description="Description")
    def description(self, offering: CouponBookOffering) -> Any:
        """How it is told."""
        return offering.offered_book.description or NOTHING

    @admin.display(description="Discount")
    def discount(self, offering: CouponBookOffering) -> Any:
        """What a coupon is worth."""
        return discount_of(offering.offered_book)
