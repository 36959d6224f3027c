"""A book may give what another organization's book has."""

import django.db.models.deletion
from django.db import migrations, models

from coupons.models.triggers import GUARDS, LINKS


class Migration(migrations.Migration):

    dependencies = [
        ('coupons', '0002_journal_goes_with_members'),
        ('loyalty', '0003_vendor_keys'),
        ('members', '0013_orders'),
    ]

    operations = [
        migrations.AddField(
            model_name='couponbook',
            name='link_open',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='couponbook',
            name='source_book',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='linked_books', to='coupons.couponbook'),
        ),
        migrations.AddIndex(
            model_name='couponbook',
            index=models.Index(condition=models.Q(('source_book__isnull', False)), fields=['source_book'], name='coupon_book_by_source'),
        ),
        migrations.AddConstraint(
            model_name='couponbook',
            constraint=models.CheckConstraint(condition=models.Q(('source_book__isnull', True), models.Q(models.Q(('source_book', models.F('id')), _negated=True), ('max_assigned_per_coupon__isnull', True), ('max_coupon_count__isnull', True)), _connector='OR'), name='coupon_book_linked_has_no_stock'),
        ),
        # The embedded database makes the table anew, and drops its triggers with the old one.
        migrations.RunPython(GUARDS.create, migrations.RunPython.noop),
        migrations.RunPython(LINKS.create, migrations.RunPython.noop),
    ]
