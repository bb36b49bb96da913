"""Notes become tokens and notes again; files that are damaged or of drums alone are left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.api import BadInput
from studio_lab.datasets.examples import chorales
from studio_lab.datasets.tokens import tokens_of, written
from studio_lab.datasets.tunes import Note, midi, notes_of, pieces, read_tunes

CHORD = [Note(0, 4, 60), Note(0, 4, 64), Note(4, 2, 67), Note(9, 2, 60)]


def scale(number: int) -> list[Note]:
    return [Note(2 * at, 2, 48 + number % 24 + at) for at in range(16)]


def folder_of(path: Path, count: int, drums: bool = False) -> list[Path]:
    for number in range(count):
        data = midi([scale(number)], 120)
        if drums:
            data = data.replace(b"\x90", b"\x99").replace(b"\x80", b"\x89")
        (path / f"{number}.mid").write_bytes(data)
    return sorted(path.iterdir())


def test_a_tune_comes_back_from_its_tokens() -> None:
    (tokens,) = pieces(CHORD)
    assert "".join(tokens) == "d4 60 64 +4 d2 67 +5 60 "
    assert notes_of(tokens) == CHORD


def test_a_long_tune_becomes_rows_that_each_stand_alone() -> None:
    notes = [Note(at, 1 + at % 2, 60 + at % 7) for at in range(400)]
    found = [notes_of(piece) for piece in pieces(notes)]
    assert len(found) > 2
    assert [note[1:] for part in found for note in part] == [note[1:] for note in notes]
    assert all(part[0].start == 0 for part in found)


def test_files_become_rows_and_are_files_again(tmp_path: Path) -> None:
    files = folder_of(tmp_path, 40)
    (tmp_path / "broken.mid").write_bytes(files[0].read_bytes()[:30] + b"\xff" * 40)
    data, notes = read_tunes(tmp_path, sorted(tmp_path.iterdir()))
    assert notes == ["Not readable as MIDI, and left out: 1 of 41."]
    rows = {"".join(tokens_of(row, data.meta["vocabulary"])) for row in data.rows}
    assert rows == {"".join(*pieces(scale(number))) for number in range(24)}
    assert data.meta["tempo"] == pytest.approx(120, abs=0.01)


def test_drums_are_no_tune(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has 40 tunes with 0 tokens"):
        read_tunes(tmp_path, folder_of(tmp_path, 40, drums=True))


def test_tunes_that_are_all_the_same(tmp_path: Path) -> None:
    (one,) = folder_of(tmp_path, 1)
    with pytest.raises(BadInput, match="are the same"):
        read_tunes(tmp_path, [one] * 40)


def test_chorales_keep_their_split_and_no_chorale_is_in_two_parts() -> None:
    data, _ = chorales()
    parts = [
        set(written(data.rows[rows], data.meta["vocabulary"]))
        for rows in (data.split.training, data.split.validation, data.split.test)
    ]
    assert [len(data.split.training), len(data.split.test)] == [697, 249]
    assert not parts[0] & parts[2]
    assert "public domain" in data.licence
