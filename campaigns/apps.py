"""Registers the campaigns."""

from typing import Any

from django.apps import AppConfig


def _import_orders(job: Any) -> dict[str, Any]:
    """Orders of a file are read as those of a request are."""
    from campaigns.api.orders import read_imported  # noqa: PLC0415 - only a worker that has such a file needs it
    from campaigns.services.importing import run_order_import  # noqa: PLC0415

    return run_order_import(job, read_imported)


class CampaignsConfig(AppConfig):
    """The campaigns' place in the project."""

    name = "campaigns"
    verbose_name = "Campaigns"

    def ready(self) -> None:
        """Say who listens to what happens to members, who tries events again, and who imports orders."""
        from campaigns.services.evaluating import RETRY  # noqa: PLC0415 - models are not ready before
        from campaigns.services.importing import KIND  # noqa: PLC0415
        from campaigns.services.retrying import run_retry  # noqa: PLC0415
        from campaigns.tasks import WEBHOOKS  # noqa: PLC0415
        from loyalty.kernel.services.runner import register_handler  # noqa: PLC0415
        from members.announcements import listen  # noqa: PLC0415

        listen(WEBHOOKS)
        register_handler(RETRY, run_retry, title="Event tried again", reads="campaigns:read", writes="campaigns:write")
        register_handler(KIND, _import_orders, title="Import of orders", reads="orders:read", writes="orders:write")
