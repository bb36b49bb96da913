"""Pages of plugins in the real window: a task without a page gets one, a bad plugin is named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QWidget

from studio.app import App
from studio.desktop.forms.form import ParamsFormWidget
from studio.desktop.widgets.empty_states import ErrorState
from studio.protocol.errors import ErrorCode, StudioError
from studio.testing.plugins import importable
from studio.testing.scripted import Artifact, Fail, Result, ScriptedRuntime, Step, Tokens
from tests.gui.conftest import Runs

PLUGINS = Path(__file__).parents[2] / "plugins"


@pytest.fixture(autouse=True)
def plugins(monkeypatch: Any) -> Iterator[None]:
    folders = (PLUGINS / "good", PLUGINS / "bad")
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", os.pathsep.join(map(str, folders)))
    with importable(*folders):
        yield


def _words(widget: QWidget) -> str:
    return " ".join(label.text() for label in widget.findChildren(QLabel) if label.text())


def _run(app: App, text: str) -> QWidget:
    """Open the page of the echo and start its task."""
    assert app.window.open_page("echo.say")
    page = app.window.pages.page("echo.say")
    assert page is not None
    assert page.panel is not None
    form = page.panel.findChild(ParamsFormWidget)
    form.set_values({"text": text})
    next(action for action in page.actions if action.id == "echo.say.run").run()
    return page.widget


def test_a_task_without_a_page_gets_one_that_runs_it(
    start: Runs, runtime: ScriptedRuntime, qtbot: Any
) -> None:
    app = start()
    made = Artifact("text", b"hello hello", ".txt", title="An echo", text="hello hello")
    runtime.enqueue(Step(1, 2, "half"), Tokens("hello ", "hello"), made, Result(words=2))
    page = _run(app, "hello")
    qtbot.waitUntil(lambda: "Done" in _words(page))
    assert runtime.submitted[-1].params["text"] == "hello"
    texts = " ".join(edit.toPlainText() for edit in page.findChildren(QPlainTextEdit))
    assert "hello hello" in texts + _words(page)


def test_bad_input_is_told_and_nothing_is_sent(
    start: Runs, runtime: ScriptedRuntime, qtbot: Any
) -> None:
    app = start()
    _run(app, "")
    told = " ".join(card.notice.message for card in app.window.notices.cards())
    assert "Text is missing" in told + _words(app.window)
    assert runtime.submitted == []


def test_a_task_that_fails_says_why(start: Runs, runtime: ScriptedRuntime, qtbot: Any) -> None:
    app = start()
    runtime.enqueue(
        Fail(StudioError(ErrorCode.BAD_WEIGHTS, "The file is cut short.", "Copy it again."))
    )
    page = _run(app, "hello")
    qtbot.waitUntil(lambda: "The file is cut short." in _words(page))


def test_a_plugin_that_cannot_be_loaded_is_named_and_the_rest_goes_on(
    start: Runs, qtbot: Any
) -> None:
    app = start()
    rail = [button.spec.id for button in app.window.rail.buttons()]
    assert "echo.say" in rail
    assert "bad_schema.run" in rail
    app.window.open_page("bad_schema.run")
    shown = app.window.pages.currentWidget()
    assert isinstance(shown, ErrorState)
    assert "bad_schema" in _words(shown)
    next(b for b in shown.findChildren(QPushButton) if b.text() == "Try again").click()
    assert isinstance(app.window.pages.currentWidget(), ErrorState), "it is no better now"
    assert app.window.open_page("echo.say")
    assert app.window.pages.page("echo.say") is not None
