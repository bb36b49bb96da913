"""A home with a small library, and a folder for its backups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.api.artifacts import NewArtifact
from studio.base.paths import StudioPaths
from studio.library import Library
from studio.library.storage import reserved_space


@pytest.fixture(autouse=True)
def _little_ballast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reserved_space, "BALLAST_BYTES", 1 << 16)


@pytest.fixture
def paths(tmp_path: Path) -> StudioPaths:
    return StudioPaths.default(tmp_path / "home")


@pytest.fixture
def library(paths: StudioPaths) -> Iterator[Library]:
    with Library.open(paths) as library:
        for word in ("red", "green"):
            library.add_artifact(NewArtifact("text", word.encode(), ".txt", word))
        talk = library.conversations.create("Talk")
        library.conversations.add_message(talk.id, None, "user", "hello")
        yield library


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "backups"
    made.mkdir()
    return made
