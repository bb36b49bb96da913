"""What was not understood stands beside the piece, also later, and can be asked in other words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.testing.scripted import Result

REMARK = "“sad” was not understood."


def test_remarks_stay_with_their_piece(
    desk: Any, tune: Callable[..., Any], made: Callable[..., Any]
) -> None:
    row = desk.page.remarks
    asked = {"task": "music.compose", "params": {"ask": "a sad reel"}}
    desk.runtime.enqueue(made(tune("Sad reel"), remarks=[REMARK], **asked), Result())
    desk.page.prompt_box.set_words("a sad reel")
    desk.run()
    desk.until_over()
    desk.until(lambda: desk.piece.title == "Sad reel")
    assert row.words.text() == REMARK
    assert row.isVisibleTo(desk.page)
    desk.compose(tune("Clear"), ask="calm")
    desk.until(lambda: not row.isVisibleTo(desk.page))
    first = next(take for take in desk.results() if take.artifact.title == "Sad reel")
    desk.page.open_take(first.id)
    desk.until(lambda: row.isVisibleTo(desk.page))
    assert row.words.text() == REMARK
    row.button.click()
    assert desk.page.prompt_box.words == "a sad reel", "what it was asked with, to be changed"
