"""The word for a method follows from how far its gain is known."""

from __future__ import annotations

import pytest

from studio_lab.augmentation.verdict import Effect, Outcome
from studio_lab.measures.estimates import Estimate


@pytest.mark.parametrize(
    ("gain", "effect"),
    [
        ((0.02, -0.01, 0.04), Effect.NONE),
        ((0.02, -0.27, 0.31), Effect.UNSURE),
        ((0.2, 0.1, 0.3), Effect.HELPS),
        ((-0.2, -0.3, -0.1), Effect.HARMS),
    ],
)
def test_no_effect_is_said_only_of_what_is_known_to_be_small(
    gain: tuple[float, float, float], effect: Effect
) -> None:
    found = Outcome("smote", "average precision", 0.81, {"average precision": Estimate(*gain)})
    assert found.effect is effect
    assert "from 0.810 with real data alone" in found.sentence(10)
