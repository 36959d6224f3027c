"""A program elsewhere, called over HTTP by the protocol on the page of the exchange: signed, each credit by an id that
acts once there, and asked how it stands before anything is sent again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.json_text import write_json
from loyalty.kernel.numbered import uuid_of
from loyalty.kernel.services.addresses import parse_address
from loyalty.kernel.services.sending import Answer, Receiver, signed
from partners.errors import ProgramUnreachable
from partners.models import Exchange
from partners.services.connectors.base import Connector, Destination, Outcome

# The two last words a program can say of a credit, and the one for a credit it never heard of.
CREDITED, REFUSED, UNKNOWN = "credited", "refused", "unknown"
_LAST = (CREDITED, REFUSED)


class OverHttp(Connector):
    """Tells the program of an exchange by a job, after the issue was committed."""

    is_at_once = False

    def validate(self, destination: Destination, *, is_sandbox: bool, at: datetime) -> bool:
        """What the program says; in the sandbox it is not called, and everybody is valid.

        :raises ProgramUnreachable: where it does not say.
        """
        if is_sandbox:
            return True
        said = self._ask("POST", "/validate", _told(destination), at)
        if said is None or not isinstance(said.get("isValid"), bool):
            raise ProgramUnreachable
        return bool(said["isValid"])

    def find(self, destination: Destination) -> None:
        """Nobody of ours: whom a program elsewhere knows is its own to say."""

    def settle(self, exchange: Exchange, *, attempt: int, at: datetime) -> Outcome:
        """Have the points credited, or (of one that is to be taken back) never credited; answers the program's last
        word. From the second attempt on it is asked first: it may have heard us the last time.

        :raises ProgramUnreachable: where it does not say one of its last words.
        """
        where = f"/credits/{uuid_of('exchange', exchange.pk)}"
        said = self._ask("GET", where, None, at) if attempt > 1 else None
        if said is None or said.get("status") not in _LAST:
            if exchange.state == Exchange.State.REVERSING:
                said = self._ask("POST", f"{where}/cancel", {}, at)
            else:
                said = self._ask("PUT", where, self._credit(exchange), at)
        if said is None or said.get("status") not in _LAST:
            raise ProgramUnreachable
        reason = said.get("reason")
        return Outcome(said["status"] == CREDITED, reason[:500] if isinstance(reason, str) else "")

    def _credit(self, exchange: Exchange) -> dict[str, Any]:
        return {
            **_told(Destination(exchange.destination_user_id, exchange.destination_user_email)),
            "points": exchange.points,
            "description": exchange.description,
            "issuedAt": exchange.created_at,
        }

    def _ask(self, method: str, path: str, body: Any, at: datetime) -> dict[str, Any] | None:
        """The object in the program's answer, or None where there is none: whatever is no clear word is no word."""
        try:
            address = parse_address(self.program.url, field="url")
        except InvalidInput as refusal:
            # The installation allows less than it did when the address was given.
            raise ProgramUnreachable(refusal.message) from refusal
        content = b"" if body is None else write_json(body, option=orjson.OPT_UTC_Z)
        where = address.path.rstrip("/") + path
        # What is asked is signed too: a signed question is no cancellation.
        proof = signed([self.program.secret], int(at.timestamp()), f"{method} {where}\n".encode() + content)
        headers = {"Content-Type": "application/json", "User-Agent": "Tallystick", **proof}
        receiver = Receiver(address)
        try:
            answer = receiver.call(method, where, content, headers)
        finally:
            receiver.close()
        return _object_in(answer)


def _told(destination: Destination) -> dict[str, Any]:
    said = {"destinationUserId": destination.user_id, "destinationUserEmail": destination.user_email}
    return {name: value for name, value in said.items() if value}


def _object_in(answer: Answer) -> dict[str, Any] | None:
    """A refusal is a word too, where the program itself says it; what a server before it says, with a 502, is none."""
    if answer.status is None or not (200 <= answer.status < 300 or 400 <= answer.status < 500):
        return None
    try:
        said = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
    return said if isinstance(said, dict) else None
