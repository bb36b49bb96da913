"""A record says what a result depends on: plugin, packages, the user's files, and arrays."""

from __future__ import annotations

import hashlib
from array import array
from pathlib import Path
from typing import Any

import pytest

from studio.library import Library
from studio.plugins import circumstances
from studio.plugins.circumstances import PLUGIN, PLUGIN_FILES, files_named, of_plugin
from studio.plugins.plugin import Plugin, PluginState
from studio.testing.scripted import Artifact, Result


def test_a_plugin_is_told_by_version_files_and_the_packages_it_needs(tmp_path: Path) -> None:
    (tmp_path / "worker.py").write_text("x = 1\n")
    plugin = Plugin(
        "music", None, PluginState.DISCOVERED, "studio_music", version="1.2", folder=tmp_path,
        distribution="studio-plugin-music",
    )  # fmt: skip
    known = of_plugin(plugin)
    assert (known[PLUGIN], known[PLUGIN_FILES]) == ("1.2", plugin.digest)
    assert {"numpy", "soundfile"} <= known.keys()


def test_a_plugin_whose_files_are_gone_fails_no_job(tmp_path: Path) -> None:
    (tmp_path / "worker.py").symlink_to(tmp_path / "nowhere")
    plugin = Plugin("toy", None, PluginState.DISCOVERED, "toy", version="1", folder=tmp_path)
    assert of_plugin(plugin) == {PLUGIN: "1"}


def test_files_of_the_user_are_told_by_their_bytes(tmp_path: Path) -> None:
    picture, folder = tmp_path / "fox.png", tmp_path / "all"
    picture.write_bytes(b"fox")
    (folder / "deep").mkdir(parents=True)
    (folder / "one.png").write_bytes(b"one")
    params: dict[str, Any] = {
        "image": str(picture),
        "folder": str(folder),
        "styles": [str(picture), "waves", "/no/such/file"],
        "prompt": "fox.png",
        "steps": 3,
    }
    found = files_named(params)
    assert found.keys() == {str(picture), str(folder)}
    assert found[str(picture)] == hashlib.sha256(b"fox").hexdigest()
    (folder / "two.png").write_bytes(b"two")
    assert files_named(params)[str(folder)] != found[str(folder)]


def test_what_is_too_much_to_read_first_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(circumstances, "LARGEST", 5)
    monkeypatch.setattr(circumstances, "MOST_FILES", 1)
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"1234")
    paths = [str(tmp_path / "a"), str(tmp_path / "b"), str(tmp_path), "/dev/zero", "/\0"]
    assert files_named({"files": paths}).keys() == {paths[0]}


def test_a_record_keeps_what_its_job_was_handed(desk: Any, tmp_path: Path) -> None:
    picture = tmp_path / "fox.png"
    picture.write_bytes(b"fox")
    grey = memoryview(array("f", [0.5] * 6)).cast("B").cast("f", (2, 3))
    job = desk.submit(
        Artifact("image", b"x", ".png"),
        Result(),
        params={"prompt": str(picture)},
        inputs={"image": grey, "mask": b"png"},
    )
    desk.finish(job)
    record = desk.studio.library.record(job.record)
    assert record.files == {str(picture): hashlib.sha256(b"fox").hexdigest()}
    assert record.specs == {"image": {"dtype": "float32", "shape": [2, 3]}}
    assert record.versions["threads"]
    library: Library = desk.studio.library
    library.rebuild()
    assert library.record(job.record) == record
