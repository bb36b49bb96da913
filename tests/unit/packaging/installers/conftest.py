"""A studio of a few bytes, packed by the same code as the whole one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from installers import archive
from installers.folder import close
from studio_installation.payload import Payload
from studio_installation.places import Place

SHARE = Path(__file__).parents[4] / "packaging/installers/share"
EPOCH = 1_800_000_000


def make_tiny(folder: Path, version: str = "1.0.0", built: int = EPOCH, schema: int = 9) -> str:
    """Make a folder like that of a release; return its name."""
    site = folder / "python/lib/python3.11/site-packages/studio"
    site.mkdir(parents=True)
    (site / "words.py").write_text(f"VERSION = {version!r}\n")
    (folder / "python/bin").mkdir()
    program = folder / "python/bin/python3.11"
    program.write_text(f'#!/bin/sh\necho "version {version}"\n')
    program.chmod(0o755)
    (program.parent / "python3").symlink_to("python3.11")
    (folder / "bin").mkdir()
    shutil.copy(SHARE / "studio", folder / "bin/studio")
    (folder / "bin/studio").chmod(0o755)
    for name, at in (("offline-studio.desktop", "applications"), ("offline-studio.svg", "icons")):
        (folder / "share" / at).mkdir(parents=True)
        shutil.copy(SHARE / name, folder / "share" / at / name)
    (folder / "in-use").touch()
    told = {"version": version, "built": built, "schema": schema}
    (folder / "release.json").write_text(json.dumps(told))
    return close(folder, version)[0]


def packed(folder: Path, target: Path, name: str) -> Payload:
    """Pack it; return it as an installer finds it in its own file."""
    with target.open("wb") as out:
        out.write(b"header\n")
        archive.pressed(folder, out, EPOCH, 1)
    return Payload(target, 7, 10_000, name)


@pytest.fixture
def payload(tmp_path: Path) -> Payload:
    """Version 1.0.0."""
    name = make_tiny(tmp_path / "tiny")
    return packed(tmp_path / "tiny", tmp_path / "one.run", name)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An empty prefix in a home of its own; its name needs quotes."""
    home = tmp_path / "home"
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "share"))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("STUDIO_HOME")
    monkeypatch.setattr("os.geteuid", lambda: 1000)  # menus of a user, whoever runs the tests
    return Place(home / "Programme für „mich“ 100 %")
