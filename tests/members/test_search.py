"""The search for members: which words find whom, the same on both databases (semantics 5.6)."""

from __future__ import annotations

import unicodedata
from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.kernel import clock
from loyalty.kernel.models import AuditEntry
from members.errors import NoSuchMember, SearchTooLong
from members.models import Member, MemberContact
from members.selectors import best_found, get_named_member, search_members
from members.services import create_member, update_member
from members.words import search_text_of
from tests import factories
from tests.crowds import make_members
from tests.databases import analyze, round_trips
from tests.house import TESTER, House

PROFILE = {
    "name": "Zoë Ana",
    "lastName": "Müller-Adams",
    "email": "Zoe.Mueller@Example.com",
    "emails": ["zm@x.org"],
    "phone": "+49 151 234-5678",
    "phones": ["(030) 12 34 567"],
    "loyaltyCardNumber": "4711 0815",
    "birthdate": "1999-12-31",
    "address": "Hidden Lane",
}


@pytest.fixture
def zoe(house: House) -> Member:
    """A member with everything that one can be found by."""
    return factories.MemberFactory(
        organization=house.organization,
        loyalty_member_id="CRM_77%\\x",
        public_loyalty_member_id="Ｐ-9",
        profile=PROFILE,
        custom_attributes={"note": "hidden as well"},
    )


def found(house: House, text: str) -> list[int]:
    """The numbers of the members of a house whom the search finds."""
    mine = Member.objects.filter(organization=house.organization)
    return list(search_members(mine, text).order_by("pk").values_list("pk", flat=True))


def test_the_search_text_is_each_word_once_with_a_space_in_front(zoe: Member) -> None:
    assert Member.objects.get(pk=zoe.pk).search_text == (
        " zoe ana muller-adams zoe.mueller@example.com zm@x.org crm_77%\\x p-9 4711 0815"
        " 491512345678 +49151234-5678 0301234567 (030)1234567"
    )


@pytest.mark.parametrize(
    "text",
    [
        "zoe",
        "ZOË",
        "zoe\u0308",
        "  ana \t zoe ",
        "MÜLLER",
        "ler-ada",
        "z",
        "an mu zo",
        "p-",
        "ｐ-9",
        "zoe.mueller@example.com",
        "@x.org",
        "+49 151",
        "1512345678",
        "234-5678",
        "0151 234 5678",
        "0151/2345678",
        "0049 (151) 2345678",
        "+43 151 2345678",
        "030 1234567",
        "+49 30 1234567",
        "4711",
        "0815 4711",
        "crm_77%\\x",
        "_77",
        "7%\\",
        "\u0301",
    ],
)
def test_these_words_find_her_alone(house: House, zoe: Member, text: str) -> None:
    others = factories.MemberFactory(organization=house.organization, loyalty_member_id="bert", profile={})
    assert found(house, text) == ([zoe.pk] if text != "\u0301" else [zoe.pk, others.pk])


@pytest.mark.parametrize(
    "text",
    [
        "oe",
        "zoe bert",
        "%",
        "_",
        "\\",
        "z%e",
        "z_e",
        "%%%",
        "___",
        "crm-77",
        "47110815",
        "zoeana",
        "e a n",
        "hidden",
        "1999",
        "'; --",
        "0151 2345679",
        "+43 45678",
        "12345678901512345670",
        "\U0010ffff",
    ],
)
def test_these_words_find_nobody(house: House, zoe: Member, text: str) -> None:
    assert found(house, text) == []


def test_an_empty_search_finds_all(house: House, alice: Member, bob: Member, charlie: Member) -> None:
    assert found(house, "") == found(house, " \n\t") == [alice.pk, bob.pk]


def test_a_search_has_ten_words_of_a_hundred_characters(house: House, alice: Member) -> None:
    assert found(house, "a " * 10) == [alice.pk]
    assert found(house, "x" * 100) == []
    for text in ("a " * 11, "x" * 101, "alice " + "x" * 101):
        with pytest.raises(SearchTooLong) as refused:
            found(house, text)
        assert (refused.value.code, refused.value.field) == ("INVALID_INPUT", "query")


def test_a_changed_member_is_found_by_what_is_said_now(house: House, zoe: Member) -> None:
    at = clock.now()
    changes = {
        "profile": {"lastName": "Green", "phone": None, "phones": None, "emails": []},
        "loyalty_member_id": "new-1",
        "public_loyalty_member_id": None,
    }
    update_member(member=zoe, changes=changes, actor=TESTER, at=at)
    for text in ("green", "new-1", "zoe.mueller", "4711"):
        assert found(house, text) == [zoe.pk], text
    for text in ("muller", "crm", "p-9", "zm@x.org", "0151 2345678", "1234567"):
        assert found(house, text) == [], text
    now = Member.objects.get(pk=zoe.pk)
    assert now.search_text == search_text_of(now)
    assert "search_text" not in AuditEntry.objects.get(action="member.updated").after


def test_what_no_search_finds_by_leaves_the_text_alone(zoe: Member) -> None:
    with round_trips() as asked:
        update_member(member=zoe, changes={"profile": {"shoe": 43}}, actor=TESTER, at=clock.now())
    said = [query["sql"] or "" for query in asked]  # what is prepared only reads
    assert not [sql for sql in said if sql.startswith("UPDATE") and "search_text" in sql]


def test_a_profile_of_another_shape_is_searched_as_far_as_it_is_text(house: House) -> None:
    profile = {"name": {"first": "X"}, "lastName": ["Ada", None, True, 5], "emails": 7, "phone": 491512345678}
    member = factories.MemberFactory(organization=house.organization, loyalty_member_id="odd", profile=profile)
    assert member.search_text == " ada 5 7 odd 491512345678"
    long = "y" * 300
    update_member(member=member, changes={"profile": {"name": long}}, actor=TESTER, at=clock.now())
    assert Member.objects.get(pk=member.pk).search_text.split()[0] == "y" * 255


