"""Lists of an account's movements by kind and of its credits by state read one range of an index.

A plain credit enters none of them: most transactions are that, and it should not pay for lists. They begin with an
expression so that no query about one wallet can use them (0002_guards.py says why).
"""

from django.db import migrations

INDEXES = {
    "transaction_of_kind": "ledger_transaction ((account_id + 0), kind, id) WHERE kind <> 'mint'",
    "lot_in_state": (
        "ledger_lot ((account_id + 0), state, transaction_id, id) WHERE state IN ('pending', 'expired', 'cancelled')"
    ),
    "lot_becoming_valid": "ledger_lot ((account_id + 0), valid_from) WHERE state = 'pending'",
}


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_unchecked_references")]

    operations = [
        migrations.RunSQL(f"CREATE INDEX {name} ON {on}", f"DROP INDEX {name}") for name, on in INDEXES.items()
    ]
