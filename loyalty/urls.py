"""Every address of the house."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from loyalty.kernel.api import pages
from loyalty.kernel.health import healthz, metrics, readyz

pages.publish(
    pages.Document(
        name="core",
        title="core platform API",
        about="Ledgers, accounts, wallets, programs and members. Sign in at /api/v1/auth/signin.",
        urlconf="loyalty.core_urls",
    )
)

urlpatterns = [
    path("", RedirectView.as_view(url="/admin/")),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
    path("api/docs/", pages.documents),
    path("api/schema/<slug:name>.json", pages.schema),
    path("api/docs/<slug:name>/", pages.browse),
    path("", include("loyalty.core_urls")),
    path("admin/", admin.site.urls),
]

handler400 = "loyalty.kernel.api.pages.bad_request"
handler403 = "loyalty.kernel.api.pages.forbidden"
handler404 = "loyalty.kernel.api.pages.not_found"
handler500 = "loyalty.kernel.api.pages.broken"
