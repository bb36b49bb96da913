"""The page under the hands of its user: composer, list, thread, keys."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QLabel, QTextBrowser, QToolButton

from studio.testing.scripted import Result, Stall, Tokens
from studio_chat.pages.commands import page_actions
from studio_chat.pages.composer import MAX_LINES
from studio_chat.pages.conversations.model import CONVERSATION, HEADING
from studio_chat.pages.thread.thread_view import LIVE, SLACK


def answer(desk: Any, text: str) -> None:
    desk.runtime.enqueue(Tokens(text), Result(tokens=1, prompt_tokens=10, context_length=100))


def titles(desk: Any) -> list[str]:
    model = desk.page.list.model
    return [model.index(row).data() for row in range(model.rowCount())]


def row_of(desk: Any, title: str) -> Any:
    model = desk.page.list.model
    rows = [model.index(n) for n in range(model.rowCount())]
    return next(i for i in rows if i.data() == title and not i.data(HEADING))


def tool(card: Any, tip: str) -> QToolButton:
    return next(b for b in card.findChildren(QToolButton) if b.toolTip().startswith(tip))


def spot(card: Any, tip: str) -> QRect:
    """Return where a button of a card is, in the window."""
    button = tool(card, tip)
    return QRect(button.mapTo(button.window(), QPoint(0, 0)), button.size())


# --- the bar of a turn --------------------------------------------------------------------------


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


# --- composer -----------------------------------------------------------------------------------


def test_enter_sends_and_shift_enter_does_not(desk: Any) -> None:
    answer(desk, "ok")
    field = desk.page.composer.field
    desk.qtbot.keyClicks(field, "one")
    desk.qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    desk.qtbot.keyClicks(field, "two")
    assert desk.thread() == []
    desk.qtbot.keyClick(field, Qt.Key.Key_Return)
    desk.over()
    assert desk.thread()[0] == ("user", "one\ntwo")


def test_after_stop_the_keyboard_is_in_the_composer(desk: Any) -> None:
    desk.runtime.enqueue(Tokens("so far"), Stall())
    desk.begin("Hi")
    desk.until(lambda: desk.page.composer._stop.isVisible())
    desk.qtbot.mouseClick(desk.page.composer._stop, Qt.MouseButton.LeftButton)
    desk.over()
    assert desk.page.composer.field.hasFocus()


def test_an_answer_that_ends_under_the_keyboard_on_stop_gives_it_to_the_composer(
    desk: Any,
) -> None:
    desk.runtime.enqueue(Tokens("so far"), Stall(), Result())
    desk.begin("Hi")
    desk.until(lambda: desk.page.session.busy and desk.page.session.reply.text == "so far")
    desk.page.composer._stop.setFocus()
    desk.runtime.release()
    desk.over()
    assert desk.page.composer.field.hasFocus()


def test_return_while_an_answer_is_written_keeps_the_words_and_says_why(desk: Any) -> None:
    desk.runtime.enqueue(Tokens("so far"), Stall(), Result())
    desk.begin("Hi")
    desk.until(lambda: desk.page.session.busy and desk.page.session.reply.text == "so far")
    composer = desk.page.composer
    desk.qtbot.keyClicks(composer.field, "castle")
    desk.qtbot.keyClick(composer.field, Qt.Key.Key_Return)
    assert composer.text == "castle"
    assert composer._trouble.isVisible()
    assert "being written" in composer._trouble.text()
    desk.runtime.release()
    desk.over()
    assert not composer._trouble.isVisible()
    assert composer.text == "castle"


def test_with_the_setting_only_ctrl_enter_sends(desk: Any) -> None:
    desk.ctx.settings.set("send_with_ctrl", True)
    answer(desk, "ok")
    field = desk.page.composer.field
    desk.qtbot.keyClicks(field, "one")
    desk.qtbot.keyClick(field, Qt.Key.Key_Return)
    assert desk.thread() == []
    desk.qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    desk.over()
    assert desk.thread()[0] == ("user", "one")


def test_the_field_grows_to_its_limit(desk: Any) -> None:
    field = desk.page.composer.field
    heights = []
    for lines in (1, 3, MAX_LINES, MAX_LINES + 5):
        field.setPlainText("\n".join("x" * lines))
        desk.qtbot.wait(1)
        heights.append(field.height())
    assert heights[0] < heights[1] < heights[2] == heights[3]


def paste(desk: Any, text: str) -> None:
    data = QMimeData()
    data.setText(text)
    desk.page.composer.field.insertFromMimeData(data)


def test_ten_megabytes_are_refused_in_a_sentence_and_nothing_is_lost(desk: Any) -> None:
    desk.page.composer.field.setPlainText("my words")
    paste(desk, "x" * 10_000_000)
    assert desk.page.composer.text == "my words"
    said = desk.page.composer._trouble.text()
    assert "10,000,000 characters" in said
    assert not desk.page.composer._trouble.isHidden()
    answer(desk, "fine")
    desk.page.composer.send()
    desk.over()
    assert desk.thread()[-1] == ("assistant", "fine")


def test_much_text_is_kept_beside_the_field_and_sent_below_the_words(desk: Any) -> None:
    block = "line of text\n" * 8_000
    answer(desk, "read")
    desk.page.composer.field.setPlainText("Sum this up:")
    paste(desk, block)
    assert desk.page.composer.field.toPlainText() == "Sum this up:"
    desk.page.composer.send()
    desk.over()
    assert desk.thread()[0] == ("user", f"Sum this up:\n\n{block}")
    assert desk.page.composer.text == ""


def test_pictures_and_markup_are_pasted_as_text(desk: Any) -> None:
    data = QMimeData()
    data.setHtml("<b>bold</b><img src='file:///etc/passwd'>")
    data.setText("bold")
    desk.page.composer.field.insertFromMimeData(data)
    assert desk.page.composer.text == "bold"


def test_nothing_can_be_sent_twice_or_empty(desk: Any) -> None:
    desk.page.composer.field.setPlainText("   ")
    desk.page.composer.send()
    desk.runtime.enqueue(Stall())
    desk.begin("go")
    desk.until(lambda: len(desk.runtime.submitted) == 1)
    desk.page.composer.field.setPlainText("impatient")
    desk.page.composer.send()
    assert desk.page.composer.text == "impatient"
    desk.page.session.stop()
    desk.over()
    assert len(desk.runtime.submitted) == 1


def test_the_meter_learns_the_context_and_counts(desk: Any) -> None:
    assert desk.page.composer.meter.isHidden()
    answer(desk, "ok")
    desk.say("hi")
    desk.until(lambda: not desk.page.composer.meter.isHidden())
    assert "11 of 100" in desk.page.composer.meter.toolTip()


# --- keys ---------------------------------------------------------------------------------------


def test_escape_stops_and_up_edits_the_last_message(desk: Any) -> None:
    desk.runtime.enqueue(Tokens("half"), Stall())
    desk.begin("go")
    desk.until(lambda: desk.page.session.reply is not None and desk.page.session.reply.text != "")
    desk.qtbot.keyClick(desk.page.composer.field, Qt.Key.Key_Escape)
    desk.over()
    desk.qtbot.keyClick(desk.page.composer.field, Qt.Key.Key_Up)
    editor = desk.page.thread_view.cards[0]._editor
    assert editor is not None
    assert editor.field.toPlainText() == "go"
    answer(desk, "again")
    editor.field.setPlainText("go on")
    desk.qtbot.keyClick(editor.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    desk.over()
    assert desk.thread() == [("user", "go on"), ("assistant", "again")]


def test_escape_leaves_an_edit_alone(desk: Any) -> None:
    answer(desk, "ok")
    desk.say("as it was")
    desk.page.edit_last()
    editor = desk.page.thread_view.cards[0]._editor
    editor.field.setPlainText("other")
    desk.qtbot.keyClick(editor.field, Qt.Key.Key_Escape)
    assert desk.page.thread_view.cards[0]._editor is None
    assert desk.thread()[0] == ("user", "as it was")


def test_every_action_has_a_title_and_keys_are_not_given_twice(desk: Any) -> None:
    actions = page_actions(desk.page)
    keys = [action.shortcut for action in actions if action.shortcut]
    assert len(keys) == len(set(keys))
    assert all(action.title and action.icon for action in actions)


def test_the_last_answer_can_be_copied(desk: Any) -> None:
    answer(desk, "**bold** words")
    desk.say("hi")
    desk.page.copy_last()
    assert desk.copied == ["**bold** words"]


def test_everything_that_takes_keys_has_a_name(desk: Any) -> None:
    answer(desk, "```py\nx = 1\n```")
    desk.say("hi")
    for widget in desk.page.findChildren(object):
        takes_keys = getattr(widget, "focusPolicy", lambda: Qt.FocusPolicy.NoFocus)()
        if takes_keys & Qt.FocusPolicy.TabFocus and widget.isVisible():
            assert widget.accessibleName(), f"{type(widget).__name__} has no name"


# --- list ---------------------------------------------------------------------------------------


def test_conversations_are_listed_newest_first_under_their_day(desk: Any) -> None:
    for question in ("first talk", "second talk"):
        answer(desk, "ok")
        desk.say(question)
        desk.page.new()
    desk.settled()
    assert titles(desk) == ["Today", "second talk", "first talk"]


def test_search_finds_what_was_said(desk: Any) -> None:
    for question, said in (("apples", "sweet and sour"), ("pears", "soft")):
        answer(desk, said)
        desk.say(question)
        desk.page.new()
    desk.page.search()
    assert desk.page.list.isVisible()
    desk.qtbot.keyClicks(desk.page.list.search, "sour")
    desk.until(lambda: titles(desk) == ["Found", "apples"])
    desk.page.list.search.clear()
    desk.until(lambda: len(titles(desk)) == 3)


def test_renaming_pinning_and_binning(desk: Any) -> None:
    for question in ("one", "two"):
        answer(desk, "ok")
        desk.say(question)
        desk.page.new()
    desk.settled()
    model, index = desk.page.list.model, row_of(desk, "one")
    assert model.setData(index, "uno")
    desk.settled()
    assert "uno" in titles(desk)
    desk.page.list._pin(row_of(desk, "uno").data(CONVERSATION))
    desk.settled()
    assert titles(desk)[:2] == ["Pinned", "uno"]
    desk.page.list.bin(row_of(desk, "two").data(CONVERSATION))
    desk.settled()
    assert "two" not in titles(desk)
    (notice,) = [n for n in desk.studio.notices.all if n.actions]
    notice.actions[0].run()
    desk.settled()
    assert "two" in titles(desk)
    assert desk.thread()[0] == ("user", "two"), "what is brought back is opened"


def test_binning_the_open_conversation_stops_its_reply(desk: Any) -> None:
    desk.runtime.enqueue(Tokens("half"), Stall())
    desk.begin("go")
    desk.until(lambda: desk.page.session.reply is not None and desk.page.session.reply.text != "")
    session = desk.page.session
    desk.settled()
    desk.page.list.bin(row_of(desk, "go").data(CONVERSATION))
    desk.until(lambda: not session.busy)
    desk.settled()
    assert desk.page.session.id == ""
    assert titles(desk) == []


def test_renaming_in_the_title_bar_reaches_the_list(desk: Any) -> None:
    answer(desk, "ok")
    desk.say("dull title")
    desk.page.title.edit()
    desk.page.title._field.setText("A better one")
    desk.qtbot.keyClick(desk.page.title._field, Qt.Key.Key_Return)
    desk.settled()
    desk.until(lambda: "A better one" in titles(desk))


def test_a_narrow_page_hides_the_list_until_it_is_asked_for(desk: Any) -> None:
    desk.page.resize(500, 600)
    assert desk.page.list.isHidden()
    desk.page.toggle_list()
    assert not desk.page.list.isHidden()


# --- thread -------------------------------------------------------------------------------------


def long_thread(desk: Any, turns: int) -> str:
    store = desk.ctx.library.conversations
    conversation = store.create("long")
    parent = None
    for number in range(turns):
        role = "assistant" if number % 2 else "user"
        parent = store.add_message(conversation.id, parent, role, f"message {number}\n\nmore").id
    return str(conversation.id)


def test_only_turns_near_the_eye_are_widgets(desk: Any) -> None:
    desk.page.open(long_thread(desk, 200))
    desk.settled()
    thread = desk.page.thread_view
    desk.until(lambda: len(thread.cards) >= LIVE)
    assert thread.cards[-1].turn.content.startswith("message 199")
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
    assert len(seen) == 200, "none was jumped over"
    thread.to_bottom()
    desk.until(lambda: bar.value() == bar.maximum() and thread._at_end)
    assert thread.cards[-1].turn.content.startswith("message 199")


def test_what_is_read_stays_in_place_while_older_turns_are_made(desk: Any) -> None:
    desk.page.open(long_thread(desk, 200))
    desk.settled()
    thread = desk.page.thread_view
    desk.until(lambda: len(thread.cards) >= LIVE)
    bar = thread.verticalScrollBar()
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
    before = bar.value()
    assert thread._down.isVisible()
    desk.runtime.release()
    desk.over()
    desk.until(lambda: thread.cards[-1].body.view.text.endswith("line 59\n\n"))
    desk.qtbot.wait(50)
    assert bar.value() == before
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


# --- without a model ----------------------------------------------------------------------------


def test_without_a_model_the_page_says_how_to_add_one_and_keeps_the_draft(desk: Any) -> None:
    desk.studio.weights.folders = ()
    desk.studio.weights.rescan()
    desk.page._show_weights()
    assert desk.page.middle.currentWidget() is desk.page.no_weights
    desk.page.composer.field.setPlainText("later")
    desk.page.composer.send()
    assert desk.page.composer.text == "later"
    assert desk.thread() == []


def test_an_example_is_sent_by_one_click(desk: Any) -> None:
    answer(desk, "red, yellow, blue")
    assert desk.page.middle.currentWidget() is desk.page.welcome
    desk.page._start_example("Name three primary colours.")
    desk.over()
    assert desk.thread()[0] == ("user", "Name three primary colours.")


def test_a_text_that_was_sent_here_lands_in_the_composer(desk: Any) -> None:
    saved = desk.ctx.library.add("text", b"a **poem**", suffix=".md", title="Poem")
    desk.page.accept(saved)
    desk.settled()
    assert desk.page.composer.text == "a **poem**"


def test_a_page_as_narrow_as_a_telephone_cuts_nothing_off(desk: Any) -> None:
    answer(
        desk,
        "word " * 40
        + "\n\n```\n"
        + "x" * 200
        + "\n```\n\n| a | b | c | d |\n|-|-|-|-|\n| 1 | 2 | 3 | 4 |",
    )
    desk.say("averylongwordwithoutaspace" * 6)
    desk.window.resize(300, 640)
    desk.page.resize(300, 640)
    viewport = desk.page.thread_view.viewport()
    for card in desk.page.thread_view.cards:
        desk.until(lambda card=card: 0 < card.width() <= viewport.width() - 28)


def test_defaults_of_the_weights_are_shown_and_what_was_changed_by_hand_stays(desk: Any) -> None:
    limited = {"temperature": 0.9, "top_k": 7, "context_limit": 600}
    desk.studio.weights_manager.remarks.set_defaults("tiny", limited)
    page, form = desk.page, desk.page.parameters.form
    page.new()
    assert (
        form.values()["temperature"],
        form.values()["top_k"],
    ) == (0.9, 7)
    desk.runtime.enqueue(Tokens("Hello."))
    desk.say("Hi")
    sent = desk.runtime.submitted[-1].params
    assert (sent["temperature"], sent["top_k"]) == (0.9, 7)
    assert "of 600 tokens" in page.composer.meter.toolTip()
    form.set_values({**form.values(), "top_k": 9})
    page.parameters.use_defaults("other weights")
    assert (
        form.values()["temperature"],
        form.values()["top_k"],
    ) == (0.3, 9)


# --- what to expect -----------------------------------------------------------------------------


def test_weights_that_are_often_wrong_say_so_and_better_ones_are_one_click_away(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(desk.ctx.weights, "get_set", shown.append)
    monkeypatch.setattr(
        desk.ctx.weights, "to_get", lambda _for: [("coder", "Coder", 1_117_000_000)]
    )
    welcome = desk.page.welcome
    welcome.refresh("tiny")
    assert not welcome._caution.isVisible()
    assert not welcome._better.isVisible()
    said = "A very small model: quick, and often wrong."
    monkeypatch.setattr(desk.ctx.weights, "caution", {"tiny": said}.get)
    welcome.refresh("tiny")
    assert welcome._caution.text() == said
    assert welcome._caution.isVisible()
    assert welcome._better.text() == "Download a better one: Coder (1.1 GB)"
    desk.qtbot.mouseClick(welcome._better, Qt.MouseButton.LeftButton)
    assert shown == ["coder"]
    monkeypatch.setattr(desk.ctx.weights, "to_get", lambda _for: [])
    welcome.refresh("tiny")
    assert welcome._caution.isVisible()
    assert not welcome._better.isVisible()
