"""The start page: words begin a conversation, cards make examples, and what is missing is named."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from studio.api.artifacts import NewArtifact
from studio.app import App
from studio.desktop.pages.home import HomePage, PageCard
from studio.testing.scripted import ScriptedRuntime, Stall
from tests.gui.conftest import Runs


@pytest.fixture
def first_page() -> str:
    """The start page itself."""
    return ""


def _home(app: App) -> HomePage:
    page = app.window.pages.page("studio.home")
    assert page is not None
    assert isinstance(page.widget, HomePage)
    return page.widget


def _card(app: App, page: str) -> PageCard:
    return next(card for card in _home(app).findChildren(PageCard) if card.spec.id == page)


def _words(widget: QWidget) -> list[str]:
    return [label.text() for label in widget.findChildren(QLabel) if label.isVisible()]


def test_what_is_typed_begins_a_conversation(start: Runs) -> None:
    app = start()
    assert app.window.pages.current == "studio.home"
    for letter in "Why?":
        receiver = app.window.focusWidget()
        assert receiver is not None
        QTest.keyClicks(receiver, letter)
    assert app.window.pages.current == "chat.page"
    page = app.window.pages.page("chat.page")
    assert page is not None
    chat: Any = page.widget
    assert chat.composer.text == "Why?"
    assert _home(app).ask.text() == ""


def test_what_is_typed_and_sent_before_the_page_is_there_is_asked(
    start: Runs, qtbot: Any, runtime: ScriptedRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.desktop.window.page_host import PageHost

    focus = PageHost.focus_skeleton

    def typing(host: PageHost) -> None:
        focus(host)
        assert host.skeleton is not None
        field = host.skeleton.focusProxy()
        QTest.keyClicks(field, "Why?")
        QTest.keyClick(field, Qt.Key.Key_Return)

    monkeypatch.setattr(PageHost, "focus_skeleton", typing)
    app = start()
    assert app.session is not None
    studio = app.session.studio
    qtbot.waitUntil(lambda: bool(studio.jobs.live()) or bool(runtime.submitted))
    assert app.window.pages.current == "chat.page"
    marked = [button.spec.id for button in app.window.rail.buttons() if button.isChecked()]
    assert marked == ["chat.page"]


def test_each_page_for_making_has_a_card_that_opens_it(start: Runs) -> None:
    app = start()
    made = [spec for spec in app.session.workspace.specs() if spec.group == "make"]  # type: ignore[union-attr]
    cards = _home(app).findChildren(PageCard)
    assert [card.spec.id for card in cards] == [spec.id for spec in made]
    assert all(spec.summary for spec in made)
    _card(app, "chat.study").click()
    assert app.window.pages.current == "chat.study"


@pytest.mark.parametrize(
    ("page", "task"),
    [
        ("chat.page", "chat.reply"),
        ("image.page", "image.generate"),
        ("music.page", "music.compose"),
        ("music.sound", "music.effect"),
        ("molecules.page", "molecules.generate"),
        ("code.page", "code.write"),
        ("lab.page", "lab.train"),
    ],
)
def test_an_example_is_made_at_one_click(
    start: Runs, qtbot: Any, runtime: ScriptedRuntime, page: str, task: str
) -> None:
    app = start()
    runtime.enqueue(Stall())
    _card(app, page).example.click()
    assert app.window.pages.current == page
    qtbot.waitUntil(lambda: any(submit.task == task for submit in runtime.submitted))
    (submit,) = (submit for submit in runtime.submitted if submit.task == task)
    spec = app.window.pages.spec(page)
    assert spec is not None
    assert spec.example is not None
    for name, value in spec.example.params.items():
        if name != "prompt" or page != "chat.page":  # a conversation's messages are inputs
            assert submit.params[name] == value, name


def test_what_was_made_last_is_shown_and_opens_in_the_library(start: Runs, qtbot: Any) -> None:
    app = start()
    assert app.session is not None
    home, library = _home(app), app.session.studio.library
    assert home.latest is None
    for title in ("First", "Second"):
        library.add_artifact(NewArtifact("text", b"x", ".txt", title=title))
    qtbot.waitUntil(lambda: home.latest is not None and home.latest.isVisible())
    assert home.latest is not None
    grid = home.latest.grid
    qtbot.waitUntil(lambda: grid.model().rowCount() == 2)
    newest = grid.model().index(0, 0).data(Qt.ItemDataRole.UserRole)
    assert newest.title == "Second"


def test_a_model_that_is_missing_is_offered(start: Runs, qtbot: Any) -> None:
    app = start()
    home = _home(app)
    qtbot.waitUntil(home.missing.isVisible)
    buttons = [button.accessibleName() for button in home.missing.findChildren(QPushButton)]
    assert any(name.startswith("Download (") and "Whisper" in name for name in buttons), buttons
    assert "Missing on this computer" in _words(home.missing)
