"""Completion under the hands of somebody who types: words at once, code when the hand rests."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt

from studio.api import ErrorCode, StudioError
from studio.protocol.states import JobState
from studio.testing.scripted import Fail, Result, Stall, Tokens
from studio_code.pages.completion.controller import Completion
from studio_code.pages.completion.word_list import begun, words

CODE = "def counted(words):\n    return len(words)\n\n\n"


@pytest.fixture
def completion(desk: Any) -> Completion:
    desk.ctx.settings.set("suggest_after", 100)
    desk.page.completion._can_fill = lambda weights: weights not in desk.page.completion._refused
    desk.open_file("a.py", CODE)
    found: Completion = desk.page.completion
    return found


def press(desk: Any, key: Qt.Key, held: Any = Qt.KeyboardModifier.NoModifier) -> None:
    desk.qtbot.keyClick(desk.page.editor_area.edit, key, held)


def jobs(desk: Any) -> list[Any]:
    return [each for each in desk.runtime.submitted if each.task == "code.complete"]


def proposed(desk: Any, typed: str, *script: Any) -> None:
    """Type, and wait until something is proposed."""
    desk.runtime.enqueue(*script)
    desk.type(typed)
    desk.until(lambda: bool(desk.page.completion.ghost.text))


def test_words_of_the_file_come_at_once_and_the_nearest_first() -> None:
    text = "alpha = 1\nalphabet = 2\nbeta = alpha\nal"
    assert words(text, "\nalto = 3\n") == ["alpha", "alto", "alphabet"]
    assert words("x.al", "pha") == [], "in the midst of a word"
    assert (begun("a = x1_y"), begun("1a"), begun("")) == ("x1_y", "", "")


def test_a_pause_asks_once_and_tab_accepts(desk: Any, completion: Completion) -> None:
    proposed(desk, "n = cou", Tokens("nted(", "[1])"), Result(text="nted([1])"))
    assert len(jobs(desk)) == 1, "seven letters, one question"
    inputs = desk.runtime.inputs_of(jobs(desk)[0])
    assert (inputs.text("before"), inputs.text("after")) == (f"{CODE}n = cou", "")
    desk.until(lambda: completion.ghost.text == "nted([1])")
    assert desk.current.text() == f"{CODE}n = cou", "grey text is not text"
    press(desk, Qt.Key.Key_Tab)
    assert desk.current.text() == f"{CODE}n = counted([1])"
    desk.page.editor_area.edit.undo()
    assert desk.current.text() == f"{CODE}n = cou", "one step of undo"


def test_word_by_word_typing_along_and_escape(desk: Any, completion: Completion) -> None:
    proposed(desk, "n = ", Result(text="counted([1, 2])\nprint(n)"))
    press(desk, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert desk.current.text().endswith("n = counted")
    assert completion.ghost.text == "([1, 2])\nprint(n)"
    desk.qtbot.keyClicks(desk.page.editor_area.edit, "([")
    assert completion.ghost.text == "1, 2])\nprint(n)"
    assert len(jobs(desk)) == 1, "what is typed as proposed asks nobody anew"
    press(desk, Qt.Key.Key_Escape)
    assert (completion.ghost.text, desk.current.text()[-2:]) == ("", "([")
    press(desk, Qt.Key.Key_Tab)
    assert desk.current.text().endswith("([   "), "Tab indents again"


def test_typing_stops_the_generation(desk: Any, completion: Completion) -> None:
    proposed(desk, "n = ", Tokens("counted"), Stall())
    job = completion._job
    assert job is not None
    suggesting = desk.page.editor_area.status.suggesting
    assert not suggesting.isHidden()
    desk.runtime.enqueue(Result(text="2"))
    desk.qtbot.keyClicks(desk.page.editor_area.edit, "1")
    assert completion.ghost.text == ""
    desk.until(lambda: job.state == JobState.CANCELLED)
    desk.until(lambda: completion.ghost.text == "2")
    desk.until(suggesting.isHidden)


def test_nothing_is_asked_where_it_is_off_and_a_key_asks_all_the_same(
    desk: Any, completion: Completion
) -> None:
    desk.ctx.settings.set("suggest", False)
    desk.type("n = cou")
    assert not completion._timer.isActive()
    desk.runtime.enqueue(Result(text="nted([])"))
    completion.ask()
    desk.until(lambda: completion.ghost.text == "nted([])")
    assert len(jobs(desk)) == 1


def test_weights_that_cannot_fill_a_gap_say_so_once(desk: Any, completion: Completion) -> None:
    told: list[str] = []
    desk.ctx.notices.info = lambda words, hint="", key="": told.append(words)
    error = StudioError(ErrorCode.UNSUPPORTED, "Talker was not trained to fill a gap.")
    desk.runtime.enqueue(Fail(error))
    desk.type("n = ")
    desk.until(lambda: bool(told))
    desk.type("m")
    assert not completion._timer.isActive(), "it is asked no more"
    desk.runtime.enqueue(Fail(error))
    completion.ask()
    desk.until(lambda: len(told) == 2)


def test_a_word_is_listed_while_typing_and_taken(desk: Any, completion: Completion) -> None:
    desk.ctx.settings.set("suggest", False)
    desk.type("cou")
    listed = completion.word_list
    assert listed is not None
    assert not listed.isHidden()
    press(desk, Qt.Key.Key_Return)
    assert desk.current.text().endswith("cou\n"), "unasked, Return begins a line"
    assert listed.isHidden()
    desk.type("wor")
    press(desk, Qt.Key.Key_Tab)
    assert desk.current.text().endswith("cou\nwords")
    desk.type(" re")
    press(desk, Qt.Key.Key_Down)
    press(desk, Qt.Key.Key_Return)
    assert desk.current.text().endswith("words return")


def test_another_file_takes_the_completion_along(desk: Any, completion: Completion) -> None:
    proposed(desk, "n = ", Result(text="1"))
    first = completion.ghost
    desk.open_file("b.py", "x = \n")
    assert completion.ghost is not first
    assert completion.ghost.text == ""
    desk.page.close_current()
    proposed(desk, "m = ", Result(text="2"))
    assert completion.ghost.text == "2"
