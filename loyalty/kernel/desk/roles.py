"""Roles as a person ticks and reads them: ten subjects, each to read or to write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from loyalty.kernel.roles import ROLES, SUBJECTS, Access


class RoleGrid(forms.CheckboxSelectMultiple):
    """A line for each subject, with a box to read and a box to write; roles not offered have none."""

    template_name = "desk/role_grid.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """The boxes by subject."""
        context = super().get_context(name, value, attrs)
        boxes = {option["value"]: option for _, options, _ in context["widget"]["optgroups"] for option in options}
        context["widget"]["lines"] = [
            (subject.capitalize(), [boxes.get(f"{subject}:{what}") for what in ("read", "write")])
            for subject in SUBJECTS
            if f"{subject}:read" in boxes
        ]
        return context


class RolesField(forms.MultipleChoiceField):
    """Some of the roles that the one who grants has."""

    widget = RoleGrid

    def __init__(self, **words: Any) -> None:
        super().__init__(choices=[(role, role) for role in ROLES], **words)

    def offer(self, granter: Access) -> list[str]:
        """Leave only what `granter` may give; answers it."""
        offered = [role for role in ROLES if granter.allows(role)]
        self.choices = [(role, role) for role in offered]
        return offered


def roles_shown(roles: Iterable[str], *, is_admin: bool = False, empty: str = "no roles") -> str:
    """Roles in words, shortest first: what may be written may be read too."""
    if is_admin:
        return "everything (administrator)"
    held = set(roles)
    words = []
    for subject in SUBJECTS:
        if f"{subject}:write" in held:
            words.append(f"{subject} (read, write)")
        elif f"{subject}:read" in held:
            words.append(f"{subject} (read)")
    return ", ".join(words) or empty
