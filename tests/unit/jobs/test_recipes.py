"""Recipes: weights that are for something else are refused before a job is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest

from studio.api import Capability, File, Params, StudioError, WeightsId
from studio.api.jobs import JobRequest
from studio.api.manifest import TaskEntry
from studio.api.params import Field
from studio.jobs.recipes import make_recipe
from studio.protocol.errors import ErrorCode

ENLARGE = TaskEntry("toy.enlarge", "Enlarge", "toy.schema:Enlarge", ("image",))
PLAIN = JobRequest(ENLARGE.id)


def ANY(*_: object) -> None:
    """Refuse no file."""


class Enlarge(Params):
    """Parameters that name weights."""

    weights: Annotated[WeightsId, Capability("upscale")] = WeightsId()


class Restore(Params):
    """Parameters that would rather have some weights than others."""

    weights: Annotated[WeightsId, Capability("upscale", prefer="restore")] = WeightsId()


class Race(Params):
    """Parameters of a task that takes several weights."""

    weights: Annotated[list[WeightsId], Capability("upscale")]


class Ask(Params):
    """Parameters of a task that can do without weights."""

    weights: Annotated[WeightsId | None, Capability("embedding")] = WeightsId()


class Maybe(Params):
    """The same, with the default that comes to mind first."""

    weights: Annotated[WeightsId | None, Capability("upscale")] = None


@dataclass
class Row:
    """What a recipe reads of a row of the catalogue."""

    id: str
    capabilities: tuple[str, ...]


class Catalogue:
    """Three sets of weights: for enlarging, for text, and for nobody knows what."""

    rows = {
        row.id: row
        for row in (Row("sharp", ("upscale", "restore")), Row("words", ("text",)), Row("odd", ()))
    }

    def get(self, weights_id: str) -> Row:
        return self.rows[weights_id]

    def default_for(self, capability: str, prefer: str) -> Row:
        fitting = [row for row in self.rows.values() if capability in row.capabilities]
        return next((row for row in fitting if prefer in row.capabilities), fitting[0])


@pytest.mark.parametrize(("named", "taken"), [("", "sharp"), ("sharp", "sharp"), ("odd", "odd")])
def test_weights_that_fit_or_may_fit_are_taken(named: str, taken: str) -> None:
    recipe = make_recipe("toy", ENLARGE, Enlarge.parse({"weights": named}), Catalogue(), PLAIN, ANY)
    assert recipe.weights == (taken,)


def test_those_that_are_preferred_are_taken_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Catalogue, "rows", {"plain": Row("plain", ("upscale",)), **Catalogue.rows})
    recipes = [
        make_recipe("toy", ENLARGE, kind(), Catalogue(), PLAIN, ANY) for kind in (Enlarge, Restore)
    ]
    assert [recipe.weights for recipe in recipes] == [("plain",), ("sharp",)]


def test_weights_for_something_else_are_refused_in_a_sentence() -> None:
    with pytest.raises(StudioError, match=r"“words” supports “text”.*needs “upscale”") as no:
        make_recipe("toy", ENLARGE, Enlarge.parse({"weights": "words"}), Catalogue(), PLAIN, ANY)
    assert no.value.code is ErrorCode.BAD_INPUT
    assert no.value.hint


def test_several_weights_are_named_and_each_must_fit() -> None:
    asked = Race.parse({"weights": ["odd", "sharp"]})
    recipe = make_recipe("toy", ENLARGE, asked, Catalogue(), PLAIN, ANY)
    assert recipe.weights == ("odd", "sharp")
    assert recipe.params["weights"] == ["odd", "sharp"]
    with pytest.raises(StudioError, match="“words” supports “text”"):
        make_recipe(
            "toy", ENLARGE, Race.parse({"weights": ["sharp", "words"]}), Catalogue(), PLAIN, ANY
        )


def test_weights_that_a_task_can_do_without_are_none_where_none_fit() -> None:
    class Empty(Catalogue):
        def default_for(self, capability: str, prefer: str) -> Row:
            raise StudioError(ErrorCode.NOT_FOUND, "There are none.")

    recipe = make_recipe("toy", ENLARGE, Ask.parse({}), Empty(), PLAIN, ANY)
    assert recipe.params["weights"] is None
    assert recipe.weights == ()
    with pytest.raises(StudioError, match="There are none"):
        make_recipe("toy", ENLARGE, Enlarge.parse({}), Empty(), PLAIN, ANY)


def test_weights_that_nobody_named_are_the_best_that_fit_and_none_is_a_choice() -> None:
    assert make_recipe("toy", ENLARGE, Maybe.parse({}), Catalogue(), PLAIN, ANY).weights == (
        "sharp",
    )
    for kind in (Ask, Maybe):
        recipe = make_recipe("toy", ENLARGE, kind.parse({"weights": None}), Catalogue(), PLAIN, ANY)
        assert (recipe.params["weights"], recipe.weights) == (None, ())


def test_inputs_are_packed_and_those_that_the_task_does_not_take_are_refused() -> None:
    entry = TaskEntry("toy.say", "Say", "toy.schema:Say", inputs=("turns", "note", "raw"))
    given = {"turns": [{"role": "user"}], "note": "höher", "raw": b"\0\1"}
    recipe = make_recipe(
        "toy", entry, Params(), Catalogue(), JobRequest(entry.id, inputs=given), ANY
    )
    assert recipe.inputs == {
        "turns": b'[{"role":"user"}]',
        "note": "höher".encode(),
        "raw": b"\0\1",
    }
    for inputs, words in (
        ({"tune": b""}, "takes no input called “tune”"),
        ({"turns": {object()}}, "cannot be handed to it"),
    ):
        with pytest.raises(StudioError, match=words) as no:
            make_recipe(
                "toy", entry, Params(), Catalogue(), JobRequest(entry.id, inputs=inputs), ANY
            )
        assert no.value.code is ErrorCode.BAD_INPUT


def test_recipes_differ_when_their_inputs_do() -> None:
    entry = TaskEntry("toy.say", "Say", "toy.schema:Say", inputs=("note",))

    def digest(note: str) -> str:
        request = JobRequest(entry.id, inputs={"note": note})
        return make_recipe("toy", entry, Params(), Catalogue(), request, ANY).digest

    assert digest("a") == digest("a") != digest("b")


class Reading(Params):
    """Parameters that name files."""

    file: Annotated[str, File()] = "/etc/default"
    more: Annotated[list[str], File((".txt",))] = []


def test_files_are_checked_one_by_one_and_handed_over_by_name() -> None:
    seen: list[tuple[str, str]] = []

    def files(**given: object) -> tuple[str, ...]:
        def check(_task: TaskEntry, field: Field, path: str) -> None:
            seen.append((field.name, path))

        return make_recipe("toy", ENLARGE, Reading.parse(given), Catalogue(), PLAIN, check).files

    assert files(file="") == ()
    assert not seen
    assert files(file="/files/a.txt", more=["/files/b.txt"]) == ("file",)
    assert files() == ("file",)
    assert seen == [("file", "/files/a.txt"), ("more", "/files/b.txt"), ("file", "/etc/default")]
