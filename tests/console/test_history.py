"""The history: what was changed, by whom, from what to what, and why."""

from __future__ import annotations

import pytest

from loyalty.kernel import clock
from loyalty.kernel.actors import Actor
from loyalty.kernel.desk import address_of
from loyalty.kernel.models import AuditEntry
from loyalty.kernel.selectors import list_audit_actions, list_audit_family
from loyalty.kernel.services import record
from members.models import Member
from tests.databases import analyze
from tests.house import House
from tests.staff import Person, staff_of

LIST = "loyalty/auditentry/"


@pytest.fixture
def entry(house: House, alice: Member) -> AuditEntry:
    return record(
        actor=Actor("operator", 7, "Olga <b>Old</b>"),
        at=clock.now(),
        action="member.updated",
        target=alice,
        organization_id=house.id,
        before={"name": "A <script>", "tags": ["x"], "gone": 1},
        after={"name": "Alice", "tags": []},
        reason="She married.",
    )


def found(person: Person, **query: str) -> set[str]:
    return {row.action for row in person.get(LIST, **query).context["cl"].result_list}


def test_it_is_found_by_exact_name_or_number(administrator: Person, entry: AuditEntry, alice: Member) -> None:
    assert "member.updated" in found(administrator, q=str(alice))
    assert "member.updated" in found(administrator, q=f" {alice.pk} ")
    assert found(administrator, q=str(alice)[:-1]) == set()


def test_it_is_found_by_what_and_by_whom(administrator: Person, entry: AuditEntry) -> None:
    assert found(administrator, action="member.updated") == {"member.updated"}
    assert found(administrator, action="member.") == {"member.created", "member.updated"}
    assert found(administrator, actor="operator:7") == {"member.updated"}
    assert found(administrator, actor="operator:8") == set()


def test_the_actions_offered_are_those_that_happened(house: House, entry: AuditEntry, administrator: Person) -> None:
    actions = list_audit_actions(house.id)
    assert actions == sorted(set(AuditEntry.objects.filter(organization=house.id).values_list("action", flat=True)))
    assert list_audit_actions(0) == []


def test_the_page_shows_before_and_after_and_leads_to_the_row(
    administrator: Person, entry: AuditEntry, alice: Member
) -> None:
    page = administrator.get(address_of(entry))
    panel = page.context["panels"][0]
    assert [row[0] for row in panel.rows] == ["gone", "name", "tags"]
    assert panel.rows[1][1:] == ("A <script>", "Alice")
    text = page.content.decode()
    assert "<script>," not in text
    assert "A &lt;script&gt;" in text
    assert "She married." in text
    assert "Olga &lt;b&gt;Old&lt;/b&gt;" in text
    assert address_of(alice) in text


def test_what_is_gone_has_no_link(administrator: Person, entry: AuditEntry) -> None:
    for kind, number in (("members.member", "999999"), ("nothing.such", "1"), ("members.member", "x"), ("odd", "1")):
        AuditEntry.objects.filter(pk=entry.pk).update(target_type=kind, target_id=number)
        assert administrator.get(address_of(entry)).status_code == 200


def test_it_is_for_administrators(house: House, entry: AuditEntry) -> None:
    clerk = staff_of(house.organization, "users:write", "members:write")
    assert clerk.get(LIST).status_code == 403
    assert clerk.get(address_of(entry)).status_code == 404


def test_a_search_reads_its_index_and_not_the_whole_history(house: House, entry: AuditEntry) -> None:
    many = [
        AuditEntry(
            organization=house.organization,
            at=entry.at,
            actor=f"operator:{number % 50}",
            action=f"thing.done{number % 40}",
            target_type="members.member",
            target_id=str(number),
            target_name=f"Member {number}",
        )
        for number in range(4000)
    ]
    AuditEntry.objects.bulk_create(many)
    analyze("loyalty_auditentry")
    rows = AuditEntry.objects.filter(organization_id=house.id)
    for index, query in {
        "audit_target_name": rows.filter(target_name="Member 77"),
        "audit_of_target": rows.filter(target_type__in=["members.member", "ledger.wallet"], target_id="77"),
        "audit_of_actor": rows.filter(actor="operator:7").order_by("-id")[:50],
        "audit_of_action": list_audit_family(house.id, "correction")[:8],
    }.items():
        assert index in query.explain(), query.explain()
