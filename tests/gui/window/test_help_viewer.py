"""The help in the window: the right place, back and forward, search, and nothing from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QApplication, QToolButton

from studio.app import App
from studio.desktop.appearance.theme import ThemeMode
from studio.desktop.forms.form import ParamsFormWidget
from studio.desktop.pages.page_frame import HELP
from studio.desktop.window.help_viewer import HelpViewer
from studio.desktop.window.window_session import WindowSession


@pytest.fixture
def session(start: Callable[[], App]) -> WindowSession:
    app = start()
    assert app.session is not None
    return app.session


@pytest.fixture
def viewer(session: WindowSession) -> HelpViewer:
    return session.help


def click(qtbot: Any, widget: Any) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def test_f1_opens_the_page_in_view_and_closes_it_again(session: WindowSession, qtbot: Any) -> None:
    session.window.activateWindow()
    qtbot.waitUntil(session.window.isActiveWindow)
    qtbot.keyClick(QApplication.focusWidget() or session.window, Qt.Key.Key_F1)
    assert session.help.isVisible()
    assert session.help.address == "workflows"
    assert "Workflows and the queue" in session.help.text.toPlainText()
    session.show_help()
    assert not session.help.isVisible()


@pytest.mark.parametrize("first_page", ["image.page"])
def test_f1_in_a_form_opens_its_parameters(session: WindowSession, qtbot: Any) -> None:
    forms = session.window.panel.findChildren(ParamsFormWidget)
    form = next(form for form in forms if form.isVisible())
    form.row("negative").editor.widget.setFocus()
    session.show_help()
    assert session.help.address == "pictures#image.generate"
    assert session.help.geometry().right() < session.window.panel.geometry().left() + 1
    session.help.dismiss()
    click(qtbot, session.window.panel.help)
    assert session.help.address == "pictures#image.generate"


@pytest.mark.parametrize(
    ("first_page", "topic"),
    [("studio.models", "models"), ("studio.settings", "settings"), ("studio.gallery", "library")],
)
def test_the_question_mark_of_a_page_opens_its_help(
    session: WindowSession, topic: str, qtbot: Any
) -> None:
    session.window.open_page(session.window.pages.current)  # a second look connects nothing twice
    page = session.window.pages.page()
    assert page is not None
    [button] = page.widget.findChildren(QToolButton, HELP)
    click(qtbot, button)
    assert session.help.address == topic
    assert session.help._place == 0


def test_links_lead_on_and_the_way_back(viewer: HelpViewer, qtbot: Any) -> None:
    viewer.open("first-steps")
    viewer.text.anchorClicked.emit(QUrl("pictures.md#image.enlarge"))
    assert viewer.address == "pictures#image.enlarge"
    assert viewer.text.verticalScrollBar().value() > 500, "the anchor was found"
    qtbot.keyClick(viewer.text, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert viewer.address == "first-steps"
    click(qtbot, viewer._forward)
    assert viewer.address == "pictures#image.enlarge"
    click(qtbot, viewer._contents)
    assert "Chat and write" in viewer.text.toPlainText()
    qtbot.keyClick(viewer.text, Qt.Key.Key_Escape)
    assert not viewer.isVisible()


def test_a_search_lists_sections_that_lead_there(viewer: HelpViewer, qtbot: Any) -> None:
    viewer.open()
    viewer.search.setText("negative prompt")
    qtbot.keyClick(viewer.search, Qt.Key.Key_Return)
    assert "sections with “negative prompt”" in viewer.text.toPlainText()
    assert "pictures.md#image.generate" in viewer.text.toHtml()


def test_an_address_of_the_web_is_shown_and_not_fetched(
    session: WindowSession, viewer: HelpViewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(viewer, "_open_link", shown.append)
    viewer.open("first-steps")
    viewer.text.anchorClicked.emit(QUrl("https://example.org/x"))
    assert shown == ["https://example.org/x"]
    kind = int(QTextDocument.ResourceType.ImageResource.value)
    for name in ("https://example.org/a.png", "/etc/passwd", "pictures/../contents.toml"):
        assert viewer.text.loadResource(kind, QUrl(name)) is None
    assert viewer.text.loadResource(kind, QUrl("pictures/chat-light.png")) is not None


def test_pictures_and_words_follow_the_theme(session: WindowSession, viewer: HelpViewer) -> None:
    def corner() -> int:
        picture = viewer.picture("pictures/chat-light.png")
        assert picture is not None
        return picture.pixelColor(3, 3).lightness()

    theme = session.window.look.theme
    theme.set_mode(ThemeMode.DARK)
    viewer.open("chat")
    dark = corner()
    theme.set_mode(ThemeMode.LIGHT)
    assert corner() > dark + 100
    picture = viewer.picture("pictures/chat-light.png")
    assert picture is not None
    assert picture.width() <= viewer.text.viewport().width()


def test_the_palette_finds_sections_of_the_help(session: WindowSession) -> None:
    session.palette.toggle()
    session.palette._edit.setText("see its origin")
    assert session.palette.visible_titles()[0] == "See its origin"
    session.palette._run(session.palette._list.currentIndex())
    assert session.help.address == "library#see-its-origin"


def test_the_help_of_one_form_of_settings_is_the_page(session: WindowSession) -> None:
    session.window.open_page("studio.settings")
    page = session.window.pages.page()
    assert page is not None
    form = page.widget.findChild(ParamsFormWidget)
    assert session._address(form) == "settings"
