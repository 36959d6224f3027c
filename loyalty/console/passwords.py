"""Changing one's own password: the old one is asked for, the new one goes through the service like any other."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from unfold.forms import AdminOwnPasswordChangeForm

from loyalty.kernel import clock
from loyalty.kernel.desk.seat import seat_of
from loyalty.kernel.roles import Access
from loyalty.kernel.services import set_password


class OwnPasswordForm(AdminOwnPasswordChangeForm):
    """The old password, and the new one twice."""

    request: HttpRequest

    def save(self, commit: bool = True) -> Any:
        """Have the service set it; it is not temporary any more."""
        return set_password(
            operator=self.user,
            password=self.cleaned_data["new_password1"],
            granter=Access(),
            actor=seat_of(self.request).actor,
            at=clock.now(),
        )


def form_for(request: HttpRequest) -> type[OwnPasswordForm]:
    """The form, knowing who sits before it."""
    return type("OwnPasswordForm", (OwnPasswordForm,), {"request": request})
