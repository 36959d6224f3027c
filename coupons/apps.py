"""Registers the coupons."""

from django.apps import AppConfig


class CouponsConfig(AppConfig):
    """The coupons' place in the project."""

    name = "coupons"
    verbose_name = "Coupons"

    def ready(self) -> None:
        """Say who imports codes, what refers to content schemas, what there is to prove, and what members have."""
        from coupons.selectors import is_schema_used  # noqa: PLC0415 - models are not ready before
        from coupons.services import COUPONS, check_coupons  # noqa: PLC0415
        from coupons.services.exporting import KIND as EXPORT  # noqa: PLC0415
        from coupons.services.exporting import run_code_export  # noqa: PLC0415
        from coupons.services.importing import KIND, run_code_import  # noqa: PLC0415
        from ledger.services.checking import register_check  # noqa: PLC0415
        from loyalty.kernel.services import register_reference  # noqa: PLC0415
        from loyalty.kernel.services.runner import register_handler  # noqa: PLC0415
        from members.services import register_belongings  # noqa: PLC0415

        register_reference("coupon books", is_schema_used)
        register_check(check_coupons)
        register_belongings(COUPONS)
        register_handler(KIND, run_code_import, title="Import of codes", reads="coupons:read", writes="coupons:write")
        # The file has every code that nobody has used yet: for those who might have given them away, too.
        register_handler(
            EXPORT,
            run_code_export,
            title="Export of codes",
            reads="coupons:write",
            writes="coupons:write",
            report="Download the codes",
        )
