"""Points for many members at once: a file, a look at what it would do, a job that does it."""

from __future__ import annotations

from typing import IO, Any

from django import forms
from django.utils.safestring import SafeString

from ledger.admin import points
from ledger.errors import NoDefaultAccount
from ledger.models import LedgerAccount
from ledger.selectors import list_member_accounts
from loyalty.kernel.desk import Preview
from loyalty.kernel.models import Job
from members.admin.uploads import ERRORS_SHOWN, MOST_PREVIEWED, FilePreview, UploadAct
from members.selectors import resolve_account
from members.services.imports import Survey, format_of, preview_import, start_import, survey_file
from members.services.imports.reading import COLUMNS


class ImportPoints(UploadAct):
    """Give and take points by a file."""

    slug, title, needs = "import-points", "Import points", "ledgers:write"
    about = (
        "A file as XML, CSV or JSON lines. You see what it would do before anything is booked. "
        f"Columns: {', '.join(COLUMNS)}."
    )
    accepts = ".xml,.csv,.jsonl,.ndjson,.json"

    account = forms.ModelChoiceField(LedgerAccount.objects.none(), empty_label=None)
    field_order = ["account", "file"]

    def prepare(self) -> None:
        """The organization's accounts to choose from."""
        super().prepare()
        account: Any = self.fields["account"]
        account.queryset = list_member_accounts(self.organization.pk).filter(active=True).order_by("name")

    def starts(self) -> dict[str, Any]:
        """The account that is meant where nobody names one."""
        try:
            return {"account": resolve_account(self.organization.pk).pk}
        except NoDefaultAccount:
            return {}

    def check_name(self, name: str) -> None:
        """Its ending says how it is read."""
        format_of(name)

    def look_through(self, source: IO[bytes], name: str) -> Survey:
        """How many rows it has, and whether they can be read."""
        return survey_file(source, format_of(name))

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
        return FilePreview(
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

    def start(self, source: IO[bytes], name: str) -> Job:
        """Ask for the job."""
        account: LedgerAccount = self.cleaned_data["account"]
        return start_import(
            organization_id=account.organization_id,
            source=source,
            name=name,
            file_format=format_of(name),
            account_id=account.pk,
            actor=self.actor,
            at=self.at,
            survey=self.survey,
        )


def _whole(amount: int, account: LedgerAccount) -> SafeString:
    """Files hold whole points."""
    return points(amount * 10**account.decimals, account)
