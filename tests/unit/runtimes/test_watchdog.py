"""Whether work gets on, judged from heartbeats on a clock of the test's own."""

from __future__ import annotations

from studio.protocol.messages import Status
from studio.runtimes.supervisor import FIRST_STEP, SILENCE, ProgressWatchdog


def beat(step: int, running: bool = True) -> Status:
    return Status("cpu", "cpu", 2, 0, 1, running=("job",) if running else (), step=step)


def test_steps_that_come_are_no_stall() -> None:
    watch = ProgressWatchdog()
    for second in range(100):
        watch.take(beat(second), second)
        assert watch.complaint(second + 0.5) == ""


def test_a_worker_that_stands_still_while_the_heart_beats_is_found_in_fifteen_seconds() -> None:
    watch = ProgressWatchdog()
    for second in range(10):
        watch.take(beat(second), second)
    for second in range(10, 24):
        watch.take(beat(9), second)
        assert watch.complaint(second) == ""
    watch.take(beat(9), 25)
    assert "current step has taken 16 seconds" in watch.complaint(25)
    watch.take(beat(10), 26)
    assert watch.complaint(26) == ""


def test_long_steps_are_usual_where_they_are_usual() -> None:
    watch = ProgressWatchdog()
    for second in range(200):
        watch.take(beat(second // 20), second)
        assert watch.complaint(second) == ""


def test_the_first_step_may_take_long() -> None:
    watch = ProgressWatchdog()
    watch.take(beat(0), 0)
    for second in range(1, int(FIRST_STEP)):
        watch.take(beat(0), second)
        assert watch.complaint(second) == ""
    watch.take(beat(0), FIRST_STEP + 1)
    assert watch.complaint(FIRST_STEP + 1)


def test_an_idle_runtime_never_stalls() -> None:
    watch = ProgressWatchdog()
    for second in range(1000):
        watch.take(beat(0, running=False), second)
        assert watch.complaint(second) == ""
    watch.take(beat(0), 1000)
    assert watch.complaint(1001) == ""


def test_silence_is_noticed_even_when_idle() -> None:
    watch = ProgressWatchdog()
    assert watch.complaint(1000) == ""
    watch.take(beat(0, running=False), 0)
    assert watch.complaint(SILENCE) == ""
    assert "not responded" in watch.complaint(SILENCE + 1)


def test_a_listener_that_was_held_up_blames_nobody() -> None:
    """The window stood still for half a minute: what was told meanwhile is heard after it."""
    watch = ProgressWatchdog()
    watch.take(Status("cpu", "cpu", 1, 0, 0), 0.0)
    assert watch.complaint(30.0), "the control"
    watch.excuse(25.0)
    assert watch.complaint(30.0) == ""
    assert watch.complaint(30.0 + SILENCE)
