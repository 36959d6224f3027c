"""The kernel's rows: who there is, what they may do, what they did, and the work that waits."""

from loyalty.kernel.models.audit import AuditEntry
from loyalty.kernel.models.catalog import CatalogEntry, Category, Location, OrderLocation, ProductCategory
from loyalty.kernel.models.content import ContentSchema, ContentSchemaVersion
from loyalty.kernel.models.credentials import ApiCredential, Door
from loyalty.kernel.models.forms import KeptAnswer, SentForm
from loyalty.kernel.models.jobs import Job
from loyalty.kernel.models.operators import Membership, Operator
from loyalty.kernel.models.organizations import Organization

__all__ = [
    "ApiCredential",
    "AuditEntry",
    "CatalogEntry",
    "Category",
    "ContentSchema",
    "ContentSchemaVersion",
    "Door",
    "Job",
    "KeptAnswer",
    "Location",
    "Membership",
    "Operator",
    "OrderLocation",
    "Organization",
    "ProductCategory",
    "SentForm",
]
