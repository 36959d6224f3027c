"""The core API of the ledger: reads its input, makes one call, renders the answer."""
