"""The field that asks: it grows, Return runs, a paste that is too long is refused whole."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QImage

SHIFT = Qt.KeyboardModifier.ShiftModifier


def field(desk: Any, **more: Any) -> Any:
    prompt = desk.put(desk.kit.prompt_field("Prompt", **more))
    desk.until(prompt.isVisible)
    return prompt


def words(text: str) -> QMimeData:
    data = QMimeData()
    data.setText(text)
    return data


def test_return_runs_and_shift_return_begins_a_line(desk: Any) -> None:
    asked, prompt = [], field(desk)
    prompt.on_return(lambda: asked.append(prompt.text))
    desk.qtbot.keyClicks(prompt, "a fox")
    desk.qtbot.keyClick(prompt, Qt.Key.Key_Return, SHIFT)
    desk.qtbot.keyClicks(prompt, "in snow")
    desk.qtbot.keyClick(prompt, Qt.Key.Key_Enter)
    assert asked == ["a fox\nin snow"]


def test_it_grows_with_its_lines_and_then_scrolls(desk: Any) -> None:
    prompt = field(desk, lines=(1, 3))
    one = prompt.height()
    prompt.set_text("1\n2")
    two = prompt.height()
    prompt.set_text("1\n2\n3")
    three = prompt.height()
    prompt.set_text("1\n2\n3\n4\n5")
    assert one < two < three == prompt.height()
    prompt.set_text("")
    assert prompt.height() == one
    assert field(desk, lines=(2, 3)).height() == two


def test_wrapped_lines_count(desk: Any) -> None:
    wrapped, cut = field(desk), field(desk, wrap=False)
    for prompt in (wrapped, cut):
        prompt.set_text("a long sentence that goes on and on " * 20)
    desk.until(lambda: wrapped.height() > cut.height())


def test_what_is_set_can_be_undone(desk: Any) -> None:
    prompt = field(desk)
    desk.qtbot.keyClicks(prompt, "mine")
    desk.write("an example")
    assert prompt.text == "an example"
    prompt.undo()
    assert prompt.text == "mine"


def test_a_paste_that_is_too_long_is_refused_whole(desk: Any) -> None:
    refused: list[int] = []
    prompt = field(desk, max_chars=10)
    prompt.on_refused(refused.append)
    prompt.insertFromMimeData(words("12345"))
    prompt.insertFromMimeData(words("1234567"))
    assert (prompt.text, refused) == ("12345", [12])
    prompt.selectAll()
    prompt.insertFromMimeData(words("abcdefghij"))
    assert prompt.text == "abcdefghij", "what is replaced makes room"


def test_the_page_sees_what_is_pasted_first(desk: Any) -> None:
    pictures: list[QImage] = []

    def take(data: QMimeData) -> bool:
        if data.hasImage():
            pictures.append(QImage(data.imageData()))
        return data.hasImage()

    prompt, picture = field(desk), QMimeData()
    picture.setImageData(QImage(3, 3, QImage.Format.Format_RGB32))
    assert not prompt.canInsertFromMimeData(picture)
    prompt.on_paste(take)
    assert prompt.canInsertFromMimeData(picture)
    prompt.insertFromMimeData(picture)
    prompt.insertFromMimeData(words("words"))
    assert (len(pictures), prompt.text) == (1, "words")


def test_the_page_sees_each_key_first(desk: Any) -> None:
    asked, prompt = [], field(desk)
    prompt.on_return(lambda: asked.append("return"))
    prompt.on_key(lambda event: event.key() == Qt.Key.Key_Return)
    desk.qtbot.keyClick(prompt, Qt.Key.Key_Return)
    desk.qtbot.keyClick(prompt, Qt.Key.Key_A)
    assert (asked, prompt.text) == ([], "a")
