"""The file of a workflow: read strictly, with the line and the step of what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.api.errors import BadInput, StudioError
from studio.automation.workflows.check import checked, problems
from studio.automation.workflows.document import parse, read
from studio.automation.workflows.references import Reference, escaped, filled, parts
from studio.automation.workflows.toml_text import to_toml, write
from studio.plugins import PluginHost
from studio.testing.plugins import host_of, importable, plugins_in
from tests.unit.automation.workflows.talker import PLUGINS, THREE_STEPS


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PluginHost]:
    with importable(PLUGINS):
        yield host_of(plugins_in(PLUGINS), tmp_path_factory.mktemp("journal"))


A = 'name = "A"\n'
STEP = '[[step]]\nid = "a"\ntask = "steps.write"\n'
HEAD = A + STEP
GOOD = HEAD + 'params = { prompt = "x" }\n'
B = '[[step]]\nid = "b"\n'
DRAW = B + 'task = "steps.draw"\n'
WRONG = {
    'name = "A"': "The file: the key “step” is missing.",
    "name = ": "This is not valid TOML",
    HEAD + 'parms = { prompt = "x" }': "Line 5, step “a”: there is no key “parms”.",
    HEAD + "params = { prompt = 3 }": "Line 5, step “a”: “Prompt” must be a text; here is",
    HEAD: "Line 2, step “a”: “Prompt” is missing.",
    HEAD + 'params = { prompt = "x", mood = 1 }':
        "Line 5, step “a”: “Write” has no parameter “mood”.",
    HEAD + 'params = { prompt = "x", times = 99 }':
        "Line 5, step “a”: Times must be between 1 and 9",
    HEAD + 'params = { prompt = "x", tone = "sad" }':
        "“Tone” must be one of plain, loud; here is “sad”.",
    HEAD + 'params = { prompt = "{inpt}" }': "Line 5, step “a”: “{inpt}” is not a reference.",
    HEAD + 'params = { prompt = "{step.b}" }': "Line 5, step “a”: there is no step “b”.",
    HEAD + 'params = { prompt = "{param.b}" }': "Line 5, step “a”: there is no parameter “b”.",
    HEAD + 'params = { prompt = "a } b" }': "A brace stands alone",
    HEAD + 'params = { prompt = "{step.a}" }': "in a circle: a → a.",
    GOOD + 'until = "good"': "Line 6, step “a”: “good” is not a value",
    GOOD + 'only_if = "a is fine"': "Line 6, step “a”: “a is fine” is no",
    GOOD + 'at_most = 0': "at_most must be between 1 and 100.",
    GOOD + 'inputs = { text = "y" }': "“Write” takes no input “text”.",
    HEAD.replace("steps.write", "steps.wrote"):
        "Line 4, step “a”: there is no task called “steps.wrote”.",
    HEAD.replace("steps.write", "other.do"):
        "Line 4, step “a”: there is no task called “other.do”.",
    GOOD + STEP: "Line 7, step “a”: There are two",
    "format = 2\n" + HEAD: "This workflow has format 2",
    A + 'plugins = { steps = "1.5" }\n' + STEP: "“steps” 1.5 or newer; here is 1.4.0",
    A + 'plugins = { lost = "1.0" }\n' + STEP: "“lost”, which is not installed",
    A + '[input]\nkind = "smell"\n' + STEP: "Line 3: there is no kind “smell”.",
    A + '[input]\nkind = "none"\n' + STEP + 'params = { prompt = "{input}" }':
        "needs an input, but the input is “none”",
    GOOD + DRAW + 'params = { file = "{step.a.image}" }':
        "step “b”: {step.a.image} has no image: the step makes text.",
    A + '[input]\nkind = "image"\n' + DRAW + 'params = { file = "{input}" }':
        "Line 7, step “b”: “File” takes files .txt, and {input} is image.",
    A + '[input]\nkind = "image"\n' + B + 'task = "steps.add"\ninputs = { text = "{input}" }':
        "Line 7, step “b”: “text” takes text, and {input} is image.",
    GOOD + B + 'task = "steps.write"\nparams = { prompt = "x", times = "{step.a}" }':
        "step “b”: “Times” cannot be taken from {step.a}, which is a result.",
    HEAD + 'params = { prompt = "{step.look}" }\n[[step]]\nid = "look"\ntask = "steps.look"':
        "{step.look} has no result: the step makes nothing that can be kept.",
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_told_with_line_and_step(host: PluginHost, text: str) -> None:
    with pytest.raises(BadInput) as error:
        checked(text, host)
    assert WRONG[text] in error.value.message


def test_a_circle_names_its_way(host: PluginHost) -> None:
    text = THREE_STEPS.replace('prompt = "{input}"', 'prompt = "{step.third}"')
    with pytest.raises(BadInput, match=r"Line 7, step “first”.*in a circle: (\w+ → ){3}\w+\."):
        checked(text, host)


def test_all_problems_are_told_at_once(host: PluginHost) -> None:
    text = HEAD + 'params = { prompt = "x", a = 1, b = 2 }\ninputs = { c = "d" }\n'
    assert len(list(problems(parse(text), text, host))) == 3


def test_steps_run_in_the_order_of_their_needs() -> None:
    first, *rest = THREE_STEPS.partition("[[step]]")[2].split("[[step]]")
    turned = "[[step]]".join([THREE_STEPS.partition("[[step]]")[0], *rest[::-1], first])
    assert [step.id for step in parse(turned).ordered()] == ["first", "second", "third"]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    hard = 'quotes " and \\ and {{braces}}\nlines\t\x07, ünï „“ and """ three\n'
    text = THREE_STEPS.replace('word = "so on"', "word = 'PLACE', times = [1, 2.5, true]")
    workflow = parse(text.replace("PLACE", "x"))
    workflow.step[2].params["word"] = hard
    workflow.step[2].params["more"] = {"a b": [hard, {"c": 1}]}
    write(tmp_path / "a.toml", workflow)
    assert read(tmp_path / "a.toml") == workflow
    assert to_toml(read(tmp_path / "a.toml")) == to_toml(workflow)


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe\0")
    with pytest.raises(BadInput, match="not UTF-8"):
        read(tmp_path / "a.toml")
    with pytest.raises(StudioError, match="cannot be read: No such file"):
        read(tmp_path / "b.toml")


