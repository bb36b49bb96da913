"""A piece as an ABC tune: a voice for each track, what overlaps in it laid over with ``&``.

Source: ABC 2.1; programs and channels as abc2midi reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from operator import itemgetter
from typing import Final

from studio_music.score.formats.abc.lyrics import HELD, decorations, words_of
from studio_music.score.formats.bars import Bar, Bars, aligned
from studio_music.score.formats.notation import Sign, signs
from studio_music.score.formats.pitch_spelling import Accidentals, spell
from studio_music.score.formats.staves import staves
from studio_music.score.formats.voices import Numbered, by_bar
from studio_music.score.piece import TICKS, Key, Piece, Track
from studio_music.score.theory.dynamics import strongest

_UNIT: Final = TICKS // 2  # L:1/8
_MARKS: Final = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}
_BARS_A_LINE: Final = 4


def write(piece: Piece) -> bytes:
    """Return the piece as a file with one tune."""
    piece = aligned(piece)
    bars = Bars(piece)
    key = piece.key.tonic + ("m" if piece.key.mode == "minor" else "")
    head = [
        "%abc-2.1",
        "X:1",
        f"T:{_words(piece.title)}",
        f"M:{bars.all[0].metre}",
        "L:1/8",
        f"Q:{_tempo(piece.tempo)}",
        f"K:{key}",
    ]
    lines = (line for at in range(len(piece.tracks)) for line in _Voice(piece, at, bars).lines())
    return "\n".join([*head, *lines, ""]).encode()


def losses(piece: Piece) -> tuple[str, ...]:
    """Return what ABC does not keep of a piece."""
    sentences = ["ABC does not store velocity, volume or pan: notes are as loud as their dynamics."]
    starts = {bar.start for bar in Bars(aligned(piece)).all}
    if any(tempo.tick not in starts for tempo in piece.tempos):
        sentences.append("Tempo changes within a bar were moved to the start of the bar.")
    return tuple(sentences)


def _words(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text).replace("%", "\\%")


def _tempo(bpm: float) -> str:
    return f"1/4={bpm:.10g}"


class _Voice:
    """One track."""

    def __init__(self, piece: Piece, number: int, bars: Bars) -> None:
        self._piece = piece
        self._track: Track = piece.tracks[number]
        self._number = number
        self._bars = bars
        self._layers = [
            by_bar(voice, bars)
            for staff in staves(self._track, bars, for_display=False)
            for voice in staff.voices
        ]

    def lines(self) -> Iterator[str]:
        """Yield the lines of the voice."""
        name = _words(self._track.name).replace('"', "'")
        drums = " clef=perc" if self._track.drums else ""
        yield f'V:{self._number + 1} name="{name}"{drums}'
        if self._track.drums:
            yield "%%MIDI channel 10"
        else:
            yield f"%%MIDI program {self._track.program}"
        written = [self._bar(number, bar) for number, bar in enumerate(self._bars.all)]
        verses = max((len(note.sung) for note in self._track.notes), default=0)
        for at in range(0, len(written), _BARS_A_LINE):
            last = at + _BARS_A_LINE >= len(written)
            yield " | ".join(written[at : at + _BARS_A_LINE]) + (" |]" if last else " |")
            inside = list(enumerate(self._bars.all[at : at + _BARS_A_LINE], at))
            for verse in range(verses):
                words = words_of([self._syllables(number, bar, verse) for number, bar in inside])
                yield f"w: {words}"

    def _syllables(self, number: int, bar: Bar, verse: int) -> list[str]:
        """Return the syllables on the notes of the highest voice in a bar; "" for none."""
        chords = self._layers[0].get(number, []) if self._layers else []
        syllables = []
        for sign in signs(chords, bar):
            of_notes = ("".join(head.note.sung[verse : verse + 1]) for head in sign.notes)
            lyric = next(filter(None, of_notes), "")
            syllables += [HELD if lyric and sign.tied else lyric] if sign.notes else []
        return syllables

    def _bar(self, number: int, bar: Bar) -> str:
        layers = [layer.get(number, []) for layer in self._layers] or [[]]
        while len(layers) > 1 and not layers[-1]:
            layers.pop()
        chords = [(c.tick, f'"{c.symbol}"') for c in self._piece.chords if self._number == 0]
        over = sorted((*chords, *decorations(self._track.dynamics)), key=itemgetter(0))
        over = [(tick, words) for tick, words in over if bar.start <= tick < bar.end]
        texts = [_layer(signs(layers[0], bar), over, self._piece.key, always=len(layers) > 1)]
        # Those laid over come after it, with all accidentals: who reads them may not share the bar.
        texts += [
            _layer(signs(layer, bar), [], self._piece.key, always=True) for layer in layers[1:]
        ]
        return self._changes(number, bar) + " & ".join(texts)

    def _changes(self, number: int, bar: Bar) -> str:
        """Return a new metre, and a new tempo in the first voice."""
        inside = ""
        if number and bar.metre != self._bars.all[number - 1].metre:
            inside = f"[M:{bar.metre}]"
        for tempo in self._piece.tempos:
            if self._number == 0 and tempo.tick and bar.start <= tempo.tick < bar.end:
                inside += f"[Q:{_tempo(tempo.bpm)}]"
        return inside


def _layer(row: list[Sign], over: list[tuple[int, str]], key: Key, *, always: bool) -> str:
    """Return the signs of a voice in a bar, with what stands over each before it."""
    out, waiting, accidentals = [], list(over), Accidentals(key)
    for at, sign in enumerate(row):
        while waiting and waiting[0][0] < sign.start + sign.value.ticks:
            out.append(waiting.pop(0)[1])
        if sign.triplet == "start":
            count = next(n for n, other in enumerate(row[at:], 1) if other.triplet == "stop")
            out.append(f"(3:2:{count}")
        out.append(_sign(sign, key, accidentals, always=always))
        out.append("" if sign.beams[:1] in (["begin"], ["continue"]) else " ")
    return "".join(out).strip()


def _sign(sign: Sign, key: Key, accidentals: Accidentals, *, always: bool) -> str:
    value = sign.value
    ticks = value.ticks * 3 // 2 if value.triplet else value.ticks
    length = _length(Fraction(ticks, _UNIT))
    if not sign.notes:
        return f"z{length}"
    heads = [_head(head, key, accidentals, always=always) for head in sign.notes]
    accent = "" if sign.tied else strongest(head.note.accent for head in sign.notes)
    sounding = heads[0] if len(heads) == 1 else f"[{''.join(heads)}]"
    return f"{f'!{accent}!' if accent else ''}{sounding}{length}{'-' if sign.ties else ''}"


def _head(numbered: Numbered, key: Key, accidentals: Accidentals, *, always: bool) -> str:
    written = spell(numbered.note.pitch, key)
    mark = _MARKS[written.alter] if accidentals.needs(written) or always else ""
    octave = written.octave
    if octave >= 5:
        return mark + written.step.lower() + "'" * (octave - 5)
    return mark + written.step + "," * (4 - octave)


def _length(units: Fraction) -> str:
    above = "" if units.numerator == 1 else str(units.numerator)
    return above if units.denominator == 1 else f"{above}/{units.denominator}"
