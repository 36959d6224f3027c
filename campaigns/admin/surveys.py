"""Surveys on the console: what was answered, and writing answers down."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from campaigns.models import NpsSurvey
from campaigns.selectors import net_promoters, scores_of
from campaigns.services import add_answers, create_survey, update_survey
from campaigns.services.surveys import MOST_ANSWERS
from loyalty.kernel.desk import Act, Done, HouseAdmin, Panel, number, state


class _Survey(Act):
    """What a person says of a survey."""

    needs = "members:write"
    name = forms.CharField(max_length=255)
    question = forms.CharField(
        max_length=1000, required=False, help_text="As people are asked, like “How likely are you to recommend us?”"
    )

    def said(self) -> dict[str, Any]:
        """The fields as services take them."""
        return {name: self.cleaned_data[name] for name in ("name", "question")}


class CreateSurvey(_Survey):
    """Another survey."""

    slug, title, verb, icon = "create", "New survey", "Create", "add"

    def act(self) -> Done:
        """Create it."""
        made = create_survey(organization_id=self.organization.pk, actor=self.actor, at=self.at, **self.said())
        return Done(f"{made} takes answers now.", made)


class EditSurvey(_Survey):
    """Change a survey, or close it."""

    slug, title, icon = "edit", "Edit", "edit"
    active = forms.BooleanField(required=False, help_text="Turned off, it takes no more answers.")

    def starts(self) -> dict[str, Any]:
        """As it is."""
        return {name: getattr(self.target, name) for name in ("name", "question", "active")}

    def act(self) -> Done:
        """Update it."""
        said = {**self.said(), "active": self.cleaned_data["active"]}
        changed = update_survey(survey=self.target, changes=said, actor=self.actor, at=self.at)
        return Done(f"{changed} is saved.", changed)


class AddAnswers(Act):
    """Write down what people answered on paper or by phone."""

    slug, title, verb, icon, needs = "answers", "Add answers", "Add them", "edit_note", "members:write"
    score = forms.IntegerField(min_value=0, max_value=10, help_text="From 0, not at all likely, to 10, very likely.")
    count = forms.IntegerField(
        min_value=1, max_value=MOST_ANSWERS, initial=1, label="How many", help_text="People who answered this."
    )

    @classmethod
    def fits(cls, target: NpsSurvey) -> bool:
        """While it takes answers."""
        return target.active

    def act(self) -> Done:
        """Add them."""
        said = {name: self.cleaned_data[name] for name in ("score", "count")}
        add_answers(survey=self.target, actor=self.actor, at=self.at, **said)
        return Done(f"{said['count']:,} more answered {said['score']}.", self.target)


@admin.register(NpsSurvey)
class NpsSurveyAdmin(HouseAdmin):
    """Questions that are answered with 0 to 10."""

    reads = "members:read"
    list_display = ["name", "stands", "created_at"]
    list_filter = ["active"]
    ordering = ("name", "pk")
    search_fields = ["name"]
    creates = CreateSurvey
    acts = (AddAnswers, EditSurvey)
    says_empty = "A survey asks how likely people are to recommend the house, and adds up what they say."
    facts = (
        ("Survey", ("name", "stands", "question")),
        ("Row", ("id", "created_at", "updated_at")),
    )

    def panels(self, request: HttpRequest, target: Any, at: datetime) -> Iterable[Panel]:
        """What the answers come to, and how many there are of each."""
        found = net_promoters(target)
        score = "none yet" if found.score is None else f"{found.score:+.1f}"
        groups = (found.total, found.promoters, found.passives, found.detractors)
        headers = ("Score", "Answers", "9 and 10", "7 and 8", "0 to 6")
        yield Panel("Net promoter score", headers, [(score, *map(number, groups))])
        rows = [(score, number(count)) for score, count in enumerate(scores_of(target))]
        yield Panel("By answer", ("Answer", "How often"), rows[::-1])

    @admin.display(description="State")
    def stands(self, survey: NpsSurvey) -> SafeString:
        """Whether it takes answers."""
        return state("active" if survey.active else "inactive")
