"""Statements on the console: what each says, its file of lines, and a page to print."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from loyalty.kernel.desk import HouseAdmin, Link, Panel, copyable, link_to, number
from partners.admin.display import READS, money, price
from partners.models import Statement, StatementTotal
from partners.services import file_of


@admin.register(Statement)
class StatementAdmin(HouseAdmin):
    """Closed periods, the newest first."""

    reads = READS
    list_display = ["shown", "partner", "starts_at", "ends_at", "to_partner", "from_partner", "left"]
    list_select_related = ["partner"]
    says_empty = "A statement is a closed period of a partner. Close one on the page of the partner."
    facts = (
        ("Statement", ("shown", "partner", "starts_at", "ends_at", "terms", "lines")),
        ("Money", ("to_partner", "from_partner", "left")),
        ("Proof", ("sha256",)),
    )

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With its partner."""
        return super().everything(request).select_related("partner", "organization")

    def get_urls(self) -> list[URLPattern]:
        """With the file of lines, and the page to print."""
        view = self.admin_site.admin_view
        return [
            path("<path:object_id>/lines.csv", view(self.file_view), name="partners_statement_file"),
            path("<path:object_id>/print/", view(self.print_view), name="partners_statement_print"),
            *super().get_urls(),
        ]

    def links(self, request: HttpRequest, target: Statement) -> Iterable[Link]:
        """Both."""
        yield Link("Lines", reverse("admin:partners_statement_file", args=[target.pk]), "download", "lines")
        yield Link("Print", reverse("admin:partners_statement_print", args=[target.pk]), "print", "print")

    def _held(self, request: HttpRequest, object_id: str) -> Statement:
        found: Statement | None = self.get_object(request, object_id)
        if found is None:
            raise Http404
        return found

    def file_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The lines as CSV; the file's SHA-256 is the statement's digest.

        :raises Http404: no such statement for this person.
        """
        held = self._held(request, object_id)
        name = f'attachment; filename="statement-{held.partner_id}-{held.number}.csv"'
        headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
        return StreamingHttpResponse(file_of(held), content_type="text/csv; charset=utf-8", headers=headers)

    def print_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The statement on paper.

        :raises Http404: no such statement for this person.
        """
        held = self._held(request, object_id)
        about = {"statement": held, "organization": held.organization, "totals": _totals(held)}
        response = render(request, "statement.html", about)
        response["Cache-Control"] = "no-store"
        return response

    def panels(self, request: HttpRequest, target: Any, at: datetime) -> Iterable[Panel]:
        """What it says of each program."""
        rows = [
            (
                total.get_direction_display(),
                link_to(total.program),
                number(total.issued),
                number(total.reversed),
                number(total.net_points),
                number(price(total.amount, target.currency)),
            )
            for total in _totals(target)
        ]
        yield Panel("By program", ("", "Program", "Issued", "Reversed", "Net", "Amount"), rows)

    @admin.display(description="Statement", ordering="number")
    def shown(self, statement: Statement) -> str:
        """Its number."""
        return f"Statement {statement.number}"

    @admin.display(description="Due to the partner")
    def to_partner(self, statement: Statement) -> SafeString:
        """For points in its programs."""
        return money(statement.due_to_partner, statement.currency)

    @admin.display(description="Due from the partner")
    def from_partner(self, statement: Statement) -> SafeString:
        """For what its clients issued."""
        return money(statement.due_from_partner, statement.currency)

    @admin.display(description="Left to pay to the partner")
    def left(self, statement: Statement) -> SafeString:
        """Below zero: by the partner."""
        return money(statement.net, statement.currency)

    @admin.display(description="SHA-256 of the lines")
    def sha256(self, statement: Statement) -> SafeString:
        """The digest."""
        return copyable(statement.digest)


def _totals(statement: Statement) -> QuerySet[StatementTotal]:
    return statement.totals.select_related("program").order_by("-direction", "program__name")
