"""A training learns, says how much, and is the same again."""

from __future__ import annotations

import pytest

from studio.testing.plugins import Made, run_task
from studio_lab.schema import Train
from studio_lab.tasks.train import train

pytestmark = pytest.mark.torch


def trained(steps: int, seed: int = 1) -> Made:
    return run_task(train, Train.parse({"steps": steps}), seed=seed)


def test_it_learns_what_it_has_not_seen() -> None:
    few, more = (trained(steps).result["measures"]["bound"] for steps in (5, 150))
    assert more < few - 0.3


def test_the_same_seed_trains_the_same() -> None:
    first, again, other = (trained(20, seed).artifacts[0].payload for seed in (1, 1, 2))
    assert first == again
    assert first != other
