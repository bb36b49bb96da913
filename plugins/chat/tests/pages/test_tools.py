"""A chat that uses tools: chosen, allowed, done in steps, undone, and found after a crash."""

from __future__ import annotations

import io
import json
import wave
from typing import Any

import pytest
from PySide6.QtGui import QImage

from studio.api import BadInput
from studio.api.window.tools import Approval
from studio.testing.scripted import Artifact, Fail, Line, Result, Stall, Tokens
from studio_chat.pages.tools.call_list import CallCard, CallList
from studio_chat.pages.tools.phrases import arguments_of
from studio_chat.pages.tools.settings import ToolSettings
from studio_chat.tools.calls import Call

REQUEST = "make the sound of a coin that fades out"
TWO = "make the sound of a coin, and fade it out"
EFFECT, EDIT = "music_effect", "music_edit_sound"
TOOLS = ToolSettings(on=True)


def sound() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(1600))
    return buffer.getvalue()


def chosen(desk: Any, *names: str) -> None:
    desk.runtime.enqueue(Tokens(f"Wanted: it.\nTools: {', '.join(names) or 'none'}"), Result())


def arguments(desk: Any, tool: str, **values: Any) -> None:
    desk.runtime.enqueue(Tokens(json.dumps(values), channel=f"call 1 1 {tool}"), Result())


def job(desk: Any, *script: Line) -> None:
    desk.runtime.enqueue(
        *(script or (Artifact("audio", sound(), ".wav", title="A coin"),)), Result()
    )


def words(desk: Any, text: str) -> None:
    desk.runtime.enqueue(Tokens(text), Result(tokens=1, prompt_tokens=10, context_length=100))


def calls(desk: Any) -> CallList:
    card = desk.page.thread_view.last_card(mine=False)
    return card.body.calls  # type: ignore[no-any-return]


def waits(desk: Any, number: int = 0) -> CallCard:
    """Wait until the user is asked about a call; return its card."""

    def is_asked() -> bool:
        card = desk.page.thread_view.last_card(mine=False)
        cards = card.body.calls.cards if card is not None else []
        return len(cards) > number and cards[number].approval is not None

    desk.until(is_asked)
    return calls(desk).cards[number]


def begin(desk: Any, tools: ToolSettings = TOOLS, text: str = REQUEST) -> None:
    desk.page.session.change_tools(tools)
    desk.begin(text)


def two_steps(desk: Any) -> None:
    chosen(desk, EFFECT, EDIT)
    arguments(desk, EFFECT, prompt="coin", count=1)
    job(desk)
    arguments(desk, EDIT, sound="audio-1", fade_out=1.0)
    job(desk)
    words(desk, "Here is your coin.")


def library(desk: Any) -> list[Any]:
    return list(desk.ctx.library.find(kinds=["audio"]))


def last_extra(desk: Any) -> dict[str, Any]:
    rows = desk.ctx.library.conversations.thread(desk.page.session.id)
    return dict(rows[-1].extra)


def test_two_steps_each_allowed_and_then_words(desk: Any) -> None:
    two_steps(desk)
    begin(desk, text=TWO)
    first = waits(desk)
    assert not library(desk), "nothing runs before it is allowed"
    first.approval.set_value("count", 2)
    first.approval.once.click()
    second = waits(desk, 1)
    second.approval.once.click()
    desk.over()
    assert desk.thread()[-1] == ("assistant", "Here is your coin.")
    tasks = [each.task for each in desk.runtime.submitted]
    assert tasks == ["chat.reply"] * 2 + ["music.effect"] + ["chat.reply", "music.edit_sound"] + [
        "chat.reply"
    ]
    effect, edit = desk.runtime.submitted[2], desk.runtime.submitted[4]
    assert effect.params["prompt"] == "coin"
    assert effect.params["count"] == 2, "as the user changed it"
    newest, oldest = library(desk)
    assert edit.params["sound"] == str(oldest.path)
    assert desk.ctx.library.parents(newest.id) == [oldest.id]
    kept = last_extra(desk)["calls"]
    assert [(c["name"], c["state"]) for c in kept] == [(EFFECT, "done"), (EDIT, "done")]


