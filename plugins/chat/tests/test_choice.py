"""Which tools a request needs: asked for all of it, then for each of its parts."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from studio.api.window.tools import Tool
from studio_chat.tools import choice
from studio_chat.tools.calls import Made

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


def plan(request: str, *answers: str) -> tuple[list[str], list[choice.Question]]:
    """Return what is planned where the model gives these answers, and what it was asked."""
    planning = choice.planning(request, lambda text: TOOLS, {}, [])
    asked = [next(planning)]
    asked += [planning.send(f"Wanted: it.\nTools: {answer}") for answer in answers[:-1]]
    with pytest.raises(StopIteration) as end:
        planning.send(f"Wanted: it.\nTools: {answers[-1]}")
    return end.value.value[0], asked


def test_each_part_is_asked_for_where_tools_are_needed() -> None:
    names, asked = plan(
        "make a fox, restyle it as glass, and write a tune",
        *("draw, tune", "draw", "style", "tune"),
    )
    assert names == ["draw", "style", "tune"]
    assert [q.messages[-1]["content"] for q in asked[1:]] == [
        "Request: make a fox",
        "Request: restyle it as glass",
        "Request: write a tune",
    ]


def test_where_words_are_enough_no_part_is_asked_for() -> None:
    names, asked = plan("what is a fox, and what is glass?", "none")
    assert (names, len(asked)) == ([], 1)


def test_nothing_begins_with_a_tool_that_has_nothing_to_work_on() -> None:
    _, (asked,) = plan("restyle it", "none")
    assert not re.fullmatch(asked.params["regex"], "Wanted: glass\nTools: style")
    ready = choice.question("restyle it", TOOLS, {}, IMAGE)
    assert re.fullmatch(ready.params["regex"], "Wanted: glass\nTools: style"), "there is a picture"


def test_a_name_again_and_again_is_meant_once() -> None:
    answer = "Tools: tune, tune, tune, tune"
    assert choice.chosen(answer, TOOLS) == ["tune"]
    assert choice.chosen("Tools: draw, draw, nonsense", TOOLS) == ["draw", "draw"]


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
