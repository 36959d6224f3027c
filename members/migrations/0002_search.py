"""What the models cannot say: PostgreSQL's index of every three letters of what members are found by."""

from django.db import migrations

# Members are searched far more often than written: no list of news beside the index, that every search would read
# through, and that after many writes at once would have the planner read all members instead.
INDEX = "CREATE INDEX member_search ON members_member USING gin (search_text gin_trgm_ops) WITH (fastupdate = off)"


def index(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        # A trusted extension: whoever owns the database may create it.
        schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        schema_editor.execute(INDEX)


def unindex(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        # The extension stays: others may use it.
        schema_editor.execute("DROP INDEX member_search")


class Migration(migrations.Migration):
    dependencies = [("members", "0001_initial")]

    operations = [migrations.RunPython(index, unindex)]
