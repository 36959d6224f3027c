"""What can be done with codes: add a few, add a file of them, export them, write one differently."""

from __future__ import annotations

from typing import IO, Any

from django import forms

from coupons.models import Coupon, CouponBook
from coupons.services import (
    add_codes,
    preview_code_import,
    start_code_export,
    start_code_import,
    survey_codes,
    update_code,
)
from coupons.services.importing import CodesSurvey
from loyalty.kernel.desk import Act, Done, Preview, address_of
from loyalty.kernel.errors import DomainError
from loyalty.kernel.models import Job
from loyalty.kernel.tasks import ring_for
from members.admin.uploads import ERRORS_SHOWN, MOST_PREVIEWED, FilePreview, UploadAct
from members.services.imports.chunks import RowError

Type = CouponBook.Type


class AddCodes(Act):
    """Add a few codes by hand."""

    slug, title, verb, icon, needs = "add-codes", "Add codes", "Add them", "playlist_add", "coupons:write"
    codes = forms.CharField(
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text="One on each line. Codes the book has already are passed over, whatever their case.",
    )

    @classmethod
    def fits(cls, target: CouponBook) -> bool:
        """Books whose codes come from somewhere, as long as they can be given."""
        may_have = target.type in (Type.SINGLE, Type.LIST) and not target.is_linked
        return may_have and target.status != CouponBook.Status.ARCHIVED

    def act(self) -> Done:
        """Add them."""
        codes = [line for line in self.cleaned_data["codes"].splitlines() if line.strip()]
        added = len(add_codes(book=self.target, codes=codes, actor=self.actor, at=self.at))
        passed = f"; {len(codes) - added} passed over" if added < len(codes) else ""
        return Done(f"{added} code{'s are' if added != 1 else ' is'} added{passed}.", self.target)


class ImportCodes(UploadAct):
    """Add codes by a file."""

    slug, title, needs = "import-codes", "Upload codes", "coupons:write"
    about = (
        "Text or CSV in UTF-8: a code on each line, or in the first column. You see its first lines, and what would"
        " become of them, before anything is added."
    )
    accepts = ".csv,.txt"

    @classmethod
    def fits(cls, target: CouponBook) -> bool:
        """Books with a list of codes, as long as they can be given."""
        return target.type == Type.LIST and not target.is_linked and target.status != CouponBook.Status.ARCHIVED

    @property
    def place(self) -> str:
        """This person's, for this book, of this form."""
        return f"{self.target.organization_id}:book-{self.target.pk}:{self.key}"

    def look_through(self, source: IO[bytes], name: str) -> CodesSurvey:
        """How many lines it has, and whether they can be read."""
        return survey_codes(source)

    def preview(self) -> Preview:
        """What the file would do, and its first lines."""
        assert self.upload is not None  # noqa: S101 - clean has seen to it
        with self.upload.path.open("rb") as source:
            found = preview_code_import(book=self.target, source=source, most_lines=MOST_PREVIEWED)
        result = found.result
        return FilePreview(
            f"{self.upload.name}: {result.processed:,} line{'s' if result.processed != 1 else ''}"
            + ("" if found.is_whole else " looked at"),
            headers=("Line", "Code"),
            rows=found.first,
            counts=[
                ("Would be added", f"{result.succeeded:,}"),
                ("Would be refused", f"{result.failed:,}"),
                ("There already", f"{result.skipped:,}"),
            ],
            errors=[RowError(line, code, says, {}) for line, says, code in found.refused[:ERRORS_SHOWN]],
            more_errors=max(0, result.failed - ERRORS_SHOWN),
            note=""
            if found.is_whole
            else f"The file is longer: only its first {result.processed:,} lines were looked at. The job tells of the"
            " rest.",
        )

    def start(self, source: IO[bytes], name: str) -> Job:
        """Ask for the job."""
        return start_code_import(
            book=self.target, source=source, name=name, actor=self.actor, at=self.at, survey=self.survey
        )


class ExportCodes(Act):
    """Have all codes written into a file."""

    slug, title, verb, icon, needs = "export-codes", "Export codes", "Export them", "download", "coupons:write"
    about = (
        "A job writes every code of the book, with which of your members has it, into a CSV file that you download from"
        " its page."
    )
    asks_reason = True

    @classmethod
    def fits(cls, target: Any) -> bool:
        """Books that have codes of their own."""
        return target.type != Type.CODELESS and not target.is_linked and target.codes > 0

    def act(self) -> Done:
        """Ask for the job."""
        job = start_code_export(book=self.target, actor=self.actor, at=self.at, reason=self.reason)
        ring_for(job.pk)
        return Done(f"The export has begun: it is job {job.pk}.", address_of(job))


class EditCode(Act):
    """Write a code differently."""

    slug, title, icon, needs, asks_reason = "edit", "Edit", "edit", "coupons:write", True
    about = "As long as nobody used it. Whoever was told the old code cannot use that one any more."
    code = forms.CharField(max_length=255)

    @classmethod
    def fits(cls, target: Coupon) -> bool:
        """What was not used; of a shared code its book knows."""
        return not target.used

    def starts(self) -> dict[str, Any]:
        """As it is."""
        return {"code": self.target.code}

    def act(self) -> Done:
        """Save it."""
        saved = update_code(
            coupon=self.target, code=self.cleaned_data["code"], actor=self.actor, at=self.at, reason=self.reason
        )
        return Done(f"The code is {saved} now.", saved)

    def refuse(self, error: DomainError) -> None:
        """What is wrong with a code stands beside it."""
        if getattr(error, "field", None) in ("code", "codes"):
            self.add_error("code", error.message)
        else:
            super().refuse(error)
