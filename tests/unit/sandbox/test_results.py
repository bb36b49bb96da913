"""What untrusted code left: brought back where it is plain, refused with the reason where not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from studio.api.errors import StudioError
from studio.api.sandbox import SandboxLimits
from studio.sandbox.inside import frames, scratch
from studio.sandbox.inside.order import Order
from studio.sandbox.inside.results import Collector
from studio.sandbox.output import Received


class Reports:
    """Takes frames as the pipe would."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, bytes]] = []

    def send(self, kind: bytes, payload: bytes = b"") -> None:
        self.sent.append((kind, payload))

    @property
    def names(self) -> list[str]:
        return [payload.decode() for kind, payload in self.sent if kind == frames.NAME]

    @property
    def refusals(self) -> list[str]:
        return [payload.decode() for kind, payload in self.sent if kind == frames.REFUSED]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def collected(work: Path, *globs: str, room: int = 1000) -> Reports:
    limits = {"scratch_bytes": room, "file_bytes": 1 << 20}
    order = Order(str(work.parent), False, 0, (), (), (), (), {}, globs, limits)
    reports = Reports()
    Collector(order, reports).collect()  # type: ignore[arg-type]
    return reports


def test_plain_files_come_back_from_every_folder(work: Path) -> None:
    (work / "a.json").write_text("{}")
    (work / "b.txt").write_text("no")
    (work / "deep").mkdir()
    (work / "deep" / "c.json").write_text("[]")
    got = collected(work, "*.json")
    assert (got.names, got.refusals) == (["a.json", "deep/c.json"], [])
    assert (frames.CONTENT, b"{}") in got.sent


def test_everything_else_is_refused_with_the_reason(work: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s")
    (work / "link.x").symlink_to(secret)
    (work / "folder.x").symlink_to(tmp_path)
    os.link(secret, work / "second.x")
    os.mkfifo(work / "pipe.x")
    with (work / "hollow.x").open("wb") as file:
        file.truncate(1 << 19)
    (work / "large.x").write_bytes(b"x" * 1001)
    (work / "\x1b[2J.x").write_text("")
    got = collected(work, "*.x")
    assert got.names == []
    said = dict(line.rsplit(": ", 1) for line in got.refusals)
    assert said == {
        "link.x": "it is a link",
        "folder.x": "it is a link",
        "second.x": "it has another hard link",
        "pipe.x": "it is a pipe",
        "hollow.x": "it is smaller than it claims",
        "large.x": "it is too large",
        "\\x1b[2J.x": "its name contains unprintable characters",
    }


def test_many_and_deep_ones_are_counted(work: Path) -> None:
    for number in range(400):
        (work / f"{number}.x").write_text("")
    got = collected(work, "*.x")
    assert (len(got.names), len(got.refusals)) == (256, 50)
    (work / "/".join("d" * 20)).mkdir(parents=True)
    assert any("too deep" in line for line in collected(work, "*.y").refusals)


@pytest.mark.parametrize(
    "report",
    [b"X" + b"\xff" * 8, b"E\x02\x00\x00\x00{]", b"X\x01\x00\x00\x001", b"N\x01\x00\x00\x00\xff",
     b"C\x01\x00\x00\x00x"],
)  # fmt: skip
def test_reports_that_make_no_sense_end_the_run(report: bytes) -> None:
    with pytest.raises(StudioError, match="invalid report"):
        Received(SandboxLimits()).feed(report)


def test_more_than_was_allowed_is_not_believed() -> None:
    received = Received(SandboxLimits(scratch_bytes=4))
    received.feed(b"N\x01\x00\x00\x00a" + b"C\x04\x00\x00\x00four")
    with pytest.raises(StudioError, match="invalid report"):
        received.feed(b"C\x01\x00\x00\x00x")


def test_a_deep_and_shut_tree_is_emptied(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    for _ in range(200):  # longer than any path may be
        os.mkdir("d" * 50, dir_fd=here)
        below = os.open("d" * 50, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    (top / "shut").mkdir(0o000)
    (top / "link").symlink_to(tmp_path)
    scratch.empty(str(top))
    assert list(top.iterdir()) == []
    assert tmp_path.exists()
