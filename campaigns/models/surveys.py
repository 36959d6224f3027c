"""Surveys that ask how likely somebody is to recommend the house, and what was answered (semantics 14)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from loyalty.kernel.models import Organization
from members.models import LoyaltyEvent


class NpsSurvey(models.Model):
    """One question that is answered with 0 to 10; it takes answers while it is `active`."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=255)
    question = models.CharField(max_length=1000, blank=True, default="")
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "survey"
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="survey_name_once")]

    def __str__(self) -> str:
        return self.name


class NpsResponse(models.Model):
    """One answer: of the member whose `event` told it, once; without an event somebody of the staff wrote it down."""

    survey = models.ForeignKey(NpsSurvey, on_delete=models.PROTECT, related_name="responses", db_index=False)
    event = models.OneToOneField(
        LoyaltyEvent, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_constraint=False
    )
    score = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "answer"
        constraints = [models.CheckConstraint(condition=Q(score__lte=10), name="survey_score_0_to_10")]
        indexes = [models.Index(fields=["survey", "score"], name="survey_response_by_score")]

    def __str__(self) -> str:
        return str(self.score)
