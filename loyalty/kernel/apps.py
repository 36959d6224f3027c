"""Registers the kernel under the label `loyalty`."""

from django.apps import AppConfig


class KernelConfig(AppConfig):
    """The kernel's place in the project."""

    name = "loyalty.kernel"
    label = "loyalty"
    verbose_name = "House"

    def ready(self) -> None:
        """Have the queue's app there before anybody asks for work, and say who does which jobs."""
        import loyalty.kernel.queue  # noqa: F401, PLC0415 - it reads the settings
        from loyalty.kernel.services.invitations import KIND, send_invitation  # noqa: PLC0415 - models are not ready before
        from loyalty.kernel.services.runner import register_handler  # noqa: PLC0415

        register_handler(KIND, send_invitation, title="Invitation", reads="users:read", writes="users:write")
