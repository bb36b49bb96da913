"""One declaration of parameters gives checks, fields and a schema that agree."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest

from studio.api import (
    BadInput,
    Capability,
    ErrorCode,
    Group,
    Hidden,
    Label,
    Params,
    Range,
    RenamedFrom,
    Seed,
    StudioError,
    Text,
    WeightsId,
)
from studio.api.frozen_schema import freeze, thaw
from studio.api.params import FieldKind


class Sample(Params):
    prompt: Annotated[str, Text(lines=3, max_chars=20), Label("Prompt", "What to draw.")]
    steps: Annotated[int, Range(1, 150)] = 20
    strength: Annotated[float, Range(0, 1), Group("More", advanced=True)] = 0.5
    mode: Annotated[Literal["fast", "fine"], Label("Mode", choices={"fine": "2 × finer"})] = "fast"
    stop: list[str] = []
    tiled: bool = False
    limit: int | None = None
    turns: Annotated[list[dict[str, str]], Hidden()] = []
    seed: Seed = Seed.random()
    weights: Annotated[WeightsId, Capability("text-to-image")] = WeightsId()


def field(name: str):
    return next(f for f in Sample.fields() if f.name == name)


def test_parse_fills_defaults_and_keeps_order() -> None:
    params = Sample.parse({"prompt": "fox"})
    assert list(params.to_dict()) == [f.name for f in Sample.fields()]
    assert params.steps == 20
    assert params.seed.is_random
    assert Sample.parse(params.to_dict()) == params


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "Prompt is missing"),
        ({"prompt": ""}, "Prompt is missing"),
        ({"prompt": "x", "steps": 900}, "between 1 and 150; you entered 900"),
        ({"prompt": "x", "strength": float("nan")}, "finite"),
        ({"prompt": "x", "step": 1}, "no parameter called 'step'"),
        ({"prompt": "x", "mode": "slow"}, "wrong type"),
        ({"prompt": "x" * 21}, "the limit is 20"),
        ({"prompt": "x", "seed": 2**60}, "at most"),
        ({"prompt": "x", "stop": 3}, "wrong type"),
    ],
)
def test_bad_input_is_one_sentence(values: dict[str, object], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        Sample.parse(values)


def test_what_is_missing_is_called_as_the_form_calls_it() -> None:
    with pytest.raises(BadInput) as caught:
        Sample.parse({})
    assert caught.value.hint == "Give a value for “Prompt”."


def test_strings_from_a_command_line_become_numbers() -> None:
    params = Sample.parse({"prompt": "x", "steps": "30", "seed": "7", "tiled": "true"})
    assert (params.steps, int(params.seed), params.tiled) == (30, 7, True)


def test_fields_carry_what_a_form_needs() -> None:
    assert field("prompt").required
    assert field("prompt").text.lines == 3
    assert field("prompt").help == "What to draw."
    assert field("mode").choices == ("fast", "fine")
    assert field("mode").choice_titles == ("", "2 × finer")
    assert field("strength").group.advanced
    assert field("weights").capability == "text-to-image"
    assert field("stop").item is FieldKind.TEXT
    assert field("limit").optional
    assert field("turns").hidden
    assert field("seed").kind is FieldKind.SEED


def test_json_schema_says_the_same() -> None:
    schema = Sample.json_schema()
    assert schema["required"] == ["prompt"]
    assert schema["properties"]["steps"] == {
        "title": "Steps",
        "type": "integer",
        "minimum": 1,
        "maximum": 150,
        "default": 20,
    }
    assert schema["properties"]["mode"]["enum"] == ["fast", "fine"]
    assert schema["properties"]["stop"]["items"] == {"type": "string"}
    assert schema["additionalProperties"] is False


def test_parameters_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Sample.parse({"prompt": "x"}).steps = 3  # type: ignore[misc]


def test_a_default_out_of_bounds_is_laid_at_whoever_wrote_it() -> None:
    class Bad(Params):
        n: Annotated[int, Range(1, 5)] = 99

    for values in ({}, {"n": 99}):  # a form hands over what it was given
        with pytest.raises(StudioError, match="default of N does not fit") as caught:
            Bad.parse(values)
        assert caught.value.code is ErrorCode.PLUGIN_FAILED
    with pytest.raises(BadInput, match="you entered 6"):
        Bad.parse({"n": 6})


def test_what_fields_cannot_say_alone_is_checked_after_them() -> None:
    class Span(Params):
        first: int = 1
        last: Annotated[int, Range(1, 9)] = 3

        def check(self) -> None:
            if self.first > self.last:
                raise BadInput("The first is behind the last.")

    assert Span.parse({"first": 3}).first == 3
    with pytest.raises(BadInput, match="behind the last"):
        Span.parse({"first": 4})
    with pytest.raises(BadInput, match="between 1 and 9"):
        Span.parse({"first": 99, "last": 10})


def test_an_earlier_name_of_a_parameter_is_read_and_survives_a_freeze() -> None:
    class Renamed(Params, frozen=True):
        size: Annotated[int, RenamedFrom("width")] = 1

    for params in (Renamed, thaw(freeze(Renamed))):
        parsed: Any = params.parse({"width": 3})
        assert parsed.size == 3
        with pytest.raises(BadInput, match="'widths'"):
            params.parse({"widths": 3})
