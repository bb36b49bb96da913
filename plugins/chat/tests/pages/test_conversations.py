"""A conversation as its user lives it: sent, stopped, branched, edited, lost and found again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel

from studio.api import ErrorCode, JobState, StudioError
from studio.testing.scripted import Become, Die, Fail, Result, Stall, Step, Tokens
from studio_chat.pages.commands import page_actions
from studio_chat.pages.conversations.list_view import export_to
from studio_chat.pages.thread.message_card import ReplyBody
from studio_chat.tools.calls import DONE, Call, Made

FIGURES = {
    "tokens": 2,
    "prompt_tokens": 30,
    "finish_reason": "stop",
    "tokens_per_second": 41.7,
    "first_token_seconds": 0.38,
    "context_length": 100,
    "dropped": 0,
}


def talk(desk: Any, *pairs: tuple[str, str]) -> None:
    for question, answer in pairs:
        desk.runtime.enqueue(Tokens(answer), Result(**FIGURES))
        desk.say(question)


def said(desk: Any) -> list[dict[str, str]]:
    """Return the conversation that the model was asked to go on with."""
    turns = desk.runtime.inputs_of(desk.runtime.submitted[-1])
    found: list[dict[str, str]] = turns.json("messages", list[dict[str, str]], [])
    return found


# --- sending ------------------------------------------------------------------------------------


def test_a_question_is_answered_and_kept(desk: Any) -> None:
    desk.runtime.enqueue(Tokens("Hel", "lo"), Result(**FIGURES))
    desk.say("Say hello")
    assert desk.thread() == [("user", "Say hello"), ("assistant", "Hello")]
    assert desk.stored() == [
        ("user", "Say hello", "complete"),
        ("assistant", "Hello", "complete"),
    ]
    assert desk.page.session.title == "Say hello"
    assert desk.page.composer.text == ""


def test_the_model_is_asked_with_the_whole_branch_and_the_settings(desk: Any) -> None:
    desk.page.parameters.form.set_values({"system": "Be brief.", "temperature": 1.2})
    desk.page.session.settings = desk.page.parameters.form.values()
    talk(desk, ("one", "1"), ("two", "2"))
    params = desk.runtime.submitted[-1].params
    assert [m["content"] for m in said(desk)] == ["one", "1", "two"]
    assert params["system"] == "Be brief."
    assert params["temperature"] == 1.2
    assert params["weights"] == "tiny"
    assert params["seed"] >= 0


def test_a_message_is_in_the_library_before_the_model_is_asked(desk: Any) -> None:
    seen = []
    submit = desk.ctx.tasks.submit

    def watched(*args: Any, **more: Any) -> Any:
        seen.append(desk.stored())
        return submit(*args, **more)

    desk.ctx.tasks.submit = watched
    talk(desk, ("safe?", "yes"))
    assert seen == [[("user", "safe?", "complete"), ("assistant", "", "partial")]]


def test_the_page_keeps_the_reply_itself(desk: Any) -> None:
    talk(desk, ("a", "b"))
    assert desk.ctx.library.find() == [], "the conversation is where a reply lives"


def test_figures_are_shown_with_the_answer(desk: Any) -> None:
    talk(desk, ("a", "b"))
    card = desk.page.thread_view.cards[-1]
    words = [label.text() for label in card.findChildren(QLabel)]
    assert "Tiny Talker" in words
    assert "42 tok/s · first token 0.38 s · 2 tokens" in words


# --- waiting, stopping, failing -----------------------------------------------------------------


def status(desk: Any) -> str:
    body = desk.page.thread_view.cards[-1].body if desk.page.thread_view.cards else None
    return str(body.status.words) if isinstance(body, ReplyBody) else ""


def test_it_says_what_it_waits_for(desk: Any) -> None:
    desk.runtime.enqueue(
        Become(JobState.WAITING, "for 1.2 GB: Pictures is using it"),
        Stall(),
        Become(JobState.LOADING),
        Stall(),
        Become(JobState.RUNNING),
        Step(1, 4, "Reading the conversation"),
        Stall(),
        Tokens("done"),
    )
    desk.begin("hi")
    desk.until(lambda: status(desk) == "Waiting for 1.2 GB: Pictures is using it…")
    desk.runtime.release()
    desk.until(lambda: status(desk) == "Loading Tiny Talker…")
    desk.runtime.release()
    desk.until(lambda: status(desk) == "Reading the conversation…")
    desk.runtime.release()
    desk.over()
    assert desk.thread()[-1] == ("assistant", "done")


def test_stop_keeps_the_text_so_far(desk: Any) -> None:
    desk.runtime.enqueue(Tokens("half an "), Stall(), Tokens("answer"))
    desk.begin("go")
    desk.until(lambda: desk.page.session.reply is not None and desk.page.session.reply.text != "")
    desk.page.composer.stopped.emit()
    desk.over()
    assert desk.stored()[-1] == ("assistant", "half an ", "interrupted")
    assert status(desk) == "You stopped it here."


def test_stop_before_the_message_is_even_saved(desk: Any) -> None:
    desk.begin("go")
    desk.page.session.stop()
    desk.over()
    assert desk.runtime.submitted == []
    assert desk.stored() == [("user", "go", "complete"), ("assistant", "", "interrupted")]


def test_a_failure_says_why_and_can_be_tried_again(desk: Any) -> None:
    error = StudioError(ErrorCode.OUT_OF_MEMORY, "It needs 9 GB.", "Choose a smaller model.")
    desk.runtime.enqueue(Fail(error))
    desk.say("hi")
    assert status(desk) == "It needs 9 GB. Choose a smaller model."
    desk.runtime.enqueue(Tokens("now it works"))
    desk.page.thread_view.cards[-1].body.status.retry.click()
    desk.over()
    assert desk.thread() == [("user", "hi"), ("assistant", "now it works")]
    assert desk.page.session.turns[-1].versions == (desk.page.session.turns[-1].id,), (
        "an answer that came to nothing is no version"
    )


def test_a_runtime_that_dies_leaves_the_text_and_a_reason(desk: Any) -> None:
    desk.runtime.enqueue(Tokens("half"), Stall(), Die())
    desk.begin("go")
    desk.until(lambda: desk.page.session.reply is not None and desk.page.session.reply.text != "")
    desk.runtime.release()
    desk.over()
    assert desk.stored()[-1] == ("assistant", "half", "interrupted")
    assert "SIGSEGV" in status(desk)


def full(*args: Any, **more: Any) -> Any:
    """A disk without room."""
    raise StudioError(ErrorCode.DISK_FULL, "The disk is full.", "Free some room.")


def test_a_library_that_refuses_gives_the_text_back(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.ctx.library.conversations, "add_message", full)
    desk.begin("precious words")
    desk.over()
    assert desk.page.composer.text == "precious words"
    assert desk.page.composer._trouble.text() == "The disk is full. Free some room."
    assert desk.thread() == []


def test_left_out_messages_are_told(desk: Any) -> None:
    desk.runtime.enqueue(Tokens("x"), Result(**{**FIGURES, "dropped": 3}))
    desk.say("hi")
    assert "3 oldest messages" in status(desk)


# --- branches -----------------------------------------------------------------------------------


def test_regenerating_makes_a_version_beside_the_old_one(desk: Any) -> None:
    talk(desk, ("hi", "first"))
    desk.runtime.enqueue(Tokens("second"))
    desk.page.regenerate()
    desk.over()
    turn = desk.page.session.turns[-1]
    assert (turn.content, turn.place, len(turn.versions)) == ("second", 1, 2)
    desk.page.switch(-1)
    desk.settled()
    assert desk.thread()[-1] == ("assistant", "first")
    desk.page.switch(1)
    desk.settled()
    assert desk.thread()[-1] == ("assistant", "second")


def test_a_star_stays_with_a_version_and_can_be_taken_away(desk: Any) -> None:
    talk(desk, ("hi", "first"))
    desk.runtime.enqueue(Tokens("second"))
    desk.page.regenerate()
    desk.over()
    for starred in (True, False):
        desk.page.session.star(desk.page.session.turns[-1])
        desk.settled()
        turn = desk.page.session.turns[-1]
        kept = desk.ctx.library.conversations.message(turn.id).extra
        assert (turn.starred, kept["starred"]) == (starred, starred)
        assert kept["weights"], "what else is known of it stays"
    desk.page.switch(-1)
    desk.settled()
    assert not desk.page.session.turns[-1].starred


def test_editing_an_earlier_message_branches_and_the_old_branch_stays_whole(desk: Any) -> None:
    talk(desk, ("one", "1"), ("two", "2"), ("three", "3"))
    desk.runtime.enqueue(Tokens("deux"))
    desk.page.session.edit(desk.page.session.turns[2], "TWO")
    desk.over()
    assert [content for _, content in desk.thread()] == ["one", "1", "TWO", "deux"]
    desk.page.session.switch(desk.page.session.turns[2], -1)
    desk.settled()
    assert [content for _, content in desk.thread()] == ["one", "1", "two", "2", "three", "3"]


def test_an_edited_answer_can_be_continued(desk: Any) -> None:
    talk(desk, ("count", "1, 2"))
    desk.runtime.enqueue(Tokens(", 4, 5"))
    desk.page.session.edit_answer(desk.page.session.turns[-1], "1, 2, 3", go_on=True)
    desk.until(lambda: len(desk.runtime.submitted) == 2)
    desk.over()
    assert desk.thread()[-1] == ("assistant", "1, 2, 3, 4, 5")
    assert said(desk)[-1] == {
        "role": "assistant",
        "content": "1, 2, 3",
    }
    assert len(desk.page.session.turns[-1].versions) == 2


def test_a_stopped_answer_goes_on_in_the_same_message(desk: Any) -> None:
    desk.runtime.enqueue(Tokens("half "), Stall())
    desk.begin("go")
    desk.until(lambda: desk.page.session.reply is not None and desk.page.session.reply.text != "")
    desk.page.session.stop()
    desk.over()
    desk.runtime.enqueue(Tokens("and half"), Result(**FIGURES))
    desk.page.session.go_on(desk.page.session.turns[-1])
    desk.over()
    assert desk.stored()[-1] == ("assistant", "half and half", "complete")
    assert status(desk) == ""


def test_binning_a_message_takes_what_follows_and_can_be_undone(desk: Any) -> None:
    talk(desk, ("one", "1"), ("two", "2"))
    desk.page.session.delete(desk.page.session.turns[2])
    desk.settled()
    assert [content for _, content in desk.thread()] == ["one", "1"]
    (notice,) = [n for n in desk.studio.notices.all if n.actions]
    notice.actions[0].run()
    desk.settled()
    assert [content for _, content in desk.thread()] == ["one", "1", "two", "2"]


# --- several conversations ----------------------------------------------------------------------


def test_a_reply_goes_on_while_another_conversation_is_open(desk: Any) -> None:
    desk.runtime.enqueue(Tokens("slow "), Stall(), Tokens("answer"))
    desk.begin("first")
    desk.until(lambda: desk.page.session.reply is not None and desk.page.session.reply.text != "")
    first = desk.page.session.id
    desk.page.new()
    assert not desk.page.session.busy
    talk(desk, ("second", "quick"))
    desk.runtime.release()
    desk.until(lambda: not desk.page._is_writing(first))
    desk.page.open(first)
    desk.settled()
    assert desk.thread() == [("user", "first"), ("assistant", "slow answer")]


def test_coming_back_shows_the_reply_that_is_still_written(desk: Any) -> None:
    desk.runtime.enqueue(Tokens("so far"), Stall(), Tokens(" and on"))
    desk.begin("first")
    desk.until(lambda: desk.page.session.reply is not None and desk.page.session.reply.text != "")
    first = desk.page.session.id
    desk.page.new()
    desk.page.open(first)
    desk.settled()
    assert desk.page.thread_view.cards[-1].body.view.text == "so far"
    desk.runtime.release()
    desk.over()
    assert desk.thread()[-1] == ("assistant", "so far and on")


def test_system_prompt_and_sampling_are_kept_with_the_conversation(desk: Any) -> None:
    talk(desk, ("one", "1"))
    first = desk.page.session.id
    desk.page.parameters.form.set_values({"system": "Rhyme.", "top_k": 7})
    desk.page._keep_settings()
    desk.page.new()
    assert desk.page.parameters.form.values()["top_k"] == 40
    assert desk.page.parameters.form.values()["system"] == ""
    desk.page.open(first)
    desk.settled()
    assert desk.page.parameters.form.values()["top_k"] == 7
    assert desk.page.parameters.form.values()["system"] == "Rhyme."


def test_the_system_prompt_that_weights_recommend_is_shown_and_sent(desk: Any) -> None:
    (weights,) = desk.studio.weights.folders[-1].glob("tiny.toml")
    described = weights.read_text("utf-8")
    weights.write_text(described + '[recommended]\nsystem = "Be brief."\n', "utf-8")
    desk.studio.weights.rescan()
    desk.page.session.weights = "tiny"
    desk.ctx.settings.set("weights", "tiny")
    desk.page.new()
    assert desk.page.parameters.form.values()["system"] == "Be brief."
    assert not desk.page.parameters.form.row("system").is_changed
    talk(desk, ("one", "1"))
    assert desk.runtime.submitted[-1].params["system"] == "Be brief."
    desk.page.parameters.form.set_values({"system": ""})
    desk.page._keep_settings()
    talk(desk, ("two", "2"))
    assert desk.runtime.submitted[-1].params["system"] == ""


# --- export -------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".md", ".json"])
def test_a_conversation_is_exported_from_its_menu_and_by_name(
    desk: Any, tmp_path: Path, suffix: str
) -> None:
    talk(desk, ("What is 2 + 2?", "It is **4**."))
    offered: list[tuple[str, Any]] = []

    def save_file(title: str, name: str, suffixes: Any = ()) -> Path:
        offered.append((name, suffixes))
        return tmp_path / f"talk{suffix}"

    desk.ctx.ui.save_file = save_file
    (row,) = desk.ctx.library.conversations.list()
    menu = desk.page.list.menu_for(row)
    next(act for act in menu.actions() if act.text() == "Export…").trigger()
    desk.settled()
    assert offered == [("What is 2 2.md", (".md", ".html", ".pdf", ".json"))]
    text = (tmp_path / f"talk{suffix}").read_text("utf-8")
    if suffix == ".md":
        assert text.endswith("## You\n\nWhat is 2 + 2?\n\n## Assistant\n\nIt is **4**.\n")
    else:
        turns = json.loads(text)["messages"]
        assert [(t["role"], t["content"]) for t in turns] == desk.thread()
    by_name = next(a for a in page_actions(desk.page) if a.title == "Export conversation…")
    (tmp_path / f"talk{suffix}").unlink()
    by_name.run()
    desk.settled()
    assert (tmp_path / f"talk{suffix}").read_text("utf-8") == text
    assert any(f"talk{suffix}" in notice.message for notice in desk.studio.notices.all)


@pytest.mark.parametrize("suffix", [".md", ".html", ".json", ".pdf"])
def test_an_export_has_the_tools_and_pictures_of_its_messages(
    desk: Any, tmp_path: Path, suffix: str
) -> None:
    picture = tmp_path / "cat.png"
    QImage(4, 4, QImage.Format.Format_RGB32).save(str(picture))
    store = desk.ctx.library.conversations
    id = store.create("cats").id
    pictures = [str(picture), str(tmp_path / "gone.png")]
    asked = store.add_message(id, None, "user", "Enlarge <it>", extra={"pictures": pictures}).id
    call = Call("image_enlarge", "Enlarge", {"factor": 2}, DONE, told="Done.")
    call.results = (Made("image-1", "A1", "image", "Cat, larger"),)
    store.add_message(id, asked, "assistant", "Here *it* is.", extra={"calls": [call.plain()]})
    path = tmp_path / f"talk{suffix}"
    export_to(store, id, path)
    if suffix == ".pdf":
        assert path.read_bytes().startswith(b"%PDF")
        return
    text = path.read_text("utf-8")
    for words in ("Enlarge", "factor", "Cat, larger", "cat.png", "gone.png"):
        assert words in text
    if suffix == ".html":
        assert "data:image/png;base64,iVBOR" in text
        assert "Enlarge &lt;it&gt;" in text
        assert "<em>it</em>" in text
        assert str(tmp_path) not in text, "a page that is passed on names no folder"


def test_an_export_that_cannot_be_written_says_why(desk: Any, tmp_path: Path) -> None:
    talk(desk, ("one", "1"))
    desk.ctx.ui.save_file = lambda *_asked: tmp_path / "missing" / "talk.md"
    desk.page.export()
    desk.settled()
    assert any("Could not export" in notice.message for notice in desk.studio.notices.all)


# --- the next start -----------------------------------------------------------------------------


def test_the_conversation_is_there_at_the_next_start(desk: Any) -> None:
    talk(desk, ("remember me", "I do"))
    desk.again()
    assert desk.thread() == [("user", "remember me"), ("assistant", "I do")]
    assert desk.page.title._label.text() == "remember me"


def test_a_reply_that_was_cut_off_by_the_end_is_restored_as_interrupted(desk: Any) -> None:
    desk.runtime.enqueue(Tokens("half an answer"), Stall())
    desk.begin("go")
    desk.until(lambda: desk.page.session.reply is not None and desk.page.session.reply.text != "")
    state = desk.page.save_state()
    desk.page.session.listener = None
    desk.page.session.reply.job._calls.clear()  # as after a kill: nobody hears of the end
    desk.again(state)
    assert desk.stored()[-1] == ("assistant", "half an answer", "interrupted")
    assert status(desk) == (
        "Offline Studio closed while this was being written. The text so far was kept."
    )
    assert not desk.page.session.busy


def test_foreign_state_is_borne(desk: Any) -> None:
    for state in ({}, {"conversation": 7}, {"list": "x"}):
        desk.page.restore_state(state)
    desk.ctx.settings.set("open", "no such conversation")
    desk.again()
    assert desk.page.middle.currentWidget() is desk.page.welcome
    talk(desk, ("still", "alive"))
    assert desk.thread()[-1] == ("assistant", "alive")


def test_leaving_a_conversation_that_is_just_being_sent_loses_nothing(desk: Any) -> None:
    desk.runtime.enqueue(Tokens("an answer"))
    desk.begin("quick")
    desk.page.new()
    desk.settled()
    desk.until(lambda: not desk.page._writing)
    desk.settled()
    (row,) = desk.ctx.library.conversations.list()
    desk.page.open(row.id)
    desk.settled()
    assert desk.thread() == [("user", "quick"), ("assistant", "an answer")]


def test_a_message_that_cannot_be_kept_waits_as_a_draft_even_out_of_view(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk(desk, ("one", "1"))
    first = desk.page.session.id
    monkeypatch.setattr(desk.ctx.library.conversations, "add_message", full)
    desk.begin("precious words")
    desk.page.new()
    desk.settled()
    desk.page.open(first)
    desk.settled()
    assert desk.page.composer.text == "precious words"


def test_an_edit_that_cannot_be_kept_comes_back_in_the_composer(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk(desk, ("one", "1"))
    desk.page.composer.field.setPlainText("and a draft")
    monkeypatch.setattr(desk.ctx.library.conversations, "edit", full)
    desk.page.session.edit_answer(desk.page.session.turns[-1], "my version", go_on=False)
    desk.settled()
    assert desk.page.composer.text == "my version\n\nand a draft"
    assert desk.thread()[-1] == ("assistant", "1")


def test_an_editor_stays_open_while_a_reply_is_written(desk: Any) -> None:
    talk(desk, ("one", "1"))
    desk.page.edit_last()
    card = desk.page.thread_view.cards[0]
    card._editor.field.setPlainText("changed")
    desk.runtime.enqueue(Stall())
    desk.begin("two")
    desk.until(lambda: len(desk.runtime.submitted) == 2)
    card._editor._choose(0)
    assert card._editor is not None
    assert card._editor.field.toPlainText() == "changed"
    desk.page.session.stop()
    desk.over()
