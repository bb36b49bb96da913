"""Which tools a request needs: those near it in meaning, and what the model names of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from studio.api.window.tools import Tool
from studio_chat.tools import choice, examples
from studio_chat.tools.calls import Made
from studio_chat.tools.plan import Comparison, planning

IMAGE = ("image",)
DRAW = Tool("draw", "Draw", "Draws.", {}, produces=IMAGE)
STYLE = Tool(
    "style",
    "Style",
    "Restyles.",
    {"properties": {"image": {"type": "string"}}, "required": ["image"]},
    files={"image": IMAGE},
    produces=IMAGE,
)
TUNE = Tool("tune", "Tune", "Composes.", {"properties": {"prompt": {"type": "string"}}})
TOOLS = (DRAW, STYLE, TUNE)
NAMES = ("draw", "style", "tune")


def plan(
    request: str, *answers: str, similarity: Sequence[Sequence[float]] = ()
) -> tuple[list[str], list[choice.Question]]:
    """Return what is planned where the model gives these answers, and what it was asked."""
    steps = planning(request, TOOLS, lambda text: TOOLS, (), [])
    compared = next(steps)
    assert isinstance(compared, Comparison)
    assert compared.questions[0] == request
    asked: list[Any] = []
    reply: Any = similarity
    for answer in (*answers, ""):
        try:
            asked.append(steps.send(reply))
        except StopIteration as end:
            return end.value[0], asked
        reply = f"Wanted: it.\nTools: {answer}"
    raise AssertionError("it asks on and on")


def test_a_part_that_was_lost_is_asked_for_by_itself() -> None:
    names, asked = plan(
        "make a fox, restyle it as glass, and write a tune",
        *("draw, tune", "draw", "style", "tune"),
    )
    assert names == ["draw", "style", "tune"]
    assert [q.messages[-1]["content"] for q in asked[1:]] == [
        "Request: make a fox",
        "(There is already: image-1)\nRequest: restyle it as glass",
        "(There is already: image-1, image-2)\nRequest: write a tune",
    ]


def test_where_each_part_has_its_tool_none_is_asked_for_again() -> None:
    names, asked = plan("make a fox, and write a tune", "draw, tune")
    assert (names, len(asked)) == (["draw", "tune"], 1)


def test_where_words_are_enough_no_part_is_asked_for() -> None:
    names, asked = plan("what is a fox, and what is glass?", "none")
    assert (names, len(asked)) == ([], 1)


def test_what_no_tool_is_near_to_is_not_asked_at_all() -> None:
    assert plan("Who wrote this?", similarity=[[0.1, 0.05, 0.0]]) == ([], [])
    names, asked = plan("Who wrote this?", "none", similarity=[[0.1, 0.4, 0.0]])
    assert (names, len(asked)) == ([], 1), "control: one is near"
    assert len(plan("Wer hat das geschrieben?", "none", similarity=[[0.1, 0.05, 0.0]])[1]) == 1, (
        "of another language an encoder of English knows nothing"
    )


def test_a_tool_that_shares_no_word_is_told_of_where_it_is_near_in_meaning() -> None:
    many = [Tool(f"other{n}", "Other", "Does other things.", {}) for n in range(20)]
    steps = planning("twice as large", [*many, TUNE], lambda text: many, (), [])
    next(steps)
    asked = steps.send([[0.1] * 20 + [0.9]])
    assert "- tune:" in asked.messages[0]["content"]


def test_examples_like_the_request_are_shown_and_only_of_tools_that_are_told_of() -> None:
    known = examples.examples()
    nearness = [float(each.tools == ("music_back",)) for each in known]
    shown = examples.telling(nearness, {"music_back", "music_compose"}, has_steps=False)
    assert shown[-1].tools == ("music_back",), "the nearest is the last"
    assert any(not each.tools for each in shown)
    assert all(set(each.tools) <= {"music_back", "music_compose"} for each in shown)
    steps = examples.telling(nearness, {"music_back", "music_compose"}, has_steps=True)
    assert any(len(each.tools) > 1 for each in steps)


def test_a_text_task_of_the_chat_is_for_files_words_it_has_itself() -> None:
    text = {"document": ("text",)}
    rewrite = Tool("chat_rewrite", "Rewrite", "Rewrites.", {}, group="chat", files=text)
    assert choice.usable([rewrite, TUNE], []) == [TUNE]
    assert choice.usable([rewrite, TUNE], ["text"]) == [rewrite, TUNE]


def test_who_wants_something_in_words_wants_no_tool() -> None:
    said = "Wanted: an answer in words\nTools: draw"
    assert choice.chosen(said, NAMES) == []
    assert choice.chosen(said.replace("an answer", "a picture of it").replace(" in words", ""),
                         NAMES) == ["draw"]  # fmt: skip


def test_nothing_begins_with_a_tool_that_has_nothing_to_work_on() -> None:
    _, (asked,) = plan("restyle it", "none")
    assert not re.fullmatch(asked.params["regex"], "Wanted: glass\nTools: style")
    ready = choice.question("restyle it", TOOLS, (), ["image-1"], IMAGE)
    assert re.fullmatch(ready.params["regex"], "Wanted: glass\nTools: style"), "there is a picture"


def test_a_name_again_and_again_is_meant_once() -> None:
    answer = "Tools: tune, tune, tune, tune"
    assert choice.chosen(answer, NAMES) == ["tune"]
    assert choice.chosen("Tools: draw, draw, nonsense", NAMES) == ["draw", "draw"]


def test_a_file_is_one_of_those_that_there_are() -> None:
    results = {"image-1": Made("image-1", "a", "image"), "audio-1": Made("audio-1", "b", "audio")}
    assert held(STYLE, results) == ["image-1"]
    assert choice.lacks(STYLE, {}, {}) == IMAGE
    assert not choice.lacks(STYLE, results, {})


def held(tool: Tool, results: dict[str, Made]) -> Sequence[str]:
    schema = choice.held(tool, results, {})
    return schema["properties"]["image"]["enum"]  # type: ignore[no-any-return]


def test_a_call_that_needs_nothing_is_at_least_about_something() -> None:
    assert choice.held(TUNE, {}, {})["required"] == ["prompt"]


def asked_first(request: str, tools: Sequence[Tool], *, near: float) -> Any:
    """Return the first question of a request that is as near to all tools; None for none."""
    steps = planning(request, tools, lambda text: (), (), [])
    next(steps)
    try:
        return steps.send([[near] * len(tools)])
    except StopIteration:
        return None


def test_a_tool_that_the_request_names_is_offered_first_however_far_it_is() -> None:
    stock = Tool("shop__stock", "shop: Stock", "Say how many there are.", {}, source="server:shop")
    tools = [*(Tool(f"other{n}", "Other", "Does it.", {}) for n in range(20)), stock]
    question = asked_first("Call the stock tool", tools, near=0.01)
    assert "- shop__stock:" in question.messages[0]["content"]
    answer = re.compile(question.params["regex"])
    assert answer.fullmatch("Wanted: it.\nTools: shop__stock")
    assert not answer.fullmatch("Wanted: it.\nTools: none"), "it was asked for by name"
    assert asked_first("Do not use the stock tool", tools, near=0.01) is None, "control"


def test_a_word_of_many_tasks_names_none() -> None:
    many = [Tool(f"sound_{n}", "Edit a sound", "Edits.", {}) for n in range(5)]
    question = asked_first("Use sound and rhythm in a poem", many, near=0.9)
    assert re.fullmatch(question.params["regex"], "Wanted: it.\nTools: none")


def test_a_step_with_nothing_to_work_on_is_no_step_of_the_plan() -> None:
    assert plan("style", "style")[0] == []
    assert plan("a fox, styled", "draw, style")[0] == ["draw", "style"], "control"
