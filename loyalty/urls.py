"""Every address of the house."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from loyalty.core_urls import document as core_document
from loyalty.dialects.coggins.document import document as coggins_document
from loyalty.dialects.cosmopoints.document import document as cosmopoints_document
from loyalty.dialects.engage.document import document as engage_document
from loyalty.dialects.open_loyalty.document import document as open_loyalty_document
from loyalty.kernel.api import pages
from loyalty.kernel.health import healthz, metrics, readyz

# Of two that own an address the first says what is not there: the catch-all of Open Loyalty comes last.
for document in (coggins_document, core_document, engage_document, cosmopoints_document, open_loyalty_document):
    pages.publish(document)

urlpatterns = [
    path("", RedirectView.as_view(url="/admin/")),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
    path("api/docs/", pages.documents),
    path("api/schema/<slug:name>.json", pages.schema),
    path("api/docs/<slug:name>/", pages.browse),
    path("", include("loyalty.core_urls")),
    path("", include("loyalty.dialects.coggins.urls")),
    path("", include("loyalty.dialects.engage.urls")),
    path("", include("loyalty.dialects.cosmopoints.urls")),
    # Where others have a version, it has the code of a store: last.
    path("", include("loyalty.dialects.open_loyalty.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "loyalty.kernel.api.pages.bad_request"
handler403 = "loyalty.kernel.api.pages.forbidden"
handler404 = "loyalty.kernel.api.pages.not_found"
handler500 = "loyalty.kernel.api.pages.broken"
