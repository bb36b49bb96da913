"""The review under the hands of its user: keys, buttons, a file that changes under it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt

from studio_code.pages.review.hunks import Choice
from studio_code.pages.review.intraline import line_differences
from studio_code.pages.review.review import Review
from studio_code.pages.review.rows import Colors, Sort, lay_out

OLD = "import os\n" + "".join(f"\n\ndef f{n}(a):\n    return a - {n}\n" for n in range(12))
NEW = '"""Sums."""\n' + OLD.replace("a - 3", "a + 3").replace("a - 9", "a + 9")


@pytest.fixture
def review(desk: Any) -> Review:
    """The review of three changes to sums.py."""
    desk.open("sums.py", OLD)
    widget = desk.put(Review(desk.ctx, desk.workspace))
    propose(desk, widget, "sums.py", NEW)
    return widget


def propose(desk: Any, review: Review, path: str, text: str) -> None:
    with desk.qtbot.waitSignal(review.shown):
        desk.workspace.propose(path, text, "Plus instead of minus")


def keys(desk: Any, review: Review, pressed: str) -> None:
    for key in pressed:
        desk.qtbot.keyClick(review.view, key)


def accepted(desk: Any) -> None:
    desk.until(lambda: desk.workspace.proposal is None and desk.workspace.work_queue.idle)


def test_keys_decide_and_write(desk: Any, review: Review) -> None:
    assert [hunk.choice for hunk in review.change.hunks] == [Choice.OPEN] * 3
    assert not review.write.isEnabled()
    keys(desk, review, "AR")  # each goes on to the next open one
    assert review.view.current == 2
    keys(desk, review, "A")
    assert review.write.text() == "Apply 2 of 3 changes"
    assert desk.on_disk("sums.py") == OLD, "nothing is written before it is said"
    desk.qtbot.keyClick(review.view, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    accepted(desk)
    assert desk.on_disk("sums.py") == NEW.replace("a + 3", "a - 3")
    assert desk.workspace.current.text() == desk.on_disk("sums.py")


def test_what_was_edited_meanwhile_is_no_change_to_undo(desk: Any, review: Review) -> None:
    """The model saw ``OLD``; somebody else has changed another line since."""
    desk.workspace.decline()
    outside = OLD.replace("a - 6", "a - 66")
    desk.workspace.current.set_text(outside)
    with desk.qtbot.waitSignal(review.shown):
        desk.workspace.propose("sums.py", NEW, "Plus", base=OLD)
    assert len(review.change.hunks) == 3, "those of the model"
    assert "The file changed" in review.notice.words.text()
    review.take_all()
    accepted(desk)
    assert desk.on_disk("sums.py") == NEW.replace("a - 6", "a - 66")


def test_a_line_that_both_changed_is_a_choice(desk: Any, review: Review) -> None:
    desk.workspace.decline()
    outside = OLD.replace("a - 3", "3 - a")
    desk.workspace.current.set_text(outside)
    with desk.qtbot.waitSignal(review.shown):
        desk.workspace.propose("sums.py", NEW, "Plus", base=OLD)
    assert [hunk.conflict for hunk in review.change.hunks] == [False, True, False]
    review.take_all()
    assert desk.workspace.proposal is not None, "the conflict waits for a choice"
    assert "1 conflict: choose" in review.notice.words.text()
    assert review.view.current == 1
    assert review.view._bars[1].both.isVisible()
    keys(desk, review, "B")
    desk.qtbot.keyClick(review.view, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    accepted(desk)
    assert "    return 3 - a\n    return a + 3\n" in desk.on_disk("sums.py")
    assert "return a + 9" in desk.on_disk("sums.py")


def test_escape_changes_nothing(desk: Any, review: Review) -> None:
    keys(desk, review, "AA")
    desk.qtbot.keyClick(review.view, Qt.Key.Key_Escape)
    accepted(desk)
    assert desk.on_disk("sums.py") == OLD
    assert review.change.hunks == ()


def test_arrows_move_and_a_button_takes_its_choice_back(desk: Any, review: Review) -> None:
    keys(desk, review, "J")
    desk.qtbot.keyClick(review.view, Qt.Key.Key_Down)
    assert review.view.current == 2
    assert "Change 3 of 3" in review.view.accessibleDescription()
    keys(desk, review, "K")
    bar = review.view._bars[1]
    assert bar.accept.accessibleName() == "Accept: Line 17"
    bar.accept.click()
    assert review.change.hunks[1].choice is Choice.ACCEPTED
    bar.accept.click()
    assert review.change.hunks[1].choice is Choice.OPEN


def test_accept_all_of_a_new_file(desk: Any, review: Review) -> None:
    propose(desk, review, "fresh.py", "x = 1\n")
    review.accept_all.click()
    desk.until(lambda: (desk.folder / "fresh.py").is_file())
    assert desk.on_disk("fresh.py") == "x = 1\n"


def test_typing_meanwhile_rebases(desk: Any, review: Review) -> None:
    keys(desk, review, "A")
    changed = OLD.replace("import os", "import sys\nimport os").replace("a - 9", "a * 9")
    with desk.qtbot.waitSignal(review.shown):
        desk.workspace.current.set_text(changed)
    assert [hunk.conflict for hunk in review.change.hunks] == [True, False, True]
    assert "2 conflicts: choose" in review.notice.words.text()
    review.choose(0, Choice.REJECTED)
    review.choose(2, Choice.REJECTED)
    review.accept_all.click()
    accepted(desk)
    assert desk.on_disk("sums.py") == changed.replace("a - 3", "a + 3")


def test_a_write_in_the_moment_of_a_change_waits_for_another_look(
    desk: Any, review: Review
) -> None:
    keys(desk, review, "A")
    with desk.qtbot.waitSignal(review.shown):
        desk.workspace.current.set_text(OLD + "# mine\n")
        review.write_accepted()  # before the review has noticed
    assert desk.workspace.proposal is not None
    review.write_accepted()
    accepted(desk)
    assert desk.on_disk("sums.py") == '"""Sums."""\n' + OLD + "# mine\n"


def test_the_same_text_is_said_to_be_there(desk: Any, review: Review) -> None:
    propose(desk, review, "sums.py", OLD)
    assert "nothing to change" in review.notice.words.text()
    assert not review.accept_all.isEnabled()


def test_folds_open(desk: Any, review: Review) -> None:
    folds = [n for n, row in enumerate(review.view.rows) if row.sort is Sort.FOLD]
    assert len(folds) == 3
    hidden = sum(review.view.rows[n].count for n in folds)
    shown = sum(row.sort in (Sort.SAME, Sort.OLD) for row in review.view.rows)
    assert hidden + shown == OLD.count("\n")
    at = review.view._rect(folds[0]).center()
    desk.qtbot.mouseClick(review.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert [row.sort for row in review.view.rows].count(Sort.FOLD) == 2


def test_rows_know_both_texts(desk: Any, review: Review) -> None:
    lines = NEW.split("\n")
    new = [row for row in lay_out(review.change, Colors()).rows if row.sort is Sort.NEW]
    assert [lines[row.number - 1] for row in new] == [row.text for row in new]
    assert new[1].spans == [(13, 1)]


def test_what_differs_within_a_line() -> None:
    assert line_differences("    return a - b\n", "    return a + b\n") == ([(13, 1)], [(13, 1)])
    assert line_differences("x = 1", "def other(): pass") is None
    assert line_differences("f(a)", "f(a, b)") == ([], [(3, 3)])


def test_a_huge_change_is_drawn_at_once(desk: Any, review: Review) -> None:
    old = "".join(f"line {n}\n" for n in range(30_000))
    desk.open("short.txt", old[:2_000])
    propose(desk, review, "short.txt", old[:2_000].replace("line", "row"))
    small = min(took(review.view.grab) for _ in range(3))
    desk.open("long.txt", old)
    propose(desk, review, "long.txt", old.replace("line", "row"))
    assert "replaced as a whole" in review.notice.words.text()
    assert len(review.view.rows) == 60_001
    assert min(took(review.view.grab) for _ in range(3)) < 20 * small  # it has 1,000 times the rows


def took(call: Callable[[], Any]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started
