"""What the house counts about itself, in the Prometheus format."""

from __future__ import annotations

import os
from collections.abc import Iterator

from django.db.models import Count
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from loyalty.kernel.models import Job

REGISTRY = CollectorRegistry()
REQUESTS = Counter("tallystick_requests_total", "Requests answered.", ["method", "route", "status"], registry=REGISTRY)
REQUEST_SECONDS = Histogram(
    "tallystick_request_seconds",
    "How long requests took.",
    ["route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=REGISTRY,
)


class _Jobs(Collector):
    """Jobs by kind and state, read from the rows when asked."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One gauge."""
        gauge = GaugeMetricFamily("tallystick_jobs", "Jobs by kind and state.", labels=["kind", "state"])
        open_jobs = Job.objects.exclude(state__in=[Job.State.DONE, Job.State.CANCELLED])
        for kind, state, count in open_jobs.values_list("kind", "state").annotate(n=Count("pk")).order_by("kind"):
            gauge.add_metric([kind, state], count)
        yield gauge


def render_metrics() -> bytes:
    """Every figure, from all processes where several serve the web."""
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    jobs = CollectorRegistry()
    jobs.register(_Jobs())
    return generate_latest(registry) + generate_latest(jobs)
