"""The wheels carry what a user needs and no more: resources and manifests, but never weights."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from studio.plugins.release import LOCK, digest_of, files_in

ROOT = Path(__file__).resolve().parents[3]
LARGEST = 12 * 2**20


def build(folder: Path, target: Path) -> set[str]:
    """Builds a package's wheel without a network; returns the names of the files in it."""
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = target.glob("*.whl")
    assert wheel.stat().st_size < LARGEST
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def studio_wheel(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str]]:
    target = tmp_path_factory.mktemp("wheel")
    return target, build(ROOT, target)


def test_every_resource_but_weights_is_in_the_wheel(studio_wheel: tuple[Path, set[str]]) -> None:
    _, names = studio_wheel
    resources = ROOT / "resources"
    wanted = [*resources.glob("fonts/*.ttf"), *resources.glob("icons/*.svg")]
    wanted += [*resources.glob("licences/*"), *resources.glob("weights/*.toml")]
    wanted += resources.glob("weights/cards/*.md")
    wanted += resources.glob("languages/*/*.mo")
    assert len(wanted) > 200
    missing = [
        file.name
        for file in wanted
        if f"studio/_resources/{file.relative_to(resources).as_posix()}" not in names
    ]
    assert missing == []
    assert not [name for name in names if name.endswith((".gguf", ".safetensors"))]


def test_data_beside_modules_is_in_the_wheel(studio_wheel: tuple[Path, set[str]]) -> None:
    _, names = studio_wheel
    assert "studio/desktop/appearance/style.qss" in names
    assert "studio/py.typed" in names, "authors of plugins get no types"
    assert not [name for name in names if name.startswith(("tests/", "plugins/", "packaging/"))]


def test_metadata_say_what_and_how(studio_wheel: tuple[Path, set[str]]) -> None:
    target, names = studio_wheel
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        fields = message_from_bytes(archive.read(metadata))
        (points,) = (name for name in names if name.endswith("entry_points.txt"))
        assert "studio = studio.__main__:main" in archive.read(points).decode()
    assert fields["License-Expression"] == "Apache-2.0"
    assert fields["Requires-Python"] == ">=3.11"


def lock_of_wheel(target: Path) -> dict[str, Any]:
    """Returns what the studio's wheel says comes with it."""
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        lock: dict[str, Any] = json.loads(archive.read(f"studio/_resources/{LOCK}"))
    return lock


PLUGINS = sorted(file.parent for file in ROOT.glob("plugins/*/pyproject.toml"))


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_a_plugin_brings_its_manifest_is_found_and_is_in_the_lock(
    folder: Path, tmp_path: Path, studio_wheel: tuple[Path, set[str]]
) -> None:
    names = build(folder, tmp_path)
    (points,) = (name for name in names if name.endswith("entry_points.txt"))
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(points).decode()
    assert "[studio.plugins]" in text
    package = f"studio_{folder.name}"
    assert f"= {package}" in text
    assert f"{package}/manifest.toml" in names
    assert f"{package}/py.typed" in names
    assert not [name for name in names if "/tests/" in name]
    locked = lock_of_wheel(studio_wheel[0])[f"studio-plugin-{folder.name}"]
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    unpacked = tmp_path / package
    assert locked == {"package": package, "sha256": digest_of(unpacked, files_in(unpacked))}
    shutil.rmtree(tmp_path)
