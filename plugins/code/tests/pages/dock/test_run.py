"""Running under the hands of the user: consent, output, tests, problems, what a fix is handed."""

from __future__ import annotations

import time
from typing import Any

import pytest
from PySide6.QtCore import QEventLoop, QTimer

from studio.api import ErrorCode, StudioError
from studio.testing.scripted import Fail, Result, Stall, Tokens
from studio_code.pages.run.output_view import KEPT
from studio_code.pages.run.tab import RunTab

CODE = "import socket\nprint(open('x').read())\n"
GOOD = {"exit_code": 0, "ended": "exit", "tier": "A", "seconds": 0.1, "tests": []}
FAILED_TEST = {
    "name": "test_main.py::test_it",
    "outcome": "failed",
    "message": "assert 1 == 2",
    "line": 2,
}


@pytest.fixture
def tab(desk: Any) -> RunTab:
    desk.open("test_main.py", "def test_it():\n    assert 1 == 2\n")
    desk.open("main.py", CODE)
    return desk.put(RunTab(desk.ctx, desk.workspace))


def agree(desk: Any, tab: RunTab) -> None:
    """Run once, with consent; the sandbox is looked at first."""
    desk.runtime.enqueue(Result(**GOOD))
    desk.runtime.enqueue(Result(**GOOD))
    tab.run_button.click()
    desk.until(lambda: tab.card.isVisible())
    with desk.qtbot.waitSignal(tab.ended):
        tab.card.run.click()


def files(desk: Any, number: int) -> list[dict[str, str]]:
    """Return what was handed in with a job."""
    inputs = desk.runtime.inputs_of(desk.runtime.submitted[number])
    found: list[dict[str, str]] = inputs.json("files", list[dict[str, str]], [])
    return found


def run(desk: Any, tab: RunTab, *lines: Any, mode: str = "run") -> None:
    desk.runtime.enqueue(*lines)
    with desk.qtbot.waitSignal(tab.ended):
        tab.start(mode)


def test_the_first_run_asks_and_the_next_does_not(desk: Any, tab: RunTab) -> None:
    desk.runtime.enqueue(Result(**GOOD))
    tab.run_button.click()
    desk.until(lambda: tab.card.isVisible())
    assert "socket (main.py:1)" in tab.card.words.text()
    assert "open() (main.py:2)" in tab.card.words.text()
    assert "Full sandbox:" in tab.card.sandbox.text()
    assert len(desk.runtime.submitted) == 1, "only an empty program has run"
    assert files(desk, 0) == [{"path": "nothing.py", "text": ""}]
    tab.arguments.setText("--fast")
    desk.runtime.enqueue(Tokens("hello\n", channel="stdout"), Result(**GOOD))
    with desk.qtbot.waitSignal(tab.ended):
        tab.card.run.click()
    asked = desk.runtime.submitted[1].params
    assert (asked["path"], asked["mode"], asked["arguments"]) == ("main.py", "run", "--fast")
    assert {each["path"] for each in files(desk, 1)} == {"main.py", "test_main.py"}
    desk.until(lambda: "hello" in tab.output.toPlainText())
    run(desk, tab, Result(**GOOD), mode="test")
    asked = desk.runtime.submitted[2].params
    assert (asked["mode"], asked["arguments"]) == ("test", ""), "those are the program's"
    run(desk, tab, Result(**GOOD))
    assert tab.summary.text().endswith(": Finished (exit code 0). 0.1 s. Full sandbox."), (
        "and whose it is"
    )


def test_a_new_want_is_asked_for(desk: Any, tab: RunTab) -> None:
    agree(desk, tab)
    desk.workspace.current.set_text("import subprocess\n")
    tab.run_button.click()
    desk.until(lambda: tab.card.isVisible())
    assert "subprocess" in tab.card.words.text()


