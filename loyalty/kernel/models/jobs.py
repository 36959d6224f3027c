"""Leased work: a row is the work itself, a broker message only a doorbell."""

from __future__ import annotations

from django.db import models

from loyalty.kernel.models.organizations import Organization


class Job(models.Model):
    """One piece of background work, from asked for to finished.

    A worker takes it by setting `locked_until`; a worker that dies simply stops renewing, and the next sweep takes
    the job again from `cursor`. What the job did is in `result`, rows it refused in the file `report`.
    """

    class State(models.TextChoices):
        """How far the job is."""

        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    kind = models.CharField(max_length=40)
    # The same work asked for twice is one job.
    unique_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 - null is "no key", many may have none
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    params = models.JSONField(default=dict)
    cursor = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    progress_done = models.BigIntegerField(default=0)
    progress_total = models.BigIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    available_at = models.DateTimeField()
    locked_until = models.DateTimeField(null=True, blank=True)
    locked_by = models.CharField(max_length=100, blank=True, default="")
    error = models.TextField(blank=True, default="")
    input = models.FileField(upload_to="jobs/", blank=True, default="")
    report = models.FileField(upload_to="jobs/", blank=True, default="")
    actor = models.CharField(max_length=100)
    actor_name = models.CharField(max_length=255, blank=True, default="")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "kind", "unique_key"], name="job_once_per_key"),
            models.CheckConstraint(
                condition=models.Q(progress_done__gte=0, progress_total__gte=0), name="job_progress_not_negative"
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-id"], name="job_newest"),
            models.Index(
                fields=["available_at", "id"],
                name="job_due",
                condition=models.Q(state__in=["waiting", "running"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def percent(self) -> int:
        """How much is done, in hundredths."""
        return min(100, self.progress_done * 100 // self.progress_total) if self.progress_total else 0
