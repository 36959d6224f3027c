"""The home page: what the organization owes and how that moved, what needs a hand, the last corrections."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html

from campaigns.selectors import count_failed_events, count_given_up
from ledger.admin import points
from ledger.amounts import as_text
from ledger.models import LedgerAccount
from ledger.selectors import account_totals, daily_totals, list_member_accounts
from ledger.selectors.accounts import AccountTotals
from loyalty.kernel.clock import local_day
from loyalty.kernel.desk import Panel, clock_of, when
from loyalty.kernel.desk.base import said
from loyalty.kernel.desk.charts import BAR, GRID, options
from loyalty.kernel.desk.seat import Seat, seat_of
from loyalty.kernel.models import ApiCredential, Job, Organization
from loyalty.kernel.models.credentials import SOON
from loyalty.kernel.roles import ADMIN
from loyalty.kernel.selectors import list_audit_family
from loyalty.kernel.services.runner import works
from partners.selectors import count_failed, low_floats

DAYS = 30
MOST_ACCOUNTS = 100
CORRECTIONS = 8
CHECKED_WITHIN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Number:
    """A large number of the home page, and where its rows are."""

    title: str
    value: Any
    address: str
    note: str


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that wants a hand, and where to lend it. `tone` is bad, wait or good."""

    says: Any
    address: str = ""
    tone: str = "bad"


@dataclass(slots=True)
class Home:
    """What the page shows; what this person may not see is absent."""

    steps: list[tuple[str, str, str]] = field(default_factory=list)
    accounts: list[LedgerAccount] = field(default_factory=list)
    account: LedgerAccount | None = None
    numbers: list[Number] = field(default_factory=list)
    chart: str = ""
    options: str = ""
    days: Panel | None = None
    concerns: list[Concern] = field(default_factory=list)
    corrections: Panel | None = None
    find: str = ""


