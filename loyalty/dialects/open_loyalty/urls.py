"""Where the operations are. A store's code is in the first place; what stands there otherwise comes before."""

from django.urls import path

from loyalty.dialects.open_loyalty.ending import ActivateView, CancelView, ExpireView
from loyalty.dialects.open_loyalty.figures import HistogramView
from loyalty.dialects.open_loyalty.importing import ImportJobView, ImportView
from loyalty.dialects.open_loyalty.listing import OwnTransfersView, SellerTransfersView, TransfersView
from loyalty.dialects.open_loyalty.moving import (
    AddView,
    BlockView,
    OwnSendView,
    PosAddView,
    PosSpendView,
    SendView,
    SpendView,
)
from loyalty.dialects.open_loyalty.signin import (
    AdminSigninView,
    CustomerSigninView,
    RefreshView,
    SellerSigninView,
    StoreAdminSigninView,
    StoreCustomerSigninView,
)

_transfer = "api/<slug:store>/points/transfer"

urlpatterns = [
    path("api/admin/login_check", AdminSigninView.as_view()),
    path("api/customer/login_check", CustomerSigninView.as_view()),
    path("api/seller/login_check", SellerSigninView.as_view()),
    path("api/token/refresh", RefreshView.as_view()),
    path("api/seller/points/transfer", SellerTransfersView.as_view()),
    path("api/pos/points/transfer/add", PosAddView.as_view()),
    path("api/pos/points/transfer/spend", PosSpendView.as_view()),
    path("api/<slug:store>/admin/login_check", StoreAdminSigninView.as_view()),
    path("api/<slug:store>/customer/login_check", StoreCustomerSigninView.as_view()),
    path(_transfer, TransfersView.as_view()),
    path("api/<slug:store>/points/transfers", HistogramView.as_view()),
    path("api/<slug:store>/customer/points/transfer", OwnTransfersView.as_view()),
    path("api/<slug:store>/customer/points/p2p-transfer", OwnSendView.as_view()),
    path("api/<slug:store>/admin/p2p-points-transfer", SendView.as_view()),
    path(f"{_transfer}/add", AddView.as_view()),
    path(f"{_transfer}/spend", SpendView.as_view()),
    path(f"{_transfer}/block", BlockView.as_view()),
    path(f"{_transfer}/import", ImportView.as_view()),
    path(f"{_transfer}/import/<rowid:job>", ImportJobView.as_view()),
    path(f"{_transfer}/<str:transfer>/cancel", CancelView.as_view()),
    path(f"{_transfer}/<str:transfer>/activate", ActivateView.as_view()),
    path(f"{_transfer}/<str:transfer>/expire", ExpireView.as_view()),
]
