"""Manifests are read without import, and a bad one is refused in words that name the fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.api.errors import StudioError
from studio.api.manifest import MAX_MANIFEST_BYTES, is_compatible, read_manifest

GOOD = """
id = "image"
title = "Images"
version = "1.0.0"
api = ">=1,<2"
plugin = "module_that_does_not_exist.plugin"
worker = "module_that_does_not_exist.worker"
pages = [{ id = "image.page", title = "Images", accepts = ["text"] }]
[[tasks]]
id = "image.generate"
title = "Text to image"
params = "m.schema:Generate"
produces = ["image", "mesh"]
accepts = { text = "prompt" }
[[actions]]
id = "image.of_this"
title = "Picture of this"
task = "image.generate"
run = true
[[modes]]
kind = "mesh"
task = "image.generate"
title = "Own model"
verb = "Make meshes"
capability = "image-mesh"
[[kinds]]
id = "mesh"
title = "Meshes"
suffixes = [".obj"]
[[benches]]
id = "image-speed"
title = "Seconds a picture, against before"
module = "module_that_does_not_exist.bench"
[permissions]
gpu = true
reasons = { gpu = "Pictures are computed there." }
"""

BENCH_AGAIN = """
[[benches]]
id = "image-speed"
title = "The same again"
module = "m.bench"
[[tasks]]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "manifest.toml"
    path.write_text(text, "utf-8")
    return path


def test_good_manifest_is_read_without_importing_its_modules(tmp_path: Path) -> None:
    manifest = read_manifest(write(tmp_path, GOOD))
    assert manifest.tasks[0].id == "image.generate"
    assert manifest.permissions.reasons["gpu"]
    assert [bench.id for bench in manifest.benches] == ["image-speed"]
    assert is_compatible(manifest)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('id = "image"', 'id = "Image!"', "lower-case"),
        ('kind = "mesh"', 'kind = "audio"', "produces 'audio'"),
        ('id = "mesh"', 'id = "image"', "one of the studio's own"),
        ('id = "mesh"', 'id = "3D Mesh"', "not a word"),
        ('produces = ["image", "mesh"]', 'produces = ["Mesh"]', "not a word"),
        ('".obj"', '"obj"', "not a suffix"),
        ('task = "image.generate"', 'task = "image.other"', "not one of its tasks"),
        ("run = true", 'kinds = ["audio"]', "does not accept what action"),
        ('accepts = { text = "prompt" }', "", "does not accept what action"),
        ("run = true", "run = false", "needs run, or a page drawn from"),
        ('accepts = ["text"] }]', 'tasks = ["image.x"] }]', "not one of its tasks"),
        ('"image.of_this"', '"image.page"', "same id"),
        ('"image.generate"', '"other.generate"', "must look like 'image.name'"),
        ('"image.generate"', '"image.page"', "same id"),
        ("m.schema:Generate", "m.schema.Generate", "module:Class"),
        (">=1,<2", "one", "version range"),
        ("gpu = true", "camera = true", "camera"),
        ('title = "Images"\n', "", "title"),
        ("[permissions]", "[permissions", "not valid TOML"),
        ('"module_that_does_not_exist.worker"', '""', "needs a worker"),
        ('plugin = "module_that_does_not_exist.plugin"', "", "need a plugin module"),
        ("gpu = true", 'files = "all"', "permissions.files"),
        ('"module_that_does_not_exist.worker"', '"os; import x"', "not a module name"),
        ('"module_that_does_not_exist.bench"', '"os.bench; x"', "not a module name"),
        ("image-speed", "start", "must look like 'image-name'"),
        ("image-speed", "image-", "must look like 'image-name'"),
        ("[[tasks]]", BENCH_AGAIN, "two benches"),
    ],
)
def test_bad_manifest_is_refused_by_name(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in GOOD
    with pytest.raises(StudioError, match=words):
        read_manifest(write(tmp_path, GOOD.replace(old, new, 1)))


def test_missing_and_huge_manifests_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="cannot be read"):
        read_manifest(tmp_path / "manifest.toml")
    with pytest.raises(StudioError, match="larger than"):
        read_manifest(write(tmp_path, "#" * (MAX_MANIFEST_BYTES + 1)))


def test_other_api_is_incompatible(tmp_path: Path) -> None:
    manifest = read_manifest(write(tmp_path, GOOD.replace(">=1,<2", ">=2")))
    assert not is_compatible(manifest)
