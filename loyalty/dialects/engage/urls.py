"""Where the operations are. Fixed words come before ids."""

from django.urls import path

from loyalty.dialects.engage import accounts, legacy, reward_views, transactions
from loyalty.kernel.api import paths  # noqa: F401 - registers the converters

_accounts = "api/v3/point-accounts"
_transactions = "api/v3/point-transactions"
_vouchers = "api/v3/reward-vouchers"
_shop = "api/v3/point-shop-items"
_contact = "api/v2/contacts/<opaque:contactId>"

urlpatterns = [
    path(_accounts, accounts.AccountsView.as_view()),
    path(f"{_accounts}/definitions", accounts.DefinitionsView.as_view()),
    path(f"{_accounts}/definitions/<opaque:id>", accounts.DefinitionView.as_view()),
    path(f"{_accounts}/transactions", transactions.AccountTransactionsView.as_view()),
    path(f"{_accounts}/<opaque:id>", accounts.AccountView.as_view()),
    path(_transactions, transactions.TransactionsView.as_view()),
    path(f"{_transactions}/<opaque:id>", transactions.TransactionView.as_view()),
    path(_vouchers, reward_views.AllVouchersView.as_view()),
    path(f"{_vouchers}/available", reward_views.AvailableVouchersView.as_view()),
    path(f"{_vouchers}/redeemed", reward_views.RedeemedVouchersView.as_view()),
    path(f"{_vouchers}/<opaque:id>/redeem", reward_views.RedeemView.as_view()),
    path(f"{_vouchers}/<opaque:id>/reactivate", reward_views.ReactivateView.as_view()),
    path(_shop, reward_views.ShopItemsView.as_view()),
    path(f"{_shop}/purchase", reward_views.PurchaseView.as_view()),
    path(f"{_contact}/rewardpointtransaction", legacy.RewardPointView.as_view()),
    path(f"{_contact}/bonuspointtransactions", legacy.BonusTransactionsView.as_view()),
    path("api/v3/contacts/id", legacy.ContactIdView.as_view()),
]
