"""A real browser before a real server. Whatever a test does in it: no page may ask another host for anything, and none
may complain to its console.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.staff import Person

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's own Chromium; without one the tests that look are skipped."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip("needs chromium (apt install chromium, or CHROMIUM=path)")
    # The browser's own loop runs in this thread, where Django would then refuse to read the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser, live_server: Any) -> Iterator[Open]:
    """Opens a window: `open_page("members/member/", who=person, dark=True, size=(820, 1100))`.

    At the end every window must have been quiet: nothing asked of another host, no error or
    warning on the console.
    """
    contexts: list[BrowserContext] = []
    foreign: list[str] = []
    said: list[str] = []

    def open_(
        path: str = "",
        *,
        who: Person | None = None,
        dark: bool = False,
        size: Any = (1280, 900),
        may_fail: bool = False,
    ) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            permissions=["clipboard-read", "clipboard-write"],
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        if who is not None:
            context.add_cookies([{"name": "sessionid", "value": _session(who), "url": live_server.url}])
        page = context.new_page()
        page.on("request", lambda asked: _note_foreign(foreign, asked.url, live_server.url))
        if not may_fail:
            # A browser writes every 4xx to its console.
            page.on("console", lambda line: said.append(line.text) if line.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(path if path.startswith("/") else f"/admin/{path}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not foreign, "asked another host"
    assert not said, "a page complained"


def _session(who: Person) -> str:
    return who.client.cookies["sessionid"].value


def _note_foreign(foreign: list[str], address: str, home: str) -> None:
    if not address.startswith((home, "data:", "blob:", "about:")):
        foreign.append(address)


def overflow(page: Page) -> int:
    """How many pixels the page is wider than its window, once it had a moment to follow it."""
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    with suppress(PlaywrightTimeout):
        page.wait_for_function(f"{wider} <= 0", timeout=2000)
    return int(page.evaluate(wider))
