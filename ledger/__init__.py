"""The ledger: points, moved between wallets, never lost, always explained."""
