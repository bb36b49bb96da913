"""Fixtures of the window's tests: one look, a fresh window each, jobs and pages made by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QVBoxLayout, QWidget

from studio.api.gui import Page
from studio.core.job import Job, Recipe
from studio.desktop.activity import Activity
from studio.desktop.look import Look
from studio.desktop.page_spec import PageSpec
from studio.desktop.shell import MainWindow
from studio.desktop.theme import ThemeMode
from studio.desktop.window_state import WindowState
from studio.protocol.states import JobState


@pytest.fixture(scope="session")
def dressed(qapp: QApplication) -> Iterator[Look]:
    look = Look.dress(qapp, ThemeMode.DARK)
    look.theme.reduced_motion = True
    yield look
    look.theme.close()


@pytest.fixture
def look(dressed: Look) -> Iterator[Look]:
    dressed.theme.set_mode(ThemeMode.DARK)
    yield dressed
    dressed.theme.set_mode(ThemeMode.DARK)
    dressed.theme.reduced_motion = True


class Controls:
    """Stands for the board: notes what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def cancel(self, job: Job) -> None:
        self.asked.append(("cancel", job.id))

    def pause(self, job: Job) -> None:
        self.asked.append(("pause", job.id))

    def resume(self, job: Job) -> None:
        self.asked.append(("resume", job.id))

    def promote(self, job: Job) -> None:
        self.asked.append(("promote", job.id))


class HandMadeBoard:
    """A job board whose jobs a test moves by hand."""

    def __init__(self) -> None:
        self.controls = Controls()
        self._jobs: list[Job] = []
        self._observers: list[Callable[[Job], None]] = []

    def add(self, title: str, state: JobState = JobState.QUEUED, kind: str = "text") -> Job:
        recipe = Recipe("chat", "chat.reply", {}, 1, title, kind=kind)
        job = Job(f"job{len(self._jobs)}", "record", recipe, self.controls, _raise)
        self._jobs.append(job)
        if state is not JobState.QUEUED:
            job.become(state)
        self.changed(job)
        return job

    def changed(self, job: Job) -> None:
        for call in self._observers:
            call(job)

    def jobs(self) -> list[Job]:
        return list(self._jobs)

    def live(self) -> list[Job]:
        return [job for job in self._jobs if job.is_live]

    def forget_over(self) -> None:
        self._jobs = self.live()

    def on_change(self, call: Callable[[Job], None]) -> Callable[[], None]:
        self._observers.append(call)
        return lambda: self._observers.remove(call)


def _raise(plugin: str, where: str, error: BaseException) -> None:
    raise error


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
    qtbot: Any, look: Look, activity: Activity, copied: list[str]
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
