"""An artifact fills the parameter or the input that the manifest names for its kind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest

from studio.api import File, Params, SavedArtifact, Text
from studio.api.manifest import TaskEntry
from studio.jobs.accepted_artifact import accepted
from studio.protocol.errors import StudioError


class Mix(Params):
    picture: Annotated[str, File()] = ""
    words: Annotated[str, Text(max_chars=5)] = ""
    count: int = 1


TASK = TaskEntry(
    "mix.it",
    "Mix",
    "x:Mix",
    inputs=("score",),
    accepts={"image": "picture", "text": "words", "score": "score", "code": "count"},
)


def saved(tmp_path: Path, kind: str, text: str = "") -> SavedArtifact:
    path = tmp_path / "payload"
    path.write_bytes(b"123456789")
    return SavedArtifact("id", kind, "Title", "", path, text=text)


def test_a_file_a_text_and_an_input(tmp_path: Path) -> None:
    image = accepted(TASK, Mix, saved(tmp_path, "image"))
    assert (image.params, image.inputs) == ({"picture": str(tmp_path / "payload")}, {})
    assert accepted(TASK, Mix, saved(tmp_path, "text")).params == {"words": "12345"}
    assert accepted(TASK, Mix, saved(tmp_path, "text", "said")).params == {"words": "said"}
    score = accepted(TASK, Mix, saved(tmp_path, "score"))
    assert (score.params, score.inputs) == ({}, {"score": b"123456789"})


@pytest.mark.parametrize("kind", ["code", "table"])
def test_what_cannot_be_filled_names_the_task(tmp_path: Path, kind: str) -> None:
    with pytest.raises(StudioError, match="“Mix” cannot take this"):
        accepted(TASK, Mix, saved(tmp_path, kind))


def test_a_payload_that_is_gone_is_said(tmp_path: Path) -> None:
    artifact = saved(tmp_path, "score")
    artifact.path.unlink()
    with pytest.raises(StudioError, match="“Title” cannot be read"):
        accepted(TASK, Mix, artifact)
