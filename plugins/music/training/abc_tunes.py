"""Read the fiddle tunes of music21's corpus (Ryan 1883, O'Neill 1850, Aird 1782) for training.

python abc_tunes.py MUSIC21_WHEEL TUNES.npz

Reads the wheel as an archive; imports nothing of it. Left out are grace
notes, ornaments, chord symbols, first endings, and tunes whose bars do not add up.
"""

from __future__ import annotations

import re
import sys
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from studio_music.compose.tunes.vocabulary import (
    DURATIONS,
    LOWEST,
    METRES,
    MODES,
    PITCHES,
    REST,
    UNITS,
    density_class,
    leap_class,
)

FOLDERS = ("ryansMammoth", "oneills1850", "airdsAirs")
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
FIFTHS = {"C": 0, "D": 2, "E": 4, "F": -1, "G": 1, "A": 3, "B": 5}
MODE_NAMES = {"": "major", "maj": "major", "m": "minor", "min": "minor", "dor": "dorian",
              "mix": "mixolydian", "aeo": "minor"}  # fmt: skip
MODE_FIFTHS = {"major": 0, "minor": -3, "dorian": -2, "mixolydian": -1}
TUPLETS = {2: Fraction(3, 2), 3: Fraction(2, 3), 4: Fraction(3, 4), 6: Fraction(2, 6)}
SKIPPED = re.compile(r'"[^"]*"|\{[^}]*\}|![^!]*!|\+[a-z]+\+|%.*|[~.uvTHJMLPSOR`\\]|\$|y')
TOKEN = re.compile(
    r"(?P<note>(?P<acc>\^\^|\^|__|_|=)?(?P<letter>[A-Ga-gzx])(?P<octave>[,']*)"
    r"(?P<length>[0-9]*/*[0-9]*))(?P<tie>-)?"
    r"|(?P<bar>:*\|+[\]:|]*:*|::|\|\])|(?P<ending>\[?[12](?=[^0-9/]|$))|(?P<tuplet>\([2346](?::\d*:?\d*)?)"
    r"|(?P<broken>>+|<+)|(?P<chord>\[[^\]]*\](?P<chord_length>[0-9]*/*[0-9]*)(?P<chord_tie>-)?)"
    r"|(?P<slur>[()\s-])"
)


@dataclass
class Tune:
    """A tune as it is read: bars of (pitch, units), and which bar begins a section."""

    title: str
    metre: str
    tonic: int
    mode: str
    bars: list[list[tuple[int, int]]] = field(default_factory=list)
    sections: list[int] = field(default_factory=list)


class Unreadable(Exception):
    """This tune is left out, and why."""


def main() -> None:
    """Write all readable tunes as flat arrays."""
    wheel, out = Path(sys.argv[1]), Path(sys.argv[2])
    tunes, refused = [], Counter()
    for text in texts(wheel):
        try:
            tunes.append(read_tune(text))
        except Unreadable as why:
            refused[str(why).split(":")[0]] += 1
    arrays = flatten(tunes)
    np.savez_compressed(out, **arrays)
    print(len(tunes), "tunes,", len(arrays["pitch"]), "notes; left out:", dict(refused))
    print(Counter(t.metre for t in tunes), Counter(t.mode for t in tunes))


def texts(wheel: Path) -> list[str]:
    """Return the ABC text of every tune."""
    tunes = []
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".abc") and any(f"/corpus/{f}/" in name for f in FOLDERS):
                text = archive.read(name).decode("utf-8", "replace").replace("\r", "")
                tunes += re.split(r"(?m)^(?=X:)", text)[1:]
    return tunes


def read_tune(text: str) -> Tune:
    """Return one tune, its bars full, or raise ``Unreadable``."""
    header, body = split_header(text)
    metre = {"C": "4/4", "C|": "2/2"}.get(header.get("M", ""), header.get("M", ""))
    if metre not in METRES:
        raise Unreadable(f"metre: {metre}")
    tonic, mode, signature = read_key(header.get("K", ""))
    unit = header.get("L") or ("1/16" if Fraction(metre) < Fraction(3, 4) else "1/8")
    tune = Tune(header.get("T", ""), metre, tonic, mode)
    parts = read_body(body, Fraction(unit) * 4 * UNITS, signature)
    fill_bars(tune, parts, METRES[metre])
    return tune


def split_header(text: str) -> tuple[dict[str, str], str]:
    """Return the fields, the first of each, and the lines of music."""
    header: dict[str, str] = {}
    body = []
    for line in text.splitlines():
        match = re.match(r"([A-Za-z]):\s*(.*?)\s*(?:%.*)?$", line)
        if match:
            name, value = match.groups()
            if "K" in header and name in "KMLV":
                raise Unreadable("changes within")
            header.setdefault(name, value)
        elif "K" in header and line.strip() and not line.startswith("%"):
            body.append(line)
    return header, "\n".join(body)


