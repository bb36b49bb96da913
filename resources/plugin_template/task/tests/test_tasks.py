"""The tasks, without a window and without a runtime."""

from __future__ import annotations

import pytest

from studio.api import BadInput
from studio.testing.plugins import run_task
from studio_example.schema import Shuffle
from studio_example.tasks import shuffle


def test_every_line_has_the_same_words() -> None:
    made = run_task(shuffle, Shuffle.parse({"text": "one two three", "times": 5}), seed=1)
    assert len(made.result["lines"]) == 5
    assert all(sorted(line.split()) == ["one", "three", "two"] for line in made.result["lines"])
    assert made.artifacts[0].text == "\n".join(made.result["lines"])


def test_the_same_seed_makes_the_same_lines() -> None:
    params = Shuffle.parse({"text": "one two three four five six"})
    first, second = (run_task(shuffle, params, seed=3) for _ in range(2))
    assert first.result == second.result


def test_one_word_is_refused_in_a_sentence() -> None:
    with pytest.raises(BadInput, match="only one order"):
        run_task(shuffle, Shuffle.parse({"text": "one"}))


def test_it_stops_at_a_step() -> None:
    made = run_task(shuffle, Shuffle.parse({"text": "one two", "times": 100}), stop_after=10)
    assert made.cancelled
    assert not made.artifacts
