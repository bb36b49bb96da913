"""The conversation under the hands of the user: answers, edits, writing, fixing, what is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from PySide6.QtCore import Qt

from studio.api import ErrorCode, StudioError
from studio.testing.scripted import Artifact, Fail, Result, Stall, Step, Tokens
from studio_code.pages.ask.tab import AskTab
from studio_code.pages.dock import Dock
from studio_code.pages.run.failure import RunFailure

CODE = "def add(a, b):\n    return a - b\n"
FIXED = CODE.replace("-", "+")
TESTS = "from sums import add\n\ndef test_add():\n    assert add(1, 2) == 3\n"
VERDICT = {
    "passed": True,
    "ran": True,
    "tests": {"passed": 1, "failed": 0, "errors": 0},
    "coverage": {"lines": 2, "covered": 2, "missing": []},
    "mutants": {"made": 3, "killed": 3, "survived": []},
    "tier": "A",
}


@pytest.fixture
def dock(desk: Any) -> Dock:
    desk.open("sums.py", CODE)
    return desk.put(Dock(desk.ctx, desk.workspace))


@pytest.fixture
def tab(dock: Dock) -> AskTab:
    return dock.ask


def send(desk: Any, tab: AskTab, words: str, *lines: Any) -> Any:
    """Send words, wait for the end, return the last turn."""
    desk.runtime.enqueue(*lines)
    tab.composer.field.widget.setPlainText(words)
    with desk.qtbot.waitSignal(tab.ended):
        desk.qtbot.keyClick(tab.composer.field.widget, Qt.Key.Key_Return)
    return tab.thread_view.turns[-1]


def act(desk: Any, tab: AskTab, name: str, *lines: Any) -> Any:
    desk.runtime.enqueue(*lines)
    with desk.qtbot.waitSignal(tab.ended):
        tab.task_buttons[name].click()
    return tab.thread_view.turns[-1]


def asked(desk: Any) -> Any:
    return desk.runtime.submitted[-1]


def rows(desk: Any, name: str) -> list[dict[str, str]]:
    """Return what was handed in with the last job."""
    inputs = desk.runtime.inputs_of(asked(desk))
    found: list[dict[str, str]] = inputs.json(name, list[dict[str, str]], [])
    return found


def test_an_answer_knows_the_file_and_its_edit_is_reviewed(desk: Any, tab: AskTab) -> None:
    text = "It **subtracts**."
    edits = [{"path": "sums.py", "text": FIXED}]
    unapplied = [{"path": "b.py", "why": "it is not there."}]
    turn = send(
        desk,
        tab,
        "What is wrong?",
        Tokens("It ", "**subtracts**."),
        Result(text=text, edits=edits, unapplied=unapplied),
    )
    params = asked(desk).params
    assert rows(desk, "messages") == [{"role": "user", "content": "What is wrong?"}]
    assert rows(desk, "context") == [{"path": "sums.py", "text": CODE}]
    assert (params["open_path"], params["weights"]) == ("sums.py", "coder")
    assert (turn.text, tab.composer.text) == (text, "")
    assert "A change to b.py could not be read" in turn.notes.text()
    with desk.qtbot.waitSignal(desk.workspace.proposed) as proposed:
        turn.buttons[0].click()
    proposal = proposed.args[0]
    assert (proposal.path, proposal.old, proposal.new) == ("sums.py", CODE, FIXED)
    assert proposal.why == "What is wrong?"
    assert desk.on_disk("sums.py") == CODE
    desk.workspace.decline()
    send(desk, tab, "Why?", Result(text="Because.", edits=[]))
    assert [m["content"] for m in rows(desk, "messages")] == [
        "What is wrong?",
        text,
        "Why?",
    ]


def test_a_file_of_elsewhere_goes_by_its_name(desk: Any, tab: AskTab) -> None:
    far = desk.folder.parent / "far.py"
    far.write_text(CODE)
    desk.workspace.open(str(far))
    desk.until(lambda: desk.workspace.current.path == str(far))
    for name in ("explain", "fix", "tests", "document"):
        act(desk, tab, name, Result(text="", code="", tests=""))
        assert asked(desk).params["path"] == "far.py"
    edits = [{"path": "far.py", "text": FIXED}]
    turn = send(desk, tab, "Why?", Result(text="So.", edits=edits))
    params = asked(desk).params
    assert params["open_path"] == "far.py"
    assert [each["path"] for each in rows(desk, "context")] == ["far.py", "sums.py"]
    assert turn.answer.offers[0].path == str(far)


def test_explain_takes_the_selection(desk: Any, tab: AskTab) -> None:
    cursor = desk.workspace.current.cursor
    cursor.setPosition(CODE.index("return"))
    cursor.movePosition(cursor.MoveOperation.EndOfBlock, cursor.MoveMode.KeepAnchor)
    tab._show_subject()
    assert tab.subject.text() == "sums.py · lines 2–2"
    turn = act(desk, tab, "explain", Tokens("It returns."), Result(text="It returns."))
    assert desk.runtime.inputs_of(asked(desk)).text("selection") == "return a - b"
    assert turn.text == "It returns."


def test_a_fix_comes_with_its_verdict(desk: Any, tab: AskTab) -> None:
    tries = [{"candidate": 1, "round": 0, "code": FIXED, "passed": True, "summary": "1/1 tests"}]
    meta = {"path": "sums.py", "language": "python", "tests": TESTS, "tries": tries}
    turn = act(
        desk,
        tab,
        "fix",
        Tokens("def add(a, b):\n", "    pass\n", channel="answer"),
        Step(0, 0, "Try 2: running 1 test"),
        Tokens("\n\n", FIXED, channel="answer"),
        Artifact("code", FIXED.encode(), ".py", "sums", FIXED, meta={**meta, "verdict": VERDICT}),
        Result(code=FIXED, tests=TESTS, verdict=VERDICT, tries=tries),
    )
    assert turn.text == f"```python\n{FIXED}```\n"
    assert turn.chip.words == "ran · 1/1 tests · 100% coverage · 3/3 mutants"
    assert turn.chip.accessibleName().startswith("Passes its own tests: ran")
    with desk.qtbot.waitSignal(desk.workspace.proposed) as proposed:
        turn.buttons[0].click()
    assert proposed.args[0].artifact_id == turn.answer.artifact_id != ""
    sheet = turn.chip.open_sheet()
    titles = [sheet.tabs.tabText(n) for n in range(sheet.tabs.count())]
    assert titles == ["Tests", "Lines and mutants", "Attempts (1)"]
    sheet.close()


def test_a_file_that_is_not_run_here_is_corrected_by_the_error_that_is_told(
    desk: Any, tab: AskTab
) -> None:
    desk.open("util.cs", "int x = y;\n")
    tab.task_buttons["fix"].click()
    assert not desk.runtime.submitted
    assert "Paste the error" in tab.composer.field.placeholderText()
    assert not tab.task_buttons["tests"].isEnabled()
    assert tab.task_buttons["tests"].toolTip() == "No tests are written in C#."
    assert tab.task_buttons["document"].isEnabled()
    tab.composer.field.widget.setPlainText("ReferenceError: y is not defined")
    act(desk, tab, "fix", Result(code="let x = 1;\n"))
    assert asked(desk).params["error"] == "ReferenceError: y is not defined"
    assert tab.composer.text == ""
    desk.workspace.set_current(desk.workspace.find("sums.py"))
    assert "Run the file" in tab.task_buttons["fix"].toolTip()


def test_what_is_written_first_is_shown_as_code(desk: Any, tab: AskTab) -> None:
    desk.runtime.enqueue(
        Tokens("a = 1\n", channel="answer"), Tokens("\n\n", "b = 2\n", channel="answer"), Stall()
    )
    tab.task_buttons["fix"].click()
    desk.until(lambda: bool(tab.thread_view.turns) and "b = 2" in tab.thread_view.turns[-1].text)
    assert tab.thread_view.turns[-1].text == "```python\nb = 2\n"
    with desk.qtbot.waitSignal(tab.ended):
        tab.composer.send.widget.click()


def test_fix_this_hands_the_traceback_on(desk: Any, dock: Dock) -> None:
    desk.runtime.enqueue(Result(code=FIXED, verdict=VERDICT, tries=[]))
    with desk.qtbot.waitSignal(dock.ask.ended):
        dock.run.fix_asked.emit(RunFailure("sums.py", "AssertionError: -1 == 3", TESTS))
    params = asked(desk).params
    assert (params["error"], params["tests"]) == ("AssertionError: -1 == 3", TESTS)
    assert (desk.runtime.inputs_of(asked(desk)).text("text"), params["path"]) == (CODE, "sums.py")
    assert dock.tabs.currentWidget() is dock.ask
    assert dock.ask.thread_view.turns[-1].buttons[0].text() == "Review changes"


@pytest.mark.parametrize(("state", "kind"), [("failed", ""), ("verified", "primary")])
def test_what_failed_is_not_what_to_take_next(desk: Any, dock: Dock, state: str, kind: str) -> None:
    verdict = VERDICT | {"state": state}
    desk.runtime.enqueue(Result(code=FIXED, verdict=verdict, tries=[]))
    with desk.qtbot.waitSignal(dock.ask.ended):
        dock.run.fix_asked.emit(RunFailure("sums.py", "AssertionError: -1 == 3", TESTS))
    (button,) = dock.ask.thread_view.turns[-1].buttons
    assert (button.property("kind") or "") == kind


def test_tests_go_beside_the_file(desk: Any, tab: AskTab) -> None:
    failing = [{"name": "test_b"}]
    result = Result(tests=TESTS, verdict=VERDICT, failing=failing, imported_as="module")
    turn = act(desk, tab, "tests", result)
    with desk.qtbot.waitSignal(desk.workspace.proposed) as proposed:
        turn.buttons[0].click()
    assert (proposed.args[0].path, proposed.args[0].new) == ("test_sums.py", TESTS)
    assert "1 test was left out" in turn.notes.text()
    assert "the tests import module. Rename the file." in turn.notes.text()


def test_stop_keeps_what_was_written(desk: Any, tab: AskTab) -> None:
    desk.runtime.enqueue(Tokens("So far"), Stall())
    tab.composer.field.widget.setPlainText("Why?")
    tab.composer.send.widget.click()
    desk.until(lambda: tab.thread_view.turns and tab.thread_view.turns[-1].text == "So far")
    assert tab.composer.send.widget.text() == "Stop"
    assert not tab.task_buttons["explain"].isEnabled()
    with desk.qtbot.waitSignal(tab.ended):
        tab.composer.send.widget.click()
    turn = tab.thread_view.turns[-1]
    assert (turn.text, turn.notes.text()) == ("So far", "Stopped.")
    assert tab.composer.send.widget.text() == "Send"


def test_a_failure_says_why_and_may_be_tried_again(desk: Any, tab: AskTab) -> None:
    error = StudioError(ErrorCode.OUT_OF_MEMORY, "It does not fit.", "Close something.")
    turn = act(desk, tab, "document", Fail(error))
    assert "It does not fit." in turn.trouble.words.text()
    desk.runtime.enqueue(Result(code=CODE, verdict={"ran": False, "passed": True}))
    with desk.qtbot.waitSignal(tab.ended):
        turn.trouble.button.click()
    assert len(tab.thread_view.turns) == 1
    assert turn.chip.words == "not run"


def test_a_source_of_an_answer_is_opened_at_its_line(desk: Any, tab: AskTab) -> None:
    rows = [{"path": "sums.py", "line": 1, "name": "add"}]
    turn = send(desk, tab, "Where?", Result(text="In `add`.", edits=[], sources=rows))
    assert "sums.py:1</a> add" in turn.sources.text()
    with desk.qtbot.waitSignal(desk.workspace.goto_asked) as asked:
        turn.sources.linkActivated.emit("0")
    assert asked.args == ["sums.py", 1]


def test_a_conversation_outlives_a_restart(desk: Any, dock: Dock) -> None:
    send(desk, dock.ask, "Why?", Result(text="Because.", edits=[]))
    dock.ask.composer.field.widget.setPlainText("half a ques")
    dock.tabs.setCurrentWidget(dock.run)
    state = json.loads(json.dumps(dock.state()))
    again = desk.put(Dock(desk.ctx, desk.workspace))
    again.restore(state)
    assert [turn.text for turn in again.ask.thread_view.turns] == ["Because."]
    assert [turn.request.words for turn in again.ask.thread_view.turns] == ["Why?"]
    assert again.ask.composer.text == "half a ques"
    assert again.tabs.currentWidget() is again.run
    again.restore({"ask": {"turns": [3, {"task": 1, "answer": {"offers": 3}}]}, "tab": "x"})


def test_proposed_edits_and_what_was_shown_outlive_a_restart(desk: Any, dock: Dock) -> None:
    verdict = {"passed": True, "ran": True, "tests": {"passed": 3}}
    turn = act(desk, dock.ask, "fix", Result(code=FIXED, verdict=verdict))
    before = turn.chip.accessibleName()
    desk.workspace.current.set_text(f"# mine\n{CODE}")
    state = json.loads(json.dumps(dock.state()))
    again = desk.put(Dock(desk.ctx, desk.workspace))
    again.restore(state)
    (kept,) = again.ask.thread_view.turns
    assert kept.chip.accessibleName() == before
    assert [button.text() for button in kept.buttons] == ["Review changes"]
    with desk.qtbot.waitSignal(desk.workspace.proposed) as proposed:
        kept.buttons[0].click()
    proposal = proposed.args[0]
    assert (proposal.base, proposal.old, proposal.new) == (CODE, f"# mine\n{CODE}", FIXED)


def test_a_block_of_an_answer_goes_to_the_cursor(desk: Any, tab: AskTab) -> None:
    turn = send(desk, tab, "How?", Result(text="```python\nx = 1\n```\n", edits=[]))
    with desk.qtbot.waitSignal(desk.workspace.proposed) as proposed:
        turn.put_asked.emit("x = 1\n")
    assert proposed.args[0].new == CODE.replace("\n", "\nx = 1\n", 1)
    desk.workspace.decline()
    cursor = desk.workspace.current.cursor
    cursor.select(cursor.SelectionType.LineUnderCursor)
    with desk.qtbot.waitSignal(desk.workspace.proposed) as proposed:
        turn.put_asked.emit("x = 1\ny = 2\n")
    assert proposed.args[0].new == "x = 1\ny = 2\n    return a - b\n"


def test_a_new_conversation_knows_nothing_of_the_last(desk: Any, tab: AskTab) -> None:
    send(desk, tab, "Why?", Result(text="Because.", edits=[]))
    tab.anew.click()
    assert tab.thread_view.turns == []
    send(desk, tab, "How?", Result(text="So.", edits=[]))
    assert [each["content"] for each in rows(desk, "messages")] == ["How?"]
