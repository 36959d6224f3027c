"""The exchange on the console: partners and what they pay, programs, secrets seen once, what failed, statements."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from loyalty.kernel import clock
from loyalty.kernel.desk import address_of
from loyalty.kernel.models import AuditEntry, Job
from members.models import Member
from partners.models import Exchange, ExchangeClient, Partner, PartnerProgram, Statement
from partners.services import close_period, reverse_exchange
from tests.house import TESTER, House
from tests.partners.trade import Trade, make_program, trade
from tests.staff import Person, refusals, staff_of
from tests.walk import every_row

__all__ = ["trade"]


def do(row: Any, slug: str) -> str:
    return f"partners/{row._meta.model_name}/{row.pk}/do/{slug}/"


def read(person: Person, address: Any) -> str:
    page = person.get(address if isinstance(address, str) else address_of(address))
    assert page.status_code == 200
    return str(page.content.decode())


def test_a_partner_is_made_pays_in_once_and_is_changed(house: House, administrator: Person) -> None:
    add = "partners/partner/add/"
    administrator.act(add, name="Bank", currency="EUR", terms="prepaid", alert_below="50", profile="city: Berlin")
    bank = Partner.objects.get()
    assert (bank.floor, bank.alert_below, bank.profile) == (0, 50, {"city": "Berlin"})
    form = {**administrator.form_of(do(bank, "pay-in")), "amount": "200.50", "reason": "Transfer 7", "confirmed": "1"}
    for _ in range(2):
        assert administrator.post(do(bank, "pay-in"), **form).status_code == 302
    assert "200.50 EUR" in read(administrator, bank)
    administrator.act(do(bank, "edit"), floor="10")
    bank.refresh_from_db()
    assert bank.floor == 10
    for wrong, field in (({"floor": "-1"}, "floor"), ({"profile": "hello: world"}, "profile"), ({"name": ""}, "name")):
        assert field in refusals(administrator.act(do(bank, "edit"), **wrong))


def test_a_program_elsewhere_shows_its_secret_once(trade: Trade, administrator: Person) -> None:
    add = "partners/partnerprogram/add/"
    said = {"partner": trade.books.pk, "name": "Miles", "price_per_point": "0.02", "url": "https://example.com/miles"}
    page = administrator.act(add, **said)
    made = PartnerProgram.objects.get(name="Miles")
    assert dict(page.context["secrets"])["Secret"] == made.secret
    assert "no-store" in page["Cache-Control"]
    assert made.secret not in read(administrator, made)
    before = every_row()
    for wrong, field in (
        ({"url": "http://10.0.0.1/"}, "url"),
        ({"url": ""}, "url"),
        ({"price_per_point": "0"}, "price_per_point"),
        ({"max_value": "5", "min_value": "6"}, "max_value"),
    ):
        assert field in refusals(administrator.act(add, **{**said, "name": "Other", **wrong}))
    assert every_row() == before
    administrator.act(do(made, "edit"), price_per_point="0.04", price_per_point_in_usd="0.04", active="on")
    made.refresh_from_db()
    assert made.price_per_point == Decimal("0.04")


def test_nobody_has_points_given_in_a_program_they_may_not_speak_for(trade: Trade, administrator: Person) -> None:
    said = {"partner": trade.books.pk, "name": "Theft", "price_per_point": "0.01"}
    page = administrator.act("partners/partnerprogram/add/", **said, destination=trade.neighbor.program.pk)
    assert "destination" in refusals(page)
    assert not PartnerProgram.objects.filter(name="Theft").exists()


def test_a_client_shows_its_secrets_once_and_may_issue_where_it_is_ticked(trade: Trade, administrator: Person) -> None:
    page = administrator.act(
        "partners/exchangeclient/add/", partner=trade.bank.pk, name="Second", programs=[trade.own.pk]
    )
    made = ExchangeClient.objects.get(name="Second")
    shown = dict(page.context["secrets"])
    assert shown["Client id"] == made.client_id
    assert set(shown) == {"Client id", "Secret for production", "Secret for sandbox"}
    text = read(administrator, made)
    assert shown["Secret for production"] not in text
    assert "Coffee Club" in text
    administrator.act(do(made, "programs"), programs=[trade.foreign.pk])
    assert [access.program_id for access in made.accesses.all()] == [trade.foreign.pk]
    new = administrator.act(do(made, "rotate-sandbox"), reason="Lost.").context["secrets"]
    assert dict(new)["Secret"] not in shown.values()


def test_whoever_may_not_write_may_not_make_a_client(trade: Trade) -> None:
    reader = staff_of(trade.house.organization, "partnerships:read")
    assert reader.get("partners/exchangeclient/add/").status_code == 403
    assert reader.get(do(trade.bank, "pay-in")).status_code == 403
    assert reader.get(address_of(trade.bank)).status_code == 200


def test_an_issue_is_reversed_with_a_reason_after_a_preview(
    trade: Trade, house: House, alice: Member, administrator: Person
) -> None:
    exchange = trade.issue()
    page = administrator.act(do(exchange, "reverse"), confirmed=False, reason="Wrong person.")
    assert "100 points of Coffee Club" in page.content.decode()
    assert house.balance(alice) == (100, 0, 0)
    administrator.act(do(exchange, "reverse"), reason="Wrong person.")
    assert house.balance(alice) == (0, 0, 0)
    assert AuditEntry.objects.get(action="exchange.reversed").reason == "Wrong person."
    assert administrator.get(do(exchange, "reverse")).status_code == 403


def test_what_failed_is_tried_again_or_cancelled(trade: Trade, administrator: Person, settings: Any) -> None:
    settings.WEBHOOK_ALLOW_HTTP = True
    program = make_program(trade.books, "Miles", url="https://example.com/miles")
    trade.client.accesses.create(program=program, created_at=clock.now())
    numbers = ("R-1", "R-2")
    for number in numbers:
        exchange = trade.issue(program_id=program.pk, reference_number=number)
        assert administrator.get(do(exchange, "retry")).status_code == 403, "it is under way"
    Exchange.objects.update(state="failed", says="No answer.")
    Job.objects.update(state="failed")
    text = read(administrator, trade.books)
    assert "No answer." in text
    first, second = Exchange.objects.order_by("pk")
    administrator.act(do(first, "retry"), reason="They are back.")
    assert Job.objects.get(unique_key=str(first.pk)).state == "waiting"
    administrator.act(do(second, "cancel"), reason="They do not know it.")
    second.refresh_from_db()
    assert (second.state, Job.objects.get(unique_key=str(second.pk)).state) == ("reversing", "waiting")
    assert AuditEntry.objects.get(action="exchange.cancelled").reason == "They do not know it."
    listed = administrator.get("partners/exchange/", open="1").context["cl"]
    assert listed.result_count == 2
    assert administrator.get("partners/exchange/", q="R-2").context["cl"].result_count == 1
    assert administrator.get("partners/exchange/", q="R-").context["cl"].result_count == 0


def test_a_period_is_closed_printed_and_downloaded_as_it_was_proved(
    trade: Trade, alice: Member, noon: Any, administrator: Person, stranger: Person
) -> None:
    trade.issue()
    reverse_exchange(exchange=trade.issue(reference_number="R-2"), actor=TESTER, at=clock.now(), reason="A mistake.")
    noon.shift(timedelta(days=2))
    partner = trade.own.partner
    page = administrator.act(do(partner, "close"), confirmed=False, until="2030-03-17", reason="March")
    assert "not settled" in page.content.decode()
    for wrong in ("2030-03-18", "2030-01-01", "soon"):
        assert "until" in refusals(administrator.act(do(partner, "close"), until=wrong, reason="March"))
    assert Statement.objects.count() == 0
    led_to = administrator.act(do(partner, "close"), until="2030-03-17", reason="March")["Location"]
    statement = Statement.objects.get()
    assert led_to == address_of(statement)
    assert statement.digest in read(administrator, led_to)
    stem = f"/admin/partners/statement/{statement.pk}/"
    file = b"".join(administrator.get(f"{stem}lines.csv").streaming_content)
    assert hashlib.sha256(file).hexdigest() == statement.digest
    printed = read(administrator, f"{stem}print/")
    assert statement.digest in printed
    assert "http" not in printed.replace("https://", "http").split("<body>")[1], "nothing leads elsewhere"
    for place in ("lines.csv", "print/"):
        assert stranger.get(f"{stem}{place}").status_code == 404


def test_a_float_below_its_alert_is_said(trade: Trade, alice: Member, administrator: Person) -> None:
    assert ">low<" not in read(administrator, "partners/partner/")
    trade.issue(value=950)
    text = read(administrator, trade.bank)
    assert "50.00 USD" in text
    assert ">low<" in text
    trade.issue(value=50, reference_number="R-2")
    assert ">used up<" in read(administrator, "partners/partner/")
    concerns = [str(one.says) for one in administrator.get("").context["home"].concerns]
    assert any("Bank" in concern for concern in concerns), concerns


def test_a_closed_period_stays_what_it_was(trade: Trade, alice: Member, noon: Any) -> None:
    trade.issue()
    noon.shift(timedelta(days=1))
    statement = close_period(partner=trade.own.partner, ends_at=clock.now(), actor=TESTER, at=clock.now())
    assert statement.lines == 1


@pytest.fixture(autouse=True)
def at_noon(noon: Any) -> None:
    """It is noon, before anything is made."""
