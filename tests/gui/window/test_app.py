"""The whole window over a real library and a scripted runtime: opens, fills, survives, closes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit, QPushButton, QWidget

from studio.api.artifacts import NewArtifact
from studio.api.jobs import JobRequest
from studio.app import App
from studio.base.paths import StudioPaths
from studio.desktop.widgets.sheet import Sheet
from studio.desktop.widgets.switch_bar import SwitchBar
from studio.desktop.window import window_state
from studio.jobs import queue_start
from studio.jobs.queue_start import QueueStart
from studio.library import Library
from studio.testing.scripted import ScriptedRuntime, Stall
from tests.gui.conftest import Runs, problem_of
from tests.gui.names import nameless


def _button(widget: QWidget, text: str) -> QPushButton:
    return next(b for b in widget.findChildren(QPushButton) if b.text() == text)


def _words(widget: QWidget) -> str:
    return " ".join(label.text() for label in widget.findChildren(QLabel))


def _messages(app: App) -> str:
    return " ".join(card.notice.message for card in app.window.notices.cards())


@pytest.fixture
def first_page() -> str:
    """That of the product."""
    return ""


def test_a_damaged_library_is_repaired_before_the_pages_come(start: Runs, qtbot: Any) -> None:
    paths = StudioPaths.default()
    with Library.open(paths) as library:
        made = library.add_artifact(NewArtifact("text", b"kept", ".txt", title="Kept"))
    (paths.library / "library.db").write_bytes(b"no database " * 1000)
    app = start()
    assert app.session is not None
    assert app.session.studio.library.artifact(made.id).title == "Kept"
    qtbot.waitUntil(lambda: "has been rebuilt from your files" in _messages(app))


def test_a_repair_says_how_far_it_is(start: Runs) -> None:
    app = start()
    app.window.show_repair(1200, 3400)
    assert "The library is being repaired" in _words(app.window)
    assert "1,200 of 3,400 results." in _words(app.window)


def test_it_opens_with_pages_and_a_runtime(start: Runs, qtbot: Any) -> None:
    app = start()
    assert app.activity.runtime_state == "off", "nobody has used it yet"
    QTest.keyClick(app.window.windowHandle(), Qt.Key.Key_Shift)
    qtbot.waitUntil(lambda: app.activity.runtime_state == "ready")
    pages = [button.spec.id for button in app.window.rail.buttons()]
    assert pages[:2] == ["studio.home", "chat.page"]
    own = ["gallery", "workflows", "models", "plugins", "device", "settings"]
    assert pages[-len(own) :] == [f"studio.{name}" for name in own]
    assert app.window.pages.current == "studio.home"
    assert app.window.pages.page() is not None
    assert app.window.banner.isHidden()


def test_each_page_opens_and_names_its_controls(start: Runs) -> None:
    app = start()
    own = ("gallery", "workflows", "models", "device", "plugins", "settings")
    for page in ("studio.home", "chat.page", *(f"studio.{name}" for name in own)):
        app.window.open_page(page)
        assert app.window.pages.page(page) is not None
        assert nameless(app.window) == [], page


def test_what_was_open_is_open_again(start: Runs) -> None:
    app = start()
    app.window.open_page("studio.models")
    app.window.resize(1010, 666)
    again = start()
    assert again.window.pages.current == "studio.models"
    assert (again.window.width(), again.window.height()) == (1010, 666)


def test_a_second_studio_names_the_first_and_saves_nothing(start: Runs) -> None:
    with Library.open(StudioPaths.default()):
        app = start()
        assert "Another copy of Offline Studio" in _words(app.window.banner)
        assert app.window.banner.isVisible()
        assert app.window.pages.page() is not None, "looking around still works"


@pytest.fixture
def in_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file where the home should be."""
    file = tmp_path / "file"
    file.write_text("x")
    monkeypatch.setenv("STUDIO_HOME", str(file / "home"))
    return file


def test_without_a_home_the_window_stays_and_offers_a_way_on(
    start: Runs, in_the_way: Path, qtbot: Any
) -> None:
    app = start()
    state = problem_of(app)
    assert state is not None
    assert "STUDIO_HOME" in _words(state)
    _button(state, "Continue without saving").click()
    qtbot.waitUntil(lambda: app.window.pages.current == "studio.home")
    assert app.window.banner.isVisible()


def test_a_bug_while_opening_is_told_in_the_window(start: Runs, monkeypatch: Any) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a half-written module")

    monkeypatch.setattr("studio.desktop.window.window_session.WindowSession.open", broken)
    state = problem_of(start())
    assert state is not None
    assert "a half-written module" in _words(state)


def test_a_home_that_was_mended_is_taken_at_the_next_try(
    start: Runs, in_the_way: Path, qtbot: Any
) -> None:
    app = start()
    state = problem_of(app)
    assert state is not None
    in_the_way.unlink()
    _button(state, "Try again").click()
    qtbot.waitUntil(lambda: app.window.pages.current == "studio.home")
    assert app.window.banner.isHidden()


def test_a_bug_in_a_slot_keeps_the_state_and_is_told(start: Runs, qtbot: Any) -> None:
    app = start()
    app.window.open_page("studio.models")
    try:
        raise LookupError("a slot went wrong")
    except LookupError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    qtbot.waitUntil(lambda: "An unexpected error occurred in Offline Studio" in _messages(app))
    paths = StudioPaths.default()
    assert window_state.load(paths.state).page == "studio.models"
    assert "a slot went wrong" in (paths.logs / "crash.log").read_text("utf-8")