@pytest.mark.slow
def test_what_came_of_calls_is_read_by_the_model(desk: Any) -> None:
    two_steps(desk)
    begin(desk, text=TWO)
    waits(desk).approval.once.click()
    waits(desk, 1).approval.once.click()
    desk.over()
    messages = desk.runtime.inputs_of(desk.runtime.submitted[-1]).json("messages", list, [])
    assert [each["role"] for each in messages] == ["user", *["assistant", "tool"] * 2]
    assert messages[1]["calls"] == [{"name": EFFECT, "arguments": {"prompt": "coin", "count": 1}}]
    assert messages[2]["content"].startswith("Made audio-1 (A coin).")
    offer = desk.runtime.inputs_of(desk.runtime.submitted[3]).json("tools", dict, {})
    (tool,) = offer["tools"]
    held = tool["parameters"]["properties"]["sound"]
    assert held == {"enum": ["audio-1"]}, "no path, and nothing that is not there"


def test_a_failed_call_that_the_model_asks_for_again_is_left_out_of_a_further_choice(
    desk: Any,
) -> None:
    for _ in range(2):
        chosen(desk, "calculate")
        arguments(desk, "calculate", expression="fibonacci(50)")
    chosen(desk)
    words(desk, "I cannot calculate this.")
    begin(desk, text="calculate fibonacci(50)")
    desk.over()
    assert desk.thread()[-1] == ("assistant", "I cannot calculate this.")
    tasks = [each for each in desk.runtime.submitted if each.task == "chat.reply"]
    offers = [desk.runtime.inputs_of(each).json("messages", list, []) for each in tasks]
    told = [messages[0]["content"] for messages in offers if messages[0]["role"] == "system"]
    assert ["- calculate:" in each for each in told] == [True, True, False]
    assert "regex" in tasks[-1].params, "no further call is written in place of words"


def test_a_card_names_the_plugin_and_leaves_out_what_is_taken_anyway(desk: Any) -> None:
    chosen(desk, EFFECT)
    arguments(desk, EFFECT, prompt="coin", count=1)
    job(desk)
    words(desk, "Here is your coin.")
    begin(desk)
    waits(desk).approval.once.click()
    desk.over()
    (card,) = calls(desk).cards
    tool = desk.ctx.tools.get(EFFECT)
    default = tool.schema["properties"]["count"]["default"]
    call = Call(EFFECT, tool.title, {"prompt": "coin", "count": default})
    assert card.accessibleName().startswith("Music: Sound effect")
    assert arguments_of(call, tool) == "Description: coin"
    other = Call(EFFECT, tool.title, {"prompt": "coin", "count": default + 1})
    assert "·" in arguments_of(other, tool), "control"


def test_a_program_that_did_not_end_well_is_written_again(desk: Any) -> None:
    chosen(desk, "run_code")
    arguments(desk, "run_code", code="print(slow(50))")
    desk.runtime.enqueue(Result(ended="wall time", stdout="", stderr="", note="stopped after 30 s"))
    arguments(desk, "run_code", code="print(12586269025)")
    desk.runtime.enqueue(Result(ended="exit", stdout="12586269025\n", stderr="", note=""))
    words(desk, "It is 12586269025.")
    begin(desk, text="Use Python to compute the 50th Fibonacci number, and run it")
    waits(desk).approval.once.click()
    waits(desk, 1).approval.once.click()
    desk.over()
    assert desk.thread()[-1] == ("assistant", "It is 12586269025.")
    first, second = last_extra(desk)["calls"]
    assert (first["state"], second["state"]) == ("failed", "done")
    assert "too slow" in first["told"]
    asked = next(each for each in reversed(desk.runtime.submitted[:-2]) if "reply" in each.task)
    messages = desk.runtime.inputs_of(asked).json("messages", list, [])
    assert messages[-1]["role"] == "tool"
    assert messages[0]["content"].endswith("and run it"), "for the whole request"


def test_no_tool_is_needed(desk: Any) -> None:
    chosen(desk)
    words(desk, "A coin is money.")
    begin(desk, text="what is the sound of a coin like?")
    desk.over()
    assert desk.thread()[-1] == ("assistant", "A coin is money.")
    assert not calls(desk).cards
    assert last_extra(desk)["run_note"] == "No tool was used."


