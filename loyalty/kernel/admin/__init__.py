"""The kernel's own pages on the console."""

from loyalty.kernel.admin import audit, credentials, jobs, operators, organizations

__all__ = ["audit", "credentials", "jobs", "operators", "organizations"]
