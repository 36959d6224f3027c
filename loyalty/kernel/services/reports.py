"""The file of rows that a job leaves behind: what an import refused, to mend and send again, or what was exported."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from django.core.files.base import ContentFile

from loyalty.kernel.models import Job


class Report:
    """A CSV file `name` that grows with the job. Its length is committed with each chunk, as `report` in the job's
    cursor: what a killed run wrote beyond that is cut off again.
    """

    def __init__(self, job: Job, name: str, columns: Sequence[str]) -> None:
        self.job, self.name, self.columns = job, name, columns
        self.length = int(job.cursor.get("report", 0))

    def write(self, rows: Iterable[Sequence[object]]) -> int:
        """Add rows; answers how long the report is now. Without rows there is no file."""
        lines = list(rows)
        if not lines:
            return self.length
        if not self.job.report.name:
            self.job.report.save(self.name, ContentFile(b""), save=True)
        text = io.StringIO()
        writer = csv.writer(text)
        if not self.length:
            writer.writerow(self.columns)
        writer.writerows([_harmless(value) for value in line] for line in lines)
        with Path(self.job.report.path).open("r+b") as file:
            file.truncate(self.length)
            file.seek(self.length)
            file.write(text.getvalue().replace("\x00", "").encode())
            self.length = file.tell()
        return self.length


def _harmless(value: object) -> object:
    """A spreadsheet would run what begins like a formula; the apostrophe makes it text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=@\t\r+-" and value else value
