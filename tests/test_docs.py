"""What the pages promise is there: settings, links, words."""

from __future__ import annotations

import re

import pytest

from tests.installation import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
# Read by the tests alone, or by what the settings stand on.
ELSEWHERE = {"TEST_DATABASE_URL"}


def test_every_setting_has_its_row_and_every_row_its_setting() -> None:
    source = (ROOT / "loyalty/settings.py").read_text()
    known = set(re.findall(r"""(?:whole|flag|url|env\.list|os\.environ\.get)\(\s*["']([A-Z_]+)["']""", source))
    known -= {"PYTEST_XDIST_WORKER", "DJANGO_SETTINGS_MODULE"}
    rows = [line for line in (ROOT / "docs/settings.md").read_text().splitlines() if line.startswith("| `")]
    told = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row.split("|")[1])}
    assert told == known - ELSEWHERE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: object) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text()):  # type: ignore[attr-defined]
        assert (page.parent / target).exists(), f"{page} links to {target}"  # type: ignore[attr-defined]


def test_a_page_names_only_commands_that_are_there() -> None:
    commands = {path.stem for path in ROOT.glob("*/**/management/commands/[a-z]*.py")}
    commands |= {"migrate", "createsuperuser", "dumpdata", "loaddata"}
    for page in PAGES:
        for command in re.findall(r"manage\.py ([a-z_]+)", page.read_text()):
            assert command in commands, f"{page.name} names {command}"


def test_the_glossary_is_in_order_and_says_each_word_once() -> None:
    words = re.findall(r"^\| \*\*([^*]+)\*\*", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE)
    assert words == sorted(set(words), key=str.lower)


def test_the_ledgers_page_names_every_finding_that_check_books_can_make() -> None:
    source = "".join((ROOT / f"ledger/services/{name}.py").read_text() for name in ("checks", "checking"))
    rules = set(re.findall(r'Check\(\s*"([a-z-]+)"', source)) | set(re.findall(r'Finding\(rule="([a-z-]+)"', source))
    assert rules == set(re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs/ledger.md").read_text(), re.MULTILINE))


def test_the_ledgers_page_shows_the_worked_sums_as_they_are_proved() -> None:
    from tests.ledger.test_worked_sums import TABLES

    page = (ROOT / "docs/ledger.md").read_text()
    for table in TABLES:
        assert table.strip() in page


def test_the_rules_page_says_what_rules_come_to() -> None:
    from loyalty.expressions import compile_text

    page = (ROOT / "docs/rules.md").read_text()
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|$", page.split("## How it counts")[1].split("## Functions")[0], re.M)
    assert len(rows) > 15
    for rule, value in rows:
        found = compile_text(rule).evaluate({})
        assert str(found).lower() == value.strip(), rule


def test_the_rules_page_names_every_function() -> None:
    from loyalty.expressions.functions import FUNCTIONS, METHODS
    from loyalty.expressions.nodes import MACROS

    told = set(
        re.findall(r"`(\.?[a-zA-Z]+)`", (ROOT / "docs/rules.md").read_text().split("## Functions")[1].split("##")[0])
    )
    assert told - {"min", "max", "round"} == (set(FUNCTIONS) | {f".{name}" for name in (*METHODS, *MACROS)}) - {
        "min",
        "max",
        "round",
    }
