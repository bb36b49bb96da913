"""``studio library export --provenance`` and ``studio verify``, as a script uses them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from studio.api.artifacts import NewArtifact
from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.cli.terminal.exit_code import ExitCode
from studio.library import Library
from studio.library.provenance import disclosure
from studio.library.provenance.disclosure import Disclosure

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def made(home: Path, tmp_path: Path) -> str:
    """Id of a picture in the library."""
    Image.new("RGB", (9, 9), "teal").save(tmp_path / "a.png")
    with Library.open(StudioPaths.default()) as library:
        record = library.add_record("toy.draw", {"prompt": "a fox in the snow"})
        picture = NewArtifact("image", (tmp_path / "a.png").read_bytes(), ".png", "A fox")
        return library.add_artifact(picture, record=record.id).id


def test_what_is_exported_is_verified(command: Command, made: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for choice in Disclosure:
        code, said, _ = command(
            "library", "export", made, "--out", str(out), "--provenance", choice, "--json"
        )
        assert code == ExitCode.OK
        assert len(json.loads(said)["paths"]) == 1
    files = sorted(out.iterdir())
    assert [file.name for file in files] == ["A fox.png", "image (2).png", "image.png"]
    code, said, _ = command("verify", *map(str, files), "--json")
    told = json.loads(said)
    full, none, label = told["files"]
    assert code == ExitCode.OK
    assert [full["verdict"], none["verdict"], label["verdict"]] == ["ours", "none", "ours"]
    assert full["artifact"] == label["artifact"] == made
    assert full["recipe"]["record"]["params"]["prompt"] == "a fox in the snow"
    assert label["recipe"] is None
    assert "Anyone can remove it" in told["meaning"]
    files[0].write_bytes(files[0].read_bytes()[:-20] + bytes(20))
    code, said, told = command("verify", str(files[0]), str(files[2]))
    assert code == ExitCode.PROBLEMS
    assert f"{files[0]}: Changed since it was signed" in said
    assert f"{files[2]}: Made by this studio, unchanged" in said
    assert f"In the library: {made}  A fox" in said
    assert "Anyone can remove it" in told


def test_without_a_flag_the_choice_of_last_time_holds(
    command: Command, made: str, home: Path, tmp_path: Path
) -> None:
    disclosure.choose(Settings(home / "settings.json"), Disclosure.LABEL)
    _, said, _ = command("library", "export", made, "--out", str(tmp_path / "out"))
    _, told, _ = command("verify", said.strip(), "--json")
    [found] = json.loads(told)["files"]
    assert (found["verdict"], found["recipe"]) == ("ours", None)


def test_a_file_that_is_not_there_is_a_problem(command: Command, home: Path) -> None:
    code, said, _ = command("verify", str(home / "gone.png"), "--json")
    [found] = json.loads(said)["files"]
    assert code == ExitCode.PROBLEMS
    assert found["verdict"] == "unreadable"
    assert "No such file" in found["why"]
