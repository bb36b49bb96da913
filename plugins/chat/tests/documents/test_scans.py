"""Scans and photos: which pages have no text, what is read of them, and that it is kept."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from plugins.chat.tests.documents.test_pdf import made as pdf_of
from plugins.chat.tests.reading import pretend
from studio.api import BadInput, finished
from studio.sandbox.sandbox import own_sandbox
from studio.testing.plugins import Made, run_task
from studio_chat.documents import passages, scans
from studio_chat.reading.page import Reader
from studio_chat.schema import Recognise
from studio_chat.tasks.recognition import recognise

pytestmark = pytest.mark.torch

PAGES = (["ABC", "AD"], ["ADC"])


def scan(path: Path, count: int = 2, turned: int = 0) -> Path:
    """A file of pictures; its suffix says of which kind."""
    arrays = [np.rot90(pretend.page(lines), turned) for lines in PAGES[:count]]
    first, *others = [Image.fromarray(np.ascontiguousarray(each)) for each in arrays]
    more: dict[str, Any] = {"save_all": True, "append_images": others} if others else {}
    first.save(path, **more)
    return path


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(scans, "LONGEST", 760)


def run(path: Path, reader: Reader | None = None, **how: Any) -> Made:
    params = Recognise.parse({"documents": [str(path)], "weights": "eyes"})
    return run_task(recognise, params, models={"eyes": reader or pretend.reader()}, **how)


@pytest.mark.parametrize("name", ["scan.pdf", pytest.param("scan.tiff", marks=pytest.mark.slow)])
def test_a_scan_becomes_text_page_by_page(tmp_path: Path, name: str) -> None:
    path = scan(tmp_path / name, turned=1)
    with pytest.raises(BadInput, match="contains no text, only scanned pages") as caught:
        finished(passages.read(str(path), own_sandbox()))
    assert "Models page" in caught.value.hint
    result = run(path)
    [document] = result.result["documents"]
    assert (document["pages"], document["recognised"]) == (2, 2)
    assert document["text"].split("\n") == [line for page in PAGES for line in page]
    assert result.artifacts[0].read().decode().startswith("## Page 1\n\nABC\nAD\n\n## Page 2")
    assert result.progress[-1].done == result.progress[-1].total == 2
    assert "page 2 of 2 of scan" in result.progress[-1].message


@pytest.mark.slow
def test_what_was_read_before_a_stop_is_not_read_again(tmp_path: Path) -> None:
    path, whole = scan(tmp_path / "scan.pdf"), pretend.reader()
    run(path, whole)
    [notes] = (tmp_path / "cache").rglob("*.jsonl")
    notes.unlink()
    with pytest.raises(RuntimeError, match="power"):
        run(path, pretend.reader(breaks_at=whole.speller.lines))
    assert notes.read_text().count('"page"') == 1
    notes.write_bytes(notes.read_bytes() + b'{"page": 2, "li')  # the power went out
    second = pretend.reader()
    result = run(path, second)
    assert 0 < second.speller.lines < whole.speller.lines
    assert result.result["documents"][0]["text"].count("\n") == 2
    third = pretend.reader()
    run(path, third)
    assert third.speller.lines == 0
    path.write_bytes(scan(tmp_path / "other.pdf", count=1).read_bytes())
    assert run(path, third).result["documents"][0]["text"] == "ABC\nAD"
    assert third.speller.lines > 0


def test_a_photo_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    sideways = Image.fromarray(pretend.page(["ABC"])).rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90° clockwise
    sideways.save(path, exif=exif)
    drawn = finished(passages.picture(str(path), own_sandbox(), 1, 600))
    assert (drawn.width, drawn.height) == (600, 332)
    assert len(drawn.pixels) == 600 * 332 * 3


def bomb(width: int) -> bytes:
    """A PNG that says it is a square of ``width`` pixels; its data are those of one."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, width, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_a_header_that_lies_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(bomb(60_000))
    with pytest.raises(BadInput, match="takes too much time or memory"):
        finished(passages.picture(str(path), own_sandbox(), 1, 600))
    path.write_bytes(bomb(1))  # the same file without the lie
    assert finished(passages.picture(str(path), own_sandbox(), 1, 600)).width == 1
    path.write_bytes(b"\x89PNG\r\n\x1a\n and nothing else")
    with pytest.raises(BadInput, match=r"^huge\.png is damaged"):
        finished(passages.read(str(path), own_sandbox(), scans=True))


def test_lines_of_a_pdf_have_their_places(tmp_path: Path) -> None:
    path = tmp_path / "book.pdf"
    path.write_bytes(pdf_of(["First line\nsecond\nthird", ""]))
    drawn = finished(passages.picture(str(path), own_sandbox(), 1, 842))
    assert len(drawn.boxes) == 3
    tops = [box[1] for box in drawn.boxes if box]
    assert tops == sorted(tops)
    first = drawn.boxes[0]
    assert first is not None
    shown = Image.frombytes("RGB", (drawn.width, drawn.height), drawn.pixels).convert("L")
    ink = np.argwhere(np.asarray(shown) < 128)[:, ::-1] / (drawn.width, drawn.height) * 10_000
    inside = ink[ink[:, 1] < (first[3] + tops[1]) / 2]
    assert np.abs(np.array([*inside.min(0), *inside.max(0)]) - first).max() < 100
    with pytest.raises(BadInput, match="no such page"):
        finished(passages.picture(str(path), own_sandbox(), 3, 600))


def test_a_document_with_text_needs_no_reader(tmp_path: Path) -> None:
    path = tmp_path / "book.pdf"
    path.write_bytes(pdf_of(["Words", "More"]))
    reader = pretend.reader()
    [document] = run(path, reader).result["documents"]
    assert (document["text"], document["recognised"], reader.speller.lines) == ("Words\nMore", 0, 0)
