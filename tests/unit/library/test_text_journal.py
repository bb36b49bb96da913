"""The journal of a reply: with the system at once, on the disk soon, never in the way."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from studio.base import disk
from studio.library.storage import text_journal
from studio.library.storage.text_journal import TextJournal
from studio.protocol.errors import ErrorCode, StudioError
from studio.testing.guards import PATIENCE


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "reply.txt"


def test_each_piece_is_with_the_system_at_once(path: Path) -> None:
    journal = TextJournal(path, "message")
    for piece in ("a", "", "ß", "🦊", "\ud800"):
        journal.append(piece)
        assert path.read_bytes().decode() == journal.text.encode("utf-8", "replace").decode()
    journal.remove()
    assert not path.exists()


def test_it_is_on_the_disk_soon_and_not_at_each_piece(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    again = threading.Event()

    def sync(fd: int) -> None:
        synced.append(os.fstat(fd).st_size)
        again.set()

    monkeypatch.setattr(disk, "sync_file", sync)
    monkeypatch.setattr(text_journal, "SYNC_SECONDS", 0.05)
    journal = TextJournal(path, "message")
    for _ in range(1000):
        journal.append("x")
    assert again.wait(PATIENCE)
    journal.append("the last piece, after which nothing more comes")
    while synced[-1] != len(journal.text):
        assert again.wait(PATIENCE)
        again.clear()
    assert len(synced) < 500
    journal.close()


def test_closing_ends_the_timer(path: Path) -> None:
    before = set(threading.enumerate())
    journal = TextJournal(path, "message")
    journal.append("x")
    timer = journal._timer
    assert timer is not None
    journal.close()
    timer.join(PATIENCE)
    assert set(threading.enumerate()) <= before, "whatever else may have ended meanwhile"
    journal.append("too late for the file, not for the text")
    assert path.read_bytes() == b"x"
    assert journal.text.endswith("text")


def test_a_disk_that_refuses_is_told_once_and_the_text_goes_on(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[StudioError] = []
    journal = TextJournal(path, "message", told.append)

    def full(fd: int, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk, "write_all", full)
    journal.append("a")
    journal.append("b")
    assert [error.code for error in told] == [ErrorCode.DISK_FULL]
    assert journal.text == "ab"
    journal.remove()


def test_a_folder_that_is_not_there_does_not_stop_the_reply(tmp_path: Path) -> None:
    told: list[StudioError] = []
    journal = TextJournal(tmp_path / "no" / "reply.txt", "message", told.append)
    journal.append("a")
    assert journal.text == "a"
    assert len(told) == 1
