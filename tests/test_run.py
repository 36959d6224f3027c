"""`manage.py run --demo`: one command, a working console and API; Ctrl-C stops everything."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.installation import ROOT, Installation


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return
        except OSError:
            assert time.monotonic() < deadline, f"{url} never answered"
            time.sleep(0.2)


def group_of(leader: int) -> list[int]:
    """The processes of a group that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(group) == leader and state != "Z":
            found.append(int(stat.parent.name))
    return found


def as_pasted(base: str, installation: Installation) -> list[Any]:
    """Paste the calls of the README into a shell; what each of them answers."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    call = next(block for block in blocks if "curl" in block)
    call = call.replace("http://127.0.0.1:8000", base).replace(".venv/bin/python", sys.executable)
    done = subprocess.run(
        ["sh", "-euc", call], cwd=ROOT, env=installation.env, capture_output=True, text=True, check=True
    )
    answers, rest = [], done.stdout.strip()
    while rest:
        answer, end = json.JSONDecoder().raw_decode(rest)
        answers.append(answer)
        rest = rest[end:].lstrip()
    return answers


def as_printed(line: str) -> Any:
    """Send the call a line has at its end."""
    return json.loads(subprocess.run(shlex.split(line), capture_output=True, text=True, check=True).stdout)


@pytest.fixture
def running(installation: Installation) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    port = str(free_port())
    installation.env["PORT"] = port
    process = installation.start("manage.py", "run", "--demo")
    base = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{base}/readyz")
        yield base, process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_one_command_runs_a_house_and_one_key_stops_it(
    installation: Installation, running: tuple[str, subprocess.Popen[str]]
) -> None:
    base, process = running
    assert process.stdout is not None
    printed = ""
    while "Open Loyalty" not in printed:
        printed += process.stdout.readline()
    minted, account, claims, token, transfer = map(as_printed, re.findall(r"curl .*", printed))
    assert minted["ledgerTransactions"][0]["amount"] == 250
    assert account["items"][0]["balance"] > 0
    assert claims[0]["created"] is True
    assert set(token) == {"accessToken", "expiresIn"}
    assert set(transfer) == {"pointsTransferId"}

    again, spent, now, (claim,), issued = as_pasted(base, installation)
    assert again["ledgerTransactions"][0]["amount"] == 250
    assert (
        again["ledgerTransactions"][0]["ledgerTransactionId"] != minted["ledgerTransactions"][0]["ledgerTransactionId"]
    )
    assert set(spent) == {"pointsTransferId"}
    # Given 2.50 here and 2.50 at Open Loyalty, and spent 1: what one API does, another sees.
    assert round(now["items"][0]["balance"] - account["items"][0]["balance"], 2) == 4
    assert claim["created"] is True
    assert (issued["totalPoints"], issued["referenceNumber"]) == (100, "first")

    for path in ("/admin/login/", "/api/docs/", "/api/docs/core/", "/healthz", "/metrics"):
        with urllib.request.urlopen(base + path) as page:  # noqa: S310 - our own address
            assert page.status == 200

    # The worker does what is due: a job that nobody rang for is found by the sweep.
    installation.python(
        "from loyalty.kernel import clock\n"
        "from loyalty.kernel.actors import system\n"
        "import io\n"
        "from loyalty.kernel.models import Organization\n"
        "from members.services.imports import start_import\n"
        "start_import(organization_id=Organization.objects.get(key='demo-coffee').pk, name='p.csv',"
        " source=io.BytesIO(b'customerEmail,points,type\\nalice@example.com,5,adding\\n'), file_format='csv',"
        " actor=system('test'), at=clock.now())"
    )
    deadline = time.monotonic() + 30
    while installation.query("SELECT state FROM loyalty_job") != "done":
        assert time.monotonic() < deadline, "the worker did not do the job"
        time.sleep(0.2)

    children = group_of(process.pid)
    assert len(children) >= 3
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=30)
    time.sleep(0.5)
    assert group_of(process.pid) == []


def test_the_demo_is_made_once_and_tells_the_same_again(installation: Installation) -> None:
    first = installation.manage("demo", "--json")
    assert first.returncode == 0, first.stderr
    rows = installation.query("SELECT count(*) FROM ledger_transaction")
    again = installation.manage("demo", "--json")
    assert json.loads(again.stdout) == json.loads(first.stdout)
    assert installation.query("SELECT count(*) FROM ledger_transaction") == rows
    assert installation.manage("check_books").returncode == 0
