"""A grid from its first training to the advice, and what a kill or Stop leaves of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from studio.api import BadInput, EnergyUse, Kind
from studio.testing.plugins import Made, run_task
from studio_lab.pages.scaling_law import scaling_law
from studio_lab.scaling import grid, power_law
from studio_lab.scaling.grid import planned
from studio_lab.schema import Scale
from studio_lab.tasks import scale

STEPS = 8


def run(checkpoint: Path, **how: Any) -> Made:
    params = Scale.parse({"architecture": "vae", "example": "digits", "minutes": 1, "price": 0.36})
    return run_task(scale.scale, params, seed=1, checkpoint=checkpoint, **how)


@pytest.fixture(scope="module", autouse=True)
def short() -> Iterator[None]:
    """Trainings of eight steps, however fast the machine is, and few draws of the law."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grid, "LEAST_STEPS", 1)
        patch.setattr(
            scale, "planned", lambda times, *more: planned([1.0] * 4, *more[:2], STEPS * 17.67)
        )
        draws = power_law.fit
        patch.setattr(power_law, "fit", lambda *given: draws(*given, draws=4))
        yield


def meter() -> Iterator[EnergyUse]:
    for joules in range(1000):
        yield EnergyUse(joules, joules / 2, joules * 2, joules / 8, "a test", joules / 10)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return run(tmp_path_factory.mktemp("whole"), energy=meter())


@pytest.mark.slow
def test_a_grid_ends_with_a_table_plots_and_a_card(whole: Made) -> None:
    kinds = [each.kind for each in whole.artifacts]
    assert kinds == [Kind.TABLE, *[Kind.PLOT] * 3, Kind.TEXT]
    result = whole.result
    assert result["sentence"] in whole.artifacts[-1].text
    assert len(result["points"]) == 15
    assert len({each["parameters"] for each in result["points"]}) == 3
    larger = result["larger"]
    assert larger["parameters"] > max(each["parameters"] for each in result["points"])
    predicted = result["predicted"]
    assert predicted["low"] <= predicted["value"] <= predicted["high"]
    assert f"measured is {larger['loss']:.4g}" in whole.artifacts[-1].text
    assert (result["joules"], result["grams"]) == (16.0, pytest.approx(1.6))
    assert result["electricity_cost"] == pytest.approx(16 / 3.6e6 * 0.36)
    assert b"cost of electricity" in whole.artifacts[0].read()
    assert "At 0.36 per kWh" in whole.artifacts[-1].text
    shown = scaling_law(whole.artifacts[-1].meta["report"])
    assert f"measured is {larger['loss']:.4g}" in shown
    assert result["sentence"] in shown
    done = [each.done for each in whole.progress if each.total]
    assert done == sorted(done)


@pytest.mark.slow
def test_a_grid_goes_on_where_it_was_killed(whole: Made, tmp_path: Path) -> None:
    killed = run(tmp_path, stop_after=whole.steps // 2)
    assert killed.cancelled
    kept = killed.result["points"]
    assert 0 < len(kept) < 15
    assert killed.result["advice"] == "few"
    assert killed.artifacts[0].kind == Kind.TABLE, "Stop keeps what is measured"
    again = run(tmp_path)
    assert f"{len(kept)} trainings had been measured" in again.result["notes"][0]
    assert again.result["points"][: len(kept)] == kept, "seconds and all: they were not run again"
    told = [[each["loss"] for each in made.result["points"]] for made in (whole, again)]
    assert told[0] == told[1]


def test_what_cannot_be_scaled_is_a_sentence(tmp_path: Path) -> None:
    cases = [
        ({"architecture": "gan"}, "no loss on held-out data"),
        ({"architecture": "vae", "example": "wine"}, "a density"),
    ]
    for wrong, told in cases:
        with pytest.raises(BadInput, match=told):
            run_task(scale.scale, Scale.parse(wrong), checkpoint=tmp_path)
    draws = np.random.default_rng(0)
    for number in range(20):
        shown = draws.integers(256, size=(16, 16, 3)).astype(np.uint8)
        Image.fromarray(shown).save(tmp_path / f"{number}.png")
    with pytest.raises(BadInput, match="There are 16 examples"):
        run_task(scale.scale, Scale.parse({"data": str(tmp_path)}), checkpoint=tmp_path / "c")
