"""Coupon books that forms offer to choose from, by a part of their name."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from coupons.models import CouponBook
from coupons.selectors import list_books
from loyalty.kernel.desk import Act
from loyalty.kernel.desk.choosing import ChoiceInput

MOST_OFFERED = 500


class ChoosesBook(Act):
    """An act with a line in which a book is named."""

    book = forms.CharField(
        max_length=255, widget=ChoiceInput(), label="Coupon book", help_text="Write a part of its name."
    )

    def books_offered(self) -> QuerySet[CouponBook]:
        """The books that are offered."""
        raise NotImplementedError

    @property
    def books_of(self) -> int:
        """The organization whose books can be named."""
        raise NotImplementedError

    def prepare(self) -> None:
        """The first in rank first; two of one name by their keys."""
        rows = self.books_offered().order_by("ranking_index", "pk")
        found = list(rows.values_list("pk", "name", "key")[:MOST_OFFERED])
        names = [name for _, name, _ in found]
        self.offered = {name if names.count(name) == 1 else key: pk for pk, name, key in found}
        widget: Any = self.fields["book"].widget
        widget.options = list(self.offered)

    def clean_book(self) -> CouponBook:
        """One of those offered, or one by its key, number or whole name."""
        text = self.cleaned_data["book"].strip()
        books = list_books(self.books_of)
        if text in self.offered:
            return books.get(pk=self.offered[text])
        exact = books.filter(key=text) or (books.filter(pk=int(text)) if text.isdecimal() and len(text) < 19 else [])
        found = list(exact or books.filter(name__iexact=text)[:2])
        if len(found) != 1:
            raise ValidationError(
                "Several books have this name: write the key of the one you mean."
                if found
                else "There is no such book."
            )
        return found[0]
