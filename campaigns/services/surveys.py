"""Creates and changes surveys, and takes answers (semantics 14)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from campaigns.errors import SurveyClosed
from campaigns.models import NpsResponse, NpsSurvey
from campaigns.selectors.surveys import list_surveys
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import DuplicateValue, InvalidInput
from loyalty.kernel.services import apply_changes, record
from members.models import LoyaltyEvent

# How many answers of one kind somebody may write down at once.
MOST_ANSWERS = 1000


@transaction.atomic
def create_survey(*, organization_id: int, name: str, actor: Actor, at: datetime, question: str = "") -> NpsSurvey:
    """A new survey, open for answers.

    :raises DuplicateValue: a name another survey has.
    """
    said = {"name": name, "question": question}
    try:
        with transaction.atomic():
            made = NpsSurvey.objects.create(organization_id=organization_id, created_at=at, updated_at=at, **said)
    except IntegrityError as error:
        raise DuplicateValue(field="name") from error
    record(actor=actor, at=at, action="survey.created", target=made, organization_id=organization_id, after=said)
    return made


@transaction.atomic
def update_survey(*, survey: NpsSurvey, changes: Mapping[str, Any], actor: Actor, at: datetime) -> NpsSurvey:
    """Change what is named: `name`, `question`, and whether it is `active`.

    :raises DuplicateValue: a name another survey has.
    """
    locked = NpsSurvey.objects.select_for_update(no_key=True).get(pk=survey.pk)
    wanted = {name: value for name, value in changes.items() if name in ("name", "question", "active")}
    words: dict[str, Any] = {"action": "survey.updated", "organization_id": locked.organization_id}
    try:
        with transaction.atomic():
            apply_changes(locked, wanted, actor=actor, at=at, **words)
    except IntegrityError as error:
        raise DuplicateValue(field="name") from error
    return locked


@transaction.atomic
def add_answers(*, survey: NpsSurvey, score: int, count: int, actor: Actor, at: datetime) -> None:
    """Write down that `count` people answered `score`, on paper or by phone.

    :raises InvalidInput: a score that is not from 0 to 10, or a count that is not from 1 to 1,000.
    :raises SurveyClosed: where it takes no answers now.
    """
    if not 0 <= score <= 10:
        raise InvalidInput("A score is from 0 to 10.", field="score")
    if not 1 <= count <= MOST_ANSWERS:
        raise InvalidInput(f"Write down from 1 to {MOST_ANSWERS} answers.", field="count")
    locked = NpsSurvey.objects.select_for_update(no_key=True).get(pk=survey.pk)
    if not locked.active:
        raise SurveyClosed
    NpsResponse.objects.bulk_create([NpsResponse(survey=locked, score=score, created_at=at) for _ in range(count)])
    after = {"score": score, "answers": count}
    words: dict[str, Any] = {"target": locked, "organization_id": locked.organization_id}
    record(actor=actor, at=at, action="survey.answers-added", after=after, **words)


def answer_in(organization_id: int, payload: Mapping[str, Any]) -> NpsResponse | None:
    """The answer that the payload of an event from outside is, not written yet: it has `surveyId` and `score`.

    :raises InvalidInput: no survey of the organization's, or a score that is not from 0 to 10.
    :raises SurveyClosed: where it takes no answers now.
    """
    if not {"surveyId", "score"} <= payload.keys():
        return None
    survey_id, score = (_whole(payload[name]) for name in ("surveyId", "score"))
    survey = None if survey_id is None else list_surveys(organization_id).filter(pk=survey_id).first()
    if survey is None:
        raise InvalidInput("There is no such survey.", field="payload.surveyId")
    if score is None or score > 10:
        raise InvalidInput("A score is a whole number from 0 to 10.", field="payload.score")
    if not survey.active:
        raise SurveyClosed
    return NpsResponse(survey=survey, score=score)


def take_answer(answer: NpsResponse, event: LoyaltyEvent) -> None:
    """Write the answer that an event is, in the event's transaction."""
    answer.event, answer.created_at = event, event.created_at
    answer.save(force_insert=True)


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,18}", str(value), re.ASCII):
        return None
    return int(value)