def test_without_the_switch_no_tool_is_told_of(desk: Any) -> None:
    words(desk, "Clink.")
    desk.say(REQUEST)
    assert [each.task for each in desk.runtime.submitted] == ["chat.reply"]


@pytest.mark.slow
def test_always_holds_in_the_conversation_and_never_everywhere(desk: Any) -> None:
    chosen(desk, EFFECT)
    arguments(desk, EFFECT, prompt="coin")
    job(desk)
    words(desk, "Done.")
    begin(desk)
    waits(desk).approval.always.click()
    desk.over()
    chosen(desk, EFFECT)
    arguments(desk, EFFECT, prompt="bell")
    job(desk)
    words(desk, "Done again.")
    desk.say("now the sound of a bell")
    assert len(library(desk)) == 2, "nobody was asked"
    desk.ctx.tools.approve(desk.ctx.tools.get(EFFECT), "", Approval.NEVER)
    words(desk, "I cannot.")
    begin(
        desk, ToolSettings(on=True, without=("chat", "voice", "code", "lab", "molecules", "image"))
    )
    desk.over()
    assert len(library(desk)) == 2
    offered = json.dumps(desk.runtime.submitted[-1].params)
    assert EFFECT not in offered


@pytest.mark.slow
def test_a_step_that_is_refused_is_told_to_the_model(desk: Any) -> None:
    chosen(desk, EFFECT)
    arguments(desk, EFFECT, prompt="coin")
    words(desk, "Then not.")
    begin(desk)
    waits(desk).approval.skip.click()
    desk.over()
    assert desk.thread()[-1][1] == "Then not."
    assert last_extra(desk)["calls"][0]["state"] == "refused"
    assert not library(desk)


@pytest.mark.slow
def test_a_failure_goes_back_as_a_sentence_and_another_way_is_chosen(desk: Any) -> None:
    chosen(desk, EFFECT)
    arguments(desk, EFFECT, prompt="coin")
    job(desk, Fail(BadInput("No such sound.", "Name another.")))
    chosen(desk)
    words(desk, "It did not work.")
    begin(desk)
    waits(desk).approval.once.click()
    desk.over()
    assert calls(desk).cards[0].words == "No such sound. Name another."
    again = desk.runtime.submitted[3]
    assert "regex" in again.params, "it may choose anew"


@pytest.mark.slow
def test_a_loop_of_identical_calls_ends_with_a_sentence(desk: Any) -> None:
    chosen(desk, EFFECT, EFFECT)
    arguments(desk, EFFECT, prompt="coin")
    job(desk)
    arguments(desk, EFFECT, prompt="coin")
    words(desk, "Done.")
    begin(desk)
    waits(desk).approval.once.click()
    desk.over()
    assert len(library(desk)) == 1
    assert "asked for the same step again" in last_extra(desk)["run_note"]


@pytest.mark.slow
def test_a_run_has_at_most_so_many_steps(desk: Any) -> None:
    desk.ctx.settings.set("tool_steps", 1)
    two_steps(desk)
    begin(desk, text=TWO)
    waits(desk).approval.once.click()
    desk.over()
    assert len(library(desk)) == 1
    assert "after 1 steps" in last_extra(desk)["run_note"]


@pytest.mark.slow
def test_the_plan_comes_first_and_steps_can_be_left_out(desk: Any) -> None:
    two_steps(desk)
    begin(desk, ToolSettings(on=True, plan=True), TWO)
    desk.until(lambda: desk.page.session.reply.waits_for_plan)
    plan = calls(desk).plan
    assert [box.text() for box in plan.boxes] == [
        "1. Music: Sound effect",
        "2. Music: Edit a sound",
    ]
    plan.boxes[1].setChecked(False)
    plan.start.click()
    waits(desk).approval.once.click()
    desk.over()
    assert [c["name"] for c in last_extra(desk)["calls"]] == [EFFECT]


@pytest.mark.slow
def test_undo_bins_all_that_was_made_and_restores_it(desk: Any) -> None:
    two_steps(desk)
    begin(desk, text=TWO)
    waits(desk).approval.once.click()
    waits(desk, 1).approval.once.click()
    desk.over()
    assert len(library(desk)) == 2
    calls(desk).undo.click()
    desk.settled()
    assert not library(desk)
    assert calls(desk).undo.text() == "Restore results"
    calls(desk).undo.click()
    desk.settled()
    assert len(library(desk)) == 2


