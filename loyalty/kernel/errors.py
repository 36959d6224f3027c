"""Every way the house can say no: families by what the caller should do about it, each refusal with a stable code."""

from __future__ import annotations

from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal with a stable `code`, a sentence for the caller, and details for a machine.

    The families below say what kind of no it is; each dialect maps families (and where it must, single codes) to its
    own status and body.
    """

    code: ClassVar[str] = "ERROR"
    says: ClassVar[str] = "The request was refused."

    def __init__(self, message: str | None = None, **details: Any) -> None:
        self.message = message or self.says
        self.details = details
        super().__init__(self.message)


class InvalidInput(DomainError):
    """The request itself is wrong: a value no state of the house could accept. `field` names where."""

    code = "INVALID_INPUT"
    says = "The request is invalid."

    def __init__(self, message: str | None = None, *, field: str | None = None, **details: Any) -> None:
        self.field = field
        super().__init__(message, **details)


class NotFound(DomainError):
    """What the request names does not exist for this caller; another organization's rows do not exist either."""

    code = "NOT_FOUND"
    says = "Not found."


class NotAllowed(DomainError):
    """The caller is known, but may not do this."""

    code = "FORBIDDEN"
    says = "You do not have the role this operation needs."


class CannotGrant(NotAllowed):
    """Nobody grants what he lacks (semantics 13.3); `field` names what was too much."""

    code = "CANNOT_GRANT"
    says = "You can only give what you have yourself."

    def __init__(self, message: str | None = None, *, field: str | None = None, **details: Any) -> None:
        self.field = field
        super().__init__(message, **details)


class Conflict(DomainError):
    """The state of the thing, its uniqueness, or a used key stands against the request."""

    code = "CONFLICT"
    says = "The request conflicts with the current state."


class RuleRefused(DomainError):
    """A rule of the domain said no; the same request may pass later."""

    code = "REFUSED"
    says = "The request was refused."


class Busy(DomainError):
    """Somebody else holds what this needs; the same request may be sent again shortly."""

    code = "BUSY"
    says = "The system is busy; send the request again."


class IdempotencyConflict(Conflict):
    """A unique key was used before with other content (semantics 0.12)."""

    code = "IDEMPOTENCY_CONFLICT"
    says = "This unique key was already used with different content."


class DuplicateValue(Conflict):
    """A value that must be unique is taken; `field` names it."""

    code = "ALREADY_EXISTS"
    says = "This value is already taken."

    def __init__(self, message: str | None = None, *, field: str, **details: Any) -> None:
        self.field = field
        super().__init__(message or f"This {field} is already taken.", field=field, **details)


class ContentSchemaInUse(Conflict):
    """What something refers to is not deleted (semantics 13.6)."""

    code = "CONTENT_SCHEMA_IN_USE"
    says = "The content schema is in use."
