"""Registers the members."""

from django.apps import AppConfig


class MembersConfig(AppConfig):
    """The members' place in the project."""

    name = "members"
    verbose_name = "Members"

    def ready(self) -> None:
        """Say who does which jobs."""
        from loyalty.kernel.services.runner import register_handler  # noqa: PLC0415 - models are not ready before
        from members.services.imports import KIND, run_import  # noqa: PLC0415

        register_handler(KIND, run_import, title="Import of points", reads="ledgers:read", writes="ledgers:write")
