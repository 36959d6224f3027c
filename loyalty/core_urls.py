"""The core API, whole: what the document /api/schema/core.json describes."""

import re

from django.urls import include, path

from campaigns.api import urls as campaign_urls
from campaigns.api.stats import NpsStatsViewSet
from coupons.api import urls as coupon_urls
from ledger.api import urls as ledger_urls
from loyalty.kernel.api import urls as kernel_urls
from loyalty.kernel.api.pages import Document
from loyalty.kernel.api.signin import SigninView
from members.api import urls as member_urls
from members.api.organizations import OrganizationViewSet
from members.api.portals import PublicPortalViewSet
from partners.api import urls as partner_urls

document = Document(
    name="core",
    title="core platform API",
    about="Ledgers, accounts, wallets, programs, members and coupons. Sign in at /api/v1/auth/signin.",
    urlconf="loyalty.core_urls",
    owns=re.compile(r"/api/v1/"),
)

_organization = "api/v1/organizations/<rowid:organizationId>"

urlpatterns = [
    path("api/v1/auth/signin", SigninView.as_view()),
    path(
        "api/v1/organizations/<idorkey:organizationId>",
        OrganizationViewSet.as_view({"get": "retrieve", "put": "update"}),
    ),
    path("api/v1/portals/<opaque:publicId>", PublicPortalViewSet.as_view({"get": "retrieve"})),
    path("api/v1/stats/nps-surveys/<rowid:surveyId>", NpsStatsViewSet.as_view({"get": "retrieve"})),
    # They are tried one after the other: what cash desks call stands first.
    path(f"{_organization}/", include(ledger_urls)),
    path(f"{_organization}/", include(campaign_urls)),
    path(f"{_organization}/", include(coupon_urls)),
    path(f"{_organization}/", include(member_urls)),
    path(f"{_organization}/", include(partner_urls)),
    path(f"{_organization}/", include(kernel_urls)),
]
