"""How a test says that the API says no: with this status and code, in the envelope, and with nothing moved."""

from __future__ import annotations

from typing import Any

from tests.house import Api
from tests.walk import every_row


def refuses(api: Api, method: str, path: str, body: Any, status: int, code: str) -> Any:
    """Send; expect exactly this refusal and every row as it was. Answers the details, for what more they say."""
    before = every_row()
    answer = api.send(method, path, body)
    assert (answer.status_code, answer.body.get("code")) == (status, code), answer.content
    assert set(answer.body) - {"details"} == {"statusCode", "error", "message", "code"}
    assert answer.body["statusCode"] == status
    assert every_row() == before
    return answer.body.get("details")
