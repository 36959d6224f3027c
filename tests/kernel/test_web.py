"""What every request has around it: an id, one log line without secrets, figures, health, documents."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import pytest
import structlog
from django.db import OperationalError
from django.test import Client
from structlog.testing import LogCapture

from loyalty.kernel import health
from loyalty.kernel.logs import hide_secrets
from tests.house import Api, House


@pytest.fixture
def web() -> Client:
    return Client(SERVER_NAME="127.0.0.1", raise_request_exception=False)


def test_a_request_has_an_id_and_keeps_the_callers_where_it_is_decent(web: Client) -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", web.get("/healthz")["X-Request-ID"])
    assert web.get("/healthz", headers={"X-Request-ID": "cash-desk-7.42"})["X-Request-ID"] == "cash-desk-7.42"
    assert web.get("/healthz", headers={"X-Request-ID": "<script>"})["X-Request-ID"] != "<script>"


def test_a_request_leaves_one_line_with_its_route_and_no_secret(
    house: House, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = LogCapture()
    logger = structlog.wrap_logger(
        None, processors=[structlog.contextvars.merge_contextvars, lines], wrapper_class=structlog.BoundLogger
    )
    monkeypatch.setattr("loyalty.kernel.middleware.log", logger)
    api.send("GET", "ledgers?token=tss_very-secret-words", **{"X-Request-ID": "request-1"})
    (line,) = lines.entries
    assert (line["event"], line["method"], line["status"]) == ("request", "GET", 200)
    assert line["route"] == "api/v1/organizations/<rowid:organizationId>/ledgers"
    assert line["request_id"] == "request-1"
    assert api.token not in json.dumps(line)
    assert "tss_very" not in json.dumps(line)


def test_secrets_are_hidden_wherever_they_stand_in_an_event() -> None:
    event = {
        "event": "failed with Bearer abc.def.ghi and tss_AbCdEfGh-and-more",
        "password": "hunter2",
        "headers": {"Authorization": "Bearer x", "X-API-Key": "y", "Accept": "json"},
        "list": [{"apiSecret": "z"}],
    }
    hidden = json.dumps(hide_secrets(None, "info", event))
    for secret in ("abc.def", "and-more", "hunter2", "Bearer x", '"y"', '"z"'):
        assert secret not in hidden
    assert "json" in hidden


def test_what_breaks_is_a_500_in_the_envelope_and_a_line_in_the_log(
    house: House, api: Api, web: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("ledger.selectors.list_ledgers", broken)
    api.client = web
    with caplog.at_level(logging.ERROR, "django.request"):
        answer = api.get("ledgers")
    assert (answer.status_code, answer.body["statusCode"]) == (500, 500)
    assert "a bug" not in answer.content.decode()
    assert "Internal Server Error" in caplog.text


def test_a_database_that_cannot_answer_is_a_503_that_asks_to_try_again(
    house: House, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr("ledger.selectors.list_ledgers", gone)
    answer = api.get("ledgers")
    assert (answer.status_code, answer.body["code"], answer["Retry-After"]) == (503, "BUSY", "1")


def test_a_host_that_is_not_ours_is_refused_in_the_envelope(web: Client) -> None:
    answer = web.get("/api/v1/organizations/1", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "INVALID_INPUT"


def test_healthz_answers_while_the_process_lives(web: Client) -> None:
    assert web.get("/healthz").json() == {"status": "ok"}


def test_readyz_answers_when_everything_is_usable(web: Client, db: None) -> None:
    assert web.get("/readyz").json() == {"status": "ready"}


def test_readyz_says_what_is_not(web: Client, db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_queue", lambda: "queue: ConnectionRefusedError")
    answer = web.get("/readyz")
    assert (answer.status_code, answer.json()["problems"]) == (503, ["queue: ConnectionRefusedError"])


def test_readyz_notices_a_migration_that_is_missing(web: Client, db: None) -> None:
    from django.db.migrations.recorder import MigrationRecorder

    # The newest: of one before it Django thinks that it is there, since what stands on it is.
    MigrationRecorder.Migration.objects.filter(app="ledger").latest("id").delete()
    assert web.get("/readyz").json()["problems"] == ["migrations: 1 not applied"]


def test_metrics_count_requests_by_route(house: House, api: Api, web: Client) -> None:
    api.get("ledgers")
    text = web.get("/metrics").content.decode()
    assert re.search(r'tallystick_requests_total\{method="GET",route="[^"]*/ledgers",status="200"\} [1-9]', text)
    assert "tallystick_request_seconds_bucket" in text


def test_the_documents_load_nothing_from_another_host(web: Client) -> None:
    for path in ("/api/docs/", "/api/docs/core/"):
        page = web.get(path)
        assert page.status_code == 200
        assert re.findall(r'(?:src|href)="(?:https?:)?//[^"]+', page.content.decode()) == []
    assert web.get("/api/docs/nope/").status_code == 404
    assert web.get("/api/schema/nope.json").status_code == 404


def test_the_openapi_document_is_valid(web: Client) -> None:
    from drf_spectacular.validation import validate_schema

    validate_schema(json.loads(web.get("/api/schema/core.json").content))


def test_the_document_is_drawn_without_a_warning() -> None:
    from drf_spectacular.drainage import GENERATOR_STATS
    from drf_spectacular.generators import SchemaGenerator

    GENERATOR_STATS.reset()
    SchemaGenerator(urlconf="loyalty.core_urls").get_schema(request=None, public=True)
    assert not GENERATOR_STATS


def test_every_line_of_the_log_is_json(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    from loyalty.kernel.logs import logging_config

    logging_config("INFO")
    try:
        structlog.get_logger(part="test").info("ours", token="tss_secret-and-more")
        logging.getLogger("theirs").warning("Bearer %s", "abcdef")
    finally:
        structlog.reset_defaults()
        logging_config("CRITICAL")
    lines = [json.loads(line) for line in capfdbinary.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["ours", "Bearer ***"]
    assert lines[0]["token"] == "***"


@pytest.mark.parametrize("number", ["1e30", "-1e30", "9223372036854775807", "18446744073709551615", "1e300"])
def test_a_number_of_any_length_left_in_an_attribute_can_be_read_again(house: House, api: Api, number: str) -> None:
    body = b'{"name": "Ada", "loyaltyMemberId": "ada", "customAttributes": {"wide": [' + number.encode() + b"]}}"
    made = api.send("POST", "members", body)
    assert made.status_code == 201, made.content
    assert float(made.body["loyalMember"]["customAttributes"]["wide"][0]) == float(number)
    again = api.get(f"members/{made.body['loyalMember']['memberId']}")
    assert again.body["loyalMember"]["customAttributes"]["wide"] == pytest.approx(
        made.body["loyalMember"]["customAttributes"]["wide"]
    )