def read_key(text: str) -> tuple[int, str, dict[str, int]]:
    """Return the tonic's pitch class, the mode, and the signature's shift of each letter."""
    match = re.match(r"([A-G])([b#]?)\s*([A-Za-z]*)", text)
    if not match:
        raise Unreadable(f"key: {text}")
    letter, sign, word = match.groups()
    mode = MODE_NAMES.get(word.lower()[:3] if word.lower() != "m" else "m")
    if mode is None:
        raise Unreadable(f"mode: {word}")
    shift = {"": 0, "#": 1, "b": -1}[sign]
    fifths = FIFTHS[letter] + 7 * shift + MODE_FIFTHS[mode]
    order = "FCGDAEB"
    sharps = dict.fromkeys(order[: max(fifths, 0)], 1)
    flats = dict.fromkeys(order[::-1][: max(-fifths, 0)], -1)
    return (STEPS[letter] + shift) % 12, mode, sharps | flats


def read_body(
    body: str, unit: Fraction, signature: dict[str, int]
) -> list[list[list[tuple[int, int]]]]:
    """Return sections of bars of (MIDI pitch or −1 for a rest, units)."""
    reader = BodyReader(unit, signature)
    text = SKIPPED.sub("", body)
    place = 0
    while place < len(text):
        match = TOKEN.match(text, place)
        if not match:
            raise Unreadable(f"sign: {text[place]}")
        reader.take(match)
        place = match.end()
    reader.end_bar(section=True)
    return [section for section in reader.sections if section]


class BodyReader:
    """Collects notes into bars, bars into sections."""

    def __init__(self, unit: Fraction, signature: dict[str, int]) -> None:
        self.unit, self.signature = unit, signature
        self.sections: list[list[list[tuple[int, int]]]] = [[]]
        self.bar: list[tuple[int, Fraction]] = []
        self.accidentals: dict[str, int] = {}
        self.tuplet, self.tuplet_left = Fraction(1), 0
        self.broken = Fraction(1)
        self.tied = False
        self.skipping = False

    def take(self, match: re.Match[str]) -> None:
        """Take one token."""
        if match["note"]:
            self.note(match["acc"], match["letter"], match["octave"], match["length"])
            self.tied = bool(match["tie"])
        elif match["chord"] is not None and match["chord"]:
            self.chord(match)
        elif match["bar"]:
            self.bar_line(match["bar"])
        elif match["ending"]:
            self.skipping = match["ending"].endswith("1")
        elif match["tuplet"]:
            size = int(match["tuplet"][1])
            self.tuplet, self.tuplet_left = TUPLETS[size], size
        elif match["broken"]:
            self.break_rhythm(match["broken"])

    def chord(self, match: re.Match[str]) -> None:
        """Keep the highest note of a chord."""
        inner = match["chord"][1 : match["chord"].index("]")]
        notes = list(re.finditer(r"(\^\^|\^|__|_|=)?([A-Ga-g])([,']*)([0-9]*/*[0-9]*)", inner))
        if not notes or ":" in inner:
            raise Unreadable(f"bracket: {inner}")
        best = max(notes, key=lambda n: self.pitch(n[1], n[2], n[3]))
        self.note(best[1], best[2], best[3], match["chord_length"] or best[4])
        self.tied = bool(match["chord_tie"])

    def pitch(self, acc: str | None, letter: str, octave: str) -> int:
        """Return the MIDI pitch of a written note."""
        name = letter.upper() + octave + letter
        if acc:
            self.accidentals[name] = {"^": 1, "_": -1, "=": 0, "^^": 2, "__": -2}[acc]
        shift = self.accidentals.get(name, self.signature.get(letter.upper(), 0))
        base = 60 + STEPS[letter.upper()] + (12 if letter.islower() else 0)
        return base + shift + 12 * (octave.count("'") - octave.count(","))

    def note(self, acc: str | None, letter: str, octave: str, length: str) -> None:
        """Add a note or a rest to the bar."""
        pitch = -1 if letter in "zx" else self.pitch(acc, letter, octave)
        units = self.unit * read_length(length) * self.broken
        self.broken = Fraction(1)
        if self.tuplet_left:
            units *= self.tuplet
            self.tuplet_left -= 1
        if self.tied and self.bar and self.bar[-1][0] == pitch:
            self.bar[-1] = (pitch, self.bar[-1][1] + units)
        else:
            self.bar.append((pitch, units))

    def break_rhythm(self, signs: str) -> None:
        """Lengthen the last note and shorten the next, or the other way round."""
        if not self.bar:
            raise Unreadable("broken rhythm at the start")
        short = Fraction(1, 2 ** len(signs))
        first, second = (2 - short, short) if signs[0] == ">" else (short, 2 - short)
        pitch, units = self.bar[-1]
        self.bar[-1] = (pitch, units * first)
        self.broken = second

    def bar_line(self, sign: str) -> None:
        """End the bar; a double line or a repeat ends the section."""
        self.end_bar(section=":" in sign or "||" in sign or "]" in sign)
        if self.skipping and ":" in sign:
            self.skipping = False

    def end_bar(self, *, section: bool) -> None:
        """Put the bar away."""
        if self.bar and not self.skipping:
            if any(units.denominator != 1 for _, units in self.bar):
                raise Unreadable("off the grid")
            self.sections[-1].append([(pitch, int(units)) for pitch, units in self.bar])
        self.bar, self.accidentals, self.tied = [], {}, False
        if section and self.sections[-1] and not self.skipping:
            self.sections.append([])


