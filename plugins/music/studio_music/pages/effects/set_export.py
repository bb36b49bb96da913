"""Writes several sounds into one folder, each under its own name. Slow: beside the window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from studio.api import SavedArtifact, file_stem
from studio_music.pages.file_export import put


def names_of(artifacts: Sequence[SavedArtifact]) -> list[str]:
    """Return a file name for each: by its title, made unique by a number."""
    names: list[str] = []
    for artifact in artifacts:
        stem = file_stem(artifact.title, "sound").replace(" ", "-").lower()
        suffix, name, number = artifact.path.suffix, stem, 1
        while f"{name}{suffix}" in names:
            number += 1
            name = f"{stem}-{number}"
        names.append(f"{name}{suffix}")
    return names


def set_name(name: str) -> str:
    """Return the folder name of a set, from the name of its first file."""
    return name.rsplit(".", 1)[0].rstrip("-0123456789") or "sounds"


def free_folder(folder: Path, name: str) -> Path:
    """Return a folder that is not there yet, inside ``folder``."""
    number, path = 1, folder / name
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}"
    return path


def write_one(artifact: SavedArtifact, path: Path) -> None:
    """Write a copy of a sound."""
    put(path, artifact.path.read_bytes())
