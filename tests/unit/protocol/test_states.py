"""Job states: over is over, and nothing returns to the queue."""

from __future__ import annotations

import itertools

import pytest

from studio.protocol.states import IllegalMove, JobState, move

OVER = {JobState.DONE, JobState.CANCELLED, JobState.FAILED, JobState.LOST}


@pytest.mark.parametrize(("old", "new"), list(itertools.product(JobState, JobState)))
def test_moves(old: JobState, new: JobState) -> None:
    legal = old not in OVER and new is not old and new is not JobState.QUEUED
    if legal:
        assert move(old, new) is new
    else:
        with pytest.raises(IllegalMove):
            move(old, new)


def test_terminal_states() -> None:
    assert {state for state in JobState if state.is_terminal} == OVER
