"""Time left from measured steps, on a clock of the test's own."""

from __future__ import annotations

from studio.protocol.time_left import TimeLeft


def test_nothing_is_said_before_two_steps_and_a_moment() -> None:
    pace = TimeLeft()
    assert pace.step(0, 20, 0.0) is None
    assert pace.step(1, 20, 0.1) is None
    assert pace.step(2, 20, 1.0) is not None


def test_a_steady_job_is_foretold() -> None:
    pace = TimeLeft()
    left = [pace.step(n, 20, n * 2.0) for n in range(1, 21)]
    assert left[4] == 30.0
    assert left[-1] == 0.0


def test_a_change_of_speed_is_followed() -> None:
    pace = TimeLeft()
    for n in range(50):
        pace.step(n, 200, n * 1.0)
    for n in range(50, 100):
        left = pace.step(n, 200, 50 + (n - 50) * 0.1)
    assert left is not None
    assert abs(left - 10.1) < 0.5


def test_it_counts_down_between_steps() -> None:
    pace = TimeLeft()
    pace.step(0, 10, 0.0)
    pace.step(1, 10, 10.0)
    assert pace.left(10.0) == 90.0
    assert pace.left(15.0) == 85.0
    assert pace.left(500.0) == 0.0
    assert pace.step(1, 10, 20.0) == 80.0


def test_a_new_phase_is_measured_afresh() -> None:
    pace = TimeLeft()
    pace.step(0, 10, 0.0)
    pace.step(9, 10, 90.0)
    assert pace.step(0, 500, 91.0) is None
    assert pace.step(100, 500, 92.0) == 4.0
    assert pace.step(0, 500, 93.0) is None


def test_an_unknown_total_stays_unknown() -> None:
    pace = TimeLeft()
    pace.step(0, 0, 0.0)
    assert pace.step(5, 0, 5.0) is None
