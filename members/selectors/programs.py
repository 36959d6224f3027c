"""Reads of programs and tiers, and which account is meant when nobody names one."""

from __future__ import annotations

from django.db.models import OuterRef, QuerySet, Subquery

from ledger.errors import NoDefaultAccount
from ledger.models import LedgerAccount
from ledger.selectors import find_default_account, get_account, get_ledger
from loyalty.kernel.errors import NotFound
from members.models import LoyaltyProgram, LoyaltyTier


def list_programs(organization_id: int) -> QuerySet[LoyaltyProgram]:
    """The organization's programs, each with the number of its default tier."""
    default = LoyaltyTier.objects.filter(program=OuterRef("pk"), is_default=True).values("pk")[:1]
    return LoyaltyProgram.objects.filter(organization_id=organization_id).annotate(default_tier_id=Subquery(default))


def get_program(organization_id: int, program_id: int) -> LoyaltyProgram:
    """One of the organization's programs.

    :raises NotFound: where it has no such program.
    """
    program = list_programs(organization_id).filter(pk=program_id).first()
    if program is None:
        raise NotFound("There is no such loyalty program.")
    return program


def default_program(organization_id: int) -> LoyaltyProgram | None:
    """The organization's default program, if it has one."""
    return LoyaltyProgram.objects.filter(organization_id=organization_id, is_default=True).first()


def list_tiers(program: LoyaltyProgram) -> QuerySet[LoyaltyTier]:
    """The program's tiers."""
    return LoyaltyTier.objects.filter(program=program)


def resolve_account(
    organization_id: int, *, ledger_id: int | None = None, account_id: int | None = None
) -> LedgerAccount:
    """The account that is meant (semantics 1.4): the one named, else the default of the ledger named, else the main
    account of the default program, else the default of its ledger.

    :raises NotFound: where a ledger or account named is not the organization's, or the account not in the ledger.
    :raises NoDefaultAccount: where nothing is named and nothing is set.
    """
    if account_id is not None:
        return get_account(organization_id, account_id, ledger_id)
    if ledger_id is None:
        program = (
            LoyaltyProgram.objects.filter(organization_id=organization_id, is_default=True)
            .select_related("main_account")
            .first()
        )
        if program is None:
            raise NoDefaultAccount
        if program.main_account is not None:
            return program.main_account
        ledger_id = program.ledger_id
    account = find_default_account(organization_id, ledger_id)
    if account is None:
        get_ledger(organization_id, ledger_id)
        raise NoDefaultAccount
    return account
