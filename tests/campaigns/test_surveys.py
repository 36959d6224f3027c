"""Surveys: answers from events and from the staff, each once, and what they come to (semantics 14)."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from campaigns.models import NpsResponse, NpsSurvey
from campaigns.services import add_answers, create_survey, update_survey
from loyalty.kernel import clock
from members.models import LoyaltyEvent, Member
from tests.campaigns.plays import GENERIC
from tests.house import TESTER, Api, House
from tests.refusals import refuses
from tests.staff import Person

_numbers = count(1)


@pytest.fixture
def survey(house: House) -> NpsSurvey:
    return create_survey(organization_id=house.id, name="Autumn", actor=TESTER, at=clock.now())


def telling(api: Api, member: Member, payload: Any, **more: Any) -> dict[str, Any]:
    return {
        "systemUniqueKey": f"answer-{next(_numbers)}",
        "memberId": member.pk,
        "eventType": GENERIC,
        "organizationId": api.organization_id,
        "payload": payload,
        **more,
    }


def figures(api: Api, survey: NpsSurvey) -> dict[str, Any]:
    answer = api.get(f"/api/v1/stats/nps-surveys/{survey.pk}")
    assert answer.status_code == 200, answer.content
    result: dict[str, Any] = answer.body["result"]
    return result


def add(survey: NpsSurvey, *scores: int) -> None:
    for score in scores:
        add_answers(survey=survey, score=score, count=1, actor=TESTER, at=clock.now())


def test_14_a_survey_nobody_answered_has_no_score(survey: NpsSurvey, api: Api) -> None:
    assert figures(api, survey) == {"promoters": 0, "passives": 0, "detractors": 0, "total": 0, "score": None}


@pytest.mark.parametrize(
    ("scores", "wanted"),
    [
        ([10, 9, 8, 7, 6, 0], (2, 2, 2, 0.0)),
        ([9, 9, 6], (2, 0, 1, 33.3)),
        ([6, 6, 9], (1, 0, 2, -33.3)),
        ([10, 7, 8], (1, 2, 0, 33.3)),
        ([0], (0, 0, 1, -100.0)),
        ([9], (1, 0, 0, 100.0)),
        ([9] * 9 + [6] * 7, (9, 0, 7, 12.5)),
    ],
)
def test_14_the_score_is_promoters_less_detractors_in_percent(
    survey: NpsSurvey, api: Api, scores: list[int], wanted: tuple[int, int, int, float]
) -> None:
    add(survey, *scores)
    found = figures(api, survey)
    assert (found["promoters"], found["passives"], found["detractors"], found["score"]) == wanted
    assert found["total"] == len(scores)


def test_14_an_event_answers_once_however_often_it_is_sent(survey: NpsSurvey, alice: Member, api: Api) -> None:
    body = telling(api, alice, {"surveyId": survey.pk, "score": 9})
    assert [api.post("loyalty-events", body).status_code for _ in range(2)] == [201, 200]
    response = NpsResponse.objects.get()
    assert (response.event, response.score) == (LoyaltyEvent.objects.get(unique_key=body["systemUniqueKey"]), 9)
    # Another event is another answer, also of the same member.
    another = telling(api, alice, {"surveyId": str(survey.pk), "score": "3"})
    assert api.post("loyalty-events", another).status_code == 201
    assert figures(api, survey) == {"promoters": 1, "passives": 0, "detractors": 1, "total": 2, "score": 0.0}


@pytest.mark.parametrize("score", [-1, 11, 5.5, True, None, "many", [5], ""])
def test_14_an_answer_that_is_none_is_refused_with_its_event(
    survey: NpsSurvey, alice: Member, api: Api, score: Any
) -> None:
    body = telling(api, alice, {"surveyId": survey.pk, "score": score})
    refuses(api, "POST", "loyalty-events", body, 400, "INVALID_INPUT")


def test_14_a_survey_of_nobody_or_of_others_is_not_answered(
    house: House, neighbor: House, alice: Member, api: Api
) -> None:
    theirs = create_survey(organization_id=neighbor.id, name="Theirs", actor=TESTER, at=clock.now())
    for survey_id in (theirs.pk, 987654, 10**30, "x", None, {}, True):
        body = telling(api, alice, {"surveyId": survey_id, "score": 9})
        refuses(api, "POST", "loyalty-events", body, 400, "INVALID_INPUT")
    refuses(api, "GET", f"/api/v1/stats/nps-surveys/{theirs.pk}", None, 403, "FORBIDDEN")
    refuses(api, "GET", "/api/v1/stats/nps-surveys/987654", None, 404, "NOT_FOUND")


@pytest.mark.parametrize("payload", [{"score": 99}, {"surveyId": 99}, {}])
def test_14_what_does_not_name_both_is_no_answer(house: House, alice: Member, api: Api, payload: Any) -> None:
    assert api.post("loyalty-events", telling(api, alice, payload)).status_code == 201
    assert NpsResponse.objects.count() == 0


def test_14_a_closed_survey_takes_no_answers(survey: NpsSurvey, alice: Member, api: Api) -> None:
    add(survey, 9)
    update_survey(survey=survey, changes={"active": False}, actor=TESTER, at=clock.now())
    body = telling(api, alice, {"surveyId": survey.pk, "score": 9})
    refuses(api, "POST", "loyalty-events", body, 422, "SURVEY_CLOSED")
    assert figures(api, survey)["total"] == 1


def test_the_staff_writes_answers_down_once_and_sees_what_they_come_to(
    house: House, survey: NpsSurvey, administrator: Person
) -> None:
    administrator.act("campaigns/npssurvey/add/", name="Winter", question="Would you come again?")
    winter = NpsSurvey.objects.get(name="Winter")
    administrator.act(f"campaigns/npssurvey/{winter.pk}/do/answers/", score=10, count=3)
    administrator.act(f"campaigns/npssurvey/{winter.pk}/do/answers/", score=2, count=1)
    assert sorted(NpsResponse.objects.values_list("survey", "score")) == [(winter.pk, 2), *[(winter.pk, 10)] * 3]
    page = administrator.get(f"campaigns/npssurvey/{winter.pk}/change/").content.decode()
    assert "+50.0" in page
    administrator.act(f"campaigns/npssurvey/{winter.pk}/do/edit/", active=None)
    winter.refresh_from_db()
    assert (winter.active, winter.question) == (False, "Would you come again?")
