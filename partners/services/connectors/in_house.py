"""A program of this installation, whichever organization's: its members are given points at once."""

from __future__ import annotations

from datetime import datetime

from ledger.services import SYSTEM, Move, mint
from members.contacts import normal_email
from members.models import Enrollment, MemberContact
from members.selectors import find_member, match_members, resolve_account
from partners.errors import DestinationUnknown
from partners.models import Exchange
from partners.services.connectors.base import Connector, Destination, Recipient


class InHouse(Connector):
    """Gives points in the program's main account, in the database transaction of the issue."""

    is_at_once = True

    def validate(self, destination: Destination, *, is_sandbox: bool, at: datetime) -> bool:
        """Whether a member of the program is meant; the sandbox looks at the same members."""
        try:
            self.find(destination)
        except DestinationUnknown:
            return False
        return True

    def find(self, destination: Destination) -> Recipient:
        """The active member of the program with this id and this email, as far as each is said.

        :raises DestinationUnknown: nobody, or two people.
        """
        program = self.program.destination
        assert program is not None  # noqa: S101 - a constraint says so
        found: set[tuple[int, int, bool]] = set()
        if destination.user_id:
            member = find_member(program.organization_id, destination.user_id)
            if member is None:
                raise DestinationUnknown
            found.add((member.pk, member.wallet_id, member.active))
        if destination.user_email:
            contact = (str(MemberContact.Kind.EMAIL), normal_email(destination.user_email))
            _, by_contact = match_members(program.organization_id, customer_ids=[], contacts=[contact])
            match = by_contact.get(contact)
            if match is None:
                raise DestinationUnknown
            found.add((match.member_id, match.wallet_id, match.active))
        if len(found) != 1:
            raise DestinationUnknown
        member_id, wallet_id, active = found.pop()
        if not active or not Enrollment.objects.filter(member_id=member_id, program=program).exists():
            raise DestinationUnknown
        return Recipient(member_id, wallet_id)

    def credit_move(self, exchange: Exchange, recipient: Recipient) -> tuple[int, Move]:
        """The points, in the smallest units of the program's main account."""
        program = self.program.destination
        assert program is not None  # noqa: S101 - a constraint says so
        account = program.main_account or resolve_account(program.organization_id, ledger_id=program.ledger_id)
        move = mint(
            account_id=account.pk,
            wallet_id=recipient.wallet_id,
            amount=exchange.points * 10**account.decimals,
            unique_key=f"exchange:{exchange.pk}:credit",
            key_kind=SYSTEM,
            key_is_new=True,
            description=exchange.description or f"Points from {self.program.partner}",
            source="exchange",
        )
        return program.organization_id, move
