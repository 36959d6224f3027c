"""What may be written on the ground floor, one verb each."""

from loyalty.kernel.services.audit import apply_changes, forget_history, forget_reasons, record
from loyalty.kernel.services.catalog import create_catalog_entry, update_catalog_entry
from loyalty.kernel.services.content import (
    check_content,
    check_document,
    check_schema_text,
    create_content_schema,
    delete_content_schema,
    lock_content_schema,
    register_reference,
    update_content_schema,
)
from loyalty.kernel.services.credentials import (
    NewCredential,
    create_credential,
    issue_token,
    revoke_credential,
    rotate_credential,
)
from loyalty.kernel.services.forms import act_once, answer_once, forget_kept_answers, forget_sent_forms
from loyalty.kernel.services.jobs import (
    cancel_job,
    create_job,
    fail_job,
    finish_job,
    lease_job,
    remember_job,
    renew_job,
    retry_job,
)
from loyalty.kernel.services.keys import new_key
from loyalty.kernel.services.memberships import remove_membership, set_membership
from loyalty.kernel.services.operators import (
    create_operator,
    generate_password,
    set_operator_active,
    set_password,
    update_operator,
)
from loyalty.kernel.services.organizations import create_organization, update_organization
from loyalty.kernel.services.users import NewUser, create_user, update_user

__all__ = [
    "NewCredential",
    "NewUser",
    "act_once",
    "answer_once",
    "apply_changes",
    "cancel_job",
    "check_content",
    "check_document",
    "check_schema_text",
    "create_catalog_entry",
    "create_content_schema",
    "create_credential",
    "create_job",
    "create_operator",
    "create_organization",
    "create_user",
    "delete_content_schema",
    "fail_job",
    "finish_job",
    "forget_history",
    "forget_kept_answers",
    "forget_reasons",
    "forget_sent_forms",
    "generate_password",
    "issue_token",
    "lease_job",
    "lock_content_schema",
    "new_key",
    "record",
    "register_reference",
    "remember_job",
    "remove_membership",
    "renew_job",
    "retry_job",
    "revoke_credential",
    "rotate_credential",
    "set_membership",
    "set_operator_active",
    "set_password",
    "update_catalog_entry",
    "update_content_schema",
    "update_operator",
    "update_organization",
    "update_user",
]
