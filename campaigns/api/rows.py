"""Lists that are kept in memory, paged and ordered as rows of the database are."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter

from campaigns.models import LoyaltyEventType
from loyalty.kernel.api.resources import ResourceViewSet

# Of lists that the document shows without them: taken, not told (semantics 0.6).
UNDOCUMENTED = [OpenApiParameter(name, exclude=True) for name in ("page", "limit", "order")]


class Rows(list[Any]):
    """A list that the bases of lists can order."""

    def order_by(self, *names: str) -> Rows:
        """The same, ordered by these attributes; one with a minus the other way round, what has none at the end."""
        found = Rows(self)
        for name in reversed(names):
            column = name.lstrip("-")
            found.sort(key=lambda row: (getattr(row, column) is not None, getattr(row, column)), reverse=name[0] == "-")
        return found


class RowsViewSet(ResourceViewSet):
    """Lists what `get_rows` answers."""

    # Looked at by nobody but the generator of the document, which wants a model.
    queryset = LoyaltyEventType.objects.none()

    def get_rows(self) -> list[Any]:
        """The rows."""
        raise NotImplementedError

    def get_queryset(self) -> Any:
        """The rows, to be ordered."""
        return Rows(self.get_rows())

    def count(self, queryset: Any) -> int:
        """How many there are."""
        return len(queryset)
