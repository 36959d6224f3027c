"""Reads on the ground floor: who a credential is, and which organizations an operator sees."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection
from django.db.models import F, Model, OuterRef, Prefetch, QuerySet, Subquery

from loyalty.kernel import prepared
from loyalty.kernel.clock import aware
from loyalty.kernel.errors import NotFound
from loyalty.kernel.models import (
    AuditEntry,
    CatalogEntry,
    ContentSchema,
    ContentSchemaVersion,
    Membership,
    Operator,
    Organization,
)
from loyalty.kernel.roles import Access, narrowed

Entry = TypeVar("Entry", bound=CatalogEntry)

# One row says all that authentication and roles need: a request pays one round trip for both.
_CALLER = """
SELECT c.id, c.organization_id, c.secret_digest, c.previous_digest, c.previous_valid_until, c.scopes, c.expires_at,
       c.revoked_at, c.last_used_at, c.name, c.door, o.id, o.is_active, o.is_system_admin, g.id, m.is_admin, m.roles
FROM loyalty_apicredential c
JOIN loyalty_operator o ON o.id = c.operator_id
LEFT JOIN loyalty_organization g ON {organization}
LEFT JOIN loyalty_membership m ON m.operator_id = o.id AND m.organization_id = g.id
WHERE {credential}
"""
_BY_KEY = {by: _CALLER.format(organization=by, credential="c.key = %s") for by in ("g.key = %s", "g.id = %s")}
# Where the secret alone opens. The two halves, because one `OR` would read every credential.
_BY_SECRET = " UNION ALL ".join(
    _CALLER.format(organization="g.id = c.organization_id", credential=f"c.door <> 'core' AND c.{column} = %s")
    for column in ("secret_digest", "previous_digest")
)


@dataclass(slots=True)
class Caller:
    """A credential and what it may do in the organization of the request."""

    credential_id: int
    credential_name: str
    door: str
    operator_id: int
    bound_to: int | None
    secret_digest: str
    previous_digest: str
    previous_valid_until: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    operator_is_active: bool
    organization_id: int | None
    access: Access

    @property
    def is_authenticated(self) -> bool:
        """Always: there is a caller."""
        return True


def listed(value: Any) -> list[str]:
    """Roles or scopes as a raw query reads them: a list, or (on the embedded database) its text."""
    held: list[str] = json.loads(value) if isinstance(value, str) else value
    return held or []


def find_caller(key: str, organization: int | str | None) -> Caller | None:
    """The credential with `key`, seen from the organization with this id (or key); None where no such credential is."""
    by = "g.key = %s" if isinstance(organization, str) else "g.id = %s"
    found = prepared.fetch(_BY_KEY[by], (organization, key))
    return _caller(found[0]) if found else None


def find_caller_by_secret(digest: str) -> Caller | None:
    """The credential of a vendor's API with this secret, or that had it until lately, seen from its organization."""
    found = prepared.fetch(_BY_SECRET, (digest, digest))
    return _caller(found[0]) if found else None


def _caller(row: tuple[Any, ...]) -> Caller:
    (credential_id, bound_to, digest, previous, previous_until, scopes, expires, revoked, used, name, door) = row[:11]
    operator_id, active, is_system_admin, organization_id, is_admin, roles = row[11:]
    limits = listed(scopes)
    outside = bound_to is not None and bound_to != organization_id
    held = frozenset(listed(roles)) if not is_admin and not is_system_admin else frozenset()
    access = Access(
        is_system_admin=bool(is_system_admin) and bound_to is None and not limits,
        is_admin=bool(is_admin or is_system_admin) and not limits and not outside,
        roles=frozenset(limits) if (is_admin or is_system_admin) else narrowed(held, limits),
        belongs=organization_id is not None and not outside and (is_admin is not None or bool(is_system_admin)),
    )
    return Caller(
        credential_id=credential_id,
        credential_name=name,
        door=door,
        operator_id=operator_id,
        bound_to=bound_to,
        secret_digest=digest,
        previous_digest=previous,
        previous_valid_until=aware(previous_until),
        expires_at=aware(expires),
        revoked_at=aware(revoked),
        last_used_at=aware(used),
        operator_is_active=bool(active),
        organization_id=organization_id,
        access=access,
    )


def get_organization(organization_id: int) -> Organization:
    """One organization.

    :raises NotFound: where there is none.
    """
    organization = Organization.objects.filter(pk=organization_id).first()
    if organization is None:
        raise NotFound("There is no such organization.")
    return organization


def find_organization(key_or_id: str) -> Organization | None:
    """The organization with this key, or this number."""
    found = Organization.objects.filter(key=key_or_id).first()
    if found is None and key_or_id.isdigit() and len(key_or_id) < 19:
        found = Organization.objects.filter(pk=int(key_or_id)).first()
    return found


def list_organizations(operator: Operator) -> QuerySet[Organization]:
    """The organizations the operator may look into."""
    if operator.is_system_admin:
        return Organization.objects.all()
    return Organization.objects.filter(memberships__operator=operator)


def access_of(operator: Operator, organization_id: int) -> Access:
    """What a signed-in operator may do in one organization."""
    if operator.is_system_admin:
        return Access(is_system_admin=True, belongs=True)
    membership = Membership.objects.filter(operator=operator, organization_id=organization_id).first()
    if membership is None:
        return Access()
    return Access(is_admin=membership.is_admin, roles=frozenset(membership.roles), belongs=True)


