"""What can be done about coupon books: make one, change it, publish, pause and archive it, write its content."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django import forms

from coupons.admin.book_fields import BookForm
from coupons.models import CouponBook
from coupons.services import archive_book, create_book, disable_book, publish_book, update_book
from coupons.services.books import FOLLOWS
from loyalty.kernel.desk import Act, Done, Line, Preview, number
from loyalty.kernel.desk.fields import read_object
from members.selectors import default_program

Status = CouponBook.Status
MOST_CONTENT = 100_000


class CreateBook(BookForm):
    """Make another coupon book."""

    slug, title, verb, icon = "create", "New coupon book", "Create", "add"
    about = "It begins as a draft: nothing of it is given before it is published."

    type = forms.ChoiceField(
        choices=CouponBook.Type.choices, label="Codes", help_text="Where a coupon's code comes from; for good."
    )
    field_order = ["name", "type"]

    def starts(self) -> dict[str, Any]:
        """Of the default program."""
        program = default_program(self.organization.pk)
        return {"program": program.pk if program is not None else None, "type": CouponBook.Type.LIST}

    def act(self) -> Done:
        """Create it."""
        made = create_book(
            organization_id=self.organization.pk,
            type=self.cleaned_data["type"],
            status=Status.DRAFT,
            actor=self.actor,
            at=self.at,
            **self.said(),
        )
        return Done(f"{made} is there, as a draft.", made)


class EditBook(BookForm):
    """Change what a book says."""

    slug, title, icon = "edit", "Edit", "edit"
    about = "What was given so far stays given, whatever the limits become."

    def starts(self) -> dict[str, Any]:
        """As it is."""
        return self.started()

    def act(self) -> Done:
        """Save what is different."""
        saved = update_book(book=self.target, changes=self.said(), actor=self.actor, at=self.at)
        return Done(f"{saved} is saved.", saved)


class _Move(Act):
    """Another publishing state."""

    needs = "coupons:write"
    asks_reason = True
    becomes: ClassVar[str]
    does: ClassVar[Any]

    @classmethod
    def fits(cls, target: CouponBook) -> bool:
        """Where the state may follow."""
        return cls.becomes in FOLLOWS[target.status]

    def preview(self) -> Preview:
        """What it means for what was given."""
        held: Any = self.target
        return Preview(
            self.about,
            [
                Line("State", held.get_status_display(), Status(self.becomes).label),
                Line("Given and not used", number(held.assigned - held.used), number(held.assigned - held.used)),
            ],
        )

    def act(self) -> Done:
        """Move it."""
        saved = type(self).does(book=self.target, actor=self.actor, at=self.at, reason=self.reason)
        return Done(f"{saved} is {saved.get_status_display().lower()}.", saved)


class Publish(_Move):
    """Let its coupons be given and used."""

    slug, title, verb, icon = "publish", "Publish", "Publish it", "publish"
    about = "Its coupons can be given and used from now on, within the time it is valid for."
    becomes, does = Status.PUBLISHED, staticmethod(publish_book)


class Pause(_Move):
    """Let nothing of it be given or used."""

    slug, title, verb, icon = "pause", "Pause", "Pause it", "pause_circle"
    about = "Nothing of it is given or used, also not what was given before, until it is published again."
    becomes, does = Status.DISABLED, staticmethod(disable_book)


class Archive(_Move):
    """End it."""

    slug, title, verb, icon, is_dangerous = "archive", "Archive", "Archive it", "archive", True
    about = "Nothing more is given, for good; what was given can be used until it expires. This cannot be undone."
    becomes, does = Status.ARCHIVED, staticmethod(archive_book)


class WriteContent(Act):
    """Write what members read, in one language."""

    slug, title, icon, needs = "content", "Write content", "translate", "coupons:write"
    locale = forms.ChoiceField(label="Language")
    content = forms.CharField(
        required=False,
        max_length=MOST_CONTENT,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
        help_text='A JSON object, such as {"title": "A free coffee"}. Empty: this language is taken away.',
    )
    is_default_locale = forms.BooleanField(
        required=False, label="The book's own language", help_text="Read by those whose language it does not have."
    )

    def prepare(self) -> None:
        """The organization's languages, and those the book has already."""
        organization = self.target.organization
        known = [organization.default_locale, *organization.locales]
        field: Any = self.fields["locale"]
        field.choices = [(locale, locale) for locale in dict.fromkeys(known)]

    def starts(self) -> dict[str, Any]:
        """What it says in the language asked for, else in its own."""
        held: CouponBook = self.target
        own = held.default_locale or held.organization.default_locale
        locale = self.initial.get("locale") or own
        row = next((row for row in held.contents.all() if row.locale == locale), None)
        text = json.dumps(row.content, ensure_ascii=False, indent=2) if row is not None else ""
        return {"locale": locale, "content": text, "is_default_locale": locale == own}

    def clean_content(self) -> dict[str, Any] | None:
        """An object, or nothing."""
        text = self.cleaned_data["content"].strip()
        if not text:
            return None
        try:
            return read_object(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def act(self) -> Done:
        """Write it, or take it away."""
        said = self.cleaned_data
        changes = {name: said[name] for name in ("locale", "content", "is_default_locale")}
        saved = update_book(book=self.target, changes=changes, actor=self.actor, at=self.at)
        done = "is saved" if said["content"] is not None else "is taken away"
        return Done(f"The content in {said['locale']} {done}.", saved)


BOOK_ACTS: tuple[type[Act], ...] = (EditBook, WriteContent, Publish, Pause, Archive)
