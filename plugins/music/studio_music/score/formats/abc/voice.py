"""The music of one ABC voice, sign by sign, as written bars. Knows no headers but key and metre."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from typing import Final

from studio.api import BadInput
from studio_music.score.formats import chord_symbols
from studio_music.score.formats.abc import fields
from studio_music.score.formats.abc.lyrics import BAR, NONE, accent_of, dynamic_of, tokens_of
from studio_music.score.formats.notated_score import WrittenBar, WrittenNote
from studio_music.score.formats.pitch_spelling import STEPS
from studio_music.score.formats.repeats import MAX_PLAYED
from studio_music.score.piece import LOUDNESS, MAX_VERSES, TICKS, Metre

_SIGNS: Final = re.compile(
    r"""
    (?P<field>\[[A-Za-z]:[^\]]*\])
  | (?P<bar>(?:\[\||:*\|+[:\]|]*|::+|\|\])(?:\s*(?P<after>\[?\d[\d,.\-]*))?
      |\[(?P<ending>\d[\d,.\-]*))
  | "(?P<text>[^"]*)"
  | (?P<decoration>![^!|]*!|\+[^+|]*\+)
  | (?P<emphasis>L)
  | \{(?P<grace>[^}]*)\}
  | \((?P<tuplet>\d)(?::(?P<into>\d*))?(?::(?P<for>\d*))?
  | \[(?P<chord>[^\[\]|]*)\](?P<chord_length>\d*/*\d*)
  | (?P<accidental>\^\^|\^|__|_|=)?(?P<note>[A-Ga-g])(?P<octave>[,']*)(?P<length>\d*/*\d*)
  | (?P<rest>[zxZX])(?P<rest_length>\d*/*\d*)
  | (?P<broken>>+|<+)
  | (?P<tie>-)
  | (?P<overlay>&)
    """,
    re.VERBOSE,
)
_OPENED: Final = re.compile(r"\[(?![|\d])")
_BRACE: Final = re.compile(r"\{")
_NOTE: Final = re.compile(r"(\^\^|\^|__|_|=)?([A-Ga-g])([,']*)(\d*/*\d*)(-?)")
_INTO: Final = {2: 3, 3: 2, 4: 3, 5: 2, 6: 2, 7: 2, 8: 3, 9: 2}
_WHOLE: Final = 4 * TICKS
_VELOCITY: Final = 80
_MAX_CHORD: Final = 128


class VoiceReader:
    """Reads a voice.

    Args:
        switch: Asked for the voice that ``[V:…]`` goes on with.
    """

    def __init__(self, remarks: list[str], switch: Callable[[str], VoiceReader]) -> None:
        self._remarks = remarks
        self._switch = switch
        self._key = fields.key("")
        self._metre: Metre | None = Metre()
        self._unit: Fraction | None = None
        self._bars: list[WrittenBar] = []
        self._bar = WrittenBar()
        self._now = Fraction(0)
        self._said: dict[tuple[str, int], int] = {}
        self._layer = 0  # of voices that are laid over each other by "&"
        self._held: defaultdict[int, dict[tuple[str, int], int]] = defaultdict(dict)
        self._last: list[int] = []
        self._before = 0  # where the notes of the bar end that came before the last ones
        self._last_span = (Fraction(0), Fraction(0))
        self._stretch = Fraction(1)
        self._tuplet = (Fraction(1), 0)
        self._endings: frozenset[int] = frozenset()
        self._velocity = _VELOCITY
        self._accent = ""
        """What stands over the next note."""
        self._line: list[tuple[WrittenBar, int]] = []
        """The notes of the line, the first of each chord: the bar, and the number there."""
        self._verses = 0

    # ---- fields

    def take_field(self, name: str, text: str) -> None:
        """Take a key, metre, unit length or tempo that holds from here on."""
        if name == "K" and not text.lower().startswith(("clef", "octave", "transpose")):
            self._key = fields.key(text)
            self._bar.key = self._key.key
            self._remarks += [self._key.remark] if self._key.remark else []
        elif name == "M":
            self._metre = fields.metre(text)
            self._bar.metre = self._metre or self._bar.metre
        elif name == "L":
            self._unit = fields.unit_length(text) or self._unit
        elif name == "Q":
            bpm = fields.tempo(text, self._length_unit)
            if bpm:
                self._bar.tempos.append((round(self._now), bpm))

    @property
    def _length_unit(self) -> Fraction:
        return self._unit or fields.default_unit(self._metre)

    # ---- music

    def take_music(self, line: str) -> None:
        """Take a line of music."""
        reader, at = self, 0
        self._line, self._verses = [], 0
        line = _without_unclosed(line)
        while match := _SIGNS.search(line, at):
            at = match.end()
            if match["field"] and match["field"][1] == "V":
                reader = reader._switch(match["field"][3:-1])
            else:
                reader._take(match)

    def take_words(self, words: str) -> None:
        """Take the words under the line of music before; each line of them is a verse."""
        verse, self._verses = self._verses, self._verses + 1
        if verse >= MAX_VERSES:
            self._remarks.append(f"Only the first {MAX_VERSES} verses of the lyrics were kept.")
            return
        at = 0
        for token in tokens_of(words):
            if at >= len(self._line):
                return
            bar, number = self._line[at]
            if token == BAR:  # the words go on with the next bar
                if at and self._line[at - 1][0] is bar:
                    at = next(
                        (n for n, (b, _) in enumerate(self._line) if n > at and b is not bar),
                        len(self._line),
                    )
                continue
            if token != NONE:
                note = bar.notes[number]
                sung = (*note.sung, *[""] * (verse - len(note.sung)), token)
                bar.notes[number] = note._replace(sung=sung)
            at += 1

    def _take(self, sign: re.Match[str]) -> None:
        if sign["note"]:
            written = (sign["accidental"], sign["note"], sign["octave"])
            self._strike([written], self._length(sign["length"]))
        elif sign["bar"]:
            self._take_barline(sign["bar"], sign["after"] or sign["ending"] or "")
        elif sign["chord"] is not None:
            self._take_chord(sign["chord"], self._length(sign["chord_length"]))
        elif sign["rest"]:
            self._take_rest(sign["rest"], sign["rest_length"])
        elif sign["broken"]:
            self._break(sign["broken"])
        elif sign["tie"]:
            self._tie()
        elif sign["tuplet"]:
            self._begin_tuplet(int(sign["tuplet"]), sign["into"], sign["for"])
        elif sign["grace"] is not None:
            self._remarks.append("Grace notes were left out.")
        elif sign["field"]:
            self.take_field(sign["field"][1], sign["field"][3:-1].strip())
        elif sign["text"]:
            self._take_text(sign["text"])
        elif sign["decoration"]:
            self._take_decoration(sign["decoration"])
        elif sign["emphasis"]:
            self._accent = "accent"
        elif sign["overlay"]:
            self._now = Fraction(0)
            self._let_go()
            self._layer += 1

    def _length(self, text: str) -> Fraction:
        """Return a length in ticks: ``2``, ``/``, ``//``, ``3/2`` times the unit."""
        match = re.fullmatch(r"(\d*)(/*)(\d*)", text)
        assert match is not None, "a sign was matched with it"
        above, slashes, below = match.groups()
        value = Fraction(min(int(above[:5] or 1), 9999))
        if slashes:
            value /= int(below[:4] or 0) or 2 ** min(len(slashes), 8)
        return value * self._length_unit * _WHOLE

    def _take_chord(self, inside: str, times: Fraction) -> None:
        notes = list(islice(_NOTE.finditer(inside), _MAX_CHORD))
        if not notes:
            return
        unit = self._length_unit * _WHOLE
        self._strike(
            [(note[1], note[2], note[3]) for note in notes],
            self._length(notes[0][4]) * times / unit,
        )
        if any(note[5] for note in notes):
            self._tie()

    def _strike(self, written: list[tuple[str | None, str, str]], length: Fraction) -> None:
        """Let notes sound together, and go on behind them."""
        start, end = self._advance(length)
        begin, ticks = round(start), round(end) - round(start)
        self._let_go()
        held, self._held[self._layer] = self._held[self._layer], {}
        if not self._layer:
            self._line.append((self._bar, len(self._bar.notes)))
        for mark, letter, octave in written:
            place, pitch = self._pitch(mark, letter, octave, held)
            if ticks > 0 and 0 <= pitch <= 127:
                self._last.append(len(self._bar.notes))
                tied = held.get(place) == pitch
                voice = str(self._layer)
                self._bar.notes.append(
                    WrittenNote(
                        begin, ticks, pitch, self._velocity, tied, False, voice, place,
                        accent="" if tied else self._accent,
                    )
                )  # fmt: skip
        self._accent = ""

    def _pitch(
        self, mark: str | None, letter: str, octave: str, held: dict[tuple[str, int], int]
    ) -> tuple[tuple[str, int], int]:
        """Return the letter and octave of a note, and the pitch that it has here."""
        step = letter.upper()
        height = 4 + letter.islower() + octave.count("'") - octave.count(",")
        place = (step, height)
        natural = 12 * (height + 1) + STEPS[step]
        if mark:
            self._said[place] = fields.alter(mark)
        elif place in held:
            return place, held[place]  # a tie carries its accidental over the bar line
        return place, natural + self._said.get(place, self._key.signature[step])

    def _advance(self, length: Fraction) -> tuple[Fraction, Fraction]:
        stretch, left = self._tuplet
        if left:
            length *= stretch
            self._tuplet = (stretch, left - 1)
        length *= self._stretch
        self._stretch = Fraction(1)
        start = self._now
        self._now += min(length, Fraction(1000 * _WHOLE))
        self._last_span = (start, self._now)
        self._bar.length = max(self._bar.length, round(self._now))
        return start, self._now

    def _take_rest(self, kind: str, length: str) -> None:
        self._let_go()
        self._held[self._layer] = {}
        if kind in "ZX":
            bars = min(int(_digits(length)[:4] or 1), 1000)
            for _ in range(bars - 1):
                self._advance(Fraction((self._metre or Metre()).bar))
                self._close()
            self._advance(Fraction((self._metre or Metre()).bar))
        else:
            self._advance(self._length(length))

    def _break(self, signs: str) -> None:
        """Dot the note before and shorten the next one, or the other way round."""
        short = Fraction(1, 2 ** min(len(signs), 3))
        before, after = (2 - short, short) if signs[0] == ">" else (short, 2 - short)
        start, end = self._last_span
        now = start + (end - start) * before
        if self._now == end:
            self._now = now
        self._last_span = (start, now)
        self._stretch = after
        for at in self._last:
            note = self._bar.notes[at]
            self._bar.notes[at] = note._replace(length=max(1, round(now) - note.start))
        self._bar.length = max(round(self._now), self._before, self._ends(self._last))

    def _let_go(self) -> None:
        """Have no last notes any more: what comes now does not change them."""
        self._before = max(self._before, self._ends(self._last))
        self._last = []

    def _ends(self, notes: list[int]) -> int:
        written = (self._bar.notes[at] for at in notes)
        return max((note.start + note.length for note in written), default=0)

    def _tie(self) -> None:
        for at in self._last:
            note = self._bar.notes[at]
            self._bar.notes[at] = note._replace(ties=True)
            self._held[self._layer][note.place] = note.pitch

    def _begin_tuplet(self, notes: int, into: str | None, count: str | None) -> None:
        compound = self._metre is not None and self._metre.beats % 3 == 0 and notes in (5, 7, 9)
        q = int(into[:3]) if into else 3 if compound else _INTO.get(notes, 2)
        if notes and q:
            self._tuplet = (Fraction(q, notes), int(count[:3]) if count else notes)

    def _take_decoration(self, decoration: str) -> None:
        self._accent = accent_of(decoration) or self._accent
        dynamic = dynamic_of(decoration)
        if dynamic is not None:
            sign, name = dynamic
            self._bar.dynamics.append((round(self._now), sign, name))
            self._velocity = LOUDNESS.get(sign, self._velocity)

    def _take_text(self, text: str) -> None:
        chord = chord_symbols.parts(text.split()[0]) if text.strip() else None
        if chord is not None:
            self._bar.chords.append((round(self._now), chord_symbols.symbol(chord)))

    # ---- bar lines

    def _take_barline(self, text: str, after: str) -> None:
        line = text[: len(text) - len(after)] if after else text
        self._close(times=2 if line.startswith(":") else 0)
        if line.startswith(":") or line.endswith(("||", "|]", ":")) or "[|" in line:
            self._endings = frozenset()
        if line.endswith(":"):
            self._bar.begins = True
        numbers = frozenset(_numbers(after))
        if numbers:
            self._endings = numbers
        self._bar.endings = self._endings

    def _close(self, times: int = 0) -> None:
        """End the bar, if anything is in it; a repeat sign alone belongs to the bar before."""
        if not self._bar.length:
            if times and self._bars and not self._bar.begins:
                self._bars[-1].times = times
            return
        self._bar.times = times
        if len(self._bars) >= MAX_PLAYED:
            raise BadInput("This tune is too long.", "Split it into smaller files.")
        self._bars.append(self._bar)
        self._bar = WrittenBar(endings=self._endings)
        self._now = Fraction(0)
        self._said.clear()
        self._last, self._before, self._layer = (
            [],
            0,
            0,
        )  # but what is tied over the bar line stays held

    def finish(self) -> list[WrittenBar]:
        """Return all bars."""
        self._close()
        return self._bars


def _without_unclosed(line: str) -> str:
    """Return a line without brackets and braces that nothing closes.

    Each would be looked for an end to the end of the line, and a hostile line is made of them.
    """
    for end, begin in (("]", _OPENED), ("}", _BRACE)):
        length = line.rfind(end) + 1
        line = line[:length] + begin.sub(" ", line[length:])
    return line


def _digits(text: str) -> str:
    match = re.match(r"\d*", text)
    return match[0] if match else ""


def _numbers(text: str) -> list[int]:
    """Return the endings that are named so: ``1``, ``1,3``, ``1-3``."""
    numbers: list[int] = []
    for part in re.split(r"[,.]", text.strip().lstrip("[")):
        ends = [int(end[:2]) for end in part.split("-") if end.isdecimal()]
        numbers += range(ends[0], ends[-1] + 1) if ends else []
    return numbers