@pytest.mark.slow
@pytest.mark.parametrize("at_work", [False, True])
def test_stop_ends_it_and_continue_goes_on(desk: Any, at_work: bool) -> None:
    chosen(desk, EFFECT)
    arguments(desk, EFFECT, prompt="coin")
    if at_work:
        desk.runtime.enqueue(Stall())
    begin(desk)
    card = waits(desk)
    if at_work:
        card.approval.once.click()
        desk.until(lambda: desk.runtime.submitted[-1].task == "music.effect")
    desk.page.session.stop()
    desk.over()
    assert last_extra(desk)["calls"][0]["state"] == "stopped"
    job(desk)
    words(desk, "Done.")
    desk.page.session.go_on(desk.page.session.turns[-1])
    waits(desk).approval.once.click()
    desk.over()
    assert desk.thread()[-1][1] == "Done."
    assert len(library(desk)) == 1


@pytest.mark.slow
def test_a_run_that_was_cut_shows_what_was_done_and_goes_on(desk: Any) -> None:
    two_steps(desk)
    begin(desk, text=TWO)
    waits(desk).approval.once.click()
    waits(desk, 1)
    desk.settled()
    conversation = desk.page.session.id
    desk.end()  # with the reply still being written
    desk.open()
    desk.settled()
    assert desk.page.session.id == conversation
    shown = calls(desk).cards
    assert [card.words for card in shown] == ["", "Not finished: the run was interrupted."]
    job(desk)
    words(desk, "Here is your coin.")
    desk.page.session.go_on(desk.page.session.turns[-1])
    waits(desk, 1).approval.once.click()
    desk.over()
    assert desk.thread()[-1][1] == "Here is your coin."
    assert len(library(desk)) == 2


@pytest.mark.slow
def test_what_harms_nothing_asks_nobody(desk: Any) -> None:
    chosen(desk, "calculate")
    arguments(desk, "calculate", expression="17 * 3")
    words(desk, "It is 51.")
    begin(desk, text="how much is 17 times 3?")
    desk.over()
    assert calls(desk).cards[0].words == "51"
    assert desk.thread()[-1][1] == "It is 51."


def test_a_picture_of_the_message_is_worked_on_whoever_sees_it(desk: Any, tmp_path: Any) -> None:
    cat = tmp_path / "cat.png"
    image = QImage(20, 20, QImage.Format.Format_RGB32)
    image.save(str(cat))
    chosen(desk, "image_edit")
    arguments(desk, "image_edit", image="picture-1", turn="90")
    job(desk, Artifact("image", cat.read_bytes(), ".png", title="A cat"))
    words(desk, "Turned.")
    desk.page.session.change_tools(TOOLS)
    desk.page._attach([cat])
    assert not desk.page.composer._trouble.text(), "tools need no eyes"
    desk.begin("turn it on its side")
    waits(desk).approval.once.click()
    desk.over()
    asked = [each for each in desk.runtime.submitted if each.task == "image.edit"]
    assert [each.params["image"] for each in asked] == [str(cat)]
    told = desk.runtime.inputs_of(desk.runtime.submitted[0]).json("messages", list, [])
    assert "picture-1" in told[-1]["content"], "the model is told of it"
    chosen(desk)
    words(desk, "A cat.")
    desk.page._attach([cat])
    desk.say("What is it?")
    assert "cannot see pictures" in calls(desk)._note.text(), "words alone would be made up"


def test_arguments_that_do_not_fit_go_back_to_the_model_before_anybody_is_asked(desk: Any) -> None:
    chosen(desk, EFFECT)
    arguments(desk, EFFECT, prompt="coin", count=1_000_000)
    arguments(desk, EFFECT, prompt="coin", count=2)
    job(desk)
    words(desk, "Here it is.")
    begin(desk)
    card = waits(desk)
    again = desk.runtime.submitted[2]
    told = desk.runtime.inputs_of(again).json("messages", list, [])
    assert "It failed: " in told[-1]["content"]
    card.approval.once.click()
    desk.over()
    assert desk.runtime.submitted[3].params["count"] == 2