def find_membership(operator_id: int, organization_id: int) -> Membership | None:
    """The operator's place in the organization."""
    return Membership.objects.filter(operator_id=operator_id, organization_id=organization_id).first()


def list_audit_by(actor: str, organization_id: int | None) -> QuerySet[AuditEntry]:
    """What one actor did in one organization (None: with what belongs to none), newest first."""
    return AuditEntry.objects.filter(organization=organization_id, actor=actor).order_by("-id")


def list_audit_family(organization_id: int, noun: str) -> QuerySet[AuditEntry]:
    """The entries whose action begins with `noun` and a dot, newest first; by a range, which an index answers."""
    return AuditEntry.objects.filter(
        organization_id=organization_id, action__gte=f"{noun}.", action__lt=f"{noun}/"
    ).order_by("-id")


# Each step of the recursion is one look into the index: as many steps as there are different actions.
_ACTIONS = """
WITH RECURSIVE found(action) AS (
    SELECT min(action) FROM loyalty_auditentry WHERE organization_id = %s
    UNION ALL
    SELECT (SELECT min(e.action) FROM loyalty_auditentry e WHERE e.organization_id = %s AND e.action > found.action)
    FROM found WHERE found.action IS NOT NULL
)
SELECT action FROM found WHERE action IS NOT NULL
"""


def list_audit_actions(organization_id: int) -> list[str]:
    """The different actions in an organization's history, without reading all of it."""
    with connection.cursor() as cursor:
        cursor.execute(_ACTIONS, (organization_id, organization_id))
        return [row[0] for row in cursor.fetchall()]


def list_audit_of(target_type: str, target_id: int | str) -> QuerySet[AuditEntry]:
    """What was changed on one row, newest first."""
    return AuditEntry.objects.filter(target_type=target_type, target_id=str(target_id)).order_by("-id")


def list_catalog(model: type[Entry], organization_id: int) -> QuerySet[Entry]:
    """The organization's words in the catalog that `model` is."""
    return model._default_manager.filter(organization_id=organization_id)


def list_content_schemas(queryset: QuerySet[ContentSchema], *, with_text: bool) -> QuerySet[ContentSchema]:
    """The content schemas of `queryset` that were not deleted, each with the number of its latest version
    (`latest_version_id`), and with that version's text (`latest_schema`) where it is asked for.
    """
    versions = ContentSchemaVersion.objects.filter(content_schema=OuterRef("pk")).order_by("-id")
    latest = {"latest_version_id": Subquery(versions.values("pk")[:1])}
    if with_text:
        latest["latest_schema"] = Subquery(versions.values("schema")[:1])
    return queryset.filter(deleted_at=None).annotate(**latest)


def get_content_schema(organization_id: int, content_schema_id: int) -> ContentSchema:
    """One of the organization's content schemas, with its latest version.

    :raises NotFound: where it has no such one, or not any more.
    """
    mine = ContentSchema.objects.filter(organization_id=organization_id, pk=content_schema_id)
    found = list_content_schemas(mine, with_text=True).first()
    if found is None:
        raise NotFound("There is no such content schema.")
    return found


def get_content_schema_at(organization_id: int, content_schema_id: int, version_id: int) -> ContentSchema:
    """One of the organization's content schemas, with the version named in the place of the latest.

    :raises NotFound: where it has no such one, or not any more, or the version is another's.
    """
    living = ContentSchema.objects.filter(organization_id=organization_id, pk=content_schema_id, deleted_at=None)
    found = (
        living.filter(versions=version_id)
        .annotate(latest_version_id=F("versions__pk"), latest_schema=F("versions__schema"))
        .first()
    )
    if found is None:
        raise NotFound("There is no such version of this content schema.")
    return found


def list_users(organization_id: int, *, knows_all: bool) -> QuerySet[Membership]:
    """The places of the organization, each with its operator, and as `operator.places_seen` the places of theirs that
    the one who asks may know of: this one, or all.
    """
    seen = Membership.objects.order_by("organization")
    if not knows_all:
        seen = seen.filter(organization=organization_id)
    return (
        Membership.objects.filter(organization=organization_id)
        .select_related("operator", "organization")
        .prefetch_related(Prefetch("operator__memberships", seen, to_attr="places_seen"))
    )


Row = TypeVar("Row", bound=Model)


def holding(rows: QuerySet[Row], column: str, words: Sequence[str]) -> QuerySet[Row]:
    """Those of the rows with any of `words` in a list of texts, which is their own JSON `column`."""
    table = rows.model._meta.db_table
    if connection.vendor == "postgresql":
        sql = (
            f"EXISTS (SELECT 1 FROM jsonb_array_elements_text({table}.{column}) AS held (word)"
            " WHERE held.word IN (SELECT json_array_elements_text(%s)))"
        )
    else:
        sql = (
            f"EXISTS (SELECT 1 FROM json_each({table}.{column}) AS held"
            " WHERE held.value IN (SELECT value FROM json_each(%s)))"
        )
    return rows.extra(where=[sql], params=[json.dumps(list(words))])  # noqa: S610 - the columns are ours
