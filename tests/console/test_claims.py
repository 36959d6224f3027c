"""Claims on the console: made, found, mailed, revoked, and on their member's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from loyalty.kernel import clock
from loyalty.kernel.desk import address_of
from loyalty.kernel.models import AuditEntry
from loyalty.kernel.services.runner import run_one_job
from members.models import Claim, Member, Store
from members.services import ClaimDraft, claim_points, create_claims, create_store
from tests.house import TESTER, House
from tests.staff import Person, refusals
from tests.walk import every_row

ALICE = "alice@example.com"
LIST, NEW = "members/claim/", "members/claim/add/"


@pytest.fixture
def store(house: House) -> Store:
    """The default store of the house."""
    type(house.account).objects.filter(pk=house.account.pk).update(decimals=2)
    words: dict[str, Any] = {"customer_types": ["Internal"], "actor": TESTER, "at": clock.now()}
    return create_store(organization_id=house.id, code="DEFAULT", name="Shop", **words)


def claim_at(store: Store, amount: int = 40_000, **words: Any) -> Claim:
    (made,) = create_claims(store=store, zone="UTC", drafts=[ClaimDraft(amount, **words)], actor=TESTER, at=clock.now())
    assert isinstance(made, Claim)
    return made


def act(claim: Claim, slug: str) -> str:
    return f"members/claim/{claim.pk}/do/{slug}/"


def text(page: Any) -> str:
    return " ".join(page.content.decode().split())


def test_a_claim_is_made_in_the_accounts_units(house: House, store: Store, administrator: Person) -> None:
    form = administrator.form_of(NEW)
    fields = {"amount": "12.50", "email": " Alice@Example.com", "customer_type": "Internal", "days": "0"}
    for _ in range(2):
        # Sent twice it is made once.
        answer = administrator.post(NEW, **form, **fields)
    claim = Claim.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, address_of(claim))
    assert (claim.amount, claim.email, claim.customer_type) == (1250, ALICE, "Internal")
    assert claim.expires_at.time().isoformat() == "23:59:59"
    assert AuditEntry.objects.get(action="claim.created").actor_name == "Anna Administrator"


@pytest.mark.parametrize(
    ("field", "value"),
    [("amount", "0"), ("amount", "1.555"), ("amount", "x"), ("amount", "9" * 20), ("email", "no"), ("days", "-1"),
     ("days", "99999"), ("customer_type", "Nobody")],
)  # fmt: skip
def test_what_is_wrong_is_told_beside_its_field(
    house: House, store: Store, administrator: Person, field: str, value: str
) -> None:
    before = every_row()
    answer = administrator.act(NEW, **{"amount": "5", field: value})
    assert list(refusals(answer)) == [field]
    assert every_row() == before


def test_without_a_store_nothing_can_be_made(house: House, administrator: Person) -> None:
    before = every_row()
    answer = administrator.act(NEW, amount="5")
    assert refusals(answer) == {"__all__": ["The organization has no active default store."]}
    assert every_row() == before


def test_claims_are_found_by_state_email_token_and_address(
    house: House, alice: Member, store: Store, administrator: Person
) -> None:
    waiting, taken, over = (claim_at(store, email=ALICE) for _ in range(3))
    claim_points(claim=taken, email=ALICE, actor=TESTER, at=clock.now())
    Claim.objects.filter(pk=over.pk).update(expires_at=clock.now() - timedelta(days=1))

    def listed(**query: str) -> list[Claim]:
        return list(administrator.get(LIST, **query).context["cl"].result_list)

    assert listed() == [over, taken, waiting]
    assert listed(state="open") == [waiting]
    assert listed(state="claimed") == [taken]
    assert listed(state="expired") == [over]
    assert listed(state="revoked") == []
    assert listed(q=ALICE) == [over, taken, waiting]
    assert listed(q="alice") == []
    assert listed(q=taken.token.hex) == [taken]
    assert listed(q=f"http://127.0.0.1:8000/claim/points/{taken.token.hex}") == [taken]
    assert "400.00" in text(administrator.get(LIST))


def test_the_address_is_mailed_from_the_claims_page(
    house: House, store: Store, administrator: Person, mailoutbox: list[Any]
) -> None:
    bound, unbound = claim_at(store, email=ALICE), claim_at(store)
    assert administrator.act(act(bound, "send")).status_code == 302
    assert mailoutbox == []
    run_one_job(worker="test")
    assert [message.to for message in mailoutbox] == [[ALICE]]
    assert bound.token.hex in mailoutbox[0].body
    assert administrator.get(act(unbound, "send")).status_code == 403


def test_a_claim_is_revoked_with_a_reason_and_a_look_before(house: House, store: Store, administrator: Person) -> None:
    claim = claim_at(store)
    before = every_row()
    shown = administrator.act(act(claim, "revoke"), confirmed=False, reason="a mistake")
    assert "gets nothing any more" in text(shown)
    assert every_row() == before
    assert administrator.act(act(claim, "revoke"), reason="a mistake").status_code == 302
    claim.refresh_from_db()
    assert claim.state_at(clock.now()) == "revoked"
    assert AuditEntry.objects.get(action="claim.revoked").reason == "a mistake"
    assert administrator.get(act(claim, "revoke")).status_code == 403


def test_a_members_page_lists_the_claims(
    house: House, alice: Member, store: Store, administrator: Person, staff_with: Callable[..., Person]
) -> None:
    claim_at(store, 12_345, email=ALICE)
    assert "123.45" in text(administrator.get(address_of(alice)))
    assert "123.45" not in text(staff_with("members:read").get(address_of(alice)))


def test_people_are_named_only_to_who_may_read_members(
    house: House, alice: Member, store: Store, staff_with: Callable[..., Person]
) -> None:
    claim = claim_at(store, email=ALICE)
    claim_points(claim=claim, email=ALICE, actor=TESTER, at=clock.now())
    person = staff_with("ledgers:read")
    for page in (person.get(LIST), person.get(address_of(claim))):
        assert page.status_code == 200
        assert ALICE not in text(page)
        assert "alice" not in text(page)
    both = staff_with("ledgers:read", "members:read")
    assert ALICE in text(both.get(LIST))
    assert ALICE in text(both.get(address_of(claim)))


def test_the_address_is_shown_only_to_who_may_give_points(
    house: House, store: Store, staff_with: Callable[..., Person]
) -> None:
    claim = claim_at(store)
    for roles, shown in ((("ledgers:read",), False), (("ledgers:write",), True)):
        assert (claim.token.hex in text(staff_with(*roles).get(address_of(claim)))) is shown


def test_whoever_only_reads_can_do_nothing(house: House, store: Store, staff_with: Callable[..., Person]) -> None:
    claim, person = claim_at(store, email=ALICE), staff_with("ledgers:read", "members:read")
    before = every_row()
    for path in (NEW, act(claim, "send"), act(claim, "revoke")):
        assert person.get(path).status_code == 403
        assert person.post(path, once="x", confirmed="1", reason="x", amount="5").status_code == 403
    assert every_row() == before
