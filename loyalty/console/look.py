"""How the console looks: names, colors, and where its menu is made. Plain data, which the settings take as it is."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static

LOOK: dict[str, Any] = {
    "SITE_TITLE": "Tallystick",
    "SITE_HEADER": "Tallystick",
    "SITE_SUBHEADER": "loyalty.console.menu.organization_name",
    "SITE_DROPDOWN": "loyalty.console.menu.organizations",
    "SITE_URL": None,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": False,
    "BORDER_RADIUS": "6px",
    "SITE_ICON": lambda request: static("console/mark.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("console/mark.svg")},
    ],
    "DASHBOARD_CALLBACK": "loyalty.console.home.show_home",
    "STYLES": [lambda request: static("console/console.css")],
    "SCRIPTS": [lambda request: static("console/console.js")],
    "COLORS": {
        "primary": {
            "50": "oklch(97% .02 165)",
            "100": "oklch(94% .04 165)",
            "200": "oklch(89% .07 165)",
            "300": "oklch(82% .1 165)",
            "400": "oklch(73% .12 165)",
            "500": "oklch(62% .12 165)",
            "600": "oklch(50% .1 165)",
            "700": "oklch(43% .085 165)",
            "800": "oklch(36% .07 165)",
            "900": "oklch(31% .055 165)",
            "950": "oklch(22% .04 165)",
        }
    },
    # No history: it would keep names of members in the browser after its owner has signed out.
    "COMMAND": {"search_models": False, "show_history": False},
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "show_all_applications": False,
        "navigation": "loyalty.console.menu.menu",
    },
}
