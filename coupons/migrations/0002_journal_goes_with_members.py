"""A line of the journal follows a merge of its member, and forgets with an erasure; nothing else of it changes."""

from django.db import migrations

from coupons.models.triggers import GUARDS


class Migration(migrations.Migration):
    dependencies = [
        ("coupons", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(GUARDS.renew, migrations.RunPython.noop),
    ]
