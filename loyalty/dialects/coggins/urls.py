"""Where the operations are, in the forms the document and its readers write them, and the page of a claim."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, URLResolver, path

from loyalty.dialects.coggins import (
    paths,  # noqa: F401 - registers the converters
    views,
)
from loyalty.dialects.coggins.pages import claim_page

_claims: Any = views.hidden(views.ClaimRequestView)
_lookup: Any = views.hidden(views.LookupView)
_edit: Any = views.hidden(views.EditView)

urlpatterns: list[URLPattern | URLResolver] = [
    # As published.
    path("api/v1/points", views.ClaimRequestView.as_view()),
    path("api/v1/points/<cogginskey:csapikey>/email/<cogginsemail:email>/Full", views.LookupView.as_view()),
    path("api/v1/points/<cogginskey:apikey>/INSTANT", views.EditView.as_view()),
    # The key elsewhere than published, the words in another case.
    path("api/v1/points/<cogginskey:apikey>", _claims.as_view()),
    path("api/v1/points/<cogginskey:csapikey>/email/<cogginsemail:email>/<cogginsfull:word>", _lookup.as_view()),
    path("api/v1/points/email/<cogginsemail:email>/<cogginsfull:word>", _lookup.as_view()),
    path("api/v1/points/<cogginskey:apikey>/<cogginsinstant:word>", _edit.as_view()),
    path("api/v1/points/<cogginsinstant:word>", _edit.as_view()),
    # For people.
    path("claim/points/<str:token>", claim_page, name="claim_page"),
]
