"""Makes the rows tests start from, through the same services that everything else uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import factory
from factory.django import DjangoModelFactory

from ledger.services import create_account, create_ledger
from loyalty.kernel import clock
from loyalty.kernel.actors import Actor
from loyalty.kernel.models import Operator, Organization
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import create_operator, create_organization
from members.models import Member
from members.services import create_member, create_program, create_tier

if TYPE_CHECKING:
    from tests.house import House

_MAKER = Actor("system", "factory", "a factory")


class OrganizationFactory(DjangoModelFactory[Organization]):
    """An organization without books."""

    class Meta:
        model = Organization

    name = factory.Sequence(lambda n: f"Shop {n}")

    @classmethod
    def _create(cls, model_class: type[Organization], *args: Any, **kwargs: Any) -> Organization:
        return create_organization(actor=_MAKER, at=clock.now(), **kwargs)


class OperatorFactory(DjangoModelFactory[Operator]):
    """A person who signs in to the console."""

    class Meta:
        model = Operator

    username = factory.Sequence(lambda n: f"person{n}")
    password = "a good long password"

    @classmethod
    def _create(cls, model_class: type[Operator], *args: Any, **kwargs: Any) -> Operator:
        return create_operator(granter=EVERYTHING, actor=_MAKER, at=clock.now(), **kwargs)


class ServiceFactory(OperatorFactory):
    """A service that holds credentials."""

    username = factory.Sequence(lambda n: f"service{n}")
    kind = Operator.Kind.SERVICE
    password = None


class MemberFactory(DjangoModelFactory[Member]):
    """A member with a wallet."""

    class Meta:
        model = Member

    organization = factory.SubFactory(OrganizationFactory)
    loyalty_member_id = factory.Sequence(lambda n: f"member-{n}")

    @classmethod
    def _create(cls, model_class: type[Member], *args: Any, **kwargs: Any) -> Member:
        organization = kwargs.pop("organization")
        profile = kwargs.pop("profile", {"email": f"{kwargs['loyalty_member_id']}@example.com"})
        return create_member(organization_id=organization.pk, profile=profile, actor=_MAKER, at=clock.now(), **kwargs)


def build_house(name: str, **account: Any) -> House:
    """An organization with a ledger, an account (points expire after twelve months unless told otherwise), a program
    with a tier.
    """
    from tests.house import House

    at = clock.now()
    organization = OrganizationFactory(name=name)
    books = create_ledger(organization_id=organization.pk, name="Main", actor=_MAKER, at=at)
    rules = {"name": "Points", "expires_in_months": 12, **account}
    points = create_account(ledger=books, actor=_MAKER, at=at, **rules)
    program = create_program(
        organization_id=organization.pk,
        name="Program",
        ledger_id=books.pk,
        main_account_id=points.pk,
        tier_account_id=points.pk,
        actor=_MAKER,
        at=at,
    )
    create_tier(program=program, name="Base", min_required_points=0, tier_order=1, actor=_MAKER, at=at)
    return House(organization, books, points, program)