def test_no_sandbox_no_run(desk: Any, tab: RunTab) -> None:
    no = StudioError(
        ErrorCode.UNSUPPORTED, "Code cannot be run on this machine: no user namespaces."
    )
    desk.runtime.enqueue(Fail(no))
    tab.run_button.click()
    desk.until(lambda: tab.card.isVisible())
    assert "no user namespaces" in tab.card.sandbox.text()
    assert not tab.card.run.isEnabled()


def test_failed_tests_lead_to_their_line_and_to_a_fix(desk: Any, tab: RunTab) -> None:
    agree(desk, tab)
    passed = {"name": "test_main.py::test_b", "outcome": "passed", "message": "", "line": 9}
    run(desk, tab, Result(**{**GOOD, "exit_code": 1, "tests": [passed, FAILED_TEST]}), mode="test")
    assert tab.chip.words == "Failed · 1 of 2 tests failed"
    assert tab.chip.accessibleName().startswith("Failed")
    first = tab.findings.topLevelItem(0)
    assert (first.text(0), first.text(1)) == ("test_it", "assert 1 == 2")
    with desk.qtbot.waitSignal(desk.workspace.goto_asked) as went:
        tab.findings.itemActivated.emit(first, 0)
    assert went.args == ["test_main.py", 2]
    with desk.qtbot.waitSignal(tab.fix_asked) as asked:
        tab.fix_button.click()
    fault = asked.args[0]
    assert (fault.path, "assert 1 == 2" in fault.error) == ("main.py", True)
    assert fault.tests.startswith("def test_it")


def test_stop_and_failure(desk: Any, tab: RunTab) -> None:
    agree(desk, tab)
    desk.runtime.enqueue(Tokens("tick\n", channel="stdout"), Stall())
    tab.start("run")
    desk.until(lambda: "tick" in tab.output.toPlainText())
    assert tab.progress.widget.isVisible()
    with desk.qtbot.waitSignal(tab.ended):
        tab.progress.stop()
    assert "Stopped" in tab.summary.text()
    run(desk, tab, Fail(StudioError(ErrorCode.RUNTIME_LOST, "The runtime ended.")))
    assert "The runtime ended." in tab.trouble.words.text()
    assert tab.run_button.isEnabled()


def test_only_python_is_run(desk: Any, tab: RunTab) -> None:
    desk.open("page.html", "<p>")
    assert not tab.run_button.isEnabled()
    assert "page.html is HTML" in tab.why_not.text()


def test_ten_megabytes_of_output_do_not_hold_the_window(desk: Any, tab: RunTab) -> None:
    line = "a line of output that is long enough to be like others, and a bit more of it\n"
    chunk = line * (65_536 // len(line))
    longest, last = 0.0, time.thread_time()

    def tick() -> None:
        nonlocal longest, last
        now = time.thread_time()
        longest, last = max(longest, now - last), now

    timer = QTimer()
    timer.timeout.connect(tick)
    timer.start(0)
    for _ in range(160):
        tab.output.add(chunk, "stdout")
    loop = QEventLoop()
    tab.output.settled.connect(loop.quit)
    began = last = time.thread_time()
    loop.exec()
    timer.stop()
    whole = time.thread_time() - began
    print(f"whole {whole:.3f} s, longest step {longest:.4f} s")
    assert len(tab.output.toPlainText()) <= KEPT
    assert tab.output.toPlainText().endswith(line)
    assert "output truncated" in tab.output.toPlainText()
    assert longest < whole / 5  # both of this thread's own work: a slow machine slows both


def test_a_line_without_end_is_broken(desk: Any, tab: RunTab) -> None:
    with desk.qtbot.waitSignal(tab.output.settled):
        tab.output.add("x" * 9_000, "stdout")
        tab.output.add("y" * 9_000, "stdout")
    assert max(map(len, tab.output.toPlainText().split("\n"))) <= 2_000
    assert tab.output.toPlainText().replace("\n", "") == "x" * 9_000 + "y" * 9_000
