"""What each side sees of a book that gives what another has (semantics 4.3)."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from coupons import errors, services
from coupons.models import Coupon
from coupons.selectors import BookWishes, books_for_member, named_usages
from coupons.services import set_links_open
from loyalty.kernel import clock
from members.models import Member
from members.selectors import get_member
from members.services import merge_members
from tests import factories
from tests.coupons.books import assign, fresh, link, make_book, refused, revert, sound, use
from tests.databases import round_trips
from tests.house import TESTER, Api, House
from tests.refusals import refuses


# --- what each side sees ---------------------------------------------------------------------------------------------
def test_the_source_lists_every_code_and_none_of_the_partners_members(
    house: House, neighbor: House, api: Api, alice: Member, charlie: Member
) -> None:
    source = make_book(house, "list", codes=["A", "B", "C"])
    assign(source, alice)
    assign(link(source, neighbor), charlie)
    path = f"coupon-books/{source.pk}/coupons"
    for order in ("", "?order=couponId", "?order=code"):
        listed = api.get(path + order).body
        assert [(row["code"], row["assignedCount"], row["memberId"]) for row in listed["results"]] == [
            ("A", 1, alice.pk),
            ("B", 1, None),
            ("C", 0, None),
        ]
    assert api.get(f"{path}/{listed['results'][1]['couponId']}").body["couponCode"]["memberId"] is None
    rows = list(services.export_codes(book=fresh(source), actor=TESTER, at=clock.now()))
    assert [row.holder and row.holder.loyalty_member_id for row in rows] == ["alice", None, None]


def test_the_linked_book_lists_what_was_given_from_it_and_no_other_code(
    house: House, neighbor: House, next_door: Api, alice: Member, charlie: Member
) -> None:
    source = make_book(house, "list", codes=["A", "B", "C", "D"])
    linked = link(source, neighbor)
    assign(source, alice)
    kept, gone = assign(linked, charlie, number=2).usages
    revert(gone)
    path = f"coupon-books/{linked.pk}/coupons"
    for order in ("", "?order=couponId,desc", "?order=code"):
        listed = next_door.get(path + order).body
        assert listed["totalCount"] == 1
        [row] = listed["results"]
        assert (row["couponBookId"], row["code"], row["memberId"]) == (linked.pk, "B", charlie.pk)
    assert next_door.get(f"{path}/{kept.coupon_id}").body["couponCode"]["code"] == "B"
    for coupon in Coupon.objects.exclude(code="B"):
        refuses(next_door, "GET", f"{path}/{coupon.pk}", None, 404, "NOT_FOUND")
        refuses(next_door, "POST", f"{path}/{coupon.pk}/assign", {"memberId": charlie.pk}, 404, "NOT_FOUND")


def test_the_codes_are_added_changed_and_exported_by_who_offered_them(
    house: House, neighbor: House, next_door: Api, charlie: Member
) -> None:
    linked = link(make_book(house, "list", codes=["A"]), neighbor)
    (usage,) = assign(linked, charlie).usages
    path = f"coupon-books/{linked.pk}/coupons"
    refuses(next_door, "POST", path, {"codes": ["X"]}, 422, "BOOK_IS_LINKED")
    refuses(next_door, "PUT", f"{path}/{usage.coupon_id}", {"code": "X"}, 422, "BOOK_IS_LINKED")
    words: dict[str, Any] = {"book": fresh(linked), "actor": TESTER, "at": clock.now()}
    refused(errors.BookIsLinked, services.start_code_export, **words)
    refused(errors.BookIsLinked, lambda: list(services.export_codes(**words)))
    refused(errors.BookIsLinked, services.start_code_import, source=BytesIO(b"X\n"), name="codes.txt", **words)


def test_neither_side_reads_or_takes_back_the_others_lines(
    house: House, neighbor: House, api: Api, next_door: Api, alice: Member, charlie: Member
) -> None:
    source = make_book(house, "list", codes=["A", "B"])
    linked = link(source, neighbor)
    ours, theirs = assign(source, alice).usages[0], assign(linked, charlie).usages[0]
    refuses(api, "POST", f"coupon-usages/{theirs.pk}/revert", None, 404, "NOT_FOUND")
    refuses(next_door, "POST", f"coupon-usages/{ours.pk}/revert", None, 404, "NOT_FOUND")
    refuses(api, "POST", f"coupon-books/{source.pk}/assign", {"memberId": charlie.pk}, 404, "NOT_FOUND")
    refuses(next_door, "POST", f"coupon-books/{source.pk}/assign", {"memberId": charlie.pk}, 404, "NOT_FOUND")
    # By a code, each finds its own lines.
    assert [named_usages(one.id, code, 9) for one in (house, neighbor) for code in "AB"] == [
        [ours.pk],
        [],
        [],
        [theirs.pk],
    ]


def test_3_12_a_member_sees_whether_the_stock_has_any_left(
    house: House, neighbor: House, next_door: Api, alice: Member, charlie: Member
) -> None:
    source = make_book(house, "list", codes=["A"])
    linked = link(source, neighbor)
    path = f"loyalty-programs/{neighbor.program.pk}/members/{charlie.pk}/coupon-books"

    def seen() -> list[Any]:
        return [row["outOfStock"] for row in next_door.get(path).body["results"]]

    assert seen() == [False]
    (usage,) = assign(source, alice).usages
    assert seen() == [True]
    assert next_door.get(f"{path}?outOfStock=false").body["totalCount"] == 0
    revert(usage)
    set_links_open(books=[linked], is_open=False)
    assert seen() == []


def test_a_members_list_of_books_costs_one_query_more_for_any_number_of_linked_ones(
    house: House, neighbor: House, charlie: Member
) -> None:
    member = get_member(neighbor.id, charlie.pk)

    def cost() -> int:
        with round_trips() as asked:
            found = books_for_member(neighbor.program, member, BookWishes(), at=clock.now())
            [(book.stock.name, book.limit_in_all) for book in found]
        return len(asked)

    make_book(neighbor)
    plain = cost()
    link(make_book(house), neighbor)
    linked = cost()
    for _ in range(5):
        link(make_book(house), neighbor)
    assert cost() == linked
    # Once where they are chosen, once where they are read.
    assert linked == plain + 2


def test_a_member_who_is_merged_keeps_what_was_given_through_a_link(
    house: House, neighbor: House, charlie: Member
) -> None:
    linked = link(make_book(house, "list", codes=["A"]), neighbor)
    assign(linked, charlie)
    dora = factories.MemberFactory(organization=neighbor.organization)
    merge_members(kept=dora, merged=charlie, actor=TESTER, at=clock.now(), reason="One person")
    assert Coupon.objects.get().member_id == dora.pk
    use(linked, dora)
    assert sound(house, neighbor)