def test_references_are_names_and_run_nothing() -> None:
    assert parts("a{{b}} {row.my column}{step.x.image}") == [
        "a", "{", "b", "}", " ", Reference("row", "my column"), Reference("step", "x", "image"),
    ]  # fmt: skip
    for evil in ("{input.__class__}", "{0}", "{input!r}", "{__import__('os')}", "{row.}"):
        with pytest.raises(BadInput, match="is not a reference"):
            parts(evil)
    hard = "{x} }{ {{input}}"
    assert filled(escaped(hard), lambda _: "no") == hard
    assert filled({"a": ["{input}", "<{input}>", 3]}, lambda _: 7) == {"a": [7, "<7>", 3]}


def test_free_parameters_are_checked() -> None:
    workflow = parse(
        'name = "A"\nparams = { n = { type = "integer", label = "Number" }, '
        'on = { type = "switch", default = true }, c = { type = "choice", choices = ["x", "y"], '
        'default = "x" } }\n' + STEP
    )
    assert workflow.values({"n": "3", "on": "off"}) == {"n": 3, "on": False, "c": "x"}
    for given, message in (
        ({}, "“Number” is missing"),
        ({"n": 1, "m": 2}, "has no parameter “m”"),
        ({"n": "many"}, "“Number” must be a whole number, not “many”"),
        ({"n": 1, "c": "z"}, "must be one of x, y"),
    ):
        with pytest.raises(BadInput, match=message):
            workflow.values(given)
