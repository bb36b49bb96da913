"""What was written and not sent is never lost."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from studio.testing.guards import PATIENCE
from studio.testing.scripted import Tokens


def talk(desk: Any) -> None:
    desk.runtime.enqueue(Tokens("1"))
    desk.say("one")


def test_drafts_survive_a_restart_each_in_its_conversation(desk: Any) -> None:
    talk(desk)
    desk.page.composer.field.setPlainText("half a thought")
    first = desk.page.session.id
    desk.page.new()
    desk.page.composer.field.setPlainText("another")
    desk.again()
    assert desk.page.composer.text == "another"
    desk.page.open(first)
    desk.settled()
    assert desk.page.composer.text == "half a thought"


def test_a_draft_of_the_last_moment_is_not_undone_by_a_write_under_way(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk(desk)
    conversations = desk.ctx.library.conversations
    get, window = conversations.get, threading.current_thread()
    begun, closing = threading.Event(), threading.Event()

    def late(id: str) -> Any:
        found = get(id)
        if threading.current_thread() is not window:
            begun.set()
            closing.wait(0.1)
        return found

    monkeypatch.setattr(conversations, "get", late)
    desk.page.composer.field.setPlainText("half a thought")
    first = desk.page.session.id
    desk.page.new()
    assert begun.wait(PATIENCE), "the control: a write is under way"
    desk.page.composer.field.setPlainText("another")
    desk.page.save_state()
    closing.set()
    desk.settled()
    assert desk.ctx.settings.get("drafts", {}) == {first: "half a thought", "new": "another"}


def test_a_draft_reaches_the_disk_by_itself(desk: Any) -> None:
    desk.page.composer.field.setPlainText("not yet sent")
    desk.until(lambda: desk.ctx.settings.get("drafts", {}) == {"new": "not yet sent"})
