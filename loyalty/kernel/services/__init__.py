"""What may be written on the ground floor, one verb each."""

from loyalty.kernel.services.audit import apply_changes, record
from loyalty.kernel.services.credentials import (
    NewCredential,
    create_credential,
    issue_token,
    revoke_credential,
    rotate_credential,
)
from loyalty.kernel.services.jobs import (
    cancel_job,
    create_job,
    fail_job,
    finish_job,
    lease_job,
    renew_job,
    retry_job,
)
from loyalty.kernel.services.keys import new_key
from loyalty.kernel.services.operators import create_operator, set_membership
from loyalty.kernel.services.organizations import create_organization, update_organization

__all__ = [
    "NewCredential",
    "apply_changes",
    "cancel_job",
    "create_credential",
    "create_job",
    "create_operator",
    "create_organization",
    "fail_job",
    "finish_job",
    "issue_token",
    "lease_job",
    "new_key",
    "record",
    "renew_job",
    "retry_job",
    "revoke_credential",
    "rotate_credential",
    "set_membership",
    "update_organization",
]
