"""Fixtures of the window's tests: a fresh window each, jobs and pages made by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QVBoxLayout, QWidget

from studio.api.window.context import Page
from studio.app import App
from studio.base.paths import StudioPaths
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.widgets.empty_states import ErrorState
from studio.desktop.window import window_state
from studio.desktop.window.activity import Activity
from studio.desktop.window.page_spec import PageSpec
from studio.desktop.window.shell import MainWindow
from studio.desktop.window.window_state import WindowState
from studio.testing.handmade import HandMadeBoard
from studio.testing.scripted import ScriptedRuntime


@pytest.fixture
def board() -> HandMadeBoard:
    return HandMadeBoard()


@pytest.fixture
def activity(qapp: QApplication, board: HandMadeBoard) -> Activity:
    activity = Activity()
    activity.watch(board)
    return activity


@pytest.fixture
def copied() -> list[str]:
    return []


@pytest.fixture
def make_window(
    qtbot: Any, look: Appearance, activity: Activity, copied: list[str]
) -> Callable[..., MainWindow]:
    def make(state: WindowState | None = None) -> MainWindow:
        window = MainWindow(look, activity, state or WindowState(), copied.append)
        qtbot.addWidget(window)
        window.show()
        qtbot.waitExposed(window)
        return window

    return make


@pytest.fixture
def window(make_window: Callable[..., MainWindow]) -> MainWindow:
    return make_window()


class NotePage:
    """A page that remembers what was written into it."""

    def __init__(self, title: str, with_panel: bool = False) -> None:
        self.built = 0
        self.title = title
        self.with_panel = with_panel

    def spec(self, **more: Any) -> PageSpec:
        name = self.title.lower()
        return PageSpec(f"{name}.page", self.title, "message-square", self.build, **more)

    def build(self) -> Page:
        self.built += 1
        widget = QWidget()
        layout = QVBoxLayout(widget)
        self.edit = QLineEdit()
        self.edit.setAccessibleName(self.title)
        layout.addWidget(QLabel(self.title))
        layout.addWidget(self.edit)
        return Page(
            widget,
            panel=QLabel(f"Parameters of {self.title}") if self.with_panel else None,
            save_state=lambda: {"text": self.edit.text()},
            restore_state=lambda state: self.edit.setText(state["text"]),
            focus=self.edit.setFocus,
        )


@pytest.fixture
def note_page() -> type[NotePage]:
    return NotePage


def problem_of(app: App) -> ErrorState | None:
    """Return what is shown where the studio could not be opened."""
    shown = app.window.pages.currentWidget()
    return shown if isinstance(shown, ErrorState) else None


@pytest.fixture
def runtime() -> ScriptedRuntime:
    return ScriptedRuntime()


class Runs:
    """Starts the window again and again, as a person would over days."""

    def __init__(
        self, qapp: QApplication, qtbot: Any, runtime: ScriptedRuntime, first_page: str
    ) -> None:
        self._qapp, self._qtbot, self._runtime = qapp, qtbot, runtime
        self._first_page = first_page
        self._app: App | None = None

    def __call__(self) -> App:
        self.end()
        is_light = bool(self._first_page) and not StudioPaths.default().state.exists()
        if is_light:
            window_state.save(StudioPaths.default().state, WindowState(page=self._first_page))
        self._app = app = App(self._qapp, launch=self._runtime.launch)
        app.look.theme.reduced_motion = True
        app.start()
        self._qtbot.waitUntil(lambda: bool(app.window.pages.current) or problem_of(app) is not None)
        if is_light and app.session is not None:
            app.session.studio.runtime.start()  # as Chat does
        return app

    def end(self) -> None:
        """Close the window that is open."""
        app, self._app = self._app, None
        if app is not None:
            app.window.may_close = lambda: True
            app.window.close()
            app.finish()
            app.window.deleteLater()


@pytest.fixture
def first_page() -> str:
    """The page with which a new window opens: a light one. Empty for that of the product, the
    start page, which no page needs."""
    return "studio.workflows"


@pytest.fixture
def start(
    qapp: QApplication, qtbot: Any, runtime: ScriptedRuntime, first_page: str
) -> Iterator[Runs]:
    runs = Runs(qapp, qtbot, runtime, first_page)
    yield runs
    runs.end()
