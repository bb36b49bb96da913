"""Comparing answers: one message, several settings, all of them versions, one to go on with."""

from __future__ import annotations

from typing import Any

import pytest

from studio.testing.scripted import Stall, Tokens
from studio_chat.pages.comparison.dialog import ComparisonDialog


def opened(desk: Any) -> ComparisonDialog:
    desk.page.dialogs.compare()
    found = desk.page.findChild(ComparisonDialog)
    assert isinstance(found, ComparisonDialog)
    return found


def second_weights(desk: Any) -> None:
    for suffix, data in ((".toml", None), (".gguf", b"GGUF" + bytes(28))):
        text = (desk.weights / "tiny.toml").read_text().replace("tiny", "other")
        (desk.weights / f"other{suffix}").write_bytes(data or text.encode())
    desk.studio.weights.rescan()


def test_a_message_is_answered_in_several_ways_and_one_answer_is_chosen(desk: Any) -> None:
    desk.page.composer.field.setPlainText("Which is best?")
    dialog = opened(desk)
    for answer in ("careful", "wild"):
        desk.runtime.enqueue(Tokens(answer))
    dialog.start()
    desk.over()
    assert [column.prose.text for column in dialog.columns] == ["careful", "wild"]
    cold, warm = (job.params["temperature"] for job in desk.runtime.submitted[-2:])
    assert cold < warm
    dialog.columns[0].chosen.emit(dialog.columns[0].turn)
    dialog.accept()
    desk.settled()
    assert desk.thread() == [("user", "Which is best?"), ("assistant", "careful")]
    answer = desk.page.session.turns[-1]
    assert len(answer.versions) == 2
    assert answer.starred
    assert desk.page.composer.text == ""
    desk.runtime.enqueue(Tokens("goes on"))
    desk.say("next")
    assert desk.thread()[1] == ("assistant", "careful")


@pytest.mark.slow
def test_answers_of_the_same_model_follow_one_another(desk: Any) -> None:
    second_weights(desk)
    desk.page.composer.field.setPlainText("Hello?")
    dialog = opened(desk)
    dialog.add_column()
    for column, weights in zip(dialog.columns, ("tiny", "other", "tiny"), strict=True):
        column.picker.choose(weights)
    for answer in "abc":
        desk.runtime.enqueue(Tokens(answer))
    dialog.start()
    desk.over()
    assert [job.params["weights"] for job in desk.runtime.submitted] == ["tiny", "tiny", "other"]
    assert [column.prose.text for column in dialog.columns] == ["a", "c", "b"]
    dialog.accept()


def test_stop_ends_the_comparison_and_what_was_written_stays(desk: Any) -> None:
    desk.page.composer.field.setPlainText("Hello?")
    dialog = opened(desk)
    desk.runtime.enqueue(Tokens("half"), Stall())
    dialog.start()
    desk.until(lambda: dialog.columns[0].prose.text == "half")
    dialog.stop()
    desk.over()
    assert desk.thread() == [("user", "Hello?"), ("assistant", "half")]
    assert dialog.go.isVisible()
    dialog.accept()
    desk.runtime.enqueue(Tokens("later"))
    desk.say("again")
    assert desk.thread()[-1] == ("assistant", "later")
