"""What the demo says of the Engage API holds."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from loyalty.console.demo import make_demo
from loyalty.console.management.commands.demo import hints
from loyalty.kernel import clock
from tests.dialects.engage.walk import SHOP, VOUCHERS
from tests.dialects.engage.world import ACCOUNTS, DEFINITIONS, Engage
from tests.installation import ROOT


@pytest.fixture
def demo(db: None, settings: Any, tmp_path: Path) -> dict[str, Any]:
    settings.VAR_DIR = tmp_path
    return make_demo(clock.now())


def test_the_demos_key_definition_and_contacts_work(demo: dict[str, Any]) -> None:
    said = demo["engage"]
    client = Engage(said["apikey"])
    assert [row["id"] for row in client.get(DEFINITIONS).body] == [said["definitionId"]]
    pages = [client.get(ACCOUNTS, contactId=contact).body for contact in said["contacts"]]
    assert len(pages) >= 3
    # The last has signed up, and never come.
    assert [page["totalCount"] for page in pages] == [1] * (len(pages) - 1) + [0]
    assert pages[0]["items"][0]["balance"] > 0


def test_the_demo_has_something_to_buy_and_a_voucher(demo: dict[str, Any]) -> None:
    client, contacts = Engage(demo["engage"]["apikey"]), demo["engage"]["contacts"]
    make_demo(clock.now())
    assert [item["name"] for item in client.get(SHOP, contactId=contacts[0]).body] == ["A cup on the house"]
    (voucher,) = client.get(f"{VOUCHERS}/available", contactId=contacts[0]).body["items"]
    assert (voucher["name"], voucher["value"]) == ("Welcome", {"currency": "EUR", "amount": 5})


def test_the_line_that_run_prints_works_as_printed(demo: dict[str, Any]) -> None:
    (line,) = [line for line in hints(demo) if line.startswith("Engage")]
    _, curl, _, url, _, header = shlex.split(line)
    name, _, key = header.partition(": ")
    assert (curl, name) == ("curl", "apikey")
    answer = Engage(key).get(url.removeprefix(demo["baseUrl"]))
    assert (answer.status_code, answer.body["totalCount"]) == (200, 1)


def test_the_pages_call_finds_alice(demo: dict[str, Any]) -> None:
    page = (ROOT / "docs/engage.md").read_text()
    found = re.search(r'curl -s "http://127.0.0.1:8000(/[^"]+)" -H "apikey: \$KEY"', page)
    assert found is not None
    answer = Engage(demo["engage"]["apikey"]).get(found.group(1))
    assert answer.body == demo["engage"]["contacts"][0]
