"""Where the operations of members and programs are mounted, under /api/v1/organizations/{organizationId}/."""

from django.urls import path

from loyalty.kernel.api import paths  # noqa: F401 - registers the converters
from members.api import audiences, members, programs

_program = "loyalty-programs/<rowid:loyaltyProgramId>"
_loyal = "loyalty-members/<opaque:loyaltyMemberId>"


urlpatterns = [
    path("loyalty-programs", programs.ProgramViewSet.as_view({"get": "list", "post": "create"})),
    path(_program, programs.ProgramViewSet.as_view({"get": "retrieve", "put": "update"})),
    path(f"{_program}/tiers", programs.TierViewSet.as_view({"get": "list", "post": "create"})),
    path(
        f"{_program}/tiers/<rowid:loyaltyTierId>",
        programs.TierViewSet.as_view({"get": "retrieve", "put": "update"}),
    ),
    path("members", members.MemberViewSet.as_view({"get": "list", "post": "create"})),
    path("members/<rowid:memberId>", members.MemberViewSet.as_view({"get": "retrieve", "patch": "update"})),
    path("batch/members", members.MemberViewSet.as_view({"post": "batch"})),
    path(_loyal, members.LoyaltyMemberViewSet.as_view({"get": "retrieve"})),
    path(f"{_loyal}/mint", members.LoyaltyMemberViewSet.as_view({"post": "mint"})),
    path(f"{_loyal}/audiences", members.LoyaltyMemberViewSet.as_view({"get": "audiences"})),
    path(f"{_loyal}/audiences/<rowid:audienceId>", members.LoyaltyMemberViewSet.as_view({"get": "matches"})),
    path("audiences", audiences.AudienceViewSet.as_view({"get": "list", "post": "create"})),
    path("audiences/<rowid:audienceId>", audiences.AudienceViewSet.as_view({"get": "retrieve", "patch": "update"})),
    path("audience-matches", audiences.AudienceMatchesViewSet.as_view({"post": "match"})),
    path(f"{_loyal}/burn", members.LoyaltyMemberViewSet.as_view({"post": "burn"})),
]
