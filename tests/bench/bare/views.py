"""Two bare views: one that mints, one that reads a balance. No sign-in, no roles, no lots, no checks."""

from __future__ import annotations

from django.db import transaction
from django.urls import path
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ledger.models import Balance, Kind, Transaction


class Mint(APIView):
    """Lock, save, create, through the ORM."""

    def post(self, request: Request, organization: int, account: int, reserve: int, wallet: int) -> Response:
        """The new balance."""
        amount = int(request.data["amount"])
        at = timezone.now()
        with transaction.atomic():
            balance = Balance.objects.select_for_update().get(account_id=account, wallet_id=wallet)
            balance.active += amount
            balance.transactions += 1
            balance.save()
            made = Transaction.objects.create(
                organization_id=organization,
                account_id=account,
                kind=Kind.MINT,
                from_wallet_id=reserve,
                to_wallet_id=wallet,
                amount=amount,
                effective_at=at,
                created_at=at,
                key_kind="client",
                unique_key=request.data["systemUniqueKey"],
                actor="bare",
            )
        return Response({"ledgerTransactionId": made.pk, "balance": balance.active}, 201)


class ReadBalance(APIView):
    """One row."""

    def get(self, request: Request, account: int, wallet: int) -> Response:
        """The balance."""
        balance = Balance.objects.get(account_id=account, wallet_id=wallet)
        return Response(
            {
                "walletId": balance.wallet_id,
                "ledgerAccountId": balance.account_id,
                "balance": balance.active,
                "pendingBalance": balance.held,
            }
        )


urlpatterns = [
    path("mint/<int:organization>/<int:account>/<int:reserve>/<int:wallet>", Mint.as_view()),
    path("balance/<int:account>/<int:wallet>", ReadBalance.as_view()),
]
