"""The file of rows that a job leaves behind."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile

from loyalty.kernel.models import Job


def plain(text: str) -> str:
    """The text as a cell: a spreadsheet would run what begins like a formula; the apostrophe makes it text."""
    return f"'{text}" if text.startswith(("=", "@", "\t", "\r", "+", "-")) else text


class Report:
    """A CSV file that grows with the job. Its length is committed with each chunk: what a killed run wrote beyond that
    is cut off again.
    """

    def __init__(self, job: Job, name: str, headings: Sequence[str]) -> None:
        self.job, self.name, self.headings = job, name, headings
        self.length = int(job.cursor.get("report", 0))

    def write(self, rows: Iterable[Sequence[Any]]) -> int:
        """Add rows; answers how long the report is now. Without rows there is no file."""
        found = list(rows)
        if not found:
            return self.length
        if not self.job.report.name:
            self.job.report.save(self.name, ContentFile(b""), save=True)
        text = io.StringIO()
        writer = csv.writer(text)
        if not self.length:
            writer.writerow(self.headings)
        writer.writerows(found)
        with Path(self.job.report.path).open("r+b") as file:
            file.truncate(self.length)
            file.seek(self.length)
            file.write(text.getvalue().replace("\x00", "").encode())
            self.length = file.tell()
        return self.length
