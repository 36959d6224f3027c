"""The API documents and the pages that show them, and what an API says where no view of its was reached."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerView

from loyalty.kernel.api.problems import plain_problem
from loyalty.kernel.middleware import is_api

log = structlog.get_logger(part=__name__)


@dataclass(frozen=True, slots=True)
class Document:
    """One published API: its name in addresses, its title, and the module of its routes.

    `owns` matches the addresses below it, and `problem` says no there in its own shape where no view was reached.
    """

    name: str
    title: str
    about: str
    urlconf: str
    settings: dict[str, object] | None = None
    owns: re.Pattern[str] | None = None
    problem: Callable[[HttpRequest, int, str], HttpResponse] = plain_problem


_documents: dict[str, Document] = {}


def publish(document: Document) -> None:
    """Have an API documented. Once, from the `ready()` of the app that has it."""
    _documents[document.name] = document


def published() -> list[Document]:
    """Every published API."""
    return list(_documents.values())


def _document(name: str) -> Document:
    if name not in _documents:
        raise Http404
    return _documents[name]


def schema(request: HttpRequest, name: str) -> HttpResponse:
    """The OpenAPI document of one API."""
    document = _document(name)
    view = SpectacularJSONAPIView.as_view(
        urlconf=document.urlconf,
        custom_settings={"TITLE": f"Tallystick: {document.title}", "DESCRIPTION": document.about}
        | (document.settings or {}),
    )
    return view(request)


def browse(request: HttpRequest, name: str) -> HttpResponse:
    """The page that shows one API; it loads nothing from another host."""
    document = _document(name)
    return SpectacularSwaggerView.as_view(url=f"/api/schema/{document.name}.json", title=document.title)(request)


def documents(request: HttpRequest) -> HttpResponse:
    """The list of the APIs."""
    return render(request, "api/documents.html", {"documents": published()})


def _problem_of(path: str) -> Callable[[HttpRequest, int, str], HttpResponse]:
    """How the API says no that owns the address; of several the one published first."""
    return next((api.problem for api in _documents.values() if api.owns and api.owns.match(path)), plain_problem)


def _answer(
    request: HttpRequest, exception: Exception | None, status: int, message: str, page: Callable[..., HttpResponse]
) -> HttpResponse:
    if is_api(request):
        return _problem_of(request.path)(request, status, message)
    return page(request) if exception is None else page(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, where the request never reached a view (a refused host, a malformed upload)."""
    return _answer(request, exception, 400, "The request was refused.", defaults.bad_request)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, outside any view of an API."""
    return _answer(request, exception, 403, "You may not do this.", defaults.permission_denied)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404 by routing: there is no such operation, or the id in the path is no id."""
    return _answer(request, exception, 404, "There is nothing at this address.", defaults.page_not_found)


def broken(request: HttpRequest) -> HttpResponse:
    """500: our fault; the log has it under the request's id."""
    return _answer(request, None, 500, "Something broke here; the log knows the request id.", defaults.server_error)
