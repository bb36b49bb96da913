"""The thread: few widgets, a calm view, links that are handed on, the bar of a turn."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QLabel, QTextBrowser, QToolButton

from plugins.chat.tests.pages.scripted_answer import answer
from studio.testing.scripted import Stall, Tokens
from studio_chat.pages.thread.thread_view import LIVE, SLACK


def tool(card: Any, tip: str) -> QToolButton:
    return next(b for b in card.findChildren(QToolButton) if b.toolTip().startswith(tip))


def spot(card: Any, tip: str) -> QRect:
    """Return where a button of a card is, in the window."""
    button = tool(card, tip)
    return QRect(button.mapTo(button.window(), QPoint(0, 0)), button.size())


@pytest.mark.parametrize("mine", [True, False])
def test_the_arrows_of_versions_stay_put_when_the_mouse_comes(desk: Any, mine: bool) -> None:
    for text in ("one", "two", "three"):
        answer(desk, text)
    desk.say("First")
    if mine:
        desk.page.session.edit(desk.page.session.turns[0], "Second")
    else:
        desk.page.session.regenerate(desk.page.session.turns[1])
    desk.over()
    desk.say("And then?")
    card = desk.page.thread_view.cards[0 if mine else 1]
    QApplication.sendEvent(card, QEvent(QEvent.Type.Leave))
    desk.qtbot.wait_until(lambda: not tool(card, "Delete from here").isVisible())
    before = [spot(card, "Previous version"), spot(card, "Next version")]
    QApplication.sendEvent(card, QEnterEvent(QPointF(5, 5), QPointF(5, 5), QPointF(5, 5)))
    desk.qtbot.wait_until(lambda: tool(card, "Delete from here").isVisible())
    QApplication.processEvents()
    assert [spot(card, "Previous version"), spot(card, "Next version")] == before
    assert not any(
        spot(card, "Delete from here").adjusted(-8, 0, 8, 0).intersects(b) for b in before
    )


def long_thread(desk: Any, turns: int) -> str:
    store = desk.ctx.library.conversations
    conversation = store.create("long")
    parent = None
    for number in range(turns):
        role = "assistant" if number % 2 else "user"
        parent = store.add_message(conversation.id, parent, role, f"message {number}\n\nmore").id
    return str(conversation.id)


def test_only_turns_near_the_eye_are_widgets(desk: Any) -> None:
    desk.page.open(long_thread(desk, 120))
    desk.settled()
    thread = desk.page.thread_view
    desk.until(lambda: len(thread.cards) >= LIVE)
    assert thread.cards[-1].turn.content.startswith("message 119")
    thread.cards[-1].setFocus()  # what has the keyboard goes, and the view must not follow it
    bar = thread.verticalScrollBar()
    seen = set()
    for _ in range(3000):
        seen |= {card.turn.content.split()[1] for card in thread.cards}
        if bar.value() == 0 and thread._first == 0:
            break
        first = thread._first
        bar.setValue(bar.value() - 300)
        desk.qtbot.wait(1)
        assert thread._first <= first, "the view jumped towards the end"
    assert thread.cards[0].turn.content.startswith("message 0")
    assert len(thread.cards) <= LIVE + SLACK
    assert len(seen) == 120, "none was jumped over"
    thread.to_bottom()
    desk.until(lambda: bar.value() == bar.maximum() and thread._at_end)
    assert thread.cards[-1].turn.content.startswith("message 119")


def test_what_is_read_stays_in_place_while_older_turns_are_made(desk: Any) -> None:
    desk.page.open(long_thread(desk, 200))
    desk.settled()
    thread = desk.page.thread_view
    bar = thread.verticalScrollBar()
    # Before it is laid out, 500 may be the bottom, and the view stays at the bottom.
    desk.until(lambda: not thread._filler.isActive() and bar.maximum() > 1000)
    QApplication.processEvents()
    assert len(thread.cards) >= LIVE
    bar.setValue(500)
    (held, place), first = thread._held, thread._first
    desk.until(lambda: thread._first < first)
    assert thread._top(held) - bar.value() == place


def test_new_text_scrolls_only_for_who_is_at_the_bottom(desk: Any) -> None:
    desk.page.open(long_thread(desk, 40))
    desk.settled()
    thread = desk.page.thread_view
    bar = thread.verticalScrollBar()
    desk.until(lambda: len(thread.cards) == 40 and bar.maximum() > 1000)
    lines = [f"line {n}\n\n" for n in range(60)]
    desk.runtime.enqueue(Tokens(*lines[:30]), Stall(), Tokens(*lines[30:]))
    desk.begin("more")
    desk.until(
        lambda: desk.page.session.reply is not None and "line 29" in desk.page.session.reply.text
    )
    desk.until(lambda: bar.value() == bar.maximum())
    bar.setValue(bar.maximum() - 600)
    held, place = thread._held
    assert thread._down.isVisible()
    desk.runtime.release()
    desk.over()
    desk.until(lambda: thread.cards[-1].body.view.text.endswith("line 59\n\n"))
    desk.settled()
    assert thread._top(held) - bar.value() == place
    thread._down.click()
    desk.until(lambda: bar.value() == bar.maximum())


def test_the_first_message_is_as_wide_as_it_may_be(desk: Any) -> None:
    answer(desk, "ok")
    desk.say("many words " * 20)
    bubble = desk.page.thread_view.cards[0].body
    assert bubble.findChild(QTextBrowser).width() > bubble.width() // 2


def test_links_are_handed_to_the_window_and_never_opened(desk: Any) -> None:
    answer(desk, "see [this](https://example.org/a?b=1)")
    desk.say("hi")
    piece = desk.page.thread_view.cards[-1].body.view.pieces[0]
    piece.anchorClicked.emit("https://example.org/a?b=1")
    assert desk.links == ["https://example.org/a?b=1"]
    assert piece.toPlainText() == "see this"


def test_no_view_loads_anything(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(
        desk, "![x](https://example.org/a.png)\n\n| ![y](http://example.org/b.png) |\n|-|\n| 1 |"
    )
    desk.say("hi")
    for piece in desk.page.thread_view.cards[-1].body.view.pieces:
        assert piece.loadResource(2, "file:///etc/passwd") is None
        assert "<img" not in piece.toHtml()


def test_code_has_a_header_and_is_copied_whole(desk: Any) -> None:
    code = "x = 1\n" + "y" * 300
    answer(desk, f"```python\n{code}\n```")
    desk.say("hi")
    (piece,) = desk.page.thread_view.cards[-1].body.view.pieces
    assert "python" in [label.text() for label in piece.findChildren(QLabel)]
    piece._copy.click()
    assert desk.copied == [code]
    thread = desk.page.thread_view
    assert thread.horizontalScrollBar().maximum() == 0, "wide code scrolls by itself"
    desk.until(lambda: piece._code.horizontalScrollBar().maximum() > 0)


def test_a_change_of_theme_redraws_what_is_there(desk: Any) -> None:
    from studio.desktop.appearance.theme import ThemeMode

    answer(desk, "text\n\n```python\nimport os\n```\n\n| a |\n|-|\n| 1 |")
    desk.say("hi")
    desk.look.theme.set_mode(ThemeMode.LIGHT)
    view = desk.page.thread_view.cards[-1].body.view
    assert [type(piece).__name__ for piece in view.pieces] == ["TextView", "CodeView", "TableView"]
    desk.look.theme.set_mode(ThemeMode.DARK)
    assert view.pieces[1].text == "import os"
