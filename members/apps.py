"""Registers the members."""

from django.apps import AppConfig


class MembersConfig(AppConfig):
    """The members' place in the project."""

    name = "members"
    verbose_name = "Members"

    def ready(self) -> None:
        """Say who does which jobs, and who follows what the ledger posts."""
        from ledger.announcements import subscribe  # noqa: PLC0415 - models are not ready before
        from loyalty.kernel.services.runner import register_handler  # noqa: PLC0415
        from members.services.claim_codes import CODE_MAIL  # noqa: PLC0415
        from members.services.claim_mails import LINK_MAIL, send_claim, send_code  # noqa: PLC0415
        from members.services.following import follow  # noqa: PLC0415
        from members.services.imports import KIND, run_import  # noqa: PLC0415
        from members.services.standing import REEVALUATION, run_reevaluation  # noqa: PLC0415

        subscribe(follow)
        register_handler(REEVALUATION, run_reevaluation, title="Tiers worked out again", reads="tiers:read")
        register_handler(KIND, run_import, title="Import of points", reads="ledgers:read", writes="ledgers:write")
        register_handler(CODE_MAIL, send_code, title="Code for a claim", reads="ledgers:read", writes="ledgers:write")
        register_handler(LINK_MAIL, send_claim, title="Mail of a claim", reads="ledgers:read", writes="ledgers:write")
