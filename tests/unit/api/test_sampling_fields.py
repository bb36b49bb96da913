"""Fields that schemas share: one declaration, and what a schema adds to it counts."""

from __future__ import annotations

from typing import Annotated

import pytest

from studio.api import (
    BadInput,
    Group,
    Label,
    MaxTokens,
    MinP,
    Params,
    Range,
    SamplingParams,
    Temperature,
    TextModel,
    TopK,
    TopP,
    WeightsId,
)


class Wish(Params, frozen=True):
    weights: TextModel = WeightsId()
    temperature: Temperature = 0.7
    top_p: TopP = 0.9
    top_k: TopK = 40
    min_p: MinP = 0.05
    max_tokens: MaxTokens = 100


class Narrow(Params, frozen=True):
    temperature: Annotated[
        Temperature, Range(0.1, 1), Label("Heat", "Of the dice."), Group("More", advanced=True)
    ] = 0.5


def test_what_a_schema_adds_to_a_shared_field_counts() -> None:
    (field,) = Narrow.fields()
    assert (field.title, field.help, field.group.title) == ("Heat", "Of the dice.", "More")
    with pytest.raises(BadInput, match=r"Heat must be between 0\.1 and 1"):
        Narrow.parse({"temperature": 1.5})
    shared = Wish.parse({"temperature": 1.5})
    assert shared.temperature == 1.5
    assert Wish.fields()[0].capability == "text"


def test_every_value_that_a_shared_field_takes_can_be_sampled_with() -> None:
    ranged = [field for field in Wish.fields() if field.range]
    assert len(ranged) == 5
    for field in ranged:
        for value in (field.range.minimum, field.range.maximum):
            assert getattr(SamplingParams(**{field.name: value}), field.name) == value
