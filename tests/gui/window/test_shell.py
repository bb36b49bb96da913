"""The window: pages open when asked, a broken one stays alone, keys reach all, state comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from studio.api.window.context import Page, PageAction
from studio.desktop.widgets.empty_states import ErrorState
from studio.desktop.widgets.sheet import Sheet
from studio.desktop.window import rail
from studio.desktop.window.confirmation import show_confirm
from studio.desktop.window.page_spec import START, STUDIO, WORK, PageSpec
from studio.desktop.window.shell import MainWindow
from studio.desktop.window.window_state import KnownPage, WindowState
from studio.protocol.errors import ErrorCode, StudioError
from tests.gui.names import nameless

KeyStroke = Callable[[MainWindow, Qt.Key], None]


@pytest.fixture
def press(qtbot: Any) -> KeyStroke:
    def press(window: MainWindow, key: Qt.Key) -> None:
        window.activateWindow()
        qtbot.keyClick(
            QApplication.focusWidget() or window, key, Qt.KeyboardModifier.ControlModifier
        )

    return press


def _button(widget: QWidget | None, text: str) -> QPushButton:
    assert widget is not None
    return next(b for b in widget.findChildren(QPushButton) if b.text() == text)


def test_a_page_is_built_when_it_is_first_opened(window: MainWindow, note_page: Any) -> None:
    one, other = note_page("One"), note_page("Other")
    window.set_pages([one.spec(), other.spec()])
    assert (one.built, other.built) == (0, 0)
    window.open_page("one.page")
    window.open_page("other.page")
    window.open_page("one.page")
    assert (one.built, other.built) == (1, 1)
    assert window.pages.current == "one.page"
    assert "One" in window.windowTitle()


def test_the_rail_marks_the_open_page_and_opens_by_click(
    window: MainWindow, note_page: Any, qtbot: Any
) -> None:
    window.set_pages([note_page("One").spec(), note_page("Other").spec(group=STUDIO)])
    first, last = window.rail.buttons()
    assert "Ctrl+1" in first.toolTip()
    qtbot.mouseClick(last, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.pages.current == "other.page")
    assert (first.isChecked(), last.isChecked()) == (False, True)


def test_numbers_open_pages(
    window: MainWindow, note_page: Any, press: KeyStroke, qtbot: Any
) -> None:
    window.set_pages([note_page("One").spec(), note_page("Other").spec()])
    window.open_page("one.page")
    press(window, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: window.pages.current == "other.page")
    press(window, Qt.Key.Key_1)
    assert window.pages.current == "one.page"


def test_arrows_walk_through_the_rail(window: MainWindow, note_page: Any, qtbot: Any) -> None:
    window.set_pages([note_page("One").spec(), note_page("Other").spec()])
    first, last = window.rail.buttons()
    first.setFocus()
    qtbot.keyClick(first, Qt.Key.Key_Down)
    assert last.hasFocus()
    qtbot.keyClick(last, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.pages.current == "other.page")


def test_a_new_page_is_built_and_shown_apart_and_the_last_wish_counts(
    window: MainWindow, note_page: Any, qtbot: Any
) -> None:
    one, other, between = note_page("One"), note_page("Other"), []

    def build() -> Page:
        QTimer.singleShot(0, lambda: between.append(window.pages.current))
        return one.build()

    window.set_pages([replace(one.spec(), build=build), other.spec()])
    window.go_to("other.page")
    window.go_to("one.page")
    assert (one.built, window.rail.buttons()[0].isChecked()) == (0, True), "said before it is made"
    qtbot.waitUntil(lambda: window.pages.current == "one.page")
    assert (between, other.built) == ([""], 0), "what came meanwhile had its turn"
    window.open_page("other.page")
    window.go_to("one.page")
    assert window.pages.current == "one.page", "built before, so at once"


def test_a_page_that_raises_is_named_and_can_be_tried_again(
    window: MainWindow, note_page: Any, copied: list[str], qtbot: Any
) -> None:
    attempts: list[int] = []
    good = note_page("Pictures")

    def build() -> Page:
        attempts.append(1)
        if len(attempts) == 1:
            raise ValueError("no such thing")
        return good.build()

    window.set_pages(
        [
            note_page("Chat").spec(),
            PageSpec("pictures.page", "Pictures", "image", build, plugin="Painter"),
        ]
    )
    window.open_page("chat.page")
    window.open_page("pictures.page")
    state = window.pages.currentWidget()
    assert isinstance(state, ErrorState)
    _button(state, "Copy report").click()
    assert "Painter" in copied[0]
    assert "ValueError: no such thing" in copied[0]
    _button(state, "Try again").click()
    assert window.pages.currentWidget() is good.edit.parentWidget()
    assert window.open_page("chat.page")


def test_an_expected_failure_is_told_in_its_own_words(window: MainWindow) -> None:
    def build() -> Page:
        raise StudioError(ErrorCode.UNSUPPORTED, "It needs a sound card.", "Plug one in.")

    window.set_pages([PageSpec("music.page", "Music", "music", build, plugin="Music")])
    window.open_page("music.page")
    words = [
        label.text()
        for label in window.pages.currentWidget().findChildren(QWidget)
        if hasattr(label, "text")
    ]
    assert "It needs a sound card. Plug one in." in words


def test_page_state_survives_a_restart(
    make_window: Callable[..., MainWindow], note_page: Any
) -> None:
    page = note_page("Notes", with_panel=True)
    first = make_window()
    first.set_pages([page.spec()])
    first.open_page("notes.page")
    page.edit.setText("half a thought")
    first.fold_panel(True)
    first.resize(1000, 700)
    state = first.keep_state()

    again = note_page("Notes", with_panel=True)
    second = make_window(state)
    assert [b.spec.id for b in second.rail.buttons()] == ["notes.page"], "the rail is there at once"
    second.set_pages([again.spec()])
    second.open_page(state.page)
    assert again.edit.text() == "half a thought"
    assert not second.panel.isVisible()
    assert (second.width(), second.height()) == (1000, 700)


def test_a_page_that_cannot_bear_its_state_still_opens(
    make_window: Callable[..., MainWindow], note_page: Any
) -> None:
    page = note_page("Notes")
    window = make_window(WindowState(pages={"notes.page": {"of another version": 1}}))
    window.set_pages([page.spec()])
    window.open_page("notes.page")
    assert window.pages.page() is not None
    assert page.edit.text() == ""


@pytest.mark.parametrize("bad", [lambda: {}["missing"], lambda: {"what": object()}])
def test_a_page_whose_state_cannot_be_kept_keeps_the_others(
    window: MainWindow, note_page: Any, bad: Callable[[], Any]
) -> None:
    page = note_page("Notes")

    def build() -> Page:
        built = note_page("Bad").build()
        built.save_state = bad
        return built

    window.set_pages([page.spec(), PageSpec("bad.page", "Bad", "x", build)])
    window.open_page("notes.page")
    window.open_page("bad.page")
    page.edit.setText("kept")
    assert window.keep_state().pages == {"notes.page": {"text": "kept"}}


def test_a_window_is_never_restored_off_screen(make_window: Callable[..., MainWindow]) -> None:
    window = make_window(WindowState(geometry=(90_000, 90_000, 1000, 700)))
    screen = window.screen().virtualGeometry()
    assert screen.contains(window.geometry().topLeft())


def test_a_window_does_not_wander_from_start_to_start(
    make_window: Callable[..., MainWindow], qtbot: Any
) -> None:
    window = make_window(WindowState(geometry=(40, 50, 1000, 640)))
    window.show()
    qtbot.waitExposed(window)
    assert window.geometry().topLeft() != window.pos(), "without a frame this shows nothing"
    assert window.keep_state().geometry == (40, 50, 1000, 640)


def test_a_question_shows_all_of_its_words(window: MainWindow, qtbot: Any) -> None:
    question = "One job is still running, and closing stops it. " * 3
    show_confirm(window.look, window.center, "Close?", question, "Close", lambda: None)
    sheet = window.findChild(Sheet)
    words = next(label for label in sheet.findChildren(QLabel) if label.wordWrap())
    qtbot.waitUntil(lambda: sheet.card.width() == 440)
    assert words.heightForWidth(words.width()) > words.fontMetrics().height(), "more than a line"
    assert words.height() >= words.heightForWidth(words.width())


def test_the_panel_follows_the_page_and_folds(
    window: MainWindow, note_page: Any, qtbot: Any
) -> None:
    window.set_pages([note_page("With", with_panel=True).spec(), note_page("Without").spec()])
    window.open_page("with.page")
    assert window.panel.isVisible()
    window.open_page("without.page")
    assert not window.panel.isVisible()
    assert not window.status_bar.panel_button.isVisible(), "there is nothing to unfold"
    window.open_page("with.page")
    qtbot.mouseClick(window.status_bar.panel_button, Qt.MouseButton.LeftButton)
    assert not window.panel.isVisible()
    window.toggle_panel()
    assert window.panel.isVisible()


def test_the_page_takes_the_keyboard(window: MainWindow, note_page: Any, qtbot: Any) -> None:
    page = note_page("Notes")
    window.set_pages([page.spec()])
    window.open_page("notes.page")
    qtbot.waitUntil(page.edit.hasFocus)


def test_keys_of_a_page_hold_while_it_is_in_view(
    window: MainWindow, note_page: Any, press: KeyStroke
) -> None:
    ran: list[str] = []
    one, other = note_page("One"), note_page("Other")

    def build() -> Page:
        page = one.build()
        page.actions = [PageAction("one.go", "Go", lambda: ran.append("go"), shortcut="Ctrl+G")]
        return page

    window.set_pages([PageSpec("one.page", "One", "x", build), other.spec()])
    window.open_page("one.page")
    press(window, Qt.Key.Key_G)
    assert ran == ["go"]
    window.open_page("other.page")
    press(window, Qt.Key.Key_G)
    assert ran == ["go"]


def test_a_plugin_that_goes_takes_its_page_along(window: MainWindow, note_page: Any) -> None:
    one, other = note_page("One"), note_page("Other")
    window.set_pages([one.spec(), other.spec()])
    window.open_page("one.page")
    window.open_page("other.page")
    window.set_pages([other.spec()])
    assert [b.spec.id for b in window.rail.buttons()] == ["other.page"]
    assert list(window.pages.built()) == ["other.page"]
    window.set_pages([one.spec()])
    assert window.pages.current == "", "the page in view went with its plugin"


def test_it_fits_into_a_small_window(window: MainWindow, note_page: Any) -> None:
    window.set_pages([note_page("Notes", with_panel=True).spec()])
    window.open_page("notes.page")
    window.resize(900, 600)
    assert (window.width(), window.height()) == (900, 600)
    assert window.pages.width() > 500


def test_tab_goes_rail_page_parameters_status(
    window: MainWindow, note_page: Any, qtbot: Any
) -> None:
    notes = note_page("Notes", with_panel=True)
    window.set_pages([notes.spec(), note_page("Settings").spec(group=STUDIO)])
    window.open_page("notes.page")
    (first, last), seen = window.rail.buttons(), []
    first.setFocus()
    for _ in range(8):
        widget = QApplication.focusWidget()
        assert widget is not None
        seen.append(widget)
        qtbot.keyClick(widget, Qt.Key.Key_Tab)
    assert seen[:4] == [first, last, window.rail.stops()[-1], notes.edit]
    assert window.panel.isAncestorOf(seen[4])
    assert window.panel.isAncestorOf(seen[5])
    assert window.status_bar.isAncestorOf(seen[6])


def test_the_rail_has_groups_in_order_whatever_the_order_of_the_pages(
    window: MainWindow, note_page: Any, press: KeyStroke, qtbot: Any
) -> None:
    pages = [
        note_page("Settings").spec(group=STUDIO),
        note_page("Chat").spec(),
        note_page("Library").spec(group=WORK),
        note_page("Home").spec(group=START),
    ]
    window.set_pages(pages)
    buttons = window.rail.buttons()
    assert [button.spec.title for button in buttons] == ["Home", "Chat", "Library", "Settings"]
    assert [button.keys for button in buttons] == ["Alt+Home", "Ctrl+1", "Ctrl+2", "Ctrl+3"]
    tops = [button.mapTo(window, QPoint(0, 0)).y() for button in buttons]
    assert tops == sorted(set(tops))
    words = [label.text() for label in window.rail.findChildren(QLabel) if label.isVisible()]
    assert words == ["Make", "Your work", "Studio"]
    press(window, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: window.pages.current == "library.page")


def test_the_rail_folds_to_icons_and_is_so_again_after_a_restart(
    make_window: Callable[..., MainWindow], note_page: Any, qtbot: Any
) -> None:
    window = make_window()
    window.set_pages([note_page("Notes").spec()])
    window.resize(1280, 700)
    assert (window.rail.is_folded, window.rail.width()) == (False, rail.WIDTH)
    qtbot.mouseClick(window.rail.stops()[-1], Qt.MouseButton.LeftButton)
    assert (window.rail.is_folded, window.rail.width()) == (True, rail.FOLDED)
    assert window.rail.buttons()[0].toolTip() == "Notes  Ctrl+1"
    assert not [label for label in window.rail.findChildren(QLabel) if label.isVisible()]
    again = make_window(window.keep_state())
    again.set_pages([note_page("Notes").spec()])
    assert again.rail.is_folded
    again.toggle_rail()
    assert not again.keep_state().rail_folded


def test_a_narrow_window_folds_the_rail_and_a_wide_one_shows_the_names_again(
    window: MainWindow, note_page: Any
) -> None:
    window.set_pages([note_page("Notes").spec()])
    window.resize(1280, 700)
    window.resize(1000, 700)
    assert window.rail.is_folded
    assert not window.rail.stops()[-1].isVisible(), "there is no room to show the names"
    window.toggle_rail()
    window.resize(1280, 700)
    assert not window.rail.is_folded, "the user has not folded it"


def test_many_plugins_do_not_stretch_the_window(window: MainWindow, note_page: Any) -> None:
    window.set_pages(
        [note_page(f"Page {number}").spec() for number in range(30)]
        + [note_page("Settings").spec(group=STUDIO)]
    )
    window.resize(900, 600)
    assert window.height() == 600
    last = window.rail.buttons()[-1]
    below = last.mapTo(window, last.rect().bottomLeft()).y()
    assert below < window.status_bar.mapTo(window, QPoint(0, 0)).y()


def test_the_ring_is_shown_to_keyboard_users_only(
    window: MainWindow, note_page: Any, qtbot: Any
) -> None:
    window.set_pages([note_page("One").spec(), note_page("Other").spec()])
    ring, (first, _) = window._focus_ring, window.rail.buttons()
    first.setFocus(Qt.FocusReason.MouseFocusReason)
    assert not ring.isVisible()
    first.clearFocus()
    qtbot.keyClick(window, Qt.Key.Key_Tab)
    qtbot.waitUntil(ring.isVisible)
    around = QApplication.focusWidget()
    assert around is not None
    assert ring.geometry().contains(around.mapTo(window, around.rect().center()))


def test_every_control_of_the_shell_has_a_name(window: MainWindow, note_page: Any) -> None:
    window.set_pages([note_page("Notes", with_panel=True).spec()])
    window.open_page("notes.page")
    window.drawer.open()
    assert nameless(window) == []


def test_closing_can_be_refused(window: MainWindow, qtbot: Any) -> None:
    window.may_close = lambda: False
    window.close()
    assert window.isVisible()
    window.may_close = lambda: True
    with qtbot.waitSignal(window.closing):
        window.close()
    assert not window.isVisible()


def test_the_first_frame_is_told_once(make_window: Callable[..., MainWindow], qtbot: Any) -> None:
    window = make_window(WindowState(rail=(KnownPage("a.page", "A", "box"),)))
    told: list[int] = []
    window.painted.connect(lambda: told.append(1))
    window._was_painted = False
    window.repaint()
    window.repaint()
    qtbot.waitUntil(lambda: bool(told))
    assert told == [1]
