"""Registers the kernel under the label `loyalty`."""

from django.apps import AppConfig


class KernelConfig(AppConfig):
    """The kernel's place in the project."""

    name = "loyalty.kernel"
    label = "loyalty"
    verbose_name = "House"

    def ready(self) -> None:
        """Have the queue's app there before anybody asks for work."""
        import loyalty.kernel.queue  # noqa: F401, PLC0415 - it reads the settings
