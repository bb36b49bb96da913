"""Whatever is wrong with a score that is given, a sentence says so."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from plugins.music.tests.tasks.music_tasks import plain, replace, run, tune  # noqa: E402
from studio.api import BadInput  # noqa: E402
from studio_music.score.piece import Note, Track  # noqa: E402

pytestmark = pytest.mark.torch


def midi_file(*events: bytes, division: int = 480) -> bytes:
    body = b"".join(events) + b"\x00\xff\x2f\x00"
    head = b"MThd" + struct.pack(">IHHH", 6, 0, 1, division)
    return head + b"MTrk" + struct.pack(">I", len(body)) + body


def delta(ticks: int) -> bytes:
    parts = [ticks & 0x7F]
    while ticks := ticks >> 7:
        parts.insert(0, 0x80 | ticks & 0x7F)
    return bytes(parts)


NOTE_ON, NOTE_OFF = b"\x90\x3c\x50", b"\x80\x3c\x00"
FAR = delta(2**28 - 1)


def entity_bomb() -> bytes:
    """A few lines that would unfold to a billion laughs."""
    entities = ['<!ENTITY l0 "ha">']
    entities += [f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)]
    head = f'<?xml version="1.0"?><!DOCTYPE score-partwise [{"".join(entities)}]>'
    body = "<score-partwise><work><work-title>&l9;</work-title></work></score-partwise>"
    return f"{head}{body}".encode()


def zip_bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("score.musicxml", b"<score-partwise>" + b" " * 2**28)
    return stream.getvalue()


BAD_FILES: dict[str, bytes] = {
    "entity-bomb.musicxml": entity_bomb(),
    "zip-bomb.mxl": zip_bomb(),
    "no-score.musicxml": b"<html><body>no score</body></html>",
    "half.musicxml": b"<score-partwise><part",
    "outside.musicxml": (
        b'<?xml version="1.0"?><!DOCTYPE score-partwise [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        b"<score-partwise><work><work-title>&x;</work-title></work></score-partwise>"
    ),
    "no-notes.abc": b"X:1\nT:Empty\nM:4/4\nL:1/4\nK:C\n",
    "empty.mid": b"",
    "text.mid": b"This is no music.",
    "no-notes.mid": midi_file(),
    "2-to-the-31-ticks.mid": midi_file(*(FAR + NOTE_ON, FAR + NOTE_OFF) * 5),
    "a-million-notes.mid": midi_file((b"\x01" + NOTE_ON + b"\x01" + NOTE_OFF) * 1_000_000),
    "cut.mid": midi_file(b"\x00" + NOTE_ON, delta(480) + NOTE_OFF)[:20],
}


@pytest.fixture(scope="module")
def bad_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    for name, data in BAD_FILES.items():
        (folder / name).write_bytes(data)
    (folder / "folder.mid").mkdir()
    return folder


FIELDS = {"harmonise": "score", "back": "score", "render": "score", "open": "file"}


@pytest.mark.parametrize("file", [*BAD_FILES, "folder.mid", "missing.mid"])
@pytest.mark.parametrize("name", FIELDS)
def test_a_bad_file_is_a_sentence_in_every_task(name: str, file: str, bad_files: Path) -> None:
    with pytest.raises(BadInput) as caught:
        run(name, **{FIELDS[name]: str(bad_files / file)})
    message = caught.value.message
    assert message.endswith(".")
    assert message.count(".") <= 3
    assert "Traceback" not in message
    if file in ("folder.mid", "missing.mid"):
        assert file in message


def test_an_unreadable_file_is_a_sentence(
    score_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("studio_music.tasks.score_artifact.read_regular", refuse)
    with pytest.raises(BadInput, match=r"given.mid cannot be read: Permission denied"):
        run("open", file=str(score_file))


def test_a_huge_file_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "huge.mid"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(BadInput, match="larger than 32 MiB"):
        run("open", file=str(path))


@pytest.mark.parametrize("name", ["harmonise", "back", "render"])
def test_nothing_given_is_a_sentence(name: str) -> None:
    with pytest.raises(BadInput, match="There is no score"):
        run(name)


@pytest.mark.parametrize(
    "piece",
    [
        {"tracks": "none"},
        {"tempos": [{"tick": 0, "bpm": 10_000}]},
        {"metres": [{"tick": 0, "metre": {"beats": 0, "unit": 4}}]},
        {"tracks": [{"name": "x", "notes": [{"start": -1, "pitch": 60, "length": 1}]}]},
    ],
)
def test_a_bad_piece_from_a_page_is_a_sentence(piece: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        run("render", piece=piece)


def test_a_melody_that_no_voice_can_sing_is_a_sentence() -> None:
    wide = tuple(Note(place * 480, 30 + 60 * (place % 2), 480) for place in range(8))
    piece = replace(tune(), tracks=(Track("Wide", wide),))
    with pytest.raises(BadInput, match="No soprano can sing this melody"):
        run("harmonise", piece=plain(piece))


def test_drums_alone_are_no_melody() -> None:
    piece = replace(tune(), tracks=(Track("Kit", tune().tracks[0].notes, drums=True),))
    for name in ("harmonise", "back"):
        with pytest.raises(BadInput, match="only drums, no melody"):
            run(name, piece=plain(piece))


def test_no_backing_at_all_is_a_sentence() -> None:
    with pytest.raises(BadInput, match="No backing is selected"):
        run("back", piece=plain(tune()), genre="none")
