"""The bars of one part of a MusicXML score, as written: notes, tempos, chords, repeats.

Reads in the order of the document, since divisions, keys and dynamics hold until they change.
"""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element

from studio_music.score.formats import chord_symbols
from studio_music.score.formats.musicxml.lyrics import hairpin_of, syllables_of
from studio_music.score.formats.musicxml.xml_files import attribute, number
from studio_music.score.formats.notated_score import WrittenBar, WrittenNote
from studio_music.score.formats.percussion import pitch_at
from studio_music.score.formats.pitch_spelling import STEPS
from studio_music.score.piece import LOUDNESS, MAX_VERSES, TICKS, Key, Metre

_SUDDEN: Final = {
    "sf": "", "sfz": "", "sffz": "", "fz": "", "rf": "", "rfz": "",
    "fp": "p", "sfp": "p", "sfpp": "pp",
}  # fmt: skip
"""Dynamics of the notes above them alone, and what holds after those."""
_ARTICULATIONS: Final = {"accent": "accent", "strong-accent": "marcato"}
_BEATS: Final = {"whole": 4.0, "half": 2.0, "quarter": 1.0, "eighth": 0.5, "16th": 0.25}
_FORTE: Final = 90  # the velocity that MusicXML calls 100 per cent
_JUMPS: Final = ("dacapo", "dalsegno", "tocoda", "fine")


