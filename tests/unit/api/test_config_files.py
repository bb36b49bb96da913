"""The JSON beside weights of others is read within bounds, or refused in a sentence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from studio.api import StudioError
from studio.api.worker.config_files import read_json


def test_an_object_is_read(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text('{"width": 32, "name": "größe"}', "utf-8")
    assert read_json(file) == {"width": 32, "name": "größe"}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"[1, 2]", "it is not a JSON object"),
        (b"{", "it cannot be read"),
        (b'{"a": "\xff"}', "it cannot be read"),
        (b"[" * 200_000, "it cannot be read"),
        (b'{"a": "' + b"x" * (1 << 20) + b'"}', "it is larger than 1 MiB"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(tmp_path: Path, content: bytes, why: str) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").write_bytes(content)
    with pytest.raises(StudioError, match=f"“mine/config.json” cannot be used: {why}"):
        read_json(folder / "config.json")


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match=r"nothing.json” cannot be used: it is missing"):
        read_json(tmp_path / "nothing.json")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.json")
    with pytest.raises(StudioError, match="not an ordinary file"):
        read_json(tmp_path / "config.json")
