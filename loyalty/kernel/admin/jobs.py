"""Jobs on the console: what runs, how far it is, what it did, and the files it read and wrote."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from loyalty.kernel.desk import Act, Done, HouseAdmin, Link, Seat, number, seat_of, state, when
from loyalty.kernel.models import Job
from loyalty.kernel.roles import ADMIN
from loyalty.kernel.services import cancel_job, retry_job
from loyalty.kernel.services.runner import Mends, works
from loyalty.kernel.tasks import ring_for

_ENDED = (Job.State.DONE, Job.State.FAILED, Job.State.CANCELLED)
# What a job may say it did, in the order people ask.
_FIGURES = ("processed", "succeeded", "failed", "skipped")


def title_of(kind: str) -> str:
    """What people call this kind of work; commands remember work here that no worker does."""
    return works()[kind].title if kind in works() else kind.replace("_", " ").capitalize()


def _role(kind: str, what: str) -> str:
    return getattr(works()[kind], what) if kind in works() else ADMIN


def _kinds_for(seat: Seat, organization_id: int) -> list[str]:
    return [kind for kind, work in works().items() if seat.may(work.reads, organization_id)]


class _WithJob(Act):
    asks_reason = True

    @classmethod
    def possible(cls, seat: Seat, target: Any, organization_id: int | None) -> bool:
        """Each kind of work has its own role."""
        return super().possible(seat, target, organization_id) and seat.may(
            _role(target.kind, "writes"), organization_id
        )


class RetryJob(_WithJob):
    """Once more, from where it stopped."""

    slug, title, verb, icon = "retry", "Try again", "Try again", "replay"
    about = "It goes on from where it stopped; what it did before stands and is not done twice."

    @classmethod
    def fits(cls, target: Job) -> bool:
        """What failed or was stopped."""
        return target.state in (Job.State.FAILED, Job.State.CANCELLED) and target.kind in works()

    def act(self) -> Done:
        """Send it off."""
        retry_job(job=self.target, actor=self.actor, at=self.at, reason=self.reason)
        ring_for(self.target.pk)
        return Done(f"{title_of(self.target.kind)} {self.target.pk} is on its way again.", self.target)


class CancelJob(_WithJob):
    """Stop here."""

    slug, title, verb, icon = "cancel", "Stop", "Stop it", "stop_circle"
    about = "It stops after the step it is at. What it did so far stands; it can be sent off again later."
    is_dangerous = True

    @classmethod
    def fits(cls, target: Job) -> bool:
        """What has not ended."""
        return target.state not in _ENDED

    def act(self) -> Done:
        """Stop it."""
        cancel_job(job=self.target, actor=self.actor, at=self.at, reason=self.reason)
        return Done(f"{title_of(self.target.kind)} {self.target.pk} is stopped.", self.target)


class KindFilter(admin.SimpleListFilter):
    """By kind of work."""

    title, parameter_name = "kind", "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The kinds there are."""
        return [(kind, work.title) for kind, work in works().items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the kind."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Job)
class JobAdmin(HouseAdmin):
    """The work of the organization chosen, as far as the person has the role of each kind."""

    list_display = ["number", "state_now", "progress", "rows", "file_name", "who", "asked_at", "ended_at"]
    list_filter = ["state", KindFilter]
    reading_template = "admin/job.html"
    acts = (RetryJob, CancelJob)
    says_empty = "Work that takes a while, like an import, runs here in the background: you can watch it and go on."
    facts = (
        ("Work", ("number", "file_name", "who")),
        ("When", ("asked_at", "started_at", "ended_at", "attempts", "next_try")),
    )

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """What each place allows."""
        seat, rows = seat_of(request), super().everything(request)
        if seat.is_system_admin:
            return rows
        allowed = Q(pk__in=())
        for organization_id, access in seat.places.items():
            # Work of a kind nobody answers for any more is the administrators'.
            limit = Q() if access.allows(ADMIN) else Q(kind__in=_kinds_for(seat, organization_id))
            allowed |= Q(organization=organization_id) & limit
        return rows.filter(allowed)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Of the organization chosen; work for the whole house is shown to system administrators."""
        seat = seat_of(request)
        chosen = Q(organization=seat.organization_id)
        return self.everything(request).filter(chosen | Q(organization=None) if seat.is_system_admin else chosen)

    def name_of(self, target: Job) -> str:
        """What it is, and its number."""
        return self.number(target)

    def get_urls(self) -> list[URLPattern]:
        """With the files."""
        view = self.admin_site.admin_view(self.file_view)
        return [path("<int:job_id>/file/<slug:which>/", view, name="loyalty_job_file"), *super().get_urls()]

    def file_view(self, request: HttpRequest, job_id: int, which: str) -> HttpResponseBase:
        """A file the job read or wrote, or the rows of it to mend, as a download.

        :raises Http404: no such job for this person, or no such file.
        """
        job = self.get_object(request, str(job_id))
        if job is None or which not in ("input", "report", "mend"):
            raise Http404
        if which == "mend":
            return _to_mend(job)
        file = getattr(job, which)
        if not file.name or not file.storage.exists(file.name):
            raise Http404
        return FileResponse(file.open("rb"), as_attachment=True, filename=_name_of(job, which))

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """The reading page; while the job runs, the part of it that changes is asked for again and again."""
        if "HX-Request" not in request.headers:
            return super().change_view(request, object_id, form_url, extra_context)
        job = self.get_object(request, object_id)
        if job is None:
            raise Http404
        response = render(request, "admin/job_live.html", {"target": job, **live_parts(job)})
        if job.state in _ENDED:
            # Other things can be done with it now: have the whole page again.
            response["HX-Refresh"] = "true"
        return response

    def read_facts(self, request: HttpRequest, target: Job) -> list[tuple[str, list[tuple[str, Any]]]]:
        """Hands the changing part to the page as well."""
        for name, value in live_parts(target).items():
            setattr(target, name, value)
        return super().read_facts(request, target)

    def links(self, request: HttpRequest, target: Job) -> Iterable[Link]:
        """Its files."""
        titles = {"report": _made_by(target) or "Download rows that failed", "input": "Download the file"}
        for which, title in titles.items():
            if getattr(target, which):
                address = reverse("admin:loyalty_job_file", args=[target.pk, which])
                yield Link(title, address, "download", which)
        if target.report and _mends(target) is not None:
            address = reverse("admin:loyalty_job_file", args=[target.pk, "mend"])
            yield Link("Download rows to mend", address, "build", "mend")

    @admin.display(description="Job", ordering="id")
    def number(self, job: Job) -> str:
        """What it is, and its number."""
        return f"{title_of(job.kind)} {job.pk}"

    @admin.display(description="State", ordering="state")
    def state_now(self, job: Job) -> SafeString:
        """How it stands."""
        return state(job.get_state_display())

    @admin.display(description="Progress")
    def progress(self, job: Job) -> SafeString:
        """A bar."""
        return _bar(job)

    @admin.display(description="Rows")
    def rows(self, job: Job) -> SafeString:
        """How many are done, of how many."""
        return number(f"{job.progress_done:,} of {job.progress_total:,}" if job.progress_total else "–")

    @admin.display(description="File")
    def file_name(self, job: Job) -> str:
        """What the person called it."""
        return job.params.get("name") or "–"

    @admin.display(description="Asked for by")
    def who(self, job: Job) -> str:
        """Who wanted it."""
        return job.actor_name or job.actor

    @admin.display(description="Asked for", ordering="created_at")
    def asked_at(self, job: Job) -> SafeString:
        """When."""
        return when(job.created_at)

    @admin.display(description="Ended", ordering="finished_at")
    def ended_at(self, job: Job) -> SafeString:
        """When."""
        return when(job.finished_at)

    @admin.display(description="Next try")
    def next_try(self, job: Job) -> SafeString:
        """When a job that broke is tried again."""
        return when(job.available_at if job.state == Job.State.WAITING and job.attempts else None)


def live_parts(job: Job) -> dict[str, Any]:
    """What of a job changes while one looks: its state, its bar, its figures."""
    figures = [(name, job.result[name]) for name in _FIGURES if name in job.result]
    figures += [(name, value) for name, value in job.result.items() if name not in _FIGURES]
    return {
        "shown_state": state(job.get_state_display()),
        "bar": _bar(job),
        "figures": [(name.replace("_", " "), _shown(value)) for name, value in figures],
        "is_running": job.state not in _ENDED,
        "rows_done": f"{job.progress_done:,} of {job.progress_total:,} rows" if job.progress_total else "",
    }


def _shown(value: Any) -> Any:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value


def _bar(job: Job) -> SafeString:
    return format_html('<progress class="ts-bar" max="100" value="{}">{} %</progress>', job.percent, job.percent)


def _made_by(job: Job) -> str:
    """What the report is called, where it is what the job was asked for."""
    return works()[job.kind].report if job.kind in works() else ""


def _mends(job: Job) -> Mends | None:
    """What gives the rows it refused as they were sent, where its report does not."""
    return works()[job.kind].mends if job.kind in works() else None


def _to_mend(job: Job) -> StreamingHttpResponse:
    mends = _mends(job)
    if mends is None or not all(file.name and file.storage.exists(file.name) for file in (job.report, job.input)):
        raise Http404
    name = f"job-{job.pk}-to-mend{PurePath(str(job.input.name)).suffix}"
    words = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(mends(job), content_type="application/octet-stream", headers=words)


def _name_of(job: Job, which: str) -> str:
    if which == "report" and not _made_by(job):
        return f"job-{job.pk}-failed-rows{PurePath(str(job.report.name)).suffix}"
    return PurePath(str(job.params.get("name") or job.input.name)).name
