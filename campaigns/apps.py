"""Registers the campaigns."""

from collections.abc import Mapping
from typing import Any

from django.apps import AppConfig


def _read_order(data: Mapping[str, Any]) -> Any:
    """Orders of a file are read as those of a request are."""
    from campaigns.api.orders import read_imported  # noqa: PLC0415 - only who has such a file needs it

    return read_imported(data)


class CampaignsConfig(AppConfig):
    """The campaigns' place in the project."""

    name = "campaigns"
    verbose_name = "Campaigns"

    def ready(self) -> None:
        """Say who listens to what happens to members and knows referral codes, who tries events again and imports
        orders, what there is to prove, and what goes along with members.
        """
        from campaigns.services import use_referral_code  # noqa: PLC0415 - models are not ready before
        from campaigns.services.belongings import MISSIONS  # noqa: PLC0415
        from campaigns.services.checking import check_referrals  # noqa: PLC0415
        from campaigns.services.evaluating import RETRY  # noqa: PLC0415
        from campaigns.services.hearing import EVALUATOR  # noqa: PLC0415
        from campaigns.services.importing import KIND, refused_lines, register_reader, run_order_import  # noqa: PLC0415
        from campaigns.services.mission_checks import check_missions  # noqa: PLC0415
        from campaigns.services.referral_belongings import REFERRALS  # noqa: PLC0415
        from campaigns.services.retrying import run_retry  # noqa: PLC0415
        from campaigns.tasks import CAMPAIGNS, WEBHOOKS  # noqa: PLC0415
        from ledger.services.checking import register_check  # noqa: PLC0415
        from loyalty.kernel.services.runner import register_handler  # noqa: PLC0415
        from members.announcements import evaluate_with, listen  # noqa: PLC0415
        from members.services import register_belongings, register_referrals  # noqa: PLC0415

        listen(WEBHOOKS)
        listen(CAMPAIGNS)
        evaluate_with(EVALUATOR)
        register_referrals(use_referral_code)
        register_check(check_missions)
        register_check(check_referrals)
        register_belongings(MISSIONS)
        register_belongings(REFERRALS)
        register_handler(RETRY, run_retry, title="Event tried again", reads="campaigns:read", writes="campaigns:write")
        register_reader(_read_order)
        roles = {"reads": "orders:read", "writes": "orders:write"}
        register_handler(KIND, run_order_import, title="Import of orders", mends=refused_lines, **roles)
