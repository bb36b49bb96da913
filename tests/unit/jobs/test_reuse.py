"""Settings of a result for a further run: what is filled, what is left to chance, what is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from studio.api.params import Capability, File, Params, RenamedFrom, Seed, WeightsId
from studio.jobs.reuse import settings_of


class Draw(Params, frozen=True):
    prompt: str
    weights: Annotated[WeightsId, Capability("text-to-image")] = WeightsId()
    image: Annotated[str, File(suffixes=(".png",))] = ""
    seed: Seed = Seed(-1)


USED = {"prompt": "a fox", "weights": "small", "image": "", "seed": 7, "old_name": 1}


def test_all_that_is_still_there_is_filled_and_the_rest_is_named() -> None:
    values, missing = settings_of(Draw, USED, ["small"], bool)
    assert values == {"prompt": "a fox", "weights": "small", "image": "", "seed": 7}
    assert missing == ["old name"]


def test_a_remix_leaves_the_seed_to_chance_and_nothing_else() -> None:
    values, _ = settings_of(Draw, USED, ["small"], bool, remix=True)
    assert values == {"prompt": "a fox", "weights": "small", "image": "", "seed": -1}


def test_weights_and_files_that_are_gone_are_named(tmp_path: Path) -> None:
    used = {**USED, "image": str(tmp_path / "gone.png")}
    values, missing = settings_of(Draw, used, ["other"], bool)
    assert "weights" not in values
    assert "image" not in values
    assert missing == ["small", "gone.png", "old name"] or set(missing) == {
        "small", "gone.png", "old name",
    }  # fmt: skip
    (tmp_path / "gone.png").write_bytes(b"")
    assert settings_of(Draw, used, ["small"], bool)[1] == ["old name"]


def test_of_several_weights_those_that_are_there_stay() -> None:
    class Race(Params, frozen=True):
        runners: Annotated[list[WeightsId], Capability("race")] = []

    values, missing = settings_of(Race, {"runners": ["hare", "gone"]}, ["hare"], bool)
    assert (values, missing) == ({"runners": ["hare"]}, ["gone"])


def test_what_has_another_name_now_is_filled_all_the_same() -> None:
    class Write(Params, frozen=True):
        prompt: Annotated[str, RenamedFrom("ask")] = ""

    assert settings_of(Write, {"ask": "a jig"}, [], bool) == ({"prompt": "a jig"}, [])