def test_a_crash_is_offered_once_at_the_next_start(start: Runs, qapp: QApplication) -> None:
    logs = StudioPaths.default().logs
    logs.mkdir(parents=True, exist_ok=True)
    (logs / "crash-native.log").write_text("Fatal Python error: Segmentation fault\n")
    app = start()
    assert "closed unexpectedly" in _messages(app)
    card = app.window.notices.cards()[-1]
    _button(card, "Copy report").click()
    assert "Segmentation fault" in qapp.clipboard().text()
    assert "closed unexpectedly" not in _messages(start())


def test_closing_while_a_job_runs_asks_first(
    start: Runs, runtime: ScriptedRuntime, qtbot: Any
) -> None:
    app = start()
    assert app.session is not None
    runtime.enqueue(Stall())
    app.session.studio.submit(JobRequest("chat.reply", {"prompt": "Hello"}, keep=False))
    qtbot.waitUntil(lambda: bool(app.activity.live()))
    app.window.close()
    assert app.window.isVisible()
    sheet = app.window.findChild(Sheet)
    assert "1 job is still running" in _words(sheet)
    _button(sheet, "Stop and close").click()
    assert not app.window.isVisible()


def test_the_palette_finds_a_conversation_and_opens_it(start: Runs, qtbot: Any) -> None:
    with Library.open(StudioPaths.default()) as library:
        talk = library.conversations.create("Stairs and railings")
        library.conversations.add_message(talk.id, None, "user", "How steep may stairs be?")
    app = start()
    assert app.session is not None
    app.session.palette.toggle()
    app.session.palette._edit.setText("railings")
    assert app.session.palette.visible_titles()[0] == "Stairs and railings"
    app.session.palette._run(app.session.palette._rows.index(0))
    page = app.window.pages.page("chat.page")
    assert page is not None
    qtbot.waitUntil(lambda: "Stairs and railings" in _words(page.widget))


def test_a_file_nobody_knows_is_said(start: Runs, tmp_path: Path, qtbot: Any) -> None:
    app = start()
    app.window.files_dropped.emit([tmp_path / "thing.xyz"])
    assert "This page can't open thing.xyz" in _messages(app)


def test_theme_and_motion_survive_a_restart(start: Runs) -> None:
    app = start()
    assert app.session is not None
    light = next(a for a in app.session._shell_actions() if a.id == "theme-light")
    light.run()
    assert not app.look.theme.tokens.dark
    assert not start().look.theme.tokens.dark


def test_sheets_of_the_shell_open_and_close_by_key(start: Runs, qtbot: Any) -> None:
    app = start()
    assert app.session is not None
    for show in (app.session.show_about, app.session.show_shortcuts):
        show()
        sheet = next(s for s in app.window.findChildren(Sheet) if s.isVisible())
        assert nameless(sheet) == []
        qtbot.keyClick(sheet.close_button, Qt.Key.Key_Escape)
        assert not sheet.isVisible()


def test_the_list_of_keys_has_those_of_the_page_in_view_and_none_twice(start: Runs) -> None:
    app = start()
    assert app.session is not None
    for page in ("chat.page", "studio.models"):
        app.window.open_page(page)
    groups = dict(app.session._shortcut_groups())
    assert groups["This page"] == []
    app.window.open_page("chat.page")
    groups = dict(app.session._shortcut_groups())
    keys = [keys for rows in groups.values() for _, keys in rows]
    assert "Ctrl+N" in keys
    assert len(keys) == len(set(keys))


def test_about_names_versions_and_licences(start: Runs) -> None:
    app = start()
    assert app.session is not None
    app.session.show_about()
    sheet = next(s for s in app.window.findChildren(Sheet) if s.isVisible())
    words = _words(sheet) + " ".join(b.text() for b in sheet.findChildren(QPushButton))
    for expected in ("Inter", "JetBrains Mono", "Lucide", "SIL OFL", "Qt 6", "msgspec"):
        assert expected in words
    licence = next(b for b in sheet.findChildren(QPushButton) if "Inter" in b.accessibleName())
    licence.click()
    assert "SIL OPEN FONT LICENSE" in sheet.findChild(QPlainTextEdit).toPlainText().upper()


def test_what_becomes_of_the_queue_at_a_start_is_a_setting(start: Runs) -> None:
    app = start()
    assert app.session is not None
    settings = app.session.studio.settings
    assert app.window.open_page("studio.settings")
    bars = app.window.findChildren(SwitchBar)
    bar = next(each for each in bars if each.accessibleName() == "Queue at start")
    assert queue_start.how(settings) is QueueStart.GO_ON
    bar.buttons["ask"].click()
    assert queue_start.how(settings) is QueueStart.ASK


def test_models_of_other_programs_are_offered_once_and_used_after_one_click(
    start: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: Any
) -> None:
    user = tmp_path / "user"
    for name in ("HF_HUB_CACHE", "HF_HOME", "OLLAMA_MODELS", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    model = user / ".lmstudio" / "models" / "ada" / "tiny" / "Tiny.gguf"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"GGUF" + bytes(28))
    (user / "ComfyUI" / "models").mkdir(parents=True)
    monkeypatch.setattr(Path, "home", lambda: user)

    def offers(app: Any) -> list[Any]:
        return [n for n in app.session.studio.notices.all if n.key == "models.neighbours"]

    app = start()
    qtbot.waitUntil(lambda: bool(offers(app)))
    (notice,) = offers(app)
    assert "Models of LM Studio, ComfyUI were found" in notice.message
    assert "lmstudio-tiny" not in app.session.studio.weights.ids()
    notice.actions[0].run()
    qtbot.waitUntil(lambda: "lmstudio-tiny" in app.session.studio.weights.ids())
    again = start()
    assert offers(again) == []
    assert "lmstudio-tiny" in again.session.studio.weights.ids()
