"""The kernel's own pages on the console."""

from loyalty.kernel.admin import audit, catalog, content, credentials, jobs, operators, organizations

__all__ = ["audit", "catalog", "content", "credentials", "jobs", "operators", "organizations"]
