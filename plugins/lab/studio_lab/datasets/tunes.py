"""Tunes as a data set: notes of MIDI files on a grid of sixteenths, as tokens, and the way back.

``d4`` says that notes from here on last four sixteenths, ``60`` is a note of that pitch, and
``+2`` goes on by two sixteenths. Every sequence of these is a tune.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from studio.api import BadInput, read_regular, sentence
from studio_lab.datasets.dataset import Dataset, Shape, Split
from studio_lab.datasets.tokens import rows_of

SUFFIXES = (".mid", ".midi")
LENGTH = 160
"""Tokens of a row at most: some hundred notes."""
FEWEST = 32
MOST_ROWS = 50_000
MOST_BYTES = 4 << 20
"""Of a file."""
LONGEST = 32
"""Sixteenths that a note or a rest may last."""
TEMPO = 100.0
"""Quarters a minute, where files say nothing else."""
_GRID = 4
_OFF_GRID, _FEW_OFF = 0.15, 0.05
_DRUMS = 9
_TICKS = 480


class Note(NamedTuple):
    """A note: when it starts and how long it lasts, in sixteenths, and its MIDI pitch."""

    start: int
    length: int
    pitch: int


def notes_in(path: Path) -> list[Note]:
    """Return the notes of a MIDI file; empty for an invalid one."""
    try:
        return _read(path)[0]
    except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError):
        return []


def read_tunes(path: Path, files: Iterable[Path]) -> tuple[Dataset, list[str]]:
    """Return the tunes of MIDI files in or at ``path``, and notes about them.

    Drums are left out; all other parts become one.

    Raises:
        BadInput: There are too few notes.
    """
    tunes, tempos, shares, skipped = [], [], [], 0
    for file in files:
        try:
            notes, tempo, off = _read(file)
        except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError):
            skipped += 1  # whatever mido says of a damaged file
            continue
        tunes.append(notes)
        tempos.append(tempo)
        shares.append(off)
    remarks = list[str]()
    if skipped:
        remarks.append(
            sentence(
                "Not readable as MIDI, and left out: {some} of {all}.",
                some=f"{skipped:,}", all=f"{skipped + len(tunes):,}",
            )
        )  # fmt: skip
    if shares and (off := float(np.mean(shares))) > _FEW_OFF:
        remarks.append(
            sentence(
                "{share} of the notes start between sixteenths; they are moved to the nearest one.",
                share=f"{off:.0%}",
            )
        )
    data, more = from_tunes(path.stem, tunes, tempo=float(np.median(tempos)) if tempos else TEMPO)
    return data, remarks + more


def from_tunes(
    title: str,
    tunes: Iterable[Sequence[Note]],
    licence: str = "",
    tempo: float = TEMPO,
    split_of: Sequence[int] | None = None,
) -> tuple[Dataset, list[str]]:
    """Return tunes as rows of tokens, and notes about them; a long tune becomes several rows.

    Rows of one tune stay together: none is in the test while another is learned from.

    Args:
        tempo: Quarters a minute, for what is made later.
        split_of: 0, 1 or 2 for each tune: training, validation, test; drawn if not given.

    Raises:
        BadInput: There are too few notes.
    """
    parts = [list(pieces(notes)) for notes in tunes]
    sequences = [piece for part in parts for piece in part]
    owners = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    remarks = list[str]()
    if len(sequences) > MOST_ROWS:
        remarks.append(
            sentence(
                "There are {all} pieces of tunes; {some} are used.",
                all=f"{len(sequences):,}", some=f"{MOST_ROWS:,}",
            )
        )  # fmt: skip
        sequences, owners = sequences[:MOST_ROWS], owners[:MOST_ROWS]
    if len(sequences) < FEWEST:
        raise BadInput(
            f"“{title}” has {len(parts):,} tunes with {sum(map(len, sequences)):,} tokens; "
            f"training needs at least {FEWEST} pieces of {LENGTH} tokens or tunes.",
            "Choose a folder with more MIDI files.",
        )
    if len(set(map(tuple, sequences))) == 1:
        raise BadInput(
            f"All tunes in “{title}” are the same, so there is nothing to learn.",
            "Choose a folder with different tunes.",
        )
    rows, vocabulary = rows_of(sequences)
    shape = Shape("text", vocabulary=len(vocabulary), length=rows.shape[1])
    split = Split.of_groups(owners, split_of)
    meta = {"vocabulary": vocabulary, "content": "tunes", "tempo": tempo}
    return Dataset(title, shape, rows, split, licence=licence, meta=meta), remarks


def pieces(notes: Iterable[Note]) -> Iterator[list[str]]:
    """Yield notes as sequences of at most ``LENGTH`` tokens, each for itself."""
    result: list[str] = []
    now, lasting = 0, 0
    for note in sorted(set(notes)):
        more = []
        if result and note.start > now:
            more.append(f"+{min(note.start - now, LONGEST)} ")
        if not result or note.length != lasting:
            more.append(f"d{min(note.length, LONGEST)} ")
        if len(result) + len(more) + 1 > LENGTH:
            yield result
            result, more = [], [f"d{min(note.length, LONGEST)} "]
        result += [*more, f"{note.pitch} "]
        now, lasting = note.start, note.length
    if result:
        yield result


def notes_of(tokens: Iterable[str]) -> list[Note]:
    """Return the notes that tokens stand for, in order of their start."""
    now, lasting, notes = 0, _GRID, {}
    for token in tokens:
        if token.startswith("+"):
            now += int(token[1:])
        elif token.startswith("d"):
            lasting = int(token[1:])
        else:
            notes[now, int(token)] = Note(now, lasting, int(token))
    return sorted(notes.values())


def midi(tunes: Sequence[Sequence[Note]], tempo: float) -> bytes:
    """Return tunes as a MIDI file, one after the other, each from a new bar."""
    from mido import Message, MetaMessage, MidiFile, MidiTrack, bpm2tempo

    events: list[tuple[int, int, Any]] = []
    start = 0
    for number, notes in enumerate(tunes, 1):
        if len(tunes) > 1:
            events.append((start, 0, MetaMessage("marker", text=str(number))))
        for note in notes:
            message = {"note": note.pitch, "velocity": 80}
            events.append((start + note.start, 2, Message("note_on", **message)))
            events.append((start + note.start + note.length, 1, Message("note_off", **message)))
        bar = 4 * _GRID
        start += -(-max((n.start + n.length for n in notes), default=0) // bar) * bar + bar
    track = MidiTrack([MetaMessage("set_tempo", tempo=bpm2tempo(tempo))])
    before = 0
    for at, _, event in sorted(events, key=lambda entry: entry[:2]):
        track.append(event.copy(time=(at - before) * _TICKS // _GRID))
        before = at
    file = io.BytesIO()
    MidiFile(type=0, ticks_per_beat=_TICKS, tracks=[track]).save(file=file)
    return file.getvalue()


def _read(path: Path) -> tuple[list[Note], float, float]:
    """Return the notes of a file, its first tempo, and the share of notes that are off the grid."""
    from mido import MidiFile, tempo2bpm

    data = read_regular(path)
    if len(data) > MOST_BYTES:
        raise ValueError("too large")
    file = MidiFile(file=io.BytesIO(data), clip=True)
    unit = file.ticks_per_beat / _GRID
    if unit <= 0:
        raise ValueError("no quarters")
    notes, tempos, off = [], [], []
    for track in file.tracks:
        now = 0
        sounding: dict[tuple[int, int], int] = {}
        for event in track:
            now += event.time
            if event.type == "set_tempo" and event.tempo:
                tempos.append(tempo2bpm(event.tempo))
            if event.type not in ("note_on", "note_off") or event.channel == _DRUMS:
                continue
            begun = sounding.pop((event.channel, event.note), None)
            if begun is not None:
                place = begun / unit
                length = max(1, round((now - begun) / unit))
                notes.append(Note(round(place), length, event.note))
                off.append(abs(place - round(place)) > _OFF_GRID)
            if event.type == "note_on" and event.velocity:
                sounding[event.channel, event.note] = now
    return notes, tempos[0] if tempos else TEMPO, float(np.mean(off)) if off else 0.0
