"""What may be written about coupons, one verb each."""

from coupons.services.assigning import assign_coupons
from coupons.services.belongings import COUPONS
from coupons.services.books import archive_book, create_book, disable_book, publish_book, update_book
from coupons.services.checking import check_coupons
from coupons.services.codes import add_codes, export_codes, update_code
from coupons.services.eligibility import preview_eligibility
from coupons.services.exporting import start_code_export
from coupons.services.importing import start_code_import, survey_codes
from coupons.services.linking import link_book, set_links_open
from coupons.services.once import Given
from coupons.services.previewing import preview_code_import
from coupons.services.reverting import revert_last_use, revert_usage
from coupons.services.using import use_coupon

__all__ = [
    "COUPONS",
    "Given",
    "add_codes",
    "archive_book",
    "assign_coupons",
    "check_coupons",
    "create_book",
    "disable_book",
    "export_codes",
    "link_book",
    "preview_code_import",
    "preview_eligibility",
    "publish_book",
    "revert_last_use",
    "revert_usage",
    "set_links_open",
    "start_code_export",
    "start_code_import",
    "survey_codes",
    "update_book",
    "update_code",
    "use_coupon",
]
