"""Where the operations of the ground floor are mounted, under /api/v1/organizations/{organizationId}/."""

from django.urls import path

from loyalty.kernel.api import paths  # noqa: F401 - registers the converters
from loyalty.kernel.api.catalog import CATALOGS
from loyalty.kernel.api.content import ContentSchemaViewSet
from loyalty.kernel.api.users import UserViewSet

_user = "users/<uuid:userId>"
_schema = "content-schemas/<rowidtext:id>"

urlpatterns = [
    path("users", UserViewSet.as_view({"get": "list", "post": "create"})),
    path(_user, UserViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"})),
    path(f"{_user}/permissions", UserViewSet.as_view({"put": "permissions"})),
    path(f"{_user}/password", UserViewSet.as_view({"put": "password"})),
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
