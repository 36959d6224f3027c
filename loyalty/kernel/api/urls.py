"""Where the operations of the ground floor are mounted, under /api/v1/organizations/{organizationId}/."""

from django.urls import path

from loyalty.kernel.api import paths  # noqa: F401 - registers the converters
from loyalty.kernel.api.catalog import CATALOGS
from loyalty.kernel.api.content import ContentSchemaViewSet

_schema = "content-schemas/<rowidtext:id>"

urlpatterns = [
    path("content-schemas", ContentSchemaViewSet.as_view({"get": "list", "post": "create"})),
    path(_schema, ContentSchemaViewSet.as_view({"get": "retrieve", "patch": "update", "delete": "destroy"})),
    path(f"{_schema}/versions/<rowidtext:versionId>", ContentSchemaViewSet.as_view({"get": "version"})),
]

for _route, _catalog in CATALOGS.items():
    urlpatterns += [
        path(_route, _catalog.as_view({"get": "list", "post": "create"})),
        path(
            f"{_route}/<opaque:{_catalog.lookup_url_kwarg}>",
            _catalog.as_view({"get": "retrieve", "patch": "update"}),
        ),
    ]
