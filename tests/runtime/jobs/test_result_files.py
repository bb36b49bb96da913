"""A task hands over a file: it leaves the folder of its job; no other file can be handed over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.api import NewArtifact
from studio.protocol.caches import CACHE_ENV, RESULTS
from studio.protocol.messages import Produced
from studio.protocol.states import JobState
from tests.runtime.desk import Desk


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_ENV, str(tmp_path / "cache"))
    return tmp_path / "cache"


def film(ctx: Any, params: Any) -> Iterator[Any]:
    path = ctx.scratch / "film.webm"
    path.write_bytes(b"frames")
    yield ctx.artifact("video", path, suffix=".webm", title="A film", preview=b"small")
    yield ctx.result(left=path.exists())


def steals(ctx: Any, params: Any) -> Iterator[Any]:
    ctx.scratch.joinpath("mine").touch()
    yield NewArtifact("video", Path(params.text), ".webm")


def test_a_file_leaves_the_folder_of_its_job(desk: Desk, cache: Path) -> None:
    desk.plugin("toys", {"film": film}, studio_checks=lambda: {"video": lambda payload: 1 / 0})
    end = desk.run("toys.film")
    assert (end.state, end.result) == (JobState.DONE, {"left": False})
    (made,) = [each for each in desk.messages if isinstance(each, Produced)]
    assert (made.blob, made.preview, made.spec.shape, made.verdict) == (-1, 0, (6,), {})
    assert (cache / RESULTS / made.file).read_bytes() == b"frames"


def test_a_file_of_somewhere_else_is_refused_and_stays(
    desk: Desk, cache: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("not yours")
    desk.plugin("toys", {"steals": steals})
    end = desk.run("toys.steals", text=str(tmp_path / "secret"))
    assert end.state is JobState.FAILED
    assert end.error is not None
    assert "“secret” of its result is not in the folder of its job" in end.error.message
    assert (tmp_path / "secret").read_text() == "not yours"
