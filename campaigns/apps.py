"""Registers the campaigns."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """The campaigns' place in the project."""

    name = "campaigns"
    verbose_name = "Campaigns"

    def ready(self) -> None:
        """Say who listens to what happens to members, and who tries events again."""
        from campaigns.services.evaluating import RETRY  # noqa: PLC0415 - models are not ready before
        from campaigns.services.retrying import run_retry  # noqa: PLC0415
        from campaigns.tasks import LISTENER  # noqa: PLC0415
        from loyalty.kernel.services.runner import register_handler  # noqa: PLC0415
        from members.announcements import listen  # noqa: PLC0415

        listen(LISTENER)
        register_handler(RETRY, run_retry, title="Event tried again", reads="campaigns:read", writes="campaigns:write")
