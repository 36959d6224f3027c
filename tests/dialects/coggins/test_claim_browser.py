"""The claim page in a real browser, on a phone, without JavaScript."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from playwright.sync_api import Browser, Page

from loyalty.kernel import clock
from loyalty.kernel.services.runner import run_one_job
from members.models import Claim, Member
from members.services import ClaimDraft, create_claims
from tests.browser import overflow
from tests.dialects.coggins.store import open_store
from tests.house import TESTER, House

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"width": 320, "height": 640}
ALICE = "alice@example.com"


def photograph(page: Page, name: str) -> None:
    """A picture for whoever wants to look: CLAIM_PICTURES names the folder."""
    folder = os.environ.get("CLAIM_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def open_phone(browser: Browser, address: str, *, dark: bool) -> tuple[Page, list[str]]:
    """A small window without JavaScript, and what it asked for."""
    context = browser.new_context(
        viewport=PHONE, java_script_enabled=False, color_scheme="dark" if dark else "light", base_url=address
    )
    page, asked = context.new_page(), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    return page, asked


def fits(browser: Browser, page: Page) -> bool:
    """Whether the page is no wider than the phone; measured where scripts may run."""
    context = browser.new_context(viewport=PHONE)
    context.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    measured = context.new_page()
    measured.goto(page.url)
    wide = overflow(measured)
    context.close()
    return wide == 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_whole_way_on_a_phone_without_javascript(
    browser: Browser, live_server: Any, house: House, alice: Member, dark: bool
) -> None:
    store = open_store(house, "DEFAULT")
    drafts = [ClaimDraft(400, email=ALICE, days=1), ClaimDraft(1_000_000)]
    claims = create_claims(store=store, zone="UTC", drafts=drafts, actor=TESTER, at=clock.now())
    bound, free = (claim for claim in claims if isinstance(claim, Claim))
    shade = "dark" if dark else "light"
    page, asked = open_phone(browser, live_server.url, dark=dark)
    page.goto(f"/claim/points/{bound.token.hex}")
    assert page.inner_text("h1") == "400 Points"
    assert "a•••@e•••.com" in page.inner_text("main")
    photograph(page, f"{shade}-1-ask")
    assert fits(browser, page)
    page.fill("[name=email]", ALICE)
    page.press("[name=email]", "Enter")
    assert "a code was mailed" in page.inner_text("main")
    run_one_job(worker="test")
    found = re.search(r"^    (\d{6})$", mail.outbox[-1].body, re.MULTILINE)
    assert found is not None
    page.fill("[name=code]", "000000" if found[1] != "000000" else "000001")
    page.click("text=Claim the points")
    assert "not the right one" in page.inner_text("main")
    photograph(page, f"{shade}-2-wrong")
    page.fill("[name=code]", found[1])
    page.click("text=Claim the points")
    assert page.inner_text("h1") == "400 Points are yours"
    photograph(page, f"{shade}-3-mine")
    assert house.balance(alice)[0] == 400
    # The second is one click.
    page.goto(f"/claim/points/{free.token}")
    photograph(page, f"{shade}-4-ready")
    assert fits(browser, page)
    page.click("text=Claim as alice@example.com")
    assert page.inner_text("h1") == "1,000,000 Points are yours"
    assert house.balance(alice)[0] == 1_000_400
    page.goto("/claim/points/nothing")
    assert "There are no points here" in page.inner_text("h1")
    assert all(address.startswith((live_server.url, "data:")) for address in asked), asked
    page.context.close()