def show_home(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the theme asks for when somebody opens the home page."""
    return {**context, "home": home_of(request)}


def home_of(request: HttpRequest) -> Home:
    """The home page of whoever sits here, for the organization chosen and (`?account=`) one of its accounts."""
    seat, at, home = seat_of(request), clock_of(request), Home()
    if seat.organization is None:
        home.steps = _first_steps(request, seat)
        return home
    home.find = _list_address(request, "members_member")
    if seat.may("ledgers:read"):
        _show_account(request, home, seat.organization, at)
        home.corrections = _corrections(request, seat)
    if seat.may(ADMIN) and not home.accounts:
        home.steps = _first_steps(request, seat)
    home.concerns = _concerns(request, seat, seat.organization, at)
    return home


def _page(request: HttpRequest, name: str) -> Any:
    for model, page in admin.site._registry.items():
        if model._meta.label_lower.replace(".", "_") == name:
            return page if page.has_module_permission(request) else None
    return None


def _list_address(request: HttpRequest, name: str) -> str:
    return reverse(f"admin:{name}_changelist") if _page(request, name) else ""


def _first_steps(request: HttpRequest, seat: Seat) -> list[tuple[str, str, str]]:
    """What to make first, in the order it is needed: title, why, address."""
    if seat.organization is None and not seat.is_system_admin:
        why = "Ask an administrator to give you a place in an organization; until then there is nothing to see here."
        return [("You do not belong to an organization yet", why, "")]
    wanted = [
        ("loyalty_organization", "Open an organization", "A shop chain with its own books, members and staff."),
    ]
    if seat.organization is not None:
        wanted = [
            ("ledger_ledger", "Open a ledger", "The books that hold the points."),
            ("ledger_ledgeraccount", "Open an account", "One kind of point: its decimals, its name, when it expires."),
            ("members_loyaltyprogram", "Make a program", "What members join; it says which account they earn in."),
            ("loyalty_apicredential", "Make an API credential", "For the till or the shop that books the points."),
        ]
    steps = []
    for name, title, why in wanted:
        page = _page(request, name)
        if page is not None:
            may = page.has_add_permission(request)
            steps.append((title, why, reverse(f"admin:{name}_add") if may else ""))
    return steps


# --- points ---------------------------------------------------------------------------------------------------------
def _show_account(request: HttpRequest, home: Home, organization: Organization, at: datetime) -> None:
    home.accounts = list(list_member_accounts(organization.pk).order_by("-is_default", "pk")[:MOST_ACCOUNTS])
    chosen = request.GET.get("account", "")
    account = next((one for one in home.accounts if str(one.pk) == chosen), next(iter(home.accounts), None))
    if account is None:
        return
    today = local_day(at, organization.timezone)
    since = today - timedelta(days=DAYS - 1)
    now = account_totals([account.pk])[account.pk]
    moved = dict(daily_totals(account.pk, since=since))
    home.account = account
    home.numbers = _numbers(request, account, now, moved, since)
    days = [since + timedelta(days=place) for place in range(DAYS)]
    rows = _by_day(days, moved, now)
    home.chart, home.options = _chart(rows, account), _OPTIONS
    home.days = Panel(
        "Day by day",
        ("Day", "Given", "Spent", "Expired", "Owed"),
        [(f"{day:%d %b %Y}", *(points(one, account, unit=False) for one in amounts)) for day, *amounts in rows[::-1]],
    )


def _numbers(
    request: HttpRequest,
    account: LedgerAccount,
    now: AccountTotals,
    moved: dict[date, AccountTotals],
    since: date,
) -> list[Number]:
    """Each with the address of the rows it is made of."""
    rows = f"{_list_address(request, 'ledger_transaction')}?account={account.pk}"
    kind = f"{rows}&effective_at_from={since}&kind="
    about = reverse("admin:ledger_ledgeraccount_change", args=[account.pk])

    def lately(name: str) -> Any:
        return points(sum(getattr(day, name) for day in moved.values()), account, unit=False)

    window = f"in {DAYS} days"
    return [
        Number("Owed", points(now.circulating, account, unit=False), about, "to members, now"),
        Number("Given", lately("minted"), f"{kind}mint", window),
        Number("Spent", lately("burned"), f"{kind}burn", window),
        Number("Expired", lately("expired"), f"{kind}expire", window),
        Number("Pending", points(now.pending, account, unit=False), about, "now, not yet valid"),
    ]


def _by_day(days: list[date], moved: dict[date, AccountTotals], now: AccountTotals) -> list[tuple[Any, ...]]:
    """Day, given, spent, expired, and what was owed at its end: from today's backwards."""
    # What is dated ahead of the window's end, as another zone's today may be, is in no day of it.
    owed = now.circulating - sum(totals.circulating for day, totals in moved.items() if day > days[-1])
    rows: list[tuple[Any, ...]] = []
    for day in reversed(days):
        totals = moved.get(day, AccountTotals())
        rows.append((day, totals.minted, totals.burned, totals.expired, owed))
        owed -= totals.circulating
    return rows[::-1]


_OPTIONS = options(owed={**GRID, "position": "right", "grid": {"drawOnChartArea": False}})


def _chart(rows: list[tuple[Any, ...]], account: LedgerAccount) -> str:
    """Bars of what moved, up and down; a line, on its own scale, of what is owed."""

    def units(place: int, sign: int = 1) -> list[float]:
        return [float(as_text(sign * row[place], account.decimals)) for row in rows]

    sets = [
        {"label": "Given", "data": units(1), "backgroundColor": "var(--color-primary-600)", **BAR},
        {"label": "Spent", "data": units(2, -1), "backgroundColor": "#d97706", **BAR},
        {"label": "Expired", "data": units(3, -1), "backgroundColor": "#9ca3af", **BAR},
        {
            "type": "line",
            "label": "Owed",
            "data": units(4),
            "borderColor": "#2563eb",
            "backgroundColor": "#2563eb",
            "borderWidth": 2,
            "pointRadius": 0,
            "yAxisID": "owed",
            "order": 1,
        },
    ]
    return json.dumps({"labels": [f"{row[0]:%d %b}" for row in rows], "datasets": sets})


def _corrections(request: HttpRequest, seat: Seat) -> Panel:
    entries = list_audit_family(seat.organization_id or 0, "correction")[:CORRECTIONS]
    rows = [
        (when(entry.at), entry.actor_name or entry.actor, _target(entry), said(entry), entry.reason)
        for entry in entries
    ]
    more = _list_address(request, "loyalty_auditentry")
    return Panel(
        "Last corrections",
        ("When", "Who", "With", "What", "Why"),
        rows,
        empty="Nobody has corrected anything by hand.",
        more=f"{more}?action=correction." if more and rows else "",
    )


def _target(entry: Any) -> Any:
    """A link to what was corrected, without reading it."""
    try:
        address = reverse(f"admin:{entry.target_type.replace('.', '_')}_change", args=[entry.target_id])
    except NoReverseMatch:
        return entry.target_name
    return format_html('<a class="ts-link" href="{}">{}</a>', address, entry.target_name)


# --- what needs a hand ----------------------------------------------------------------------------------------------
def _concerns(request: HttpRequest, seat: Seat, organization: Organization, at: datetime) -> list[Concern]:
    return [
        *_failed_jobs(request, seat, organization),
        *_dead_webhooks(request, organization),
        *_failed_events(request, organization),
        *_exchange(request, organization),
        *_credentials(request, seat, organization, at),
        *_checked_books(seat, organization, at),
    ]


def _failed_jobs(request: HttpRequest, seat: Seat, organization: Organization) -> list[Concern]:
    kinds = [kind for kind, work in works().items() if seat.may(work.reads)]
    if not kinds:
        return []
    failed = Job.objects.filter(organization=organization, state=Job.State.FAILED, kind__in=kinds)[:100].count()
    if not failed:
        return []
    text = "1 job has failed" if failed == 1 else f"{failed} jobs have failed"
    return [Concern(text, f"{_list_address(request, 'loyalty_job')}?state__exact=failed")]


def _dead_webhooks(request: HttpRequest, organization: Organization) -> list[Concern]:
    address = _list_address(request, "campaigns_delivery")
    count = count_given_up(organization.pk) if address else 0
    if not count:
        return []
    text = "1 webhook delivery was given up" if count == 1 else f"{count:,} webhook deliveries were given up"
    return [Concern(text, f"{address}?given_up=1")]


def _failed_events(request: HttpRequest, organization: Organization) -> list[Concern]:
    address = _list_address(request, "members_loyaltyevent")
    count = count_failed_events(organization.pk) if address else 0
    if not count:
        return []
    text = "1 event was not evaluated wholly" if count == 1 else f"{count:,} events were not evaluated wholly"
    return [Concern(text, f"{address}?state=failed")]


def _exchange(request: HttpRequest, organization: Organization) -> list[Concern]:
    """Issues that a program outside does not confirm, and floats that run out."""
    address = _list_address(request, "partners_partner")
    if not address:
        return []
    concerns = []
    failed = count_failed(organization.pk)
    if failed:
        text = "1 issue of points has failed" if failed == 1 else f"{failed} issues of points have failed"
        concerns.append(Concern(text, f"{_list_address(request, 'partners_exchange')}?open=1"))
    low = [partner.name for partner in low_floats(organization.pk)[:4]]
    if low:
        names = ", ".join(low[:3]) + (" and others" if len(low) > 3 else "")
        concerns.append(Concern(f"Paid in advance, and nearly used up: {names}", address, "wait"))
    return concerns


def _credentials(request: HttpRequest, seat: Seat, organization: Organization, at: datetime) -> list[Concern]:
    address = _list_address(request, "loyalty_apicredential")
    if not address:
        return []
    expiring = ApiCredential.objects.filter(
        organization=organization, revoked_at__isnull=True, expires_at__lte=at + SOON
    ).order_by("expires_at")[:MOST_ACCOUNTS]
    held = list(expiring)
    soon = [one for one in held if one.state_at(at) == "expires soon"]
    missed = [one for one in held if one.state_at(at) == "expired" and one.was_missed]
    concerns = []
    if missed:
        names = ", ".join(map(str, missed[:3]))
        concerns.append(Concern(f"Expired, but used until lately: {names}", f"{address}?state=expired-used"))
    if soon:
        names = ", ".join(map(str, soon[:3])) + (" and others" if len(soon) > 3 else "")
        concerns.append(Concern(f"Expires within 14 days: {names}", f"{address}?state=soon", "wait"))
    return concerns


def _checked_books(seat: Seat, organization: Organization, at: datetime) -> list[Concern]:
    if not seat.may("ledgers:read"):
        return []
    mine = Q(organization=organization) | Q(organization__isnull=True)
    last = Job.objects.filter(mine, kind="check_books").order_by("-id").first()
    if last is None or last.finished_at is None:
        return [Concern("The books were never checked: have manage.py check_books run every night.", tone="wait")]
    day = when(last.finished_at)
    if last.state != Job.State.DONE:
        return [Concern(_both("The books do not balance; checked ", day))]
    if at - last.finished_at > CHECKED_WITHIN:
        return [Concern(_both("The books were not checked in the last week; last time ", day), tone="wait")]
    return [Concern(_both("The books balance; checked ", day), tone="good")]


def _both(text: str, shown: Any) -> Any:
    return format_html("{}{}", text, shown)
