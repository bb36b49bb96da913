"""Writing whole files or none, and a sentence for each refusal of a disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from studio.base import disk
from studio.protocol.errors import ErrorCode


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    disk.write_durably(path, b"old")
    disk.write_durably(path, b"new")
    assert path.read_bytes() == b"new"
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("step", ["write_all", "sync_file"])
def test_a_refusal_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "file"
    disk.write_durably(path, b"old")

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(disk, step, refuse)
    with pytest.raises(OSError, match="Input/output"):
        disk.write_durably(path, b"new")
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []

    def one_byte(fd: int, data: memoryview) -> int:
        written.append(bytes(data[:1]))
        return 1

    monkeypatch.setattr(os, "write", one_byte)
    disk.write_all(1, b"whole")
    assert b"".join(written) == b"whole"


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (errno.ENOSPC, ErrorCode.DISK_FULL, "is full"),
        (errno.EDQUOT, ErrorCode.DISK_FULL, "is full"),
        (errno.EROFS, ErrorCode.READ_ONLY, "is read-only"),
        (errno.EACCES, ErrorCode.PERMISSION, "not have permission"),
        (errno.ENOENT, ErrorCode.NOT_FOUND, "does not exist"),
        (errno.EEXIST, ErrorCode.BAD_INPUT, "a file is in the way"),
        (errno.ENOTDIR, ErrorCode.BAD_INPUT, "a file is in the way"),
        (errno.EIO, ErrorCode.INTERNAL, "Input/output error"),
    ],
)
def test_each_refusal_has_a_sentence(number: int, code: ErrorCode, words: str) -> None:
    told = disk.explain(OSError(number, os.strerror(number)), "save it", Path("/somewhere"))
    assert told.code is code
    assert told.message.startswith("Could not save it: ")
    assert words in told.message
    assert "/somewhere" in told.message
    assert "Traceback" not in str(told)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1500, "1.5 kB"),
        (123_456_789, "123 MB"),
        (2e12, "2.0 TB"),
    ],
)
def test_sizes_are_read_at_a_glance(size: float, text: str) -> None:
    assert disk.as_size(size) == text