def read_length(text: str) -> Fraction:
    """Return the factor of a written length: "2", "3/2", "/", "//"."""
    if not text:
        return Fraction(1)
    head, *tail = text.split("/")
    value = Fraction(int(head or 1))
    for part in tail:
        value /= int(part) if part else 2
    return value


def fill_bars(tune: Tune, parts: list[list[list[tuple[int, int]]]], bar: int) -> None:
    """Join part-bars around section borders; drop the first upbeat; lengthen the last note."""
    for section in parts:
        opened = False
        for number, notes in enumerate(section):
            if number == 0 and takes_upbeat(tune, notes, bar):
                continue
            if sum(units for _, units in notes) > bar:
                raise Unreadable("bar too long")
            if not opened:
                tune.sections.append(len(tune.bars))
                opened = True
            tune.bars.append(list(notes))
            if number < len(section) - 1 and missing(tune, bar):
                raise Unreadable("bars do not add up")
    if not 4 <= len(tune.bars) <= 160:
        raise Unreadable("too short or too long")
    stretch(tune.bars[-1], missing(tune, bar))
    if not {units for notes in tune.bars for _, units in notes} <= set(DURATIONS):
        raise Unreadable("length")


def takes_upbeat(tune: Tune, notes: list[tuple[int, int]], bar: int) -> bool:
    """Return whether a section's first bar was an upbeat, which fills the bar before it."""
    length, room = sum(units for _, units in notes), missing(tune, bar)
    if room and length == room:
        tune.bars[-1] += notes
        return True
    if room:
        stretch(tune.bars[-1], room)
    if length < bar and tune.bars:
        raise Unreadable("upbeat without room")
    return length < bar


def missing(tune: Tune, bar: int) -> int:
    """Return the units that the last bar lacks."""
    return bar - sum(units for _, units in tune.bars[-1]) if tune.bars else 0


def stretch(bar: list[tuple[int, int]], missing: int) -> None:
    """Lengthen the last note of a bar."""
    if missing:
        pitch, units = bar[-1]
        bar[-1] = (pitch, units + missing)


def relative(tune: Tune) -> np.ndarray:
    """Return pitches from the tonic in the octave that centres the tune, as vocabulary indices."""
    pitches = np.array([p for bar in tune.bars for p, _ in bar])
    sounding = pitches[pitches >= 0]
    middle = float(np.median(sounding))
    tonic = tune.tonic + 12 * round((middle - 7 - tune.tonic) / 12)
    index = pitches - tonic - LOWEST
    if (index[pitches >= 0] < 0).any() or (index[pitches >= 0] >= PITCHES).any():
        raise Unreadable("range")
    return np.where(pitches < 0, REST, index)


def flatten(tunes: list[Tune]) -> dict[str, np.ndarray]:
    """Return all tunes as flat arrays: notes one after the other, and where each tune begins."""
    rows: dict[str, list] = {name: [] for name in ("pitch", "duration", "bar", "first_bars")}
    heads = []
    for tune in tunes:
        try:
            pitch = relative(tune)
        except Unreadable:
            continue
        units = [u for bar in tune.bars for _, u in bar]
        rows["pitch"] += pitch.tolist()
        rows["duration"] += [DURATIONS.index(u) for u in units]
        rows["bar"] += [n for n, bar in enumerate(tune.bars) for _ in bar]
        starts = sorted(set(tune.sections))
        rows["first_bars"] += [s * 1000 + len(heads) * 1_000_000 for s in starts]
        heads.append((len(units), list(METRES).index(tune.metre), MODES.index(tune.mode),
                      density_class(int((pitch < REST).sum()), sum(units)), leap_class(pitch),
                      len(tune.bars)))  # fmt: skip
    out = {name: np.array(values, np.int64) for name, values in rows.items()}
    out["heads"] = np.array(heads, np.int64)
    return out


if __name__ == "__main__":
    main()
