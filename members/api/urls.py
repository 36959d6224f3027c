"""Where the operations of members and programs are mounted, under /api/v1/organizations/{organizationId}/."""

from django.urls import path

from loyalty.kernel.api import paths  # noqa: F401 - registers the converters
from members.api import audiences, journal, members, portals, programs, search, stats

_program = "loyalty-programs/<rowid:loyaltyProgramId>"
_place = "members/<rowid:memberId>/loyalty-programs/<rowid:loyaltyProgramId>"
_loyal = "loyalty-members/<opaque:loyaltyMemberId>"


urlpatterns = [
    path("loyalty-programs", programs.ProgramViewSet.as_view({"get": "list", "post": "create"})),
    path(_program, programs.ProgramViewSet.as_view({"get": "retrieve", "put": "update"})),
    path(f"{_program}/tiers", programs.TierViewSet.as_view({"get": "list", "post": "create"})),
    path(
        f"{_program}/tiers/<rowid:loyaltyTierId>",
        programs.TierViewSet.as_view({"get": "retrieve", "put": "update"}),
    ),
    path("portals", portals.PortalViewSet.as_view({"get": "list", "post": "create"})),
    path("portals/<rowid:portalId>", portals.PortalViewSet.as_view({"get": "retrieve", "put": "update"})),
    path("members", members.MemberViewSet.as_view({"get": "list", "post": "create"})),
    path("members/<rowid:memberId>", members.MemberViewSet.as_view({"get": "retrieve", "patch": "update"})),
    path("members/<rowid:memberId>/events", journal.MemberEventViewSet.as_view({"get": "list"})),
    path(_place, journal.MemberTierViewSet.as_view({"delete": "leave"})),
    path(f"{_place}/tier", journal.MemberTierViewSet.as_view({"put": "set_tier"})),
    path(f"{_place}/tier-history", journal.TierHistoryViewSet.as_view({"get": "list"})),
    path("batch/members", members.MemberViewSet.as_view({"post": "batch"})),
    path("search/members", search.MemberSearchViewSet.as_view({"get": "list"})),
    path(_loyal, members.LoyaltyMemberViewSet.as_view({"get": "retrieve"})),
    path(f"{_loyal}/tier", journal.LoyaltyMemberTierViewSet.as_view({"put": "set_tier"})),
    path(f"{_loyal}/mint", members.LoyaltyMemberViewSet.as_view({"post": "mint"})),
    path(f"{_loyal}/audiences", members.LoyaltyMemberViewSet.as_view({"get": "audiences"})),
    path(f"{_loyal}/audiences/<rowid:audienceId>", members.LoyaltyMemberViewSet.as_view({"get": "matches"})),
    path("audiences", audiences.AudienceViewSet.as_view({"get": "list", "post": "create"})),
    path("audiences/<rowid:audienceId>", audiences.AudienceViewSet.as_view({"get": "retrieve", "patch": "update"})),
    path("audience-matches", audiences.AudienceMatchesViewSet.as_view({"post": "match"})),
    path(f"{_loyal}/burn", members.LoyaltyMemberViewSet.as_view({"post": "burn"})),
    path("stats/members", stats.MemberCreationViewSet.as_view({"get": "retrieve"})),
    path(f"stats/{_program}/tiers", stats.TierStatsViewSet.as_view({"get": "retrieve"})),
]
