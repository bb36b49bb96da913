"""Charts of how a task goes: what is merged on the way keeps them, and what is none is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from studio.api import ErrorCode, StudioError
from studio.api.plot import Line, Plot
from studio.api.worker.context import ProgressEvent
from studio.protocol.messages import Message, Progress
from studio.protocol.states import JobState
from studio.runtime.jobs.events import Feed

LOSS = Plot("Loss", series=[Line(y=[2.0, 1.0])])


class Told(list[Message]):
    def take(self, message: Message, blobs: Sequence[Any]) -> None:
        self.append(message)

    def plots(self) -> list[Plot]:
        steps = [each for each in self if isinstance(each, Progress)]
        return [Plot.decode(data) for step in steps for data in step.plots]


def test_a_chart_outlives_the_steps_that_are_merged_after_it() -> None:
    told = Told()
    feed = Feed("job", told.take)
    feed.event(ProgressEvent(0, 100))  # told at once: the others wait for their turn
    feed.event(ProgressEvent(1, 100, plots=[LOSS]))
    feed.event(ProgressEvent(2, 100))
    feed.state(JobState.WAITING)
    assert told.plots() == [LOSS]
    assert [each.done for each in told if isinstance(each, Progress)] == [0, 2]


@pytest.mark.parametrize(
    ("plots", "words"),
    [
        (["a curve"], "the plots of its progress are a list"),
        (LOSS, "the plots of its progress are a Plot"),
        ([Plot("Wide", series=[Line(y=[0.123456789] * 30_000)])], "have 3"),
        ([Plot("Odd", series=[Line(x=[1.0], y=[1.0, 2.0])])], "cannot be drawn"),
    ],
)
def test_what_is_no_chart_is_the_fault_of_the_plugin(plots: Any, words: str) -> None:
    feed = Feed("job", Told().take)
    with pytest.raises(StudioError) as told:
        feed.event(ProgressEvent(0, 1, plots=plots))
    assert told.value.code is ErrorCode.PLUGIN_FAILED
    assert words in told.value.message
