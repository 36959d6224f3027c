"""G4: the page behind a claim's address (contract coggins K2, K3, K4, K7)."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client

from ledger.models import Lot, Transaction
from loyalty.kernel import clock
from loyalty.kernel.models import AuditEntry, Job, Organization
from loyalty.kernel.services.runner import run_one_job
from members.models import Claim, ClaimCode, Member, Store
from members.services import ClaimDraft, create_claims, revoke_claim, update_member, update_store
from members.services.claim_codes import code_of
from tests import factories
from tests.house import NOON, TESTER, House
from tests.walk import every_row

ALICE = "alice@example.com"


class Visitor:
    """Somebody with a browser."""

    def __init__(self) -> None:
        self.client = Client(SERVER_NAME="127.0.0.1", enforce_csrf_checks=False)

    def get(self, claim: Claim) -> Any:
        return self.client.get(f"/claim/points/{claim.token.hex}")

    def post(self, claim: Claim, step: str, **fields: str) -> Any:
        return self.client.post(f"/claim/points/{claim.token.hex}", {"step": step, **fields})

    def prove(self, claim: Claim, email: str = ALICE) -> Any:
        """The whole way: ask for the code, read the mail, enter it."""
        assert self.post(claim, "code", email=email).status_code == 200
        return self.post(claim, "prove", email=email, code=mailed())


def mailed() -> str:
    """Do the work that waits, and read the code in the last mail."""
    while run_one_job(worker="test") is not None:
        pass
    found = re.search(r"^    (\d{6})$", mail.outbox[-1].body, re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()


@pytest.fixture
def claim_of(store: Store) -> Iterator[Any]:
    """Makes claims."""

    def make(amount: int = 400, **words: Any) -> Claim:
        (made,) = create_claims(
            store=store, zone="UTC", drafts=[ClaimDraft(amount, **words)], actor=TESTER, at=clock.now()
        )
        assert isinstance(made, Claim)
        return made

    return make


def text(page: Any) -> str:
    return " ".join(page.content.decode().split())


def test_k2_a_claim_without_an_email_is_anybodys_who_proves_one(
    house: House, alice: Member, claim_of: Any, visitor: Visitor
) -> None:
    claim = claim_of(customer_type="Internal")
    page = visitor.get(claim)
    assert page.status_code == 200
    assert "400 Points" in text(page)
    assert "Store DEFAULT" in text(page)
    sent = visitor.post(claim, "code", email=" Alice@EXAMPLE.com ")
    assert "A code was mailed to alice@example.com" in text(sent)
    assert house.balance(alice)[0] == 0
    answer = visitor.post(claim, "prove", email=ALICE, code=mailed())
    assert (answer.status_code, answer["Location"]) == (303, f"/claim/points/{claim.token.hex}")
    assert mail.outbox[-1].to == [ALICE]
    assert house.balance(alice)[0] == 400
    assert "400 Points are yours" in text(visitor.get(claim))
    claim.refresh_from_db()
    assert claim.claimed_by == alice
    written = Transaction.objects.get()
    assert claim.transaction == written
    assert (written.unique_key, written.key_kind, written.source) == (f"claim:{claim.pk}", "system", "claim")
    assert written.description == "Claimed points"
    assert house.findings() == []


def test_k3_the_claimer_gets_the_customer_type(house: House, alice: Member, claim_of: Any, visitor: Visitor) -> None:
    visitor.prove(claim_of(customer_type="Internal"))
    alice.refresh_from_db()
    assert alice.member_type == "Internal"
    visitor.post(claim_of(customer_type="External"), "claim")
    visitor.post(claim_of(), "claim")
    alice.refresh_from_db()
    assert alice.member_type == "External"


def test_k2_a_bound_claim_is_only_theirs_and_its_address_is_never_shown(
    house: House, alice: Member, bob: Member, claim_of: Any, visitor: Visitor
) -> None:
    claim = claim_of(email=ALICE)
    page = visitor.get(claim)
    assert "a•••@e•••.com" in text(page)
    right, wrong = Visitor().post(claim, "code", email=ALICE), visitor.post(claim, "code", email="bob@example.com")
    # Both are told the same; only one is mailed.
    assert (
        text(right).replace(ALICE, "X").split("csrf")[0] == text(wrong).replace("bob@example.com", "X").split("csrf")[0]
    )
    assert ALICE not in page.content.decode() + wrong.content.decode()
    code = mailed()
    assert [message.to for message in mail.outbox] == [[ALICE]]
    # Not even the code that would be right helps another address.
    hidden = code_of(ClaimCode.objects.get(email="bob@example.com"))
    refused = visitor.post(claim, "prove", email="bob@example.com", code=hidden)
    assert refused.status_code == 422
    assert "not the right one" in text(refused)
    assert house.balance(bob)[0] == 0
    assert visitor.post(claim, "prove", email=ALICE, code=code).status_code == 303
    assert house.balance(alice)[0] == 400


def test_who_proved_another_address_does_not_get_a_bound_claim(
    house: House, alice: Member, bob: Member, claim_of: Any, visitor: Visitor
) -> None:
    visitor.prove(claim_of(1), email="bob@example.com")
    bound = claim_of(email=ALICE)
    assert 'name="email"' in text(visitor.get(bound))
    assert visitor.post(bound, "claim").status_code == 403
    assert house.balance(bob)[0] == 1
    assert Claim.objects.get(pk=bound.pk).claimed_at is None


def test_a_new_email_becomes_a_member_in_the_same_transaction(
    house: House, store: Store, claim_of: Any, visitor: Visitor
) -> None:
    visitor.prove(claim_of(customer_type="Internal"), email="New@Example.com")
    member = Member.objects.get()
    assert (member.profile, member.member_type, member.active) == ({"email": "new@example.com"}, "Internal", True)
    assert uuid.UUID(member.loyalty_member_id)
    assert house.balance(member)[0] == 400


def test_a_second_claim_is_one_click_for_half_an_hour(
    noon: time_machine.Coordinates, house: House, alice: Member, claim_of: Any, visitor: Visitor
) -> None:
    visitor.prove(claim_of())
    second, third = claim_of(100), claim_of(50)
    page = visitor.get(second)
    assert "Claim as alice@example.com" in text(page)
    assert visitor.post(second, "claim").status_code == 303
    assert house.balance(alice)[0] == 500
    cookie = visitor.client.cookies["claim_email"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["max-age"]) == (True, "Lax", "/claim/", 1800)
    noon.shift(timedelta(minutes=31))
    assert "Claim as" not in text(visitor.get(third))
    assert visitor.post(third, "claim").status_code == 403
    assert house.balance(alice)[0] == 500


def test_a_cookie_that_was_made_up_proves_nothing(house: House, alice: Member, claim_of: Any, visitor: Visitor) -> None:
    visitor.client.cookies["claim_email"] = "alice@example.com:1abc:forged"
    claim = claim_of()
    assert "Claim as" not in text(visitor.get(claim))
    assert visitor.post(claim, "claim").status_code == 403
    assert house.balance(alice)[0] == 0


def test_somebody_else_at_the_same_browser_begins_anew(
    house: House, alice: Member, claim_of: Any, visitor: Visitor
) -> None:
    visitor.prove(claim_of())
    second = claim_of()
    assert visitor.post(second, "other").status_code == 303
    assert 'name="email"' in text(visitor.get(second))


def test_k7_a_second_claim_is_refused_and_nothing_moves(
    house: House, alice: Member, bob: Member, claim_of: Any, visitor: Visitor
) -> None:
    claim, other = claim_of(), Visitor()
    other.prove(claim_of(1), email="bob@example.com")
    visitor.prove(claim)
    before = every_row()
    assert "claimed before" in text(other.get(claim))
    for step in ("claim", "code", "prove"):
        answer = other.post(claim, step, email="bob@example.com", code="123456")
        assert (answer.status_code, "claimed before" in text(answer)) == (409, True), step
    # Whoever claimed may click as often as they like.
    assert visitor.post(claim, "claim").status_code == 303
    assert every_row() == before
    assert house.balance(bob)[0] == 1
    assert house.balance(alice)[0] == 400


def test_k4_the_last_second_of_the_last_day_is_in_time_and_the_next_is_not(
    noon: time_machine.Coordinates, house: House, alice: Member, claim_of: Any, visitor: Visitor
) -> None:
    visitor.prove(claim_of(1))
    today, tomorrow = claim_of(days=0), claim_of(days=1)
    noon.move_to(datetime(2030, 3, 15, 12, 20, tzinfo=UTC))
    assert "through 15 March 2030" in text(visitor.get(today))
    Claim.objects.update(expires_at=NOON + timedelta(minutes=20))
    assert visitor.post(today, "claim").status_code == 303
    noon.shift(1)
    before = every_row()
    for answer in (visitor.get(tomorrow), visitor.post(tomorrow, "claim"), visitor.post(tomorrow, "code", email=ALICE)):
        assert answer.status_code in (409, 410)
        assert "The time to claim these points is over" in text(answer)
    assert every_row() == before


def test_a_revoked_claim_gives_nothing(house: House, alice: Member, claim_of: Any, visitor: Visitor) -> None:
    claim = claim_of()
    visitor.prove(claim_of(1))
    revoke_claim(claim=claim, actor=TESTER, at=clock.now(), reason="a mistake")
    before = every_row()
    for answer in (visitor.get(claim), visitor.post(claim, "claim")):
        assert "can no longer be claimed" in text(answer)
    assert every_row() == before


@pytest.mark.parametrize(
    "token", [str(uuid.UUID(int=7)), uuid.UUID(int=7).hex, "nonsense", "1", "x" * 500, "%00", "{}"]
)
def test_an_unknown_address_is_a_404_for_people(db: None, visitor: Visitor, token: str) -> None:
    for answer in (visitor.client.get(f"/claim/points/{token}"), visitor.client.post(f"/claim/points/{token}")):
        assert answer.status_code == 404
        assert "There are no points here" in text(answer)
        assert "/admin/" not in text(answer)


def test_the_token_works_with_dashes_too(claim_of: Any, visitor: Visitor) -> None:
    claim = claim_of()
    for token in (str(claim.token), claim.token.hex, claim.token.hex.upper()):
        assert visitor.client.get(f"/claim/points/{token}").status_code == 200


def test_a_code_is_good_for_a_quarter_of_an_hour_and_once(
    noon: time_machine.Coordinates, house: House, alice: Member, claim_of: Any, visitor: Visitor
) -> None:
    claim = claim_of()
    visitor.post(claim, "code", email=ALICE)
    code = mailed()
    noon.shift(timedelta(minutes=15))
    assert visitor.post(claim, "prove", email=ALICE, code=code).status_code == 422
    visitor.post(claim, "code", email=ALICE)
    newer = mailed()
    assert visitor.post(claim, "prove", email=ALICE, code=f" {newer[:3]} {newer[3:]} ").status_code == 303
    assert Visitor().post(claim_of(), "prove", email=ALICE, code=newer).status_code == 422
    assert house.balance(alice)[0] == 400


def test_a_code_can_be_guessed_at_five_times(house: House, alice: Member, claim_of: Any, visitor: Visitor) -> None:
    claim = claim_of()
    visitor.post(claim, "code", email=ALICE)
    right = mailed()
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for _ in range(5):
        assert visitor.post(claim, "prove", email=ALICE, code=wrong).status_code == 422
    assert visitor.post(claim, "prove", email=ALICE, code=right).status_code == 422
    assert ClaimCode.objects.get().tries == 5
    assert house.balance(alice)[0] == 0


def test_five_codes_an_hour_for_a_claim_and_for_an_address(
    noon: time_machine.Coordinates, claim_of: Any, visitor: Visitor
) -> None:
    claim, other = claim_of(), claim_of()
    for number in range(5):
        assert visitor.post(claim, "code", email=f"a{number}@example.com").status_code == 200
    before = every_row()
    answer = visitor.post(claim, "code", email="a6@example.com")
    assert (answer.status_code, "Try again in an hour" in text(answer)) == (429, True)
    assert every_row() == before
    for number in range(4):
        assert visitor.post(claim_of(), "code", email="a0@example.com").status_code == 200, number
    assert visitor.post(other, "code", email="a0@example.com").status_code == 429
    noon.shift(timedelta(hours=1))
    assert visitor.post(other, "code", email="a0@example.com").status_code == 200


def test_a_form_sent_twice_mails_one_code(noon: time_machine.Coordinates, claim_of: Any, visitor: Visitor) -> None:
    claim = claim_of()
    for _ in range(3):
        assert "A code was mailed" in text(visitor.post(claim, "code", email=ALICE))
    mailed()
    assert len(mail.outbox) == 1
    noon.shift(timedelta(minutes=2))
    visitor.post(claim, "code", email=ALICE)
    mailed()
    assert len(mail.outbox) == 2


@pytest.mark.parametrize("email", ["", "no", "a@b", "x" * 300 + "@b.de", "a@b.de\nBcc: c@d.de", "a\x00@b.de"])
def test_an_address_that_is_none_is_told_beside_the_field(claim_of: Any, visitor: Visitor, email: str) -> None:
    claim = claim_of()
    before = every_row()
    answer = visitor.post(claim, "code", email=email)
    assert answer.status_code == 422
    assert 'class="refused"' in text(answer)
    assert visitor.post(claim, "prove", email=email, code="123456").status_code == 422
    assert every_row() == before


@pytest.mark.parametrize("code", ["", "abc", "x" * 5000, "\x00", "١٢٣٤٥٦", "12345"])
def test_a_code_that_is_none_is_refused(claim_of: Any, visitor: Visitor, code: str) -> None:
    claim = claim_of()
    visitor.post(claim, "code", email=ALICE)
    answer = visitor.post(claim, "prove", email=ALICE, code=code)
    assert answer.status_code == 422
    assert Claim.objects.get().claimed_at is None


def test_nothing_that_is_stored_is_a_code(claim_of: Any, visitor: Visitor) -> None:
    visitor.post(claim_of(), "code", email=ALICE)
    code = mailed()
    held = {table: [json.loads(row) for row in rows] for table, rows in every_row().items()}
    held["members.ClaimCode"] = [row[:3] + row[4:] for row in held["members.ClaimCode"]]  # a nonce is digits too
    values = [str(value) for rows in held.values() for row in rows for value in row]
    said = " ".join(value for value in values if not re.match(r"\d{4}-\d\d-\d\d[T ]", value))
    assert code not in re.findall(r"(?<!\d)\d{6}(?!\d)", said)
    assert Job.objects.get().params == {"code": ClaimCode.objects.get().pk}


def test_a_mail_that_is_too_late_is_not_sent(noon: time_machine.Coordinates, claim_of: Any, visitor: Visitor) -> None:
    visitor.post(claim_of(), "code", email=ALICE)
    noon.shift(timedelta(minutes=16))
    run_one_job(worker="test")
    assert (Job.objects.get().state, Job.objects.get().result) == ("done", {"sent": 0})
    assert mail.outbox == []


def test_a_mail_server_that_is_away_is_tried_again(
    noon: time_machine.Coordinates, claim_of: Any, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any, **words: Any) -> int:
        raise OSError("away")

    visitor.post(claim_of(), "code", email=ALICE)
    with monkeypatch.context() as broken:
        broken.setattr("members.services.claim_mails.send_mail", away)
        run_one_job(worker="test")
    assert Job.objects.get().state == "waiting"
    noon.shift(60)
    mailed()
    assert len(mail.outbox) == 1


def test_a_blocked_member_is_refused_and_the_claim_stays_open(
    house: House, alice: Member, claim_of: Any, visitor: Visitor
) -> None:
    update_member(member=alice, changes={"active": False}, actor=TESTER, at=clock.now())
    claim = claim_of(customer_type="Internal")
    answer = visitor.prove(claim)
    assert answer.status_code == 422
    assert "takes no points now" in text(answer)
    assert Claim.objects.get().state_at(clock.now()) == "open"
    assert Transaction.objects.count() == 0
    # The address is proved: once the member may take points again, one click does.
    update_member(member=Member.objects.get(), changes={"active": True}, actor=TESTER, at=clock.now())
    assert visitor.post(claim, "claim").status_code == 303
    assert house.balance(alice)[0] == 400


def test_an_account_that_gives_nothing_now_refuses_and_nothing_is_half_written(
    house: House, store: Store, claim_of: Any, visitor: Visitor
) -> None:
    claim = claim_of()
    type(house.account).objects.filter(pk=house.account.pk).update(active=False)
    answer = visitor.prove(claim, email="new@example.com")
    assert answer.status_code == 422
    assert not Member.objects.exists()
    assert Claim.objects.get().claimed_at is None


def test_of_several_with_one_email_the_oldest_gets_it(
    house: House, alice: Member, claim_of: Any, visitor: Visitor
) -> None:
    factories.MemberFactory(organization=house.organization, loyalty_member_id="z", profile={"email": ALICE})
    visitor.prove(claim_of())
    assert Claim.objects.get().claimed_by == alice


def test_points_live_as_the_stores_rules_say_of_points_given_then(
    noon: time_machine.Coordinates, house: House, alice: Member, store: Store, claim_of: Any, visitor: Visitor
) -> None:
    claim = claim_of()
    Organization.objects.filter(pk=house.id).update(timezone="America/New_York")
    update_store(store=store, changes={"days_locked": 2, "days_active": 10}, actor=TESTER, at=clock.now())
    visitor.prove(claim)
    lot = Lot.objects.get()
    assert (lot.state, lot.valid_from) == ("pending", NOON + timedelta(days=2))
    assert lot.expires_at == datetime(2030, 3, 28, 3, 59, 59, tzinfo=UTC)
    assert house.balance(alice) == (0, 0, 400)
    assert "They can be spent from 17 March 2030" in text(visitor.get(claim))


def test_the_page_is_kept_by_nobody_and_loads_nothing(claim_of: Any, visitor: Visitor) -> None:
    claim = claim_of()
    for page in (visitor.get(claim), visitor.post(claim, "code", email=ALICE), visitor.client.get("/claim/points/x")):
        assert page["Cache-Control"] == "no-store"
        assert page["X-Robots-Tag"] == "noindex, nofollow"
        assert page["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
        assert page["Referrer-Policy"] in ("same-origin", "no-referrer")
        assert page["X-Frame-Options"] == "DENY"
        html = page.content.decode()
        assert '<meta name="robots" content="noindex">' in html
        assert "<script" not in html
        assert re.findall(r'(?:src|href|action)="(?!/static/)[^"]*', html) == []
    revoke_claim(claim=claim, actor=TESTER, at=clock.now())
    assert visitor.get(claim)["Referrer-Policy"] == "no-referrer"


def test_a_form_from_elsewhere_does_nothing(house: House, alice: Member, claim_of: Any) -> None:
    strict = Client(SERVER_NAME="127.0.0.1", enforce_csrf_checks=True)
    claim = claim_of()
    before = every_row()
    for step in ("code", "prove", "claim", "other"):
        answer = strict.post(f"/claim/points/{claim.token.hex}", {"step": step, "email": ALICE, "code": "1"})
        assert answer.status_code == 403
    assert every_row() == before


def test_what_is_no_step_shows_the_page(claim_of: Any, visitor: Visitor) -> None:
    claim = claim_of()
    before = every_row()
    assert visitor.post(claim, "nonsense").status_code == 200
    assert visitor.client.put(f"/claim/points/{claim.token.hex}").status_code == 405
    assert visitor.client.head(f"/claim/points/{claim.token.hex}").status_code == 200
    assert every_row() == before


def test_a_store_s_name_cannot_write_on_the_page(store: Store, claim_of: Any, visitor: Visitor) -> None:
    Store.objects.filter(pk=store.pk).update(name="<script>alert(1)</script>\nX")
    claim = claim_of()
    assert "<script" not in visitor.get(claim).content.decode()
    visitor.post(claim, "code", email=ALICE)
    mailed()
    assert "\n" not in mail.outbox[0].subject


def test_the_history_says_who_claimed_without_an_address(
    house: House, alice: Member, claim_of: Any, visitor: Visitor
) -> None:
    visitor.prove(claim_of(email=ALICE))
    entry = AuditEntry.objects.get(action="claim.claimed")
    assert entry.after == {"member": alice.pk, "transaction": Transaction.objects.get().pk}
    assert ALICE not in str([entry.before, entry.after, entry.target_name, entry.reason])
