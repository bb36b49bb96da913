"""A schema becomes data and comes back: form, flags and JSON Schema are the same."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest

import studio
from studio.api import BadInput, Hidden, Label, Params, Range, Seed, WeightsId
from studio.api.frozen_schema import freeze, thaw
from studio.api.manifest import TaskEntry
from studio.api.params import decode
from studio.cli.run import task_parser
from studio.plugins import discover
from studio.plugins.release import Release
from studio.testing.plugins import host_of


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Odd(Params, frozen=True):
    """Types that no shipped plugin has."""

    colour: Colour = Colour.RED
    pair: tuple[float, ...] = (1.0, 2.0)
    words: list[str] = msgspec.field(default_factory=lambda: ["a"])
    table: dict[str, list[int]] = {}
    either: int | str | None = None
    anything: Annotated[Any, Hidden()] = None
    level: Annotated[int, Range(1, 5, lowest="none"), Label("Level")] = 2
    mode: Literal["a", 1] = "a"
    seed: Seed = Seed(3)
    weights: WeightsId | None = WeightsId()


class Empty(Params, frozen=True):
    """Nothing to set."""


def through_json(params: type[Params]) -> type[Params]:
    return thaw(json.loads(json.dumps(freeze(params))))


SAMPLES = {"text": "x", "file": "x", "list": ["x"], "choice": "x"}
"""What a field that must be given can have, by its kind."""


def look_alike(entry: TaskEntry, params: type[Params]) -> None:
    thawed = through_json(params)
    assert thawed.fields() == params.fields()
    assert thawed.json_schema() == params.json_schema()
    assert task_parser(entry, thawed).format_help() == task_parser(entry, params).format_help()
    given = {field.name: SAMPLES[field.kind] for field in params.fields() if field.required}
    plain = msgspec.convert(given, params, dec_hook=decode).to_dict()
    assert msgspec.convert(given, thawed, dec_hook=decode).to_dict() == plain


def test_every_shipped_schema_comes_back_as_it_was(tmp_path: Path) -> None:
    release = Release.of(Path(studio.__file__).parent)
    host = host_of(filter(release.holds, discover()), tmp_path)
    rows = host.tasks()
    assert len(rows) > 20, "the control: all five are there"
    for _, entry in rows:
        look_alike(entry, host.params_class(entry.id))


@pytest.mark.parametrize("params", [Odd, Empty])
def test_types_that_nobody_ships_come_back_too(params: type[Params]) -> None:
    look_alike(TaskEntry("odd.task", "Odd", ""), params)


def test_values_are_checked_as_before_and_the_task_is_left_to_its_plugin() -> None:
    thawed = through_json(Odd)
    made = thawed.parse({"level": "4", "pair": [1, 2, 3], "seed": 7, "weights": "w"})
    assert made.to_dict() == Odd.parse(made.to_dict()).to_dict()
    for bad in ({"level": 9}, {"colour": "green"}, {"nothing": 1}, {"words": [1]}, {"mode": "b"}):
        with pytest.raises(BadInput):
            Odd.parse(bad)
        with pytest.raises(BadInput):
            thawed.parse(bad)


def test_a_default_that_can_change_is_not_shared() -> None:
    thawed = through_json(Odd)
    first, second = thawed.parse({}), thawed.parse({})
    assert first.words == ["a"]  # type: ignore[attr-defined] # fields come from data
    assert first.words is not second.words  # type: ignore[attr-defined] # as above


def change(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def apply(data: dict[str, Any]) -> None:
        *above, last = path.split(".")
        part: Any = data
        for step in above:
            part = part[int(step) if step.isdigit() else step]
        part[last] = value

    return apply


LEVEL = "fields.6"


@pytest.mark.parametrize(
    "spoil",
    [
        change("name", "class"),
        change("name", "a b"),
        change("extra", 1),
        change("help", "x" * 2_000_000),
        change(f"{LEVEL}.field.name", "parse"),
        change(f"{LEVEL}.field.name", "_hidden"),
        change(f"{LEVEL}.field.kind", "button"),
        change(f"{LEVEL}.field.range.minimum", 9),
        change(f"{LEVEL}.field.default", "four"),
        change(f"{LEVEL}.type", "os.system"),
        change(f"{LEVEL}.type", ["list"]),
        change(f"{LEVEL}.type", ["literal"]),
        change(f"{LEVEL}.type", ["list", ["list", ["list", ["list", ["list", "x"]]]]]),
        change("fields.0.field.choices", []),
        change("fields.0.field.choice_titles", ["One too many"] * 9),
        change("fields.1.field.range", {"minimum": 0, "maximum": 1}),
        lambda data: data["fields"].extend(data["fields"] * 200),
        lambda data: data["fields"].append(data["fields"][0]),
    ],
)
def test_hostile_data_are_refused_in_words(spoil: Callable[[dict[str, Any]], None]) -> None:
    data = json.loads(json.dumps(freeze(Odd)))
    assert thaw(data), "the control: it is good before"
    spoil(data)
    with pytest.raises(BadInput, match="cannot be read"):
        thaw(data)
