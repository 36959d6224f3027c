"""The console itself: one site, one menu, one look; each page in the time zone of the organization it shows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import PasswordChangeView
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from unfold.sites import UnfoldAdminSite

from loyalty.console.finding import find_everything
from loyalty.console.passwords import form_for
from loyalty.kernel import clock
from loyalty.kernel.desk.seat import choose_organization, seat_of

# What somebody with a temporary password may still open.
_STILL_OPEN = frozenset({"password_change", "password_change_done", "logout", "jsi18n"})


class ConsoleSite(UnfoldAdminSite):
    """Django's admin as Tallystick's console."""

    site_title = site_header = "Tallystick"
    index_title = "Home"
    index_template = "admin/home.html"
    enable_nav_sidebar = True
    final_catch_all_view = True

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        """Every page: one instant, one time zone."""

        def seated(request: HttpRequest, *args: Any, **words: Any) -> HttpResponse:
            request.started_at = clock.now()  # type: ignore[attr-defined]
            if getattr(request.user, "password_is_temporary", False) and not _is_still_open(request):
                messages.info(request, "Choose a password of your own: this one was given to you by somebody else.")
                return HttpResponseRedirect(reverse("admin:password_change"))
            organization = seat_of(request).organization
            with timezone.override(clock.zone_of(organization.timezone if organization else "UTC")):
                response = view(request, *args, **words)
                # A page is written while its zone stands.
                if hasattr(response, "render") and not response.is_rendered:
                    response.render()
                return response  # type: ignore[no-any-return]

        # What tells views apart (csrf, model_admin) must be seen through the wrapper.
        seated.__dict__.update(getattr(view, "__dict__", {}))
        return super().admin_view(seated, cacheable)

    def extra_urls(self) -> list[Any]:
        """Pages that belong to no resource."""
        return [path("look-into/<int:organization_id>/", self.admin_view(self.look_into), name="look_into")]

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The results of the search over everything."""
        term = request.GET.get("s", "")
        if not term.strip():
            return HttpResponse()
        start = time.perf_counter()
        found = Paginator(find_everything(request, term), 100)
        context = {
            "page_obj": found,
            "results": found.page(1),
            "page_counter": 0,
            "execution_time": time.perf_counter() - start,
            "command_show_history": False,
        }
        return TemplateResponse(
            request, "unfold/helpers/command_results.html", context, headers={"HX-Trigger": "search"}
        )

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Somebody's own password."""
        request.current_app = self.name  # type: ignore[attr-defined]
        view = PasswordChangeView.as_view(
            form_class=form_for(request),
            success_url=reverse("admin:password_change_done"),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return view(request)

    def look_into(self, request: HttpRequest, organization_id: int) -> HttpResponse:
        """Choose the organization that lists and home show.

        :raises Http404: one the person does not belong to.
        """
        if not choose_organization(request, organization_id):
            raise Http404
        messages.info(request, f"You are looking into {seat_of(request).organization}.")
        return HttpResponseRedirect(reverse("admin:index"))

    def extra_context(self, context: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
        """What every page knows: who sits here, looking into what."""
        return {**context, "seat": seat_of(request)}


def _is_still_open(request: HttpRequest) -> bool:
    return request.resolver_match is not None and request.resolver_match.url_name in _STILL_OPEN
