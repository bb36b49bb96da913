"""What is shown of a dead runtime's log."""

from __future__ import annotations

import pytest

from studio.runtimes.crash_excerpt import MOST_LINES, last_words

_SAID = [f"said {n}" for n in range(100)]
_CRASH = "Fatal Python error: Aborted"


def test_without_a_crash_the_last_lines_are_shown() -> None:
    assert last_words(_SAID).splitlines() == _SAID[-MOST_LINES:]
    assert last_words([]) == ""


@pytest.mark.parametrize("frames", [3, 40, 400])
def test_a_crash_report_never_hides_what_was_said_before_it(frames: int) -> None:
    report = [_CRASH, "", "Thread 0x01 (most recent call first):", *["  File …"] * frames]
    shown = last_words([*_SAID, *report]).splitlines()
    assert len(shown) == MOST_LINES
    assert {_SAID[-1], _CRASH, report[2]} <= set(shown)


def test_of_two_crashes_the_last_one_counts() -> None:
    shown = last_words([_CRASH, *_SAID, _CRASH, "stack"])
    assert shown.splitlines()[-2:] == [_CRASH, "stack"]
