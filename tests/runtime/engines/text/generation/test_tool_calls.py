"""Calls of tools have the form and the arguments that they must have, and are read as written.

The models are random, so nothing but the constraint gives their texts a form.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import jsonschema
import pytest

from studio.api import BadInput, Constraint
from studio.api.worker.text import SamplingParams
from studio.api.worker.tools import CallReader, Tool, tool_constraint
from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.generation.grammar_mask import check
from tests.runtime.engines import tiny_models

pytestmark = pytest.mark.torch

SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"enum": ["Oslo", "Bonn"]},
        "days": {"type": "integer", "minimum": 1, "maximum": 9},
    },
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOLS: list[Tool] = [{"name": "weather", "parameters": SCHEMA}, {"name": "stop"}]
HERMES = (
    "{% if tools %}TOOLS {% for t in tools %}{{ t.function.name }} {% endfor %}{% endif %}"
    "{% for m in messages %}{{ m.role }}: {{ m.content }}{% for c in m.tool_calls or [] %}"
    "<tool_call>{{ c.function.name }} {{ c.function.arguments | tojson }}</tool_call>{% endfor %};"
    "{% endfor %}"
)
TURNS: list[Any] = [
    {"role": "user", "content": "Go"},
    {"role": "assistant", "content": "", "calls": [{"name": "stop", "arguments": {"a": 1}}]},
    {"role": "tool", "content": "done"},
    {"role": "tool", "content": "twice"},
]


def engine_with(template: str, folder) -> TextEngine:
    tiny_models.Plain().save_pretrained(folder)
    tiny_models.byte_tokenizer(folder, template)
    return TextEngine.load(folder)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> TextEngine:
    return engine_with(tiny_models.CHATML, tmp_path_factory.mktemp("tiny"))


def written(engine: TextEngine, form: Constraint, seed: int) -> tuple[str, str]:
    wild = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "repetition_penalty": 1.0}
    wish = SamplingParams(**wild, seed=seed, max_tokens=220, constraint=form)
    steps = list(engine.generate([5, 6, 7], wish))
    return "".join(step.text for step in steps), steps[-1].finish_reason


def read(
    text: str, *, size: int = 1, known: Sequence[str] = ()
) -> tuple[str, list[tuple[str, Any]]]:
    reader, parts = CallReader(known), {}
    for at in range(0, len(text), size):
        for call, piece in reader.push(text[at : at + size]):
            parts[call] = parts.get(call, "") + piece
    for call, piece in reader.flush():
        parts[call] = parts.get(call, "") + piece
    calls = [(name, json.loads(parts[at])) for at, name in enumerate(reader.names, 1)]
    return parts.get(0, ""), calls


BARE = '{"name": "weather", "arguments": {"city": "Oslo", "days": 2}}'


@pytest.mark.parametrize(
    "text", [BARE, f"{{{BARE}}}", f"```json\n{BARE}\n```", f"\n```\n{BARE}\n```\n"]
)
@pytest.mark.parametrize("size", [1, 7, 500])
def test_a_call_without_its_marks_is_one(text: str, size: int) -> None:
    wanted = [("weather", {"city": "Oslo", "days": 2})]
    assert read(text, size=size, known=["weather", "stop"]) == ("", wanted)
    both = read(f"{text}\n{text}", size=size, known=["weather"])
    assert both == ("", wanted * 2)


@pytest.mark.parametrize(
    "text",
    [
        BARE.replace("weather", "other"),
        BARE[:-1],
        f"{BARE} is how it is written",
        '```json\n{"a": 1}\n```',
        "```python\nprint()\n```",
        "{" * 30_000,
        "Plain words.",
    ],
)
def test_json_that_is_no_call_stays_text(text: str) -> None:
    assert read(text, size=9, known=["weather"]) == (text, [])


def test_what_must_be_called_is_called_with_arguments_that_fit(tiny: TextEngine) -> None:
    form, one = (tool_constraint(TOOLS, must=True, parallel=many) for many in (True, False))
    seen = set()
    for seed in range(8):
        for limits in (form, one):
            text, reason = written(tiny, limits, seed)
            if reason != "stop":
                continue
            said, calls = read(text)
            assert said == ""
            assert limits is form or len(calls) == 1
            for name, arguments in calls:
                seen.add(name)
                jsonschema.validate(
                    arguments, SCHEMA if name == "weather" else {"maxProperties": 0}
                )
    assert seen == {"weather", "stop"}


def test_an_answer_may_be_free_or_have_a_form_of_its_own(tiny: TextEngine) -> None:
    text, _ = written(tiny, tool_constraint(TOOLS), 3)
    assert text
    assert read(text)[1] == [], "random letters are no call"
    form = tool_constraint(TOOLS, answer=json.dumps({"enum": [7]}))
    texts = {written(tiny, form, seed)[0] for seed in range(8)}
    assert "7" in texts
    assert all(text == "7" or read(text)[1] for text in texts)


def test_calls_are_read_however_the_text_is_cut() -> None:
    a = '<tool_call>\n{"name": "w", "arguments": {"x": "}\\n</tool_call>"}}\n</tool_call>'
    b = '<tool_call>\n{"name": "u", "arguments": {}}\n</tool_call>'
    for size in (1, 2, 7, 1000):
        assert read(f"So < this:\n{a}\n{b}", size=size) == (
            "So < this:", [("w", {"x": "}\n</tool_call>"}), ("u", {})],
        )  # fmt: skip
        assert read("a <tool  b", size=size) == ("a <tool  b", [])


CIRCLE = {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"$ref": "#"}, "in a circle"),
        (CIRCLE, "in a circle"),
        ({"properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "in a circle"),
        ({"type": "object", "description": "x" * (1 << 20)}, "the limit is 262,144"),
        ({"properties": {"a": {"$ref": "https://e.org"}}}, "does not contain"),
        ({"properties": {"a": {"enum": []}}, "required": ["a"]}, "weather"),
    ],
)
def test_what_no_call_could_have_is_refused(schema, told) -> None:
    with pytest.raises(BadInput, match=told):
        check(tool_constraint([{"name": "weather", "parameters": schema}]))


def test_a_tree_is_no_circle_and_only_strict_tools_are_refused_for_what_is_not_enforced() -> None:
    tree = {"type": "object", "properties": {"a": {"type": "array", "items": {"$ref": "#"}}}}
    check(tool_constraint([{"name": "t", "parameters": tree}]))
    odd = {"type": "object", "properties": {"a": {"type": "array", "uniqueItems": True}}}
    check(tool_constraint([{"name": "t", "parameters": odd}]))
    with pytest.raises(BadInput, match="uniqueItems"):
        check(tool_constraint([{"name": "t", "parameters": odd, "strict": True}]))


def test_a_template_that_knows_tools_is_told_and_others_read_a_text(tiny, tmp_path) -> None:
    knowing = engine_with(HERMES, tmp_path)
    told = knowing.tokenizer.decode(knowing.fit(TURNS, 10, TOOLS).ids)
    assert told == (
        'TOOLS weather stop user: Go;assistant: <tool_call>stop {"a": 1}</tool_call>;'
        "tool: done;tool: twice;"
    )
    plain = tiny.tokenizer
    wide = TextEngine(tiny.info, tiny.model, plain, tiny.template, 4096)
    told = plain.decode(wide.fit(TURNS, 10, TOOLS).ids)
    assert '"name": "weather"' in told
    assert '<tool_call>\n{"name": "stop", "arguments": {"a": 1}}\n</tool_call>' in told
    returned = "<tool_response>\ndone\n</tool_response>\n<tool_response>\ntwice\n</tool_response>"
    assert returned in told


def test_how_likely_tokens_were_is_told_before_any_rule(tiny: TextEngine) -> None:
    wish = SamplingParams(temperature=0, max_tokens=3, logprobs=4, repetition_penalty=1.0)
    steps = [step for step in tiny.generate([5, 6, 7], wish) if step.kind == "token"]
    (scores,) = tiny.score([5, 6, 7, *(step.token for step in steps)], 3)
    for step, expected in zip(steps, scores, strict=True):
        assert step.logprob is not None
        assert step.logprob.logprob == pytest.approx(expected, abs=1e-4)
        assert len(step.logprob.top) == 4
        assert step.logprob.top[0][1] == step.logprob.logprob, "greedy takes the likeliest"
