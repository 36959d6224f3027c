"""Where the operations are. Fixed words come before ids."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, URLResolver, path, register_converter

from loyalty.dialects.cosmopoints import exchange
from loyalty.dialects.cosmopoints.views import SigninView
from loyalty.kernel.api import paths


class ReferenceConverter(paths.OpaqueConverter):
    """A caller's reference number: any text, slashes and all."""

    regex = r"[^\x00]{1,255}"


register_converter(ReferenceConverter, "cosmoreference")

# The same at the address older callers know, which the published document leaves out.
_classic: Any = type("ClassicSigninView", (SigninView,), {"schema": None, "__doc__": SigninView.__doc__})

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/auth/token", SigninView.as_view()),
    path("v1/authenticate", _classic.as_view()),
    path("v1/profile", exchange.ProfileView.as_view()),
    path("v1/programs", exchange.ProgramsView.as_view()),
    path("v1/programs/<opaque:programId>/fields", exchange.ProgramFieldsView.as_view()),
    path("v1/programs/<opaque:programId>/validate", exchange.ValidateView.as_view()),
    path("v1/transactions", exchange.TransactionsView.as_view()),
    path("v1/transactions/preview", exchange.PreviewView.as_view()),
    path("v1/transactions/<cosmoreference:transactionId>", exchange.TransactionView.as_view()),
    path("v1/exchange", exchange.ExchangesView.as_view()),
    path("v1/connections", exchange.ConnectionsView.as_view()),
    path("v1/connections/history", exchange.ConnectionHistoryView.as_view()),
    path("v1/currencies", exchange.CurrenciesView.as_view()),
]
