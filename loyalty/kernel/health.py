"""Is the process alive, can the house work, and what does it count."""

from __future__ import annotations

from celery import current_app
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST

from loyalty.kernel.metrics import render_metrics


def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process lives."""
    return JsonResponse({"status": "ok"})


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return f"database: {type(error).__name__}"
    return f"migrations: {len(waiting)} not applied" if waiting else ""


def _queue() -> str:
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
    except Exception as error:  # every transport raises its own
        return f"queue: {type(error).__name__}"
    return ""


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database, migrations and queue are usable, else 503 with what is not."""
    problems = [problem for problem in (_database(), _queue()) if problem]
    if problems:
        return JsonResponse({"status": "not ready", "problems": problems}, status=503)
    return JsonResponse({"status": "ready"})


def metrics(request: HttpRequest) -> HttpResponse:
    """The figures, for a Prometheus server."""
    return HttpResponse(render_metrics(), content_type=CONTENT_TYPE_LATEST)
