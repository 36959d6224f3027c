"""The page behind a claim's address: shows the points, has the visitor prove an email, gives them once (G4).

Plain forms, no script. What was proved is remembered for half an hour in a signed cookie, so that a second claim is one
click. Nothing on the page says whether an address is a member's, or the one the claim is bound to.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

import structlog
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from loyalty.dialects.coggins import problems
from loyalty.kernel import clock
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import DomainError, NotFound
from loyalty.kernel.tasks import ring_for
from members.contacts import normal_email
from members.models import Claim
from members.selectors import claimed_with, get_claim_by_token
from members.services import ask_for_code, claim_points, dates_at, prove_email
from members.services.claim_mails import amount_of_claim

_TOKEN = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
COOKIE, SALT = "claim_email", "claim email"
REMEMBERED_SECONDS = 30 * 60
_PATH = "/claim/"
# Nothing but our own style and mark; no frame around it, no form to elsewhere.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


class EmailForm(forms.Form):
    """Where the code goes."""

    email = forms.EmailField(
        max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True})
    )


class CodeForm(forms.Form):
    """The code that came."""

    email = forms.EmailField(max_length=254, widget=forms.HiddenInput)
    code = forms.CharField(
        max_length=20,
        label="Code",
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "size": 8}
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def claim_page(request: HttpRequest, token: str) -> HttpResponse:
    """The claim as it stands for this visitor, and what they do with it."""
    try:
        claim = get_claim_by_token(uuid.UUID(token)) if _TOKEN.fullmatch(token) else None
    except NotFound:
        claim = None
    if claim is None:
        return _page(request, None, state="unknown", status=404)
    steps = {"code": _send_code, "prove": _prove, "claim": _claim, "other": _forget}
    step = steps.get(request.POST.get("step", "")) if request.method == "POST" else None
    return _show(request, claim) if step is None else step(request, claim)


def _remembered(request: HttpRequest) -> str:
    """The address this visitor has proved lately, or nothing."""
    return str(request.get_signed_cookie(COOKIE, "", salt=SALT, max_age=REMEMBERED_SECONDS))


def _show(request: HttpRequest, claim: Claim, **more: Any) -> HttpResponse:
    """The page for how the claim stands."""
    state, email = claim.state_at(clock.now()), _remembered(request)
    if state == "claimed":
        mine = claimed_with(claim, email)
        return _page(request, claim, state="mine" if mine else "claimed", status=more.get("status", 200))
    if state != "open":
        return _page(request, claim, state=state, status=410)
    if email and claim.email in ("", email) and "form" not in more:
        return _page(request, claim, state="ready", email=email, **more)
    return _page(request, claim, state="ask", **{"form": EmailForm(), **more})


def _send_code(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Have a code mailed."""
    form = EmailForm(request.POST)
    if not form.is_valid():
        return _show(request, claim, form=form, status=422)
    email = normal_email(form.cleaned_data["email"])
    try:
        job = ask_for_code(claim=claim, email=email, actor=_visitor(), at=clock.now())
    except DomainError as error:
        form.add_error(None, error.message)
        return _show(request, _again(claim), form=form, status=problems.status_of(error))
    if job is not None:
        ring_for(job.pk)
    return _page(request, claim, state="sent", email=email, form=CodeForm(initial={"email": email}))


def _prove(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Look at the code; with the right one the points are claimed."""
    form = CodeForm(request.POST)
    if not form.is_valid():
        if "email" in form.errors:
            return _show(request, claim, form=EmailForm(), status=422)
        email = normal_email(form.cleaned_data["email"])
        return _page(request, claim, state="sent", email=email, form=form, status=422)
    email = normal_email(form.cleaned_data["email"])
    if claim.state_at(clock.now()) != "open":
        return _show(request, claim, status=409)
    if not prove_email(claim=claim, email=email, code=form.cleaned_data["code"], at=clock.now()):
        form.add_error("code", "This code is not the right one, or it is too old.")
        return _page(request, claim, state="sent", email=email, form=form, status=422)
    response = _give(request, claim, email)
    response.set_signed_cookie(
        COOKIE,
        email,
        salt=SALT,
        max_age=REMEMBERED_SECONDS,
        path=_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _claim(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Claim with the address that was proved before."""
    email = _remembered(request)
    if not email:
        return _show(request, claim, status=403)
    return _give(request, claim, email)


def _give(request: HttpRequest, claim: Claim, email: str) -> HttpResponse:
    try:
        claim_points(claim=claim, email=email, actor=_visitor(), at=clock.now())
    except DomainError as error:
        now = _again(claim)
        status = problems.status_of(error)
        if now.state_at(clock.now()) != "open":
            return _show(request, now, status=status)
        return _page(request, now, state="refused", says=error.message, email=email, status=status)
    return HttpResponseRedirect(request.path, status=303)


def _forget(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Somebody else sits here."""
    response = HttpResponseRedirect(request.path, status=303)
    response.delete_cookie(COOKIE, path=_PATH)
    return response


def _again(claim: Claim) -> Claim:
    return get_claim_by_token(claim.token)


def _visitor() -> Actor:
    """Nobody is signed in here: the page itself acts."""
    request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    return Actor("system", "claim-page", "claim page", request_id)


def mask(email: str) -> str:
    """An address as only its owner knows it again: the first letters, and how it ends."""
    name, _, host = email.partition("@")
    first, dot, last = host.rpartition(".")
    return f"{name[:1]}•••@{first[:1]}•••{dot}{last}"


def _page(request: HttpRequest, claim: Claim | None, *, state: str, status: int = 200, **more: Any) -> HttpResponse:
    context: dict[str, Any] = {"state": state, "claim": claim, **more}
    if claim is not None:
        context |= {
            "amount": amount_of_claim(claim),
            "store": claim.store,
            "bound": mask(claim.email) if claim.email else "",
            "last_day": _day(claim, claim.expires_at),
        }
        if claim.claimed_at is not None:
            starts = dates_at(claim.store, claim.claimed_at, claim.organization.timezone).valid_from
            context["starts"] = None if starts is None or starts <= clock.now() else _day(claim, starts)
    response = render(request, "claim.html", context, status=status)
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Content-Security-Policy"] = _POLICY
    # Nobody else is told the address. A page with a form may tell it to ourselves: asked to tell nobody at all, a
    # browser also hides where a form came from, and then it is refused.
    response["Referrer-Policy"] = "same-origin" if state in ("ask", "sent", "ready", "refused") else "no-referrer"
    return response


def _day(claim: Claim, moment: Any) -> str:
    known = clock.or_none(moment)
    return "" if known is None else f"{clock.local_day(known, claim.organization.timezone):%d %B %Y}".lstrip("0")
