"""What the models cannot say: the triggers that keep what was written, and PostgreSQL's room and index for fast paths."""

from django.db import migrations

from ledger.models.triggers import create_triggers, drop_triggers

# Rows that change often get room on their page, so that a change touches no index.
ROOM = {"ledger_balance": 70, "ledger_lot": 90, "ledger_accountday": 50}
TAGS_INDEX = (
    "CREATE INDEX transaction_tags ON ledger_transaction USING gin (tags jsonb_path_ops) WHERE tags <> '[]'::jsonb"
)
# For what expires when in a whole account. It begins with an expression so that no query about one wallet can use it: on
# a table without statistics the planner would take it for those too, and read the account instead of the wallet.
EXPIRY_INDEX = (
    "CREATE INDEX lot_expiring ON ledger_lot ((expires_at AT TIME ZONE 'UTC'), account_id) WHERE state = 'active'"
)
# The same for the embedded database, whose moments are text: an expression here too, for the same reason.
EXPIRY_INDEX_OF_TEXT = (
    "CREATE INDEX lot_expiring ON ledger_lot ((expires_at || ''), account_id) WHERE state = 'active'"
)


def tune(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table, fillfactor in ROOM.items():
            schema_editor.execute(f"ALTER TABLE {table} SET (fillfactor = {fillfactor})")
        schema_editor.execute(TAGS_INDEX)
        schema_editor.execute(EXPIRY_INDEX)
    else:
        schema_editor.execute(EXPIRY_INDEX_OF_TEXT)


def untune(apps, schema_editor):
    schema_editor.execute("DROP INDEX lot_expiring")
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX transaction_tags")
        for table in ROOM:
            schema_editor.execute(f"ALTER TABLE {table} RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.RunPython(create_triggers, drop_triggers),
        migrations.RunPython(tune, untune),
    ]
