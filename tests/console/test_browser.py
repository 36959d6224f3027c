"""The console in a real browser."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Error as PlaywrightError

from campaigns.models import Campaign
from loyalty.kernel import clock
from loyalty.kernel.desk import address_of
from loyalty.kernel.models import Job
from loyalty.kernel.services import create_job
from members.models import Member
from tests import factories
from tests.browser import Open, overflow
from tests.campaigns.plays import make_campaign, minting
from tests.console.world import LISTED, PAGES, fill, list_of, row_of
from tests.house import TESTER, House
from tests.staff import Person

pytestmark = pytest.mark.django_db(transaction=True)

NARROW = (820, 1100)
# A window of 1280 by 900 at 200 % shows as much as one half as wide.
ZOOMED = (640, 450)
WIDE = (1280, 900)


def every_address(house: House) -> list[str]:
    """Home, each list, a row of each, and a form."""
    rows = [address_of(row_of(page, house)) for page in PAGES]
    forms = [
        "/admin/loyalty/apicredential/add/",
        "/admin/coupons/couponbook/add/",
        "/admin/campaigns/campaign/add/",
        "/admin/campaigns/campaign/do/try/",
        f"/admin/campaigns/campaign/{Campaign.objects.latest('pk').pk}/do/add-action/",
        "/admin/password_change/",
    ]
    return ["/admin/", *(list_of(page) for page in LISTED), *rows, *forms]


def test_a_person_signs_in_with_the_keyboard_alone(open_page: Open, house: House, administrator: Person) -> None:
    page = open_page("")
    assert "/login/" in page.url
    assert page.locator("img.ts-mark").is_visible()
    page.wait_for_selector("[name=username]:focus")
    page.keyboard.type("anna")
    page.keyboard.press("Tab")
    page.keyboard.type("a good long password")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "login" not in url)
    assert house.organization.name in page.inner_text("body")
    assert overflow(page) == 0


def test_a_credential_is_made_copied_and_used(
    open_page: Open, live_server: Any, house: House, administrator: Person
) -> None:
    page = open_page("loyalty/apicredential/", who=administrator)
    page.click("text=New API credential")
    page.wait_for_selector("[name=name]:focus")
    page.keyboard.type("Till")
    page.check("[value='ledgers:read']")
    page.click("button:has-text('Create')")
    page.wait_for_selector("[data-secret]")
    secret = page.inner_text("[data-secret='Secret']")
    page.click("[data-secret='Bearer token'] ~ button")
    token = page.evaluate("navigator.clipboard.readText()")
    assert token.endswith(f".{secret}")
    asked = urllib.request.Request(  # noqa: S310 - our own server
        f"{live_server.url}/api/v1/organizations/{house.id}/ledgers", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(asked) as answer:  # noqa: S310 - our own server
        assert json.load(answer)["results"][0]["ledgerId"] == house.ledger.pk
    page.click("text=I have copied it")
    page.wait_for_url("**/change/")
    assert secret not in page.content()
    with contextlib.suppress(PlaywrightError):
        # The browser has kept no copy of the page either: it can only say so.
        page.go_back()
        assert secret not in page.content()


def test_a_member_is_found_with_the_keyboard_alone(open_page: Open, house: House, administrator: Person) -> None:
    member = factories.MemberFactory(
        organization=house.organization, profile={"name": "Alice", "lastName": "Adams", "email": "a@example.com"}
    )
    page = open_page("loyalty/job/", who=administrator)
    page.keyboard.press("Control+k")
    page.wait_for_selector("#search-input-command:focus")
    page.keyboard.press("Enter")
    page.keyboard.type("adams")
    page.wait_for_selector("#command-results-list li.active, #command-results-list li")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{address_of(member)}")
    page.goto(list_of(next(page_ for page_ in LISTED if page_.model is Member)))
    page.wait_for_load_state()
    page.keyboard.press("/")
    page.wait_for_selector("#searchbar:focus")
    page.keyboard.type("adams")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{address_of(member)}")


def test_an_act_is_done_and_left_with_the_keyboard_alone(open_page: Open, house: House, administrator: Person) -> None:
    page = open_page(f"loyalty/organization/{house.id}/do/edit/", who=administrator)
    page.wait_for_selector("[name=name]:focus")
    page.keyboard.press("Escape")
    page.wait_for_url(f"**{address_of(house.organization)}")
    page.go_back()
    page.wait_for_selector("[name=name]:focus")
    page.keyboard.press("Control+a")
    page.keyboard.type("Demo Tea")
    # Nothing that was typed is lost to a stray key.
    page.keyboard.press("Escape")
    assert page.input_value("[name=name]") == "Demo Tea"
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{address_of(house.organization)}")
    assert "Demo Tea" in page.inner_text("h1.ts-title")


def test_the_preview_waits_for_a_yes_and_enter_gives_it(open_page: Open, house: House, administrator: Person) -> None:
    fill(house, factories.MemberFactory(organization=house.organization))
    operator = row_of(next(one for one in PAGES if one.opts.model_name == "operator"), house)
    page = open_page(f"loyalty/operator/{operator.pk}/do/remove/", who=administrator)
    page.wait_for_selector("[name=reason]:focus")
    page.keyboard.type("not needed any more")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ts-preview")
    assert operator.memberships.exists()
    page.wait_for_selector(".ts-buttons button:focus")
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/loyalty/operator/")
    assert not operator.memberships.exists()


def test_what_can_be_clicked_can_be_reached(
    open_page: Open, house: House, alice: Member, administrator: Person
) -> None:
    fill(house, alice)
    page = open_page("loyalty/job/", who=administrator)
    page.wait_for_selector("#result_list")
    unreachable = page.evaluate(
        """() => [...document.querySelectorAll('[x-on\\\\:click]')]
            .filter((one) => one.offsetParent && !one.matches('a[href], button, input, select, summary, [tabindex]'))
            .map((one) => one.outerHTML.slice(0, 120))"""
    )
    assert unreachable == []
    page.locator("[role=button]:has-text('Filters')").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#changelist-filter >> text=Import of points")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


@pytest.mark.parametrize("half", [0, 1])
def test_every_page_fits_its_window_and_can_be_read_in_the_dark(
    open_page: Open, house: House, alice: Member, administrator: Person, half: int
) -> None:
    fill(house, alice, 2)
    page = open_page("", who=administrator)
    for address in every_address(house)[half::2]:
        page.goto(address)
        page.wait_for_selector("#content")
        for width, height in (NARROW, ZOOMED, WIDE):
            page.set_viewport_size({"width": width, "height": height})
            assert overflow(page) <= 0, (address, width)
        # As `dark` is worn by a page that opens in the dark.
        page.evaluate("document.documentElement.classList.add('dark')")
        assert page.evaluate(_TOO_FAINT) == [], address
        assert page.evaluate("document.documentElement.classList.contains('dark')"), address


@pytest.mark.parametrize("dark", [False, True])
def test_a_page_is_as_dark_as_the_desk(open_page: Open, administrator: Person, dark: bool) -> None:
    page = open_page("", who=administrator, dark=dark)
    for address in ("/admin/", "/admin/members/member/", "/admin/password_change/"):
        page.goto(address)
        page.wait_for_selector("#content")
        assert page.evaluate("document.documentElement.classList.contains('dark')") is dark, address


# The contrast of every text in the page with the first ground behind it, as WCAG reckons it; below 3 it is not read.
_TOO_FAINT = """() => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgb = (color) => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = ([r, g, b]) => {
        const part = (v) => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
        return .2126 * part(r) + .7152 * part(g) + .0722 * part(b);
    };
    const ground = (one) => {
        for (; one; one = one.parentElement) {
            const color = rgb(getComputedStyle(one).backgroundColor);
            if (color[3] > 200) return color;
        }
        return [255, 255, 255, 255];
    };
    const faint = new Set();
    const walk = document.createTreeWalker(document.getElementById('content'), NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const one = walk.currentNode.parentElement;
        if (!walk.currentNode.data.trim() || !one.offsetParent || one.closest('script, style, option')) continue;
        const [a, b] = [light(rgb(getComputedStyle(one).color)), light(ground(one))].sort((x, y) => y - x);
        if ((a + .05) / (b + .05) < 3) faint.add(one.className + ': ' + walk.currentNode.data.trim().slice(0, 40));
    }
    return [...faint];
}"""


def test_a_job_is_watched_without_a_reload_and_what_can_be_done_changes_with_it(
    open_page: Open, house: House, administrator: Person
) -> None:
    job = create_job(kind="import_points", organization_id=house.id, actor=TESTER, at=clock.now(), progress_total=100)
    rows = Job.objects.filter(pk=job.pk)
    rows.update(state=Job.State.RUNNING, progress_done=10)
    page = open_page(f"loyalty/job/{job.pk}/change/", who=administrator)
    page.wait_for_selector("text=10 of 100 rows")
    page.evaluate("window.untouched = true")
    rows.update(progress_done=60)
    page.wait_for_selector("text=60 of 100 rows")
    assert page.evaluate("window.untouched")
    rows.update(state=Job.State.FAILED, error="The disk is full.")
    page.wait_for_selector("[data-act=retry]")
    assert page.locator("text=The disk is full.").is_visible()
    assert page.locator("[data-act=cancel]").count() == 0


def test_a_campaign_is_tried_with_the_keyboard_alone(
    open_page: Open, house: House, alice: Member, administrator: Person
) -> None:
    campaign = make_campaign(house, minting(7), active=False)
    page = open_page(f"campaigns/campaign/{campaign.pk}/do/try/", who=administrator)
    page.wait_for_selector("[name=member]:focus")
    page.keyboard.type("alic")
    page.wait_for_selector("#id_member_options option[value=alice]", state="attached")
    page.keyboard.type("e")
    # What belongs to an order is not there for what happens otherwise.
    assert page.locator("[name=event_type]").is_visible()
    assert not page.locator("[name=items]").is_visible()
    page.select_option("[name=what]", "order")
    assert page.locator("[name=items]").is_visible()
    assert not page.locator("[name=event_type]").is_visible()
    page.select_option("[name=what]", "event")
    page.locator("[name=member]").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#outcome")
    assert "would get 7 Points" in page.inner_text("#outcome")


def test_the_parameters_of_an_effect_come_and_go_with_it(
    open_page: Open, house: House, alice: Member, administrator: Person
) -> None:
    campaign = make_campaign(house)
    page = open_page(f"campaigns/campaign/{campaign.pk}/do/add-action/", who=administrator)
    page.wait_for_selector("[name=name]:focus")
    page.keyboard.type("Welcome")
    assert page.locator("[name=param_amount]").is_visible()
    page.select_option("[name=effect]", "mint-badge")
    assert not page.locator("[name=param_amount]").is_visible()
    page.fill("[name=param_badge]", "=member.")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ts-place")
    assert page.inner_text(".ts-place") == "=member.\n        ^"
    page.fill("[name=param_badge]", "bean")
    page.keyboard.press("Enter")
    page.wait_for_url("**/campaigns/campaignaction/*/change/")
    assert "Give a badge" in page.inner_text("#content")


def test_a_form_sent_by_a_double_click_acts_once(open_page: Open, house: House, administrator: Person) -> None:
    page = open_page("loyalty/operator/add/", who=administrator)
    page.fill("[name=username]", "nora")
    page.dblclick("button:has-text('Create')")
    page.wait_for_selector("[data-secret='Password']")
    assert len(page.inner_text("[data-secret='Password']")) > 10


def test_the_chart_is_drawn(open_page: Open, house: House, alice: Member, administrator: Person) -> None:
    house.give(alice, 500)
    house.take(alice, 100)
    page = open_page("", who=administrator)
    page.wait_for_selector("canvas.chart")
    drawn = """() => { const c = document.querySelector('canvas.chart');
        return c.width > 300 && c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v); }"""
    page.wait_for_function(drawn)
    page.click("summary")
    assert page.locator(".ts-details td:has-text('500')").first.is_visible()


@pytest.mark.parametrize("dark", [False, True])
def test_pages_for_what_went_wrong_speak_to_people(open_page: Open, administrator: Person, dark: bool) -> None:
    page = open_page("nowhere/", who=administrator, dark=dark, may_fail=True)
    assert "There is nothing here" in page.inner_text("h1")
    assert overflow(page) == 0
    page.goto("/admin/loyalty/organization/add/")
    assert "You may not do this" in page.inner_text("h1")
    page.click("text=To the home page")
    page.wait_for_url("**/admin/")
