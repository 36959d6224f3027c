"""Points for many members at once: a file, a look at what it would do, a job that does it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminFileFieldWidget

from ledger.admin import points
from ledger.errors import NoDefaultAccount
from ledger.models import LedgerAccount
from ledger.selectors import list_accounts
from loyalty.kernel.desk import Act, Done, Preview, address_of
from loyalty.kernel.errors import DomainError
from loyalty.kernel.tasks import ring_for
from members.selectors import resolve_account
from members.services.imports import (
    Survey,
    Upload,
    drop_upload,
    find_upload,
    format_of,
    keep_upload,
    preview_import,
    start_import,
    survey_file,
)
from members.services.imports.chunks import RowError
from members.services.imports.reading import COLUMNS

# A person waits for the preview: of a longer file its beginning is looked at.
MOST_PREVIEWED = 20_000
ERRORS_SHOWN = 20


@dataclass(slots=True)
class ImportPreview(Preview):
    """What a file would do: counts, points, first rows, first errors; `note` where only its beginning was read."""

    counts: list[tuple[str, Any]] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    more_errors: int = 0
    note: str = ""


class ImportPoints(Act):
    """Give and take points by a file."""

    slug, title, verb, icon, needs = (
        "import-points",
        "Import points",
        "Look at it first",
        "upload_file",
        "ledgers:write",
    )
    about = (
        "A file as XML, CSV or JSON lines. You see what it would do before anything is booked. "
        f"Columns: {', '.join(COLUMNS)}."
    )
    template = "admin/members/import_points.html"

    account = forms.ModelChoiceField(LedgerAccount.objects.none(), empty_label=None)
    file = forms.FileField(
        required=False, widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".xml,.csv,.jsonl,.ndjson,.json"})
    )

    upload: Upload | None = None
    survey: Survey | None = None

    def prepare(self) -> None:
        """The organization's accounts to choose from."""
        account: Any = self.fields["account"]
        account.queryset = list_accounts(self.organization.pk).filter(active=True).order_by("name")

    def starts(self) -> dict[str, Any]:
        """The account that is meant where nobody names one."""
        try:
            return {"account": resolve_account(self.organization.pk).pk}
        except NoDefaultAccount:
            return {}

    @property
    def place(self) -> str:
        """Under which key the file is kept: this person's, in this organization, of this form."""
        return f"{self.organization.pk}:{self.key}"

    def clean(self) -> dict[str, Any]:
        """Keep the file that was sent, or find the one that was kept; look through it before it is started.

        The look takes as long as the file is; it is done here, before the deed keeps anybody waiting.
        """
        given = self.cleaned_data.get("file")
        if "once" not in self.cleaned_data:
            return self.cleaned_data
        try:
            if given:
                format_of(given.name)
                self.upload = keep_upload(key=self.place, name=given.name, blocks=given.chunks(), at=self.at)
            else:
                self.upload = find_upload(key=self.place)
            if self.upload is not None and "confirmed" in self.data:
                with self.upload.path.open("rb") as source:
                    self.survey = survey_file(source, format_of(self.upload.name))
        except DomainError as error:
            raise ValidationError({"file": error.message}) from error
        # Sent a second time, the form finds its file gone, and what it led to remembered.
        if self.upload is None and "confirmed" not in self.data:
            raise ValidationError({"file": "Choose a file."})
        return self.cleaned_data

    def preview(self) -> Preview | None:
        """What the file would do, or its first rows."""
        assert self.upload is not None  # noqa: S101 - clean has seen to it
        account: LedgerAccount = self.cleaned_data["account"]
        with self.upload.path.open("rb") as source:
            found = preview_import(
                organization_id=account.organization_id,
                source=source,
                file_format=format_of(self.upload.name),
                at=self.at,
                account_id=account.pk,
                most_rows=MOST_PREVIEWED,
            )
        names = [name for name in COLUMNS if any(name in row for row in found.first_rows)]
        result = found.result
        return ImportPreview(
            f"{self.upload.name}: {found.rows:,} row{'s' if found.rows != 1 else ''}"
            + (" looked at" if not found.is_whole else ""),
            headers=names,
            rows=[[row.get(name, "") for name in names] for row in found.first_rows],
            counts=[
                ("Would be booked", f"{result.succeeded:,}"),
                ("Would be refused", f"{result.failed:,}"),
                ("Booked before", f"{result.skipped:,}"),
                ("Given", _whole(found.points_added, account)),
                ("Taken", _whole(found.points_spent, account)),
            ],
            errors=found.errors[:ERRORS_SHOWN],
            more_errors=max(0, result.failed - ERRORS_SHOWN),
            note=""
            if found.is_whole
            else f"The file is longer: only its first {found.rows:,} rows were looked at. The job tells of the rest.",
        )

    def act(self) -> Done:
        """Ask for the job."""
        if self.upload is None:
            raise NoFile
        account: LedgerAccount = self.cleaned_data["account"]
        with self.upload.path.open("rb") as source:
            job = start_import(
                organization_id=account.organization_id,
                source=source,
                name=self.upload.name,
                file_format=format_of(self.upload.name),
                account_id=account.pk,
                actor=self.actor,
                at=self.at,
                survey=self.survey,
            )
        place, number = self.place, job.pk
        transaction.on_commit(lambda: drop_upload(key=place))
        address = address_of(job)
        if job.created_at != self.at:
            return Done(f"This file was imported before: it is job {number}.", address)
        ring_for(number)
        return Done(f"The import has begun: it is job {number}.", address)


class NoFile(DomainError):
    """The file was not kept any longer."""

    code = "NO_FILE"
    says = "The file was kept for a day, and is gone. Choose it again."
    field = "file"


def _whole(amount: int, account: LedgerAccount) -> SafeString:
    """Files hold whole points."""
    return points(amount * 10**account.decimals, account)
