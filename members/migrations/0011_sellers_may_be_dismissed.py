"""Sellers are dismissed and come back; a refresh token is over with the password it was signed in with."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0010_claim_codes_by_address")]

    operations = [
        migrations.AddField("seller", "dismissed_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("refreshtoken", "stamp", models.CharField(default="", max_length=32), preserve_default=False),
    ]
