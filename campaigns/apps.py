"""Registers the campaigns."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """The campaigns' place in the project."""

    name = "campaigns"
    verbose_name = "Campaigns"

    def ready(self) -> None:
        """Say who listens to what happens to members."""
        from campaigns.tasks import LISTENER  # noqa: PLC0415 - models are not ready before
        from members.announcements import listen  # noqa: PLC0415

        listen(LISTENER)
