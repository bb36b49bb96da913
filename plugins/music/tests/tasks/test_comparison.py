"""Two scores differ by notes that were added, removed or moved, and by what is said of them."""

from __future__ import annotations

import msgspec
import pytest

from studio.api import BadInput
from studio.api.comparison import Difference
from studio.testing.plugins import run_task
from studio_music.schema import Compare
from studio_music.score.formats.midi import files
from studio_music.score.piece import Key, Note, Piece, Track
from studio_music.tasks.comparison import compare

NOTES = tuple(Note(960 * place, pitch, 960) for place, pitch in enumerate((62, 65, 69, 62)))


def midi(notes: tuple[Note, ...] = NOTES, key: str = "D minor") -> bytes:
    track = Track("Tune", notes, role="melody")
    return files.write(Piece("A tune", Key.parse(key), length=4 * 960, tracks=(track,)))


def told(before: bytes, after: bytes) -> Difference:
    made = run_task(compare, Compare(), inputs={"before": before, "after": after})
    return msgspec.convert(dict(made.result), Difference)


def test_notes_are_added_removed_and_moved() -> None:
    later = msgspec.structs.replace(NOTES[1], start=NOTES[1].start + 120, length=840)
    higher = msgspec.structs.replace(NOTES[2], pitch=71)
    found = told(midi(), midi((NOTES[0], later, higher, NOTES[3])))
    assert {each.name: each.value for each in found.effects} == {
        "notes added": 1,
        "notes removed": 1,
        "notes moved": 1,
        "other facts": 0,
    }
    assert found.words == "1 note was added and 1 note was removed and 1 note was moved"
    assert not found.is_within


def test_the_same_notes_in_another_key_are_another_score() -> None:
    found = told(midi(), midi(key="F major"))
    assert found.words == "the score has another key"
    assert not found.is_within
    assert told(midi(), midi()).is_within, "control"


def test_there_must_be_two() -> None:
    with pytest.raises(BadInput, match="no two scores"):
        run_task(compare, Compare(), inputs={"before": midi()})
