"""Registers the partners."""

from django.apps import AppConfig


class PartnersConfig(AppConfig):
    """The partners' place in the project."""

    name = "partners"
    verbose_name = "Partners"

    def ready(self) -> None:
        """Say what there is to prove, what members have, and who tells programs outside of exchanges."""
        from ledger.services.checking import register_check  # noqa: PLC0415 - models are not ready before
        from loyalty.kernel.services.runner import register_handler  # noqa: PLC0415
        from members.services import register_belongings  # noqa: PLC0415
        from partners.services.belongings import EXCHANGES  # noqa: PLC0415
        from partners.services.checking import check_exchange  # noqa: PLC0415
        from partners.services.delivering import KIND, run_delivery  # noqa: PLC0415

        register_check(check_exchange)
        register_belongings(EXCHANGES)

        register_handler(
            KIND,
            run_delivery,
            title="Exchange told to a program",
            reads="partnerships:read",
            writes="partnerships:write",
        )
