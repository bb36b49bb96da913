"""Places: moved by the environment, made when missing, refused in words when that fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from studio.base import paths as places
from studio.base.paths import StudioPaths
from studio.protocol.errors import ErrorCode, StudioError


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("STUDIO_HOME", raising=False)
    monkeypatch.delenv("STUDIO_WEIGHTS", raising=False)
    monkeypatch.setattr(places, "default_home", lambda: tmp_path / "usual")


def test_the_home_is_the_usual_one_or_the_named_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert StudioPaths.default().home == tmp_path / "usual"
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "moved" / "deep"))
    moved = StudioPaths.default()
    assert moved.home == tmp_path / "moved" / "deep"
    assert moved.home.is_dir()
    assert moved.library.parent == moved.settings.parent == moved.home
    assert StudioPaths.default(tmp_path / "named").home == tmp_path / "named"


def test_the_home_is_private(tmp_path: Path) -> None:
    if os.name == "posix":
        assert StudioPaths.default().home.stat().st_mode & 0o077 == 0


def test_a_home_that_cannot_be_made_is_one_sentence_and_a_cure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StudioError, match=r"data folder .* cannot be created") as caught:
        StudioPaths.default(tmp_path / "file" / "home")
    assert caught.value.code is ErrorCode.PERMISSION
    assert "STUDIO_HOME" in caught.value.hint
    with StudioPaths.throwaway() as passing:
        assert passing.temporary
        assert passing.home.is_dir()
    assert not passing.home.exists()


def test_weights_are_looked_for_where_they_are_named_then_at_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    named = [tmp_path / "a", tmp_path / "b"]
    monkeypatch.setenv("STUDIO_WEIGHTS", os.pathsep.join([*map(str, named), "", str(named[0])]))
    folders = StudioPaths.default(tmp_path / "moved").weights_folders()
    assert folders == (
        *named,
        tmp_path / "moved" / "weights",
        tmp_path / "usual" / "weights",
        places.resources() / "weights",
    )


def test_homes_share_what_is_got_where_a_folder_is_named_and_no_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = StudioPaths.default(tmp_path / "one"), StudioPaths.default(tmp_path / "other")
    assert one.shared_weights == one.weights, "the control"
    monkeypatch.setenv("STUDIO_WEIGHTS_HOME", str(tmp_path / "shared"))
    assert one.shared_weights == other.shared_weights == tmp_path / "shared"
    assert one.weights != other.weights
    folders = other.weights_folders()
    assert folders[:2] == (tmp_path / "shared", other.weights)
    assert one.weights not in folders


def test_the_resources_are_there() -> None:
    assert (places.resources() / "icons").is_dir()
