"""Points that effects give and take: gathered for as long as nobody has to know, then posted in one ledger call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from campaigns.selectors.occasions import Occasion
from campaigns.services.asking import Step
from ledger.models import LedgerAccount
from ledger.services import SYSTEM, Move, Outcome, burn, mint, post_groups
from loyalty.kernel.actors import Actor
from members.models import Enrollment
from members.selectors import resolve_account

SOURCE = "campaign"
POINTS = {"mint-points": mint, "burn-points": burn}


class OfProgram(Protocol):
    """A campaign or a mission: of a program, or of the default one."""

    @property
    def program_id(self) -> int | None:
        """The program."""


class Placed(Protocol):
    """Somebody with places in programs at hand."""

    @property
    def places(self) -> Mapping[int, Enrollment]:
        """The place in each program."""


class Accounts:
    """Which account is meant, found out once for each way of naming it."""

    def __init__(self, organization_id: int) -> None:
        self.organization_id = organization_id
        self._known: dict[tuple[int | None, int | None], LedgerAccount] = {}

    def meant(self, params: dict[str, Any], play: OfProgram, occasion: Placed) -> tuple[int, int | None]:
        """(account, ledger it has to be in): the one named, else the main one of the program of whatever gives, or of
        the default one, which are mostly at hand with the member.

        :raises NotFound: a ledger or account that is not there.
        :raises NoDefaultAccount: where none is named, and none is set.
        """
        ledger_id, account_id = params.get("ledgerId"), params.get("ledgerAccountId")
        if account_id is not None:
            return account_id, ledger_id
        if ledger_id is None:
            for program_id, place in occasion.places.items():
                mine = place.program.is_default if play.program_id is None else play.program_id == program_id
                if mine and place.program.main_account_id is not None:
                    return place.program.main_account_id, None
                if mine:
                    ledger_id = place.program.ledger_id
        key = (ledger_id, account_id)
        if key not in self._known:
            self._known[key] = resolve_account(self.organization_id, ledger_id=ledger_id, account_id=account_id)
        return self._known[key].pk, None


def move_of(
    step: Step, amount: int, account: tuple[int, int | None], *, occasion: Occasion, name: str, key: str, at: datetime
) -> Move:
    """The movement of one effect. Its key makes sure that it is never done twice for one event (semantics 7.3)."""
    params, event = step.params, occasion.event
    words: dict[str, Any] = {}
    if step.effect.type == "mint-points":
        starts = at
        if params.get("validInDays"):
            starts = words["valid_from"] = at + timedelta(days=params["validInDays"])
        if params.get("expiresInDays"):
            words["expires_at"] = starts + timedelta(days=params["expiresInDays"])
    return POINTS[step.effect.type](
        account_id=account[0],
        ledger_id=account[1],
        wallet_id=occasion.member.wallet_id,
        amount=amount,
        unique_key=key,
        key_kind=SYSTEM,
        # The event is being asked about for the first time: nobody can have used the key.
        key_is_new=event.status != event.Status.FAILED,
        external_id=event.external_id,
        description=params.get("description") or name,
        external_event_at=event.external_event_at,
        source=SOURCE,
        **words,
    )


@dataclass(slots=True)
class Group:
    """The movements of one action, and what to do when their outcome is known."""

    moves: list[Move]
    settle: Callable[[Outcome], None]


class Purse:
    """Groups of movements that wait to be posted together. Each is a savepoint of its own (semantics 9.4): one that is
    refused leaves the others.
    """

    def __init__(self, organization_id: int, actor: Actor, at: datetime) -> None:
        self.organization_id, self.actor, self.at = organization_id, actor, at
        self._groups: list[Group] = []

    def add(self, group: Group) -> None:
        """Have the movements posted with the next others."""
        self._groups.append(group)

    def flush(self) -> None:
        """Post what waits, and say what came of it."""
        if not self._groups:
            return
        groups, self._groups = self._groups, []
        outcomes = post_groups(
            organization_id=self.organization_id,
            groups=[group.moves for group in groups],
            actor=self.actor,
            at=self.at,
        )
        for group, outcome in zip(groups, outcomes, strict=True):
            group.settle(outcome)
