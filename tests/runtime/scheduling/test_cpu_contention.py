"""Threads by load: all where we are alone, fewer where others work, one where it is crowded."""

from __future__ import annotations

import pytest

from studio.runtime.scheduling.cpu_contention import CpuContention, Reading


def run(idle: float, own: float, seconds: int = 8, most: int = 4) -> int:
    """Return the threads after ``seconds`` with so many processors idle and so many ours."""
    readings = [Reading(float(t), idle * t, own * t) for t in range(seconds + 1)]
    crowding = CpuContention(iter(readings).__next__)
    return [crowding.threads(most) for _ in range(seconds)][-1]


@pytest.mark.parametrize(
    ("idle", "own", "threads"),
    [
        (4.0, 0.0, 4),  # nothing happens
        (0.1, 3.9, 4),  # we use all of it
        (3.0, 1.0, 4),  # we use one of four idle ones
        (0.0, 2.6, 3),  # somebody has one and a half
        (0.0, 0.6, 1),  # crowded
        (62.0, 2.0, 4),  # a container on a large machine
    ],
)
def test_threads_by_load(idle: float, own: float, threads: int) -> None:
    assert run(idle, own) == threads


def test_a_short_spell_changes_little_and_nothing_is_known_at_first() -> None:
    readings = [Reading(0, 0, 0), Reading(0.1, 0, 0), Reading(1, 4, 0), Reading(2, 5, 0.6)]
    crowding = CpuContention(iter(readings).__next__)
    assert [crowding.threads(4) for _ in range(3)] == [4, 4, 3]


def test_the_real_counters_run_forwards() -> None:
    first = Reading.now()
    sum(range(10**6))
    second = Reading.now()
    assert second.clock > first.clock
    assert second.idle >= first.idle
    assert second.own >= first.own
    assert 1 <= CpuContention().threads(2) <= 2
