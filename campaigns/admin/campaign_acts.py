"""What can be done about campaigns: make one, change when it applies, begin it, pause it."""

from __future__ import annotations

from typing import Any, ClassVar

from campaigns.admin.campaign_fields import CampaignForm
from campaigns.models import Campaign
from campaigns.services import create_campaign, update_campaign
from loyalty.kernel.desk import Act, Done, Line, Preview
from members.selectors import default_program


class CreateCampaign(CampaignForm):
    """Make another campaign."""

    slug, title, verb, icon = "create", "New campaign", "Create", "add"
    about = "It begins paused. Say next what it gives: add an action. Try it on a member, then begin it."

    def starts(self) -> dict[str, Any]:
        """Of the default program, on confirmed orders."""
        program = default_program(self.organization.pk)
        return {
            "program": program.pk if program is not None else None,
            "event_type": "member-purchase-order-confirmed",
        }

    def act(self) -> Done:
        """Create it, paused."""
        made = create_campaign(
            organization_id=self.organization.pk, active=False, actor=self.actor, at=self.at, **self.said()
        )
        return Done(f"{made} is there, paused.", made)


class EditCampaign(CampaignForm):
    """Change when a campaign applies."""

    slug, title, icon = "edit", "Edit", "edit"
    about = "What it gave so far stands. Where it runs, the change counts from now on."

    def starts(self) -> dict[str, Any]:
        """As it is."""
        return self.started()

    def act(self) -> Done:
        """Save what is different."""
        saved = update_campaign(campaign=self.target, changes=self.said(), actor=self.actor, at=self.at)
        return Done(f"{saved} is saved.", saved)


class _Turn(Act):
    """Active or not."""

    needs = "campaigns:write"
    asks_reason = True
    becomes: ClassVar[bool]

    @classmethod
    def fits(cls, target: Campaign) -> bool:
        """Where it is the other way."""
        return target.active is not cls.becomes

    def preview(self) -> Preview:
        """Which of its actions are asked."""
        held: Any = self.target
        words = ["paused", "active"]
        asked = [number_of(held) if active else 0 for active in (held.active, self.becomes)]
        return Preview(
            self.about,
            [
                Line("State", words[held.active], words[self.becomes]),
                Line("Actions that are asked", *asked),
            ],
        )

    def act(self) -> Done:
        """Turn it."""
        changes = {"active": self.becomes}
        saved = update_campaign(campaign=self.target, changes=changes, actor=self.actor, at=self.at, reason=self.reason)
        return Done(f"{saved} is {'active' if saved.active else 'paused'}.", saved)


def number_of(campaign: Campaign) -> int:
    """How many of its actions run."""
    return campaign.actions.filter(status="running").count()


class Activate(_Turn):
    """Have it asked about what happens."""

    slug, title, verb, icon, becomes = "activate", "Begin", "Begin it", "play_arrow", True
    about = "It is asked about everything it waits for, from now on, within the time it is valid."


class Pause(_Turn):
    """Have it give nothing."""

    slug, title, verb, icon, becomes = "pause", "Pause", "Pause it", "pause_circle", False
    about = "It gives nothing until it begins again. What it gave so far stands."


CAMPAIGN_ACTS: tuple[type[Act], ...] = (EditCampaign, Activate, Pause)
