"""Grids: axes as they are written, the sheet and its cells, what goes wrong, what Stop leaves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api import BadInput, CalledArtifact, CallOutcome
from studio.testing.plugins import Made, run_task
from studio_image import picture_arrays
from studio_image.schema import Grid
from studio_image.schema.axes import read
from studio_image.tasks.grid import grid


def painted(params: Mapping[str, Any], _inputs: Any) -> CallOutcome:
    """Return a picture whose colour is the seed and the guidance."""
    if params["prompt"] == "a zeppelin":
        raise BadInput("This model does not know “zeppelin”.", "Choose other words.")
    assert params["count"] == 1
    color = (int(params["seed"]) * 20, int(float(params.get("guidance", 0)) * 20), 99)
    picture = np.full((40, 80, 3), color, np.uint8)
    picture[:4] = 255
    name = "-".join(str(params[each]) for each in ("prompt", "seed"))
    return CallOutcome({}, (CalledArtifact("image", picture_arrays.png(picture), ".png", id=name),))


def run(stop_after: int | None = None, **params: Any) -> Made:
    calls = {"image.generate": painted}
    return run_task(grid, Grid.parse(params), seed=4, calls=calls, stop_after=stop_after)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("guidance=3,5, 7.5", ("3", "5", "7.5")),
        ("seed=1..4", ("1", "2", "3", "4")),
        ("--guidance=1..2/0.5, 9", ("1", "1.5", "2", "9")),
        ("steps=30..10/-10", ("30", "20", "10")),
        ("style=flat,3d", ("flat", "3d")),
        ("prompt=a fox, a hen|an owl", ("a fox, a hen", "an owl")),
        ("prompt=a fox, a hen", ("a fox, a hen",)),
        ("transparent=true,false", ("true", "false")),
    ],
)
def test_an_axis_is_read_as_it_is_written(text: str, values: tuple[str, ...]) -> None:
    axis = read("generate", text)
    assert axis is not None
    assert axis.values == values


def test_styles_of_one_picture_are_joined_by_plus() -> None:
    axis = read("restyle", "styles=ink,points+mosaic")
    assert axis is not None
    assert axis.values == (["ink"], ["points", "mosaic"])
    assert axis.labels == ["styles ink", "styles points + mosaic"]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "needs an axis"),
        ({"x": "guidance"}, "is not an axis"),
        ({"x": "guidence=3"}, "Did you mean “guidance”"),
        ({"x": "count=1,2"}, "not a setting that a grid"),
        ({"x": "seed=4..1"}, "not a range of numbers"),
        ({"x": "seed=1..2/0"}, "not a range of numbers"),
        ({"x": "seed=nan..2"}, "not a range of numbers"),
        ({"x": "seed=1..1e9"}, "pictures, but the limit"),
        ({"x": "guidance=3,x"}, "“guidance” must be a number; you entered “x”"),
        ({"x": "style=flat,oil"}, "must be one of 3d, flat"),
        ({"x": "seed=1", "settings": ["style=oil"]}, "you entered “oil”"),
        ({"x": "guidance=3,99"}, "Guidance"),
        ({"x": "seed=1..100", "y": "steps=1..100"}, "10,000 pictures, but the limit is 400"),
        ({"x": "seed=1", "y": "seed=2"}, "on two axes"),
        ({"x": "seed=1", "y": "steps=2", "z": "guidance=3", "prompts": "a\nb"}, "no axis left"),
        ({"x": "strength=1", "task": "restyle", "prompts": "a"}, "takes prompts"),
        ({"x": "seed=1", "settings": ["steps"]}, "not a setting"),
    ],
)
def test_what_is_no_grid_is_refused_before_anything_is_drawn(
    params: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadInput) as caught:
        Grid.parse({"prompts": "a fox", **params} if "prompts" not in params and params else params)
    assert words in f"{caught.value.message} {caught.value.hint}"


def test_a_sheet_has_each_picture_where_its_cell_says() -> None:
    made = run(prompts="a fox\nan owl", x="seed=1..3", z="guidance=2,8", side=96)
    (sheet,) = made.artifacts
    picture = picture_arrays.read(sheet.read())
    cells = sheet.meta["cells"]
    assert len(cells) == made.result["count"] == 12
    assert made.result["cells"] == [each["set"] for each in cells]
    assert [each["id"] for each in cells[:4]] == [
        "a fox-1", "a fox-2", "a fox-3", "an owl-1",
    ]  # fmt: skip
    for cell in cells:
        left, top, wide, high = cell["at"]
        assert (wide, high) == (96, 48)
        middle = picture[top + high // 2, left + wide // 2]
        assert (middle[0], middle[1]) == (
            int(cell["set"]["seed"]) * 20,
            int(cell["set"]["guidance"]) * 20,
        )
    left = min(each["at"][0] for each in cells)
    assert (picture[:, :left] < 150).any(), "the prompts stand beside the rows"
    assert sheet.text == "a fox\nan owl"
    assert sheet.verdict is not None
    assert sheet.verdict.passed
    assert made.progress[-1].done == 12


def test_prompts_of_a_file_are_rows_and_the_seed_is_that_of_the_grid(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text("﻿a fox\n\n  eine Kröte \n", encoding="utf-8")
    (sheet,) = run(prompt_file=str(file)).artifacts
    assert [each["id"] for each in sheet.meta["cells"]] == ["a fox-4", "eine Kröte-4"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no prompts"),
        (b"\xff\xfe\x00", "not a text"),
        (b"a\n" * 2**20, "1 MiB"),
        (None, "read"),
    ],
)
def test_a_prompt_list_that_is_none_is_refused(
    tmp_path: Path, data: bytes | None, words: str
) -> None:
    file = tmp_path / "list.txt"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(BadInput, match=words):
        run(prompt_file=str(file))


def test_the_file_of_a_sheet_names_no_folder(tmp_path: Path) -> None:
    secret = tmp_path / "secret folder"
    asked = {"x": f"init={secret}/a.png|{secret}/b.png", "settings": [f"init={secret}/c.png"]}
    (sheet,) = run(prompts="a fox", **asked).artifacts
    assert b"a.png|b.png" in sheet.read()
    assert b"secret folder" not in sheet.read()
    assert "secret folder" in str(sheet.meta), "here it stays, to be made again"


def test_a_cell_that_fails_says_why_and_the_others_are_there() -> None:
    made = run(prompts="a zeppelin\nan owl")
    (sheet,) = made.artifacts
    assert [each["id"] for each in sheet.meta["cells"]] == ["an owl-4"]
    assert made.result["failed"] == ["a zeppelin: This model does not know “zeppelin”."]
    assert "1 of 2 pictures could not be made" in made.result["note"]
    assert sheet.verdict is not None
    assert not sheet.verdict.passed
    with pytest.raises(BadInput, match="zeppelin"):
        run(prompts="a zeppelin", x="seed=1,2")


def test_a_grid_that_is_stopped_leaves_the_sheet_so_far() -> None:
    made = run(stop_after=3, prompts="a fox", x="seed=1..9")
    assert made.cancelled
    (sheet,) = made.artifacts
    assert 0 < len(sheet.meta["cells"]) < 9
