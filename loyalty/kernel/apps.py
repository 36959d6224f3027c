"""Registers the kernel under the label `loyalty`."""

from django.apps import AppConfig


class KernelConfig(AppConfig):
    """The kernel's place in the project."""

    name = "loyalty.kernel"
    label = "loyalty"
    verbose_name = "House"
