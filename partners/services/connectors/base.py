"""What every way into a program can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from ledger.services import Move
from partners.errors import DestinationIncomplete
from partners.models import Exchange, PartnerProgram


@dataclass(frozen=True, slots=True)
class Destination:
    """Who is to have the points, in the words of the program; what is not said is empty."""

    user_id: str = ""
    user_email: str = ""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A destination that was found among the members of this installation."""

    member_id: int
    wallet_id: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """A program's last word on an exchange: whether the points are, or will never be, credited; and why."""

    is_credited: bool
    says: str = ""


class Connector(ABC):
    """A way into one program.

    A way that is at once gives the points in the database transaction of the issue, by `credit_move`. Any other is told
    by a job, after it was committed.
    """

    is_at_once: bool

    def __init__(self, program: PartnerProgram) -> None:
        self.program = program

    def check_fields(self, destination: Destination) -> None:
        """That everything is said that the program requires (contract cosmopoints P1).

        :raises DestinationIncomplete: where something is not.
        """
        wanted = {
            "destinationUserId": (self.program.user_id_field, destination.user_id),
            "destinationUserEmail": (self.program.user_email_field, destination.user_email),
        }
        for name, (rule, said) in wanted.items():
            if rule == PartnerProgram.Wanted.REQUIRED and not said:
                raise DestinationIncomplete(f"{name} is required by this program.", field=name)
        if not destination.user_id and not destination.user_email:
            raise DestinationIncomplete(
                "Send a destinationUserId or a destinationUserEmail.", field="destinationUserEmail"
            )

    @abstractmethod
    def validate(self, destination: Destination, *, is_sandbox: bool, at: datetime) -> bool:
        """Whether somebody in the program is the destination. Outside any transaction: it may call.

        :raises ProgramUnreachable: where nobody can tell now.
        """

    @abstractmethod
    def find(self, destination: Destination) -> Recipient | None:
        """The member of this installation who is meant, or None where members are not ours to know.

        :raises DestinationUnknown: where they are, and nobody is.
        """

    def credit_move(self, exchange: Exchange, recipient: Recipient) -> tuple[int, Move]:
        """For a way that is at once: the organization in whose books the points are given, and the movement."""
        raise NotImplementedError

    def settle(self, exchange: Exchange, *, attempt: int, at: datetime) -> Outcome:
        """For any other way: have the program give (or, while the exchange is being reversed, not give) the points of
        an exchange that waits for it. Outside any transaction.

        :raises ProgramUnreachable: where the program does not say its last word.
        """
        raise NotImplementedError
