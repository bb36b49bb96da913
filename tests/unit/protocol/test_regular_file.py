"""Files that may be anything are opened without waiting: pipes and devices are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from studio.protocol.errors import StudioError
from studio.protocol.regular_file import (
    MOST_BYTES,
    MOST_NOTE_BYTES,
    open_regular,
    read_note,
    read_regular,
)
from studio.runtime.pool.digests import Digests
from studio.runtime.weights_check.inspection import inspect_weights


def test_a_regular_file_is_read_through_links(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"text")
    (tmp_path / "b").symlink_to("a")
    assert read_regular(tmp_path / "b") == b"text"


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_anything_else_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    path = Path("/dev/zero") if kind == "device" else tmp_path / kind
    with pytest.raises(OSError, match=r"not an ordinary file|Is a directory"):
        open_regular(path)


@pytest.mark.parametrize("name", ["model.gguf", "model.safetensors", "folder"])
def test_weights_that_are_a_pipe_are_refused_before_a_loader_sees_them(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    os.mkfifo(path / "config.json" if name == "folder" else path)
    with pytest.raises(StudioError, match="is a pipe or a device"):
        inspect_weights(path, [], Digests(None))


def test_what_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "hollow"
    with path.open("wb") as file:
        file.truncate(MOST_NOTE_BYTES + 1)
        with pytest.raises(OSError, match="larger than 16 MB"):
            read_note(path)
        assert len(read_regular(path)) == MOST_NOTE_BYTES + 1
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(OSError, match="larger than 256 MB"):
        read_regular(path)


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(10):
        with pytest.raises(OSError, match="ordinary"):
            open_regular(tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before