class PartReader:
    """Reads the bars of a part.

    Args:
        drums: MIDI pitches of unpitched instruments, by id.
    """

    def __init__(self, drums: dict[str, int], remarks: list[str]) -> None:
        self._drums = drums
        self._remarks = remarks
        self._divisions = 1.0
        self._shift = 0
        self._velocity = 80
        self._sudden: set[int] = set()
        """Where in this bar a sudden dynamic stands, in ticks."""
        self._endings: frozenset[int] = frozenset()
        self._bar = WrittenBar()
        self._now = self._before = 0.0  # in quarter notes
        self.is_percussion = False
        self.has_velocities = False
        """Whether notes say by themselves how loud they are."""

    def read(self, measure: Element) -> WrittenBar:
        """Return the next bar."""
        self._bar = WrittenBar(endings=self._endings)
        self._now = self._before = 0.0
        self._sudden.clear()
        for element in measure:
            take = getattr(self, f"_take_{element.tag}", None)
            if take:
                take(element)
            self._reach()
        return self._bar

    def _reach(self) -> None:
        self._bar.length = max(self._bar.length, _ticks(self._now))

    def _duration(self, element: Element) -> float:
        return max(0.0, min(number(element, "duration", 0.0) / self._divisions, 1e5))

    # ---- what stands in a bar

    def _take_note(self, note: Element) -> None:
        if note.find("grace") is not None:
            self._remarks.append("Grace notes were left out.")
            return
        length = self._duration(note)
        start = self._before if note.find("chord") is not None else self._now
        self._before = start
        if note.find("chord") is None:
            self._now += length
        if note.find("rest") is not None or note.find("cue") is not None:
            return
        begin = _ticks(start)
        ticks = _ticks(start + length) - begin
        pitch = self._pitch(note)
        if pitch is None or ticks <= 0:
            self._remarks.append("Notes without a pitch or a length were left out.")
            return
        ties = {tie.get("type") for tie in note.findall("tie")}
        ties = ties or {tie.get("type") for tie in note.findall("notations/tied")}
        loud = attribute(note, "dynamics")
        velocity = self._velocity if loud is None else _loudness(loud)
        self.has_velocities = self.has_velocities or loud is not None
        sung = syllables_of(note)
        if len(sung) > MAX_VERSES:
            self._remarks.append(f"Only the first {MAX_VERSES} verses of the lyrics were kept.")
        self._bar.notes.append(
            WrittenNote(
                begin,
                ticks,
                pitch,
                velocity,
                "stop" in ties,
                "start" in ties,
                note.findtext("voice", ""),
                sung=sung,
                accent="" if "stop" in ties else self._accent(note, begin),
            )
        )

    def _accent(self, note: Element, begin: int) -> str:
        """Return the accent over a note: its own, that of its chord, or a sudden dynamic's."""
        marks = note.findall("notations/articulations/*")
        accents = [_ARTICULATIONS[mark.tag] for mark in marks if mark.tag in _ARTICULATIONS]
        if not accents and note.find("chord") is not None and attribute(note, "dynamics") is None:
            accents = [self._bar.notes[-1].accent] if self._bar.notes else []
        return (accents or ["marcato" if begin in self._sudden else ""])[-1]

    def _pitch(self, note: Element) -> int | None:
        if (unpitched := note.find("unpitched")) is not None:
            self.is_percussion = True
            instrument = note.find("instrument")
            drum = self._drums.get(instrument.get("id", "")) if instrument is not None else None
            if drum is not None:
                return drum
            octave = int(number(unpitched, "display-octave", 5))
            return pitch_at(
                unpitched.findtext("display-step", "C"), octave, note.findtext("notehead", "normal")
            )
        step = note.findtext("pitch/step", "").strip()
        if step not in STEPS:
            return None
        octave, alter = int(number(note, "pitch/octave", 99)), number(note, "pitch/alter", 0)
        pitch = 12 * (octave + 1) + STEPS[step] + round(alter) + self._shift
        return pitch if 0 <= pitch <= 127 else None

    def _take_backup(self, element: Element) -> None:
        self._now = max(0.0, self._now - self._duration(element))

    def _take_forward(self, element: Element) -> None:
        self._now += self._duration(element)

    def _take_attributes(self, element: Element) -> None:
        self._divisions = max(number(element, "divisions", self._divisions), 1e-3)
        if (transpose := element.find("transpose")) is not None:
            octaves = number(transpose, "octave-change", 0)
            self._shift = int(number(transpose, "chromatic", 0) + 12 * octaves)
        if (time := element.find("time")) is not None:
            self._take_time(time)
        if (key := element.find("key")) is not None:
            fifths = int(number(key, "fifths", 0))
            mode = "minor" if key.findtext("mode", "").strip() in ("minor", "aeolian") else "major"
            self._bar.key = _sounding(fifths, mode, self._shift)
        if element.findtext("clef/sign", "") == "percussion":
            self.is_percussion = True

    def _take_time(self, time: Element) -> None:
        beats = [
            part for part in time.findtext("beats", "").split("+") if part.strip()[:3].isdecimal()
        ]
        unit = int(number(time, "beat-type", 4))
        total = sum(int(part.strip()[:3]) for part in beats)
        if 1 <= total <= 32 and unit in (1, 2, 4, 8, 16, 32):
            self._bar.metre = Metre(total, unit)

    def _take_direction(self, element: Element) -> None:
        place = self._now + number(element, "offset", 0) / self._divisions
        for mark in element.findall("direction-type/dynamics/*"):
            after = _SUDDEN.get(mark.tag, mark.tag)
            self._velocity = LOUDNESS.get(after, self._velocity)
            if mark.tag in _SUDDEN:
                self._sudden.add(_ticks(place))
            if after in LOUDNESS:
                self._bar.dynamics.append((max(0, _ticks(place)), after, ""))
        for wedge in element.findall("direction-type/wedge"):
            ends = wedge.get("number", "1")
            self._bar.dynamics.append((max(0, _ticks(place)), hairpin_of(wedge), ends))
        sound = element.find("sound")
        if sound is not None:
            self._take_sound(sound, place)
        metronome = element.find("direction-type/metronome")
        if metronome is not None and (sound is None or sound.get("tempo") is None):
            beat = _BEATS.get(metronome.findtext("beat-unit", "").strip(), 1.0)
            beat *= 1.5 if metronome.find("beat-unit-dot") is not None else 1.0
            self._add_tempo(place, number(metronome, "per-minute", 0) * beat)

    def _take_sound(self, sound: Element, place: float | None = None) -> None:
        if (tempo := attribute(sound, "tempo")) is not None:
            self._add_tempo(self._now if place is None else place, tempo)
        if (loud := attribute(sound, "dynamics")) is not None:
            self._velocity = _loudness(loud)
        if any(sound.get(jump) for jump in _JUMPS):
            self._remarks.append("Jumps such as D.C. and Coda are not supported.")

    def _add_tempo(self, place: float, bpm: float) -> None:
        if bpm > 0:
            self._bar.tempos.append((max(0, _ticks(place)), bpm))

    def _take_harmony(self, element: Element) -> None:
        step = element.findtext("root/root-step", "").strip()
        kind = element.find("kind")
        if step not in STEPS or kind is None:
            return
        short = kind.get("text")
        if short is None:
            short = chord_symbols.short_kind((kind.text or "").strip())
        bass_step = element.findtext("bass/bass-step", "").strip()
        bass = (bass_step, int(number(element, "bass/bass-alter", 0)))
        chord = chord_symbols.Parts(
            (step, int(number(element, "root/root-alter", 0))),
            short or "",
            bass if bass_step in STEPS else None,
        )
        place = self._now + number(element, "offset", 0) / self._divisions
        self._bar.chords.append((max(0, _ticks(place)), chord_symbols.symbol(chord)))

    def _take_barline(self, element: Element) -> None:
        if (ending := element.find("ending")) is not None:
            parts = ending.get("number", "").replace(" ", "").split(",")
            numbers = frozenset(int(part[:3]) for part in parts if part[:3].isdecimal())
            if ending.get("type") == "start":
                self._bar.endings = self._endings = numbers
            else:
                self._endings = frozenset()
        if (repeat := element.find("repeat")) is not None:
            if repeat.get("direction") == "forward":
                self._bar.begins = True
            else:
                self._bar.times = int(min(99, max(2, attribute(repeat, "times") or 2)))


def _ticks(quarters: float) -> int:
    return round(quarters * TICKS)


def _loudness(percent: float) -> int:
    return min(127, max(1, round(percent * _FORTE / 100)))


def _sounding(fifths: int, mode: str, shift: int) -> Key:
    """Return the key that sounds where one with so many sharps is written for an instrument."""
    sounding = fifths + 7 * shift
    if shift % 12:
        sounding = (sounding + 5) % 12 - 5
    else:
        sounding = fifths
    return Key.of_fifths(min(7, max(-7, sounding)), mode)
