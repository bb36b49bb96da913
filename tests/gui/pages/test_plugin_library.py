"""The library as a plugin sees it: stars, the bin and what was made from what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studio.api import ErrorCode, Kind, StudioError
from studio.api.artifacts import NewArtifact
from studio.desktop.plugin_context import PluginLibrary
from studio.library import Library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "home") as library:
        yield library


@pytest.fixture
def view(library: Library) -> PluginLibrary:
    studio: Any = SimpleNamespace(library=library)
    return PluginLibrary(studio)


def test_stars_are_the_librarys(view: PluginLibrary, library: Library) -> None:
    id = view.add(NewArtifact(Kind.TEXT, b"words", ".txt")).id
    assert not view.artifact(id).starred
    view.star(id)
    assert view.artifact(id).starred
    assert [found.id for found in library.find(starred=True)] == [id]
    view.star(id, False)
    assert not view.artifact(id).starred


def test_the_bin_gives_back(view: PluginLibrary) -> None:
    id = view.add(NewArtifact(Kind.TEXT, b"words", ".txt")).id
    view.bin(id)
    assert view.find() == []
    assert view.artifact(id).binned
    view.restore(id)
    assert [found.id for found in view.find()] == [id]
    assert not view.artifact(id).binned


def test_parents_are_told(view: PluginLibrary) -> None:
    parent = view.add(NewArtifact(Kind.TEXT, b"one", ".txt")).id
    child = view.add(NewArtifact(Kind.TEXT, b"two", ".txt"), parents=[parent]).id
    assert view.parents(child) == [parent]
    assert view.parents(parent) == []


def test_what_is_not_there_is_said(view: PluginLibrary) -> None:
    for call in (view.star, view.bin, view.restore):
        with pytest.raises(StudioError) as refused:
            call("nothing")
        assert refused.value.code is ErrorCode.NOT_FOUND
