"""Long texts: their chapters are found, said, and marked in the file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import soundfile

from plugins.voice.tests.test_speech import Session, run
from studio.api import CalledArtifact, CallOutcome
from studio_voice.books.chapters import spoken
from studio_voice.transcripts.transcript import Segment, Transcript, packed

pytestmark = pytest.mark.torch

BOOK = """# Ada

Good day. Good Ada.

Chapter 1

Good day. **Ada**.

## Page 7

CHAPTER II. Day

Part of a good day, this is.
"""


def test_chapters_are_found_by_headings_and_by_lines_of_their_own() -> None:
    said = list(spoken(BOOK, is_marked=True))
    assert [each.chapter for each in said if each.chapter] == [
        "Ada",
        "Chapter 1",
        "CHAPTER II. Day",
    ]
    assert [each.text for each in said][3:7] == ["Chapter 1", "Good day.", "Ada.", "CHAPTER II."]
    assert not any("Page 7" in each.text for each in said)
    assert next(spoken("# One\n2 * 3 * 4", is_marked=False)).text == "One"


def comments(data: bytes) -> list[str]:
    """The comments of a FLAC file, read by themselves: RFC 9639, section 8.6."""
    at = 4
    while True:
        kind, size = data[at], int.from_bytes(data[at + 1 : at + 4], "big")
        block = data[at + 4 : at + 4 + size]
        if kind & 0x7F == 4:
            break
        assert not kind & 0x80, "there are none"
        at += 4 + size
    vendor = int.from_bytes(block[:4], "little")
    block = block[4 + vendor :]
    found = []
    for _ in range(int.from_bytes(block[:4], "little")):
        size = int.from_bytes(block[4:8], "little")
        found.append(block[8 : 8 + size].decode())
        block = block[:4] + block[8 + size :]
    return found


def test_a_book_is_one_file_with_marks_of_its_chapters(tmp_path: Path) -> None:
    path = tmp_path / "Ada.md"
    path.write_text(BOOK)
    with pytest.raises(RuntimeError):
        run("", Session(breaks_at=6), document=str(path), file="flac", checkpoint=tmp_path / "c")
    session = Session()
    made = run("", session, document=str(path), file="flac", checkpoint=tmp_path / "c")
    assert len(session.given) == 4, "five of nine were said before the crash"
    data = made.artifacts[0].read()
    chapters = made.result["chapters"]
    assert [each["title"] for each in chapters] == ["Ada", "Chapter 1", "CHAPTER II. Day"]
    told = comments(data)
    assert told[:3] == ["TITLE=Ada", "CHAPTER000=00:00:00.000", "CHAPTER000NAME=Ada"]
    assert told[-1] == "CHAPTER002NAME=CHAPTER II. Day"
    sound, rate = soundfile.read(io.BytesIO(data))
    assert len(sound) / rate == pytest.approx(made.result["duration"], abs=0.01)
    # A chapter begins behind a silence.
    start = round(chapters[1]["start"] * rate)
    assert not sound[start - rate : start].any()
    assert sound[start : start + 100].any()


def test_books_are_read_by_the_chat_and_transcripts_as_they_are(tmp_path: Path) -> None:
    asked: list[Any] = []

    def read(params: Any, _inputs: Any) -> CallOutcome:
        asked.append(params["documents"])
        text = b"## Chapter 1\n\nGood day."
        return CallOutcome({}, (CalledArtifact("text", text, ".md"),))

    book = tmp_path / "a.epub"
    made = run("", document=str(book), calls={"chat.recognise": read})
    assert asked == [[str(book)]]
    assert made.text == "Chapter 1 Good day. "
    talk = tmp_path / "talk.json"
    talk.write_bytes(packed(Transcript((Segment(0, 1, "Good day."), Segment(1, 2, "Ada.")))))
    assert run("", document=str(talk)).text == "Good day. Ada. "


def test_a_chapter_with_a_heading_of_its_own_is_announced_once() -> None:
    book = "## Chapter 1\n\n# The storm\n\nIt rained.\n\n## Chapter 2\n\n# The calm\n\nIt stopped."
    said = list(spoken(book, is_marked=True))
    assert [sentence.text for sentence in said] == [
        "The storm", "It rained.", "The calm", "It stopped.",
    ]  # fmt: skip
    assert [sentence.chapter for sentence in said if sentence.chapter] == ["The storm", "The calm"]
