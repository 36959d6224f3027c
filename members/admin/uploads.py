"""Acts with a file: it is sent, looked at, and only then a job begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from unfold.widgets import UnfoldAdminFileFieldWidget

from loyalty.kernel.desk import Act, Done, Preview, address_of
from loyalty.kernel.errors import DomainError
from loyalty.kernel.models import Job
from loyalty.kernel.tasks import ring_for
from members.services.imports import Upload, drop_upload, find_upload, keep_upload
from members.services.imports.chunks import RowError

# A person waits for the preview: of a longer file its beginning is looked at.
MOST_PREVIEWED = 20_000
ERRORS_SHOWN = 20


@dataclass(slots=True)
class FilePreview(Preview):
    """What a file would do: counts, first rows, first errors; `note` where only its beginning was read."""

    counts: list[tuple[str, Any]] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    more_errors: int = 0
    note: str = ""


class NoFile(DomainError):
    """The file was not kept any longer."""

    code = "NO_FILE"
    says = "The file was kept for a day, and is gone. Choose it again."
    field = "file"


class UploadAct(Act):
    """A file that is kept from its preview until the word that starts it."""

    verb = "Look at it first"
    icon = "upload_file"
    template = "admin/upload.html"
    accepts: ClassVar[str] = ""

    file = forms.FileField(required=False, widget=UnfoldAdminFileFieldWidget())

    upload: Upload | None = None
    survey: Any = None

    def prepare(self) -> None:
        """Which files are offered."""
        self.fields["file"].widget.attrs["accept"] = self.accepts

    @property
    def place(self) -> str:
        """Under which key the file is kept: this person's, in this organization, of this form."""
        return f"{self.organization.pk}:{self.key}"

    def check_name(self, name: str) -> None:
        """:raises DomainError: a file that cannot be meant."""

    def look_through(self, source: IO[bytes], name: str) -> Any:
        """What the job has to know of the whole file.

        :raises DomainError: where it cannot be read.
        """
        raise NotImplementedError

    def start(self, source: IO[bytes], name: str) -> Job:
        """Ask for the job; `survey` is what `look_through` found."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        """Keep the file that was sent, or find the one that was kept; look through it before it is started.

        The look takes as long as the file is; it is done here, before the deed keeps anybody waiting.
        """
        given = self.cleaned_data.get("file")
        if "once" not in self.cleaned_data or "file" in self.errors:
            return self.cleaned_data
        try:
            if given:
                self.check_name(given.name)
                self.upload = keep_upload(key=self.place, name=given.name, blocks=given.chunks(), at=self.at)
            else:
                self.upload = find_upload(key=self.place)
            if self.upload is not None and "confirmed" in self.data:
                with self.upload.path.open("rb") as source:
                    self.survey = self.look_through(source, self.upload.name)
        except DomainError as error:
            raise ValidationError({"file": error.message}) from error
        # Sent a second time, the form finds its file gone, and what it led to remembered.
        if self.upload is None and "confirmed" not in self.data:
            raise ValidationError({"file": "Choose a file."})
        return self.cleaned_data

    def act(self) -> Done:
        """Ask for the job.

        :raises NoFile: where the file was not kept any longer.
        """
        if self.upload is None:
            raise NoFile
        with self.upload.path.open("rb") as source:
            job = self.start(source, self.upload.name)
        place, number = self.place, job.pk
        transaction.on_commit(lambda: drop_upload(key=place))
        address = address_of(job)
        if job.created_at != self.at:
            return Done(f"This file was imported before: it is job {number}.", address)
        ring_for(number)
        return Done(f"The import has begun: it is job {number}.", address)
