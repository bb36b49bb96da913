"""The page under the hands of its user: composer, keys, what it says without a model."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtWidgets import QAbstractButton, QMenu, QWidget

from plugins.chat.tests.pages.scripted_answer import answer
from studio.api import ErrorCode, StudioError
from studio.api.artifacts import NewArtifact
from studio.protocol.messages import Prepare
from studio.testing.scripted import Fail, Result, Stall, Tokens
from studio_chat.pages.commands import page_actions
from studio_chat.pages.composer import MAX_LINES
from studio_chat.pages.thread.sent_message import send_message


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


def test_the_first_letter_has_the_model_loaded_ahead(desk: Any) -> None:
    desk.qtbot.keyClicks(desk.page.composer.field, "one")
    wanted = Prepare(desk.page.composer.weights)
    desk.until(lambda: wanted in desk.runtime.received)
    answer(desk, "ok")
    desk.qtbot.keyClick(desk.page.composer.field, Qt.Key.Key_Return)
    desk.over()
    assert desk.runtime.received.count(wanted) == 1


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
    saved = desk.ctx.library.add(NewArtifact("text", b"a **poem**", suffix=".md", title="Poem"))
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


def test_a_message_becomes_a_result_that_knows_it_and_is_sent(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(desk, "A fox in the snow")
    desk.begin("What shall I draw?")
    desk.over()
    turn = desk.page.session.turns[-1]
    desk.until(lambda: bool(turn.id))
    sent: list[Any] = []
    ctx = desk.page._ctx
    monkeypatch.setattr(
        type(ctx), "send_to", lambda self, made: [("Code", lambda: sent.append(made))]
    )
    send_message(ctx, turn, desk.page)
    menus = desk.page.window().findChildren
    desk.until(lambda: any(menu.isVisible() for menu in menus(QMenu)))
    menu = next(menu for menu in menus(QMenu) if menu.isVisible())
    (action,) = menu.actions()
    assert action.text() == "Send to Code"
    action.trigger()
    menu.close()
    (made,) = sent
    assert (made.kind, made.text) == ("text", "A fox in the snow")
    assert desk.studio.library.inputs(made.id) == [turn.id]
    tree = desk.studio.library.families.around(made.id)
    assert tree.members[turn.id].title == "A fox in the snow"


def test_enter_sends_an_edited_message_and_shift_enter_begins_a_line(desk: Any) -> None:
    answer(desk, "One.")
    desk.say("first")
    card = desk.page.thread_view.cards[0]
    card.edit()
    field = card._editor.field
    desk.qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    desk.qtbot.keyClicks(field, "second line")
    assert card._editor is not None
    answer(desk, "Two.")
    desk.qtbot.keyClick(field, Qt.Key.Key_Return)
    desk.over()
    assert desk.thread() == [("user", "first\nsecond line"), ("assistant", "Two.")]


def test_an_edit_that_was_not_sent_waits_as_a_draft(desk: Any) -> None:
    answer(desk, "One.")
    desk.say("first")
    conversation = desk.page.session.id
    card = desk.page.thread_view.cards[0]
    card.edit()
    card._editor.field.setPlainText("first, said better")
    desk.page.new()
    assert desk.page.composer.text == ""
    desk.page.open(conversation)
    assert desk.page.composer.text == "first, said better"


def test_a_message_that_is_too_long_becomes_a_document(desk: Any) -> None:
    desk.runtime.enqueue(Fail(StudioError(ErrorCode.CONTEXT_TOO_LONG, "Too long.", "Shorten it.")))
    desk.say("a long story " * 50)
    status = desk.page.thread_view.last_card(mine=False).body.status
    assert status.attach.isVisible()
    desk.qtbot.mouseClick(status.attach, Qt.MouseButton.LeftButton)
    desk.settled()
    assert desk.thread() == []
    (path,) = desk.page.composer.attachments.documents
    assert Path(path).read_text("utf-8") == ("a long story " * 50).strip()
    desk.runtime.enqueue(Fail(StudioError(ErrorCode.INTERNAL, "Broken.")))
    desk.say("what is it about?")
    assert desk.runtime.submitted[-1].params["documents"] == [path]
    card = desk.page.thread_view.last_card(mine=False)
    assert not card.body.status.attach.isVisible(), "control: another error"


def test_no_button_of_the_composer_is_cut_off_where_it_is_narrow(desk: Any) -> None:
    answer(desk, "ok")
    desk.say("Hi")
    composer = desk.page.composer
    composer.meter.show_use(10, 100)

    def is_cut(part: QWidget) -> bool:
        right = part.mapTo(composer, part.rect().topRight()).x()
        return right >= composer.width() or part.width() < part.minimumSizeHint().width()

    def all_fit(width: int) -> bool:
        shown = [each for each in composer.findChildren(QAbstractButton) if each.isVisible()]
        is_there = composer.tools.widget in shown and abs(composer.width() - width) < 5
        return is_there and not any(map(is_cut, (*shown, composer.meter)))

    for width in (380, 480, 519, 620):
        desk.page.resize(width + 56, 740)
        desk.until(partial(all_fit, width))
