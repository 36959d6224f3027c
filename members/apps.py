"""Registers the members."""

from django.apps import AppConfig


class MembersConfig(AppConfig):
    """The members' place in the project."""

    name = "members"
    verbose_name = "Members"
