"""Reads of coupon books, codes, and the journal of what was given and used."""

from coupons.selectors.books import (
    find_content,
    get_book,
    get_book_to_use,
    is_schema_used,
    list_books,
    locale_chain,
    with_audiences,
    with_codes_left,
    with_tags,
    with_words,
)
from coupons.selectors.codes import (
    count_codes,
    export_codes,
    find_coupon,
    get_coupon,
    list_coupons,
    page_of_coupons,
    with_book_counts,
)
from coupons.selectors.eligibility import is_out_of_stock
from coupons.selectors.member_books import BookWishes, books_for_member
from coupons.selectors.usages import (
    count_usages,
    get_usage,
    last_uses,
    list_assignments,
    list_usages,
    not_used_only,
    with_code,
)

__all__ = [
    "BookWishes",
    "books_for_member",
    "count_codes",
    "count_usages",
    "export_codes",
    "find_content",
    "find_coupon",
    "get_book",
    "get_book_to_use",
    "get_coupon",
    "get_usage",
    "is_out_of_stock",
    "is_schema_used",
    "last_uses",
    "list_assignments",
    "list_books",
    "list_coupons",
    "list_usages",
    "locale_chain",
    "not_used_only",
    "page_of_coupons",
    "with_audiences",
    "with_book_counts",
    "with_code",
    "with_codes_left",
    "with_tags",
    "with_words",
]