def test_only_addresses_are_contacts(zoe: Member) -> None:
    assert set(MemberContact.objects.filter(member=zoe).values_list("kind", "value")) == {
        ("email", "zoe.mueller@example.com"),
        ("email", "zm@x.org"),
        ("phone", "+491512345678"),
        ("phone", "0301234567"),
        ("card", "4711 0815"),
        ("card", "Ｐ-9"),
    }


def test_a_crowd_is_found_like_anybody(house: House) -> None:
    make_members(organization_id=house.id, count=40, at=clock.now())
    for member in Member.objects.all():
        assert member.search_text == search_text_of(member) != ""
    (number,) = found(house, "member-0000007@")
    assert Member.objects.get(pk=number).loyalty_member_id == "member-0000007"


# --- whom a name means ---
def test_whoever_is_named_exactly_comes_first(house: House) -> None:
    def person(own_id: str, *names: str, **more: str) -> Member:
        profile = {"name": names[0], "lastName": names[1], **more} if names else more
        return factories.MemberFactory(organization=house.organization, loyalty_member_id=own_id, profile=profile)

    longer = person("m-77", "Dan", "Adamsen", loyaltyCardNumber="12345")
    short = person("m-7", "Dan", "Adams", loyaltyCardNumber="1234")
    person("m-8", "Danielle", "Adams")
    assert get_named_member(house.id, "m-7") == short
    assert get_named_member(house.id, "1234") == short
    assert get_named_member(house.id, "adams DAN") == short
    assert get_named_member(house.id, "adamse") == longer
    with pytest.raises(NoSuchMember, match="2 members"):
        get_named_member(house.id, "adams")
    with pytest.raises(NoSuchMember, match="3 members"):
        get_named_member(house.id, "ada")
    for text in ("", " ", "\x00", "nobody", "x" * 3000, "m " * 11):
        with pytest.raises(NoSuchMember, match="No member"):
            get_named_member(house.id, text)
    assert best_found(house.id, "m-7", 6) == [short, longer]
    assert best_found(house.id, "m-7", 1) == [short]
    assert best_found(house.id, str(longer.pk), 1) == [longer]


# --- against a model ---
LETTERS = st.sampled_from("aäAÄbßcé%_\\-.@ ıİﬁｚ" + "\u0301" + "한") | st.characters(
    codec="utf-8", exclude_characters="\x00"
)
TEXTS = st.text(LETTERS, max_size=12)


def plain(text: str) -> list[str]:
    """The words of a text, said another way: letter by letter, since nothing here looks at its neighbors."""
    letters = (
        letter
        for written in text
        for whole in unicodedata.normalize("NFKD", written).casefold()
        for letter in whole
        if not unicodedata.combining(letter)
    )
    return "".join(letters).split()


def is_found(texts: list[str], search: str) -> bool:
    """What the search promises."""
    words = [word for text in texts for word in plain(text)]
    return all(
        any(asked in word if len(asked) >= 3 else word.startswith(asked) for word in words) for asked in plain(search)
    )


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), names=st.lists(TEXTS, max_size=2), own_id=TEXTS.filter(lambda text: bool(text.strip())))
def test_a_search_finds_whom_the_model_finds(house: House, data: st.DataObject, names: list[str], own_id: str) -> None:
    Member.objects.filter(organization=house.organization).update(search_text="")
    member = Member.objects.filter(loyalty_member_id="model").first() or factories.MemberFactory(
        organization=house.organization, loyalty_member_id="model", profile={}
    )
    member.profile, member.loyalty_member_id = {"name": names}, own_id
    Member.objects.filter(pk=member.pk).update(search_text=search_text_of(member))
    texts = [*[name for name in names if name.strip()], own_id]
    whole = " ".join(texts)
    start = data.draw(st.integers(0, len(whole)))
    part = whole[start : data.draw(st.integers(start, len(whole)))]
    for search in (part, data.draw(TEXTS), data.draw(TEXTS) + part):
        if any(letter.isdigit() for letter in search):
            continue  # what reads as a phone number finds more
        assert (found(house, search) == [member.pk]) == is_found(texts, search), (texts, search)


# --- plans ---
@pytest.mark.postgresql
@pytest.mark.parametrize("text", ["member-0001234", "zoë 1234", "0151 00001234", "celik anna", "zo", "4711000000777"])
def test_the_index_finds_every_word(house: House, text: str) -> None:
    make_members(organization_id=house.id, count=3000, at=clock.now())
    rows = search_members(Member.objects.filter(organization=house.organization), text)
    analyze("members_member")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_indexscan = off")
    plan = rows.order_by().explain()
    assert "Bitmap Index Scan on member_search" in plan, plan


@pytest.mark.postgresql
def test_one_of_many_is_found_by_the_index_without_being_told(house: House) -> None:
    make_members(organization_id=house.id, count=20_000, at=clock.now() - timedelta(days=1))
    analyze("members_member")
    rows = Member.objects.filter(organization=house.organization).order_by("pk")
    for text in ("member-0001234", "zoë 12345", "+49 151 00001234"):
        plan = search_members(rows, text)[:25].explain()
        assert "Bitmap Index Scan on member_search" in plan, f"{text}:\n{plan}"
        assert "Seq Scan" not in plan
    # Nothing waits beside the index: newcomers are in it at once.
    create_member(
        organization_id=house.id, loyalty_member_id="late", profile={"name": "Æthelred"}, actor=TESTER, at=clock.now()
    )
    assert search_members(rows, "æthelr").get().loyalty_member_id == "late"
