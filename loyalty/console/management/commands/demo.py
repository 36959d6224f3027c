"""`manage.py demo`: something to look at, and everything needed to call the APIs."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from loyalty.console.demo import make_demo
from loyalty.kernel import clock


class Command(BaseCommand):
    """Make the demo organizations; again and again changes nothing."""

    help = "Make the demo organizations, if they are not there, and say how to use them."

    def add_arguments(self, parser: CommandParser) -> None:
        """The form of the answer."""
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make, and say."""
        demo = make_demo(clock.now())
        if options["json"]:
            self.stdout.write(json.dumps(demo))
            return
        for line in hints(demo):
            self.stdout.write(line)


def hints(demo: dict[str, Any]) -> list[str]:
    """What a person needs to begin: the console, and one call for each dialect that works as printed."""
    base, member, shop = demo["baseUrl"], demo["members"][0], demo["openLoyalty"]
    mint = f"{base}/api/v1/organizations/{demo['organizationId']}/loyalty-members/{member['loyaltyMemberId']}/mint"
    client = {name: demo["cosmopoints"][name] for name in ("clientId", "clientSecret")}
    claims = [{"amount": 400, "email": demo["coggins"]["customers"][0]}]
    return [
        f"Console   {base}{demo['console']['url']}   sign in as {demo['console']['username']}"
        f" with the password {demo['console']['password']}",
        f"APIs      {base}/api/docs/",
        "Core API  "
        f"curl -s {mint} -H 'Authorization: Bearer {demo['core']['token']}'"
        " -H 'Content-Type: application/json' -d '{\"amount\": 250}'",
        f"Engage    curl -s '{base}/api/v3/point-accounts?contactId={demo['engage']['contacts'][0]}'"
        f" -H 'apikey: {demo['engage']['apikey']}'",
        "Coggins   "
        f"curl -s '{base}/api/v1/points?csapikey={demo['coggins']['csapikey']}'"
        f" -H 'Content-Type: application/json' -d '{json.dumps(claims)}'",
        f"Cosmopoints curl -s {base}/v1/auth/token -H 'Content-Type: application/json' -d '{json.dumps(client)}'",
        "Open Loyalty "
        f"curl -s {base}/api/{shop['storeCode']}/points/transfer/add -H 'X-AUTH-TOKEN: {shop['apiToken']}'"
        f" -d 'transfer[customer]={member['customerId']}' -d 'transfer[points]=2.5'",
    ]
