"""Who acts: one small value that every service takes, and every book and audit row keeps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """The person, credential or part of the system that asks for a change.

    `kind` is operator, credential, member or system; `id` is its row, or a name for the system's own parts;
    `request_id` ties what it wrote to the log of the request.
    """

    kind: str
    id: int | str
    name: str = ""
    request_id: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


def system(part: str, request_id: str = "") -> Actor:
    """The system itself, acting through `part` (a job, a command)."""
    return Actor("system", part, part, request_id)
