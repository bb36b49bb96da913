"""A private conversation: it talks as any other, and nothing of it is written anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugins.chat.tests.pages.scripted_answer import answer
from studio_chat.pages.memory.dialog import MemoryDialog
from studio_chat.pages.thread.sent_message import send_message

SECRET = "the word is quincunx"


def written(home: Path) -> list[Path]:
    """Return the files of the studio that have the secret in them."""
    files = (path for path in home.rglob("*") if path.is_file())
    return [path for path in files if b"quincunx" in path.read_bytes()]


def test_it_is_answered_and_branches_and_nothing_of_it_is_written(desk: Any, home: Path) -> None:
    page = desk.page
    page.new(private=True)
    assert page.title._private.isVisibleTo(page.title), "the screen says so"
    answer(desk, "One")
    desk.say(SECRET)
    assert desk.thread() == [("user", SECRET), ("assistant", "One")]
    asked = desk.runtime.submitted[-1]
    assert asked.private
    answer(desk, "Two")
    page.session.edit(page.session.turns[0], f"{SECRET}, or not")
    desk.over()
    assert page.session.turns[0].content == f"{SECRET}, or not"
    assert len(page.session.turns[0].versions) == 2
    page.session.switch(page.session.turns[0], -1)
    desk.over()
    assert desk.thread()[0] == ("user", SECRET)
    page.composer.set_text(f"draft: {SECRET}")
    page.save_state()
    page.dialogs.show_memory()
    [memory] = page.findChildren(MemoryDialog)
    assert not memory.propose_button.isEnabled(), "no fact is taken out of it"
    memory.accept()
    page.dialogs.compare()
    page.export()
    page.dialogs.study()
    send_message(desk.ctx, page.session.turns[-1], page)
    desk.until(lambda: page.work_queue.idle)
    assert not desk.ctx.library.conversations.list()
    assert not desk.ctx.library.find("", ["text"], 10), "no message becomes a result"
    page.new()
    assert page.composer.text == "", "its draft went with it"
    page.save_state()
    assert not written(home)
    answer(desk, "Kept")
    desk.say(SECRET)
    assert written(home), "control: what is not private is found"


@pytest.mark.slow
def test_the_draft_of_another_conversation_stays(desk: Any) -> None:
    desk.page.composer.set_text("half a thought")
    desk.page.new(private=True)
    answer(desk, "One")
    desk.say("Hello")
    desk.page.new()
    assert desk.page.composer.text == "half a thought"
