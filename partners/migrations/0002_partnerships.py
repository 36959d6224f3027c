"""Two organizations offer each other coupon books."""

import django.db.models.deletion
import django.db.models.functions.comparison
from django.db import migrations, models

from partners.models.partnership_triggers import GUARDS


class Migration(migrations.Migration):

    dependencies = [
        ('partners', '0001_exchange'),
        ('coupons', '0003_linked_books'),
        ('loyalty', '0003_vendor_keys'),
    ]

    operations = [
        migrations.CreateModel(
            name='Partnership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('active', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.organization')),
                ('partner_organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.organization')),
            ],
            options={
                'indexes': [
                    models.Index(fields=['organization', 'id'], name='partnership_of_organization'),
                    models.Index(fields=['partner_organization', 'id'], name='partnership_of_partner'),
                ],
                'constraints': [
                    models.UniqueConstraint(django.db.models.functions.comparison.Least('organization', 'partner_organization'), django.db.models.functions.comparison.Greatest('organization', 'partner_organization'), name='partnership_once_for_a_pair'),
                    models.CheckConstraint(condition=models.Q(('organization', models.F('partner_organization')), _negated=True), name='partnership_of_two_organizations'),
                ],
            },
        ),
        migrations.CreateModel(
            name='CouponBookOffering',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('accepted', 'Accepted'), ('rejected', 'Rejected')], default='pending', max_length=8)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('accepted_book', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.couponbook')),
                ('offered_book', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.couponbook')),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.organization')),
                ('partner_organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='loyalty.organization')),
                ('partnership', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='offerings', to='partners.partnership')),
            ],
            options={
                'verbose_name': 'coupon book offering',
                'indexes': [
                    models.Index(fields=['organization', 'id'], name='offering_made'),
                    models.Index(fields=['partner_organization', 'id'], name='offering_received'),
                    models.Index(fields=['partnership', 'offered_book'], name='offering_of_book'),
                ],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('status', 'pending')), fields=('partnership', 'offered_book'), name='offering_pending_once'),
                    models.CheckConstraint(condition=models.Q(models.Q(('accepted_book__isnull', False), ('status', 'accepted')), models.Q(('accepted_book__isnull', True), ('status__in', ['pending', 'rejected'])), _connector='OR'), name='offering_accepted_with_its_book'),
                    models.CheckConstraint(condition=models.Q(('organization', models.F('partner_organization')), _negated=True), name='offering_of_two_organizations'),
                ],
            },
        ),
        migrations.RunPython(GUARDS.create, GUARDS.drop),
    ]
