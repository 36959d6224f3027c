"""Reads of surveys and of what was answered."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Count, QuerySet

from campaigns.models import NpsResponse, NpsSurvey
from loyalty.kernel.errors import NotFound


def list_surveys(organization_id: int) -> QuerySet[NpsSurvey]:
    """The organization's surveys."""
    return NpsSurvey.objects.filter(organization_id=organization_id)


def get_survey(survey_id: int) -> NpsSurvey:
    """One survey, whichever organization's.

    :raises NotFound: where there is none.
    """
    survey = NpsSurvey.objects.filter(pk=survey_id).first()
    if survey is None:
        raise NotFound("There is no such survey.")
    return survey


@dataclass(frozen=True, slots=True)
class NetPromoters:
    """How many answered 9 or 10, 7 or 8, and less."""

    promoters: int = 0
    passives: int = 0
    detractors: int = 0

    @property
    def total(self) -> int:
        """How many answered."""
        return self.promoters + self.passives + self.detractors

    @property
    def score(self) -> float | None:
        """The share of promoters less that of detractors, in percent, to one digit; none where nobody answered."""
        if not self.total:
            return None
        share = Decimal(100 * (self.promoters - self.detractors)) / self.total
        return float(share.quantize(Decimal("0.1"), ROUND_HALF_UP))


def scores_of(survey: NpsSurvey) -> list[int]:
    """How many answered 0, 1 and so on up to 10."""
    given = NpsResponse.objects.filter(survey=survey).order_by().values_list("score")
    found: dict[int, int] = dict(given.annotate(answers=Count("*")))
    return [found.get(score, 0) for score in range(11)]


def net_promoters(survey: NpsSurvey) -> NetPromoters:
    """What the answers come to."""
    scores = scores_of(survey)
    return NetPromoters(sum(scores[9:]), sum(scores[7:9]), sum(scores[:7]))
