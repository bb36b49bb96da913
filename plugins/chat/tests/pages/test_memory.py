"""Memory: told to new conversations only, proposed and approved, off, changed, erased."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt

from studio.testing.scripted import Result, Tokens
from studio_chat.pages.memory.dialog import MemoryDialog


def system(desk: Any, text: str = "Hi") -> str:
    """Return what the model is told as the system prompt of the next answer."""
    desk.runtime.enqueue(Tokens("ok"))
    desk.say(text)
    return str(desk.runtime.submitted[-1].params["system"])


def opened(desk: Any) -> MemoryDialog:
    desk.page.dialogs.show_memory()
    desk.settled()
    return desk.page.findChildren(MemoryDialog)[-1]


@pytest.mark.slow
def test_facts_are_told_to_new_conversations_and_can_be_switched_off(desk: Any) -> None:
    assert system(desk) == ""
    dialog = opened(desk)
    dialog.field.setText("I live in  Oslo.")
    dialog.add()
    dialog.accept()
    assert system(desk) == ""  # this conversation was there before
    desk.again()
    desk.page.new()
    assert "- I live in Oslo." in system(desk)
    desk.page.parameters.memory.click()
    desk.page.parameters.settle()
    assert system(desk) == ""
    desk.page.memory.turn(False)
    desk.page.new()
    assert system(desk) == ""


def test_what_the_model_proposes_is_kept_once_it_is_ticked(desk: Any) -> None:
    system(desk, "I am a baker and love rye.")
    dialog = opened(desk)
    desk.runtime.enqueue(Result(text='{"facts": ["Is a baker.", "Loves rye."]}'))
    dialog.propose()
    desk.until(lambda: dialog.tree.topLevelItemCount() == 2)
    asked = desk.runtime.submitted[-1]
    assert asked.private
    assert "I am a baker" in asked.params["prompt"]
    assert desk.page.memory.facts == []
    item = dialog.tree.topLevelItem(1)
    assert item is not None
    item.setCheckState(0, Qt.CheckState.Checked)
    (fact,) = desk.page.memory.facts
    assert (fact.text, fact.source) == ("Loves rye.", desk.page.session.id)
    dialog.accept()


def test_facts_are_changed_deleted_and_erased(desk: Any) -> None:
    desk.page.memory.add(["one", "two", "three"])
    dialog = opened(desk)
    item = dialog.tree.topLevelItem(0)
    assert item is not None
    item.setText(0, "uno")
    dialog.tree.setCurrentItem(dialog.tree.topLevelItem(1))
    dialog.forget()
    assert [fact.text for fact in desk.page.memory.facts] == ["uno", "three"]
    dialog.erase()
    assert len(desk.page.memory.facts) == 2  # the first click only asks
    dialog.erase()
    dialog.accept()
    desk.again()
    assert desk.page.memory.facts == []
