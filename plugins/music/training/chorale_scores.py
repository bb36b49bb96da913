"""Read the four-part chorales of music21's corpus on a grid of sixteenths, for training.

PYTHONPATH=tests python plugins/music/training/chorale_scores.py MUSIC21_WHEEL CHORALES.npz

Leaves out what the test and validation pieces of the JSB split hold, in any key, and the files of
CCARH (no mxl). Reads the wheel as an archive; imports nothing of it.
"""

from __future__ import annotations

import io
import sys
import zipfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from benchmarks.music import jsb

STEP = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
NAMES = ("soprano", "alto", "tenor", "bass")
WINDOW = 16
"""Quarters of a passage that is compared."""


class Unreadable(Exception):
    """This score is left out, and why."""


def main() -> None:
    """Write the chorales and say which were left out."""
    wheel, out = (Path(a) for a in sys.argv[1:3])
    split = jsb.read()
    kept_out = {w for part in ("test", "valid") for p in split[part] for w in passages(p)}
    pieces, refused = [], Counter()
    for name, data in scores(wheel):
        try:
            grid, places = read_score(data)
        except Unreadable as why:
            refused[str(why)] += 1
            continue
        own = passages(grid)
        if sum(w in kept_out for w in own) > 0.1 * len(own):
            refused["held by the JSB test or validation pieces"] += 1
            continue
        pieces.append((name, grid, places))
    np.savez_compressed(
        out,
        grid=np.concatenate([g for _, g, _ in pieces]).astype(np.int16),
        place=np.concatenate([p for _, _, p in pieces]).astype(np.int16),
        length=np.array([len(g) for _, g, _ in pieces]),
        name=np.array([n for n, _, _ in pieces]),
    )
    print(
        len(pieces),
        "chorales,",
        sum(len(g) for _, g, _ in pieces),
        "steps; left out:",
        dict(refused),
    )


def passages(grid: np.ndarray) -> list[bytes]:
    """Return soprano and bass of every ``WINDOW`` quarters, free of key and place in the bar."""
    result = []
    for phase in range(4):
        beats = grid[phase::4][:, [0, 3]].astype(np.int16)
        for n in range(len(beats) - WINDOW + 1):
            part = beats[n : n + WINDOW]
            result.append((part - part[0, 0]).tobytes())
    return result


def scores(wheel: Path):
    """Yield the name and the MusicXML of every chorale."""
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            if "/corpus/bach/" in name and name.endswith(".mxl"):
                with zipfile.ZipFile(io.BytesIO(archive.read(name))) as inner:
                    container = ElementTree.fromstring(inner.read("META-INF/container.xml"))
                    root = next(e for e in container.iter() if e.tag.endswith("rootfile"))
                    yield Path(name).stem, inner.read(root.get("full-path", ""))


def read_score(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return (steps, 4) MIDI pitches, −1 for rests, and the step within the bar (−1: unknown)."""
    root = ElementTree.fromstring(data)
    names = {
        p.get("id"): (p.findtext("part-name") or "").strip().lower()
        for p in root.iter("score-part")
    }
    parts = {names[p.get("id")]: p for p in root.iter("part")}
    if len(parts) != len(names):
        raise Unreadable("parts of one name")
    chosen = [parts.get(name) for name in NAMES]
    if None in chosen:
        if len(parts) != 4:
            raise Unreadable("not four voices")
        chosen = list(parts.values())
    voices = [read_part(part) for part in chosen]
    size = {len(v[0]) for v in voices}
    if len(size) != 1 or size.pop() < 64:
        raise Unreadable("voices of different length")
    grid = np.array([v[0] for v in voices]).T
    if (grid[:, 0] < 0).mean() > 0.2 or (grid < 0).mean() > 0.2:
        raise Unreadable("mostly rests")
    return grid, np.array(voices[0][1])


def read_part(part: ElementTree.Element) -> tuple[list[int], list[int]]:
    """Return one voice by steps, and the step within its bar."""
    pitches: list[int] = []
    places: list[int] = []
    divisions, bar = 1, 16
    for measure in part.iter("measure"):
        begin, first = len(pitches), not pitches
        for element in measure:
            if element.tag == "attributes":
                divisions = int(element.findtext("divisions") or divisions)
                beats, unit = element.findtext("time/beats"), element.findtext("time/beat-type")
                bar = int(beats) * 16 // int(unit) if beats and unit else bar
            elif element.tag == "note" and (element.findtext("voice") or "1") == "1":
                read_note(element, divisions, pitches)
        length = len(pitches) - begin
        offset = bar - length if first and length < bar else 0
        places += [offset + n if length <= bar <= 64 else -1 for n in range(length)]
    return pitches, places


def read_note(note: ElementTree.Element, divisions: int, pitches: list[int]) -> None:
    """Add one note by steps; ties and repeated notes are the same here."""
    if note.find("grace") is not None:
        return
    if note.find("chord") is not None:
        return
    steps = int(note.findtext("duration") or 0) * 4 / divisions
    if steps != int(steps):
        raise Unreadable("shorter than sixteenths")
    pitch = -1
    if note.find("rest") is None:
        alter = int(float(note.findtext("pitch/alter") or 0))
        octave = int(note.findtext("pitch/octave") or 4)
        pitch = 12 * (octave + 1) + STEP[note.findtext("pitch/step") or "C"] + alter
    pitches += [pitch] * int(steps)


if __name__ == "__main__":
    main()
