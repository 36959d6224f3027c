"""The same jobs over every broker: the embedded one, Redis and RabbitMQ."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from threading import Timer

import pytest
from kombu import Connection

from loyalty.kernel.filequeue import Channel
from tests.installation import Installation

BROKERS = {"filesystem": "", "redis": "redis://127.0.0.1:6379/15", "rabbitmq": "amqp://guest:guest@127.0.0.1:5672//"}
PORTS = {"redis": 6379, "rabbitmq": 5672}

ASK = """
from django.db import transaction
from loyalty.kernel import clock
from loyalty.kernel.actors import system
from loyalty.kernel.models import Job
from loyalty.kernel.tasks import run_job
import io
from members.services.imports import start_import
from tests.factories import MemberFactory, build_house
house = build_house("Demo Coffee")
MemberFactory(organization=house.organization, loyalty_member_id="alice")
job = start_import(organization_id=house.id, name="p.csv", file_format="csv", actor=system("test"), at=clock.now(),
                   source=io.BytesIO(b"customerEmail,points,type\\nalice@example.com,5,adding\\n"))
run_job.delay(job.pk)
"""


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("broker", BROKERS)
def test_a_message_rings_and_the_row_is_the_work(installation: Installation, broker: str) -> None:
    if broker in PORTS and not answers(PORTS[broker]):
        pytest.skip(f"no {broker} answers on port {PORTS[broker]}")
    if BROKERS[broker]:
        installation.env["CELERY_BROKER_URL"] = BROKERS[broker]
    # Only the message may start the job here: no scheduler, so no sweep.
    worker = installation.start(
        "-m", "celery", "--quiet", "--app", "loyalty.celery", "worker", "--pool", "solo", "--loglevel", "ERROR"
    )
    try:
        installation.python(ASK)
        deadline = time.monotonic() + 30
        while installation.query("SELECT state FROM loyalty_job") != "done":
            assert worker.poll() is None, worker.communicate()
            assert time.monotonic() < deadline, "the message did not arrive"
            time.sleep(0.1)
        assert installation.query("SELECT sum(active) FROM ledger_balance") == 5
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.communicate()


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[Channel]:
    for name in ("queue", "done", "control"):
        (tmp_path / name).mkdir()
    folders = {
        "data_folder_in": str(tmp_path / "queue"),
        "data_folder_out": str(tmp_path / "queue"),
        "processed_folder": str(tmp_path / "done"),
        "control_folder": str(tmp_path / "control"),
    }
    with Connection("filesystem://", transport_options=folders) as connection:
        yield connection.default_channel


def test_a_message_goes_into_its_folder_whole_and_comes_out(channel: Channel) -> None:
    assert type(channel) is Channel
    channel._put("celery", {"body": "é"})
    assert [path.suffix for path in Path(channel.data_folder_in).iterdir()] == [".msg"]
    assert channel._get("celery") == {"body": "é"}
    with pytest.raises(Empty):
        channel._get("celery")


@pytest.mark.parametrize("content", ["", "{", "\x00"])
def test_a_file_that_is_no_message_stops_nobody(channel: Channel, content: str) -> None:
    (Path(channel.data_folder_in) / "0_broken.celery.msg").write_text(content)
    channel._put("celery", {"body": 1})
    with pytest.raises(Empty):
        channel._get("celery")
    assert channel._get("celery") == {"body": 1}


def test_a_table_that_is_just_being_written_is_waited_for(channel: Channel) -> None:
    table = Path(channel.control_folder) / "celery.exchange"
    table.write_text("")
    Timer(0.1, lambda: table.write_text('[["celery", "", "celery"]]')).start()
    assert [entry.queue for entry in channel.get_table("celery")] == ["celery"]
