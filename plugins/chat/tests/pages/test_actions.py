"""What can be done with the text of a message: the panel, its corrections, where the text goes."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QUrl

from plugins.chat.tests.pages.scripted_answer import answer
from studio.api import ErrorCode, StudioError
from studio.testing.scripted import Artifact, Fail, Result, Stall, Tokens
from studio_chat.pages.actions.menu import rewrites, text_actions, translations
from studio_chat.pages.actions.panel import Source


def begin(desk: Any, action: Any, source: Source) -> Any:
    """Choose ``action`` of the menu for a text."""
    desk.page.action_panel.begin(action, source, "tiny")
    return desk.page.action_panel


def by_title(title: str) -> Any:
    return next(a for a in (*text_actions(), *rewrites(), *translations()) if a.title == title)


def test_a_shorter_reply_takes_the_place_of_the_old_one_which_is_kept(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(desk, "A long and winding answer.")
    desk.say("Tell me")
    turn = desk.page.session.turns[1]
    desk.runtime.enqueue(
        Tokens("Short"), Artifact("text", b"Short.\n", ".md", text="Short."), Result(lost=["7"])
    )
    menus: list[Any] = []
    monkeypatch.setattr(desk.page.text_actions, "_ask", lambda *told, **_: menus.append(told))
    desk.page.thread_view.action_asked.emit(turn, desk.page)
    ((source, *_),) = menus
    assert source.text == "A long and winding answer."
    panel = begin(desk, by_title("Shorter"), source)
    desk.until(lambda: panel.text == "Short.")
    desk.until(lambda: "7" in panel.note.text())
    made = panel._artifact
    assert made is not None
    assert desk.ctx.library.parents(made.id) == [turn.id]
    panel.replace.click()
    desk.over()
    assert desk.thread()[1] == ("assistant", "Short.")
    assert len(desk.page.session.turns[1].versions) == 2
    assert panel.isHidden()


CHANGES = {
    "source": "teh 14 cats",
    "changes": [
        {"start": 0, "end": 3, "before": "teh", "after": "the", "marked": False},
        {"start": 4, "end": 6, "before": "14", "after": "15", "marked": True},
    ],
}


def test_corrections_are_accepted_and_rejected_one_by_one(desk: Any) -> None:
    desk.page.composer.set_text("teh 14 cats")
    desk.runtime.enqueue(
        Artifact("text", b"the 14 cats\n", ".md", text="the 14 cats"), Result(**CHANGES)
    )
    panel = begin(desk, by_title("Proofread"), Source("teh 14 cats", (), None))
    desk.until(lambda: panel.text == "the 14 cats")
    desk.until(panel.changes.isVisible)
    assert panel.changes.told.startswith("1 of 2 corrections accepted.")
    panel.changes.view.anchorClicked.emit(QUrl("1"))
    assert panel.text == "the 15 cats"
    panel.changes.toggle(0)
    assert panel.text == "teh 15 cats"
    panel.copy.click()
    assert desk.copied == ["teh 15 cats"]


def test_what_is_written_is_replaced_so_that_it_can_be_undone(desk: Any) -> None:
    desk.page.composer.set_text("my words")
    desk.page.text_actions._replace("other words")
    assert desk.page.composer.text == "other words"
    desk.page.composer.field.undo()
    assert desk.page.composer.text == "my words"
    desk.page.text_actions._insert("more")
    assert desk.page.composer.text == "my words\n\nmore"


def test_closing_the_panel_stops_the_work(desk: Any) -> None:
    desk.runtime.enqueue(Tokens("Some"), Stall())
    panel = begin(desk, by_title("Summarise"), Source("A text"))
    desk.until(lambda: panel.view.text == "Some")
    job = panel._job
    panel.close_action()
    desk.until(lambda: job.state.value == "cancelled")
    assert panel.isHidden()


def test_a_failure_is_told_and_can_be_tried_again(desk: Any) -> None:
    desk.runtime.enqueue(Fail(StudioError(ErrorCode.OUT_OF_MEMORY, "No room.", "Close some.")))
    panel = begin(desk, by_title("Summarise"), Source("A text"))
    desk.until(lambda: "No room." in desk.trouble())
    desk.runtime.enqueue(Artifact("text", b"All.\n", ".md", text="All."), Result())
    desk.try_again()
    desk.until(lambda: panel.text == "All.")


def test_a_draft_is_asked_for_by_a_small_form(desk: Any) -> None:
    panel = desk.page.action_panel
    panel.draft(Source("", (), desk.page.text_actions._replace), "tiny")
    panel.form.set_values({"about": "A fox"})
    desk.runtime.enqueue(Artifact("text", b"A fox ran.\n", ".md", text="A fox ran."), Result())
    panel._write.click()
    desk.until(lambda: panel.text == "A fox ran.")
    panel.replace.click()
    assert desk.page.composer.text == "A fox ran."
