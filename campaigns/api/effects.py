"""The catalogue of effects in the core API (tag Rules Effects, semantics 9.6)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from campaigns.api.rows import RowsViewSet
from campaigns.effects import Effect, get_effect, list_effects
from loyalty.kernel.api.fields import CamelSerializer, JsonObject


class EffectAnswer(CamelSerializer):
    """An effect; `parameters` is the JSON Schema of what it takes."""

    effectId = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    parameters = JsonObject()


class EffectViewSet(RowsViewSet):
    """What an action can do: the same for every organization."""

    tag = "Rules Effects"
    operations = {"list": "listRuleEffects", "retrieve": "getRuleEffect"}
    reads = "campaigns:read"
    wrapper = "effect"
    serializer_class = EffectAnswer
    order_columns = {"effectId": "effect_id", "name": "name"}

    def get_rows(self) -> list[Effect]:
        """Every effect."""
        return list_effects()

    def get_object(self) -> Any:
        """The effect of the path."""
        return get_effect(self.kwargs["effectId"])
