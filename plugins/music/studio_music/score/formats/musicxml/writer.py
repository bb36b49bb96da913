"""A piece as MusicXML 4.0, score-partwise: for other programs, and for the engraver.

Lengths are in our own ticks. What a bar holds is decided in ``staves`` and ``notation``; here it is
put into words. Source: the MusicXML 4.0 schema of the W3C Music Notation Community Group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from msgspec.structs import replace

from studio_music.score.formats import chord_symbols
from studio_music.score.formats.bars import Bar, Bars, aligned
from studio_music.score.formats.musicxml.figured_bass import figured
from studio_music.score.formats.musicxml.lyrics import dynamics, lyrics
from studio_music.score.formats.notation import Sign, signs
from studio_music.score.formats.note_values import is_compound
from studio_music.score.formats.percussion import drum
from studio_music.score.formats.pitch_spelling import Accidentals, Spelled, spell
from studio_music.score.formats.staves import PERCUSSION, Staff, staves
from studio_music.score.formats.voices import Numbered, Strike, by_bar
from studio_music.score.piece import TICKS, Key, Note, Piece, Tempo, Track
from studio_music.score.theory.dynamics import strongest

FORTE: Final = 90
"""The velocity that MusicXML calls 100 per cent."""

_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_NOTICEABLE: Final = 0.1
"""By how much a tempo is another on the page; in files each is written."""
_VOICES: Final = ("soprano", "alto", "tenor", "bass voice")
_ACCIDENTALS: Final = {
    -2: "flat-flat",
    -1: "flat",
    0: "natural",
    1: "sharp",
    2: "double-sharp",
}


_ARTICULATIONS: Final = {"accent": "accent", "marcato": "strong-accent"}


def write(piece: Piece) -> bytes:
    """Return the piece as an uncompressed MusicXML file."""
    return (_HEAD + Document(piece).text()).encode()


class Document:
    """A piece laid out in bars and voices, of which any bars can be put into words.

    Args:
        for_display: Free timing is made readable, and each sign gets an id. ``t1n5`` is note 5 of
            track 1, what is tied to it ``t1n5-960`` (its tick), ``t1r2-960`` a rest of voice 2.

    Attributes:
        ticks: When the signs with ids begin, in ticks of the piece.
    """

    def __init__(self, piece: Piece, *, for_display: bool = False) -> None:
        piece = aligned(piece)
        self._piece = piece
        self.bars = Bars(piece)
        self.ticks: dict[str, int] = {}
        ids = self.ticks if for_display else None
        self._parts = [_Part(piece, at, self.bars, ids) for at in range(len(piece.tracks))]

    def text(self, first: int = 0, last: int | None = None) -> str:
        """Return the ``score-partwise`` element with the bars ``first`` … ``last`` − 1."""
        chosen = range(first, len(self.bars.all) if last is None else last)
        title = self._piece.title
        work = f"<work><work-title>{text(title)}</work-title></work>" if title else ""
        heads = "\n".join(part.head(named=first == 0) for part in self._parts)
        bodies = "\n".join(part.body(chosen) for part in self._parts)
        return (
            f'<score-partwise version="4.0">\n{work}\n<identification><encoding>'
            "<software>Offline Studio</software></encoding></identification>\n"
            f"<part-list>\n{_grouped(self._piece, heads)}\n</part-list>\n{bodies}\n"
            "</score-partwise>\n"
        )


def text(words: str) -> str:
    """Return words as they may stand in XML."""
    return escape("".join(c for c in words if c.isprintable()))


def _grouped(piece: Piece, heads: str) -> str:
    """Put voices that sing together into one bracket."""
    if len(piece.tracks) < 2 or any(track.role not in _VOICES for track in piece.tracks):
        return heads
    start = '<part-group type="start" number="1"><group-symbol>bracket</group-symbol></part-group>'
    return f'{start}\n{heads}\n<part-group type="stop" number="1"/>'


class _Placed(NamedTuple):
    """A sign in its voice and on its staff, both as numbers from 1."""

    sign: Sign
    voice: int
    staff: int


class _Part:
    """One track."""

    def __init__(self, piece: Piece, number: int, bars: Bars, ids: dict[str, int] | None) -> None:
        self._piece = piece
        self._track: Track = piece.tracks[number]
        self._number = number
        self._id = f"P{number + 1}"
        self._bars = bars
        self._ids = ids
        self._key = piece.key
        self._staves = staves(self._track, bars, for_display=ids is not None)
        self._in_bar = [[by_bar(voice, bars) for voice in staff.voices] for staff in self._staves]
        self._leads = number == _leader(piece)
        self._figures = figured(piece) if self._track.role == "bass voice" else {}
        self._lyrics = lyrics(self._track)
        self._tempos = piece.tempos if ids is None else _noticeable(piece.tempos)

    # ---- the part list

    def head(self, *, named: bool) -> str:
        """Return the entry in the part list: names, seen only if ``named``, and instruments."""
        name = text(self._track.name) or f"Part {self._number + 1}"
        hidden = "" if named else ' print-object="no"'
        return (
            f'<score-part id="{self._id}"><part-name{hidden}>{name}</part-name>'
            f"{''.join(self._instruments())}</score-part>"
        )

    def _instruments(self) -> Iterator[str]:
        track = self._track
        pitches = sorted({note.pitch for note in track.notes}) if track.drums else [-1]
        for pitch in pitches:
            name = drum(pitch).name if track.drums else text(track.name)
            yield (
                f'<score-instrument id="{self._instrument(pitch)}">'
                f"<instrument-name>{name}</instrument-name></score-instrument>"
            )
        channel = 10 if track.drums else 1 + self._number % 9
        for pitch in pitches:
            what = f"<midi-program>{track.program + 1}</midi-program>"
            if track.drums:
                what += f"<midi-unpitched>{pitch + 1}</midi-unpitched>"
            yield (
                f'<midi-instrument id="{self._instrument(pitch)}">'
                f"<midi-channel>{channel}</midi-channel>{what}"
                f"<volume>{track.volume * 100:g}</volume><pan>{track.pan * 90:g}</pan>"
                "</midi-instrument>"
            )

    def _instrument(self, pitch: int) -> str:
        return f"{self._id}-I{pitch}" if self._track.drums else f"{self._id}-I1"

    # ---- the bars

    def body(self, chosen: range) -> str:
        """Return the chosen bars."""
        bars = "\n".join(self._bar(at, first=at == chosen.start) for at in chosen)
        return f'<part id="{self._id}">\n{bars}\n</part>'

    def _bar(self, number: int, *, first: bool) -> str:
        bar = self._bars.all[number]
        name = number + (not self._piece.pickup)
        implicit = ' implicit="yes"' if bar.pickup else ""
        last = number == len(self._bars.all) - 1
        end = '<barline location="right"><bar-style>light-heavy</bar-style></barline>'
        inside = [
            f'<measure number="{name}"{implicit}>',
            self._attributes(number, bar, first=first),
            *(self._directions(bar, last) if self._leads else ()),
            *dynamics(self._track, bar, last=last, below=not self._lyrics),
            *self._voices(number, bar),
            end if last else "",
            "</measure>",
        ]
        return "".join(inside)

    def _attributes(self, number: int, bar: Bar, *, first: bool) -> str:
        inside = ""
        if first:
            mode = f"<mode>{self._key.mode}</mode>"
            hidden = ' print-object="no"' if self._track.drums else ""
            inside = (
                f"<divisions>{TICKS}</divisions>"
                f"<key{hidden}><fifths>{self._key.fifths}</fifths>{mode}</key>"
            )
        changes = not number or bar.metre != self._bars.all[number - 1].metre
        if first or changes:
            shown = "" if changes else ' print-object="no"'
            inside += (
                f"<time{shown}><beats>{bar.metre.beats}</beats>"
                f"<beat-type>{bar.metre.unit}</beat-type></time>"
            )
        if first:
            inside += f"<staves>{len(self._staves)}</staves>" if len(self._staves) > 1 else ""
            inside += "".join(_clef(at, staff) for at, staff in enumerate(self._staves, 1))
        return f"<attributes>{inside}</attributes>" if inside else ""

    def _directions(self, bar: Bar, last: bool) -> Iterator[str]:
        """Yield tempos and chord symbols at their exact places."""
        end = self._bars.end + 1 if last else bar.end
        for tempo in self._tempos:
            if bar.start <= tempo.tick < end:
                yield _tempo(tempo.bpm, tempo.tick - bar.start, is_compound(bar.metre))
        for chord in self._piece.chords:
            if bar.start <= chord.tick < end:
                yield _harmony(chord.symbol, chord.tick - bar.start)

    def _voices(self, number: int, bar: Bar) -> Iterator[str]:
        length = bar.end - bar.start
        before = False
        for at, in_bar in enumerate(self._in_bar):
            placed = self._placed(in_bar, number, bar, at)
            shown = _accidentals(placed, self._key) if not self._track.drums else set()
            for voice in placed:
                if before:
                    yield f"<backup><duration>{length}</duration></backup>"
                before = True
                for sign in voice:
                    yield from self._sign(sign, shown)

    def _placed(
        self, in_bar: list[dict[int, list[Strike]]], number: int, bar: Bar, at: int
    ) -> list[list[_Placed]]:
        """Return the voices of a staff that sound in this bar; of a silent bar the first."""
        is_silent = not any(number in voice for voice in in_bar)
        most = 4 if all(len(staff_bars.voices) <= 4 for staff_bars in self._staves) else 64
        placed = []
        for order, voice in enumerate(in_bar or [{}]):
            if number in voice or (is_silent and order == 0):
                row = signs(voice.get(number, ()), bar)
                placed.append([_Placed(sign, 1 + most * at + order, at + 1) for sign in row])
        return placed

    def _sign(self, placed: _Placed, shown: set[tuple[int, int]]) -> Iterator[str]:
        sign = placed.sign
        if not sign.notes:
            what = '<rest measure="yes"/>' if sign.fills_bar else "<rest/>"
            yield f"<note{self._mark(placed)}>{what}{self._length(placed, first=True)}</note>"
        if sign.notes and not sign.tied:
            yield self._figures.get(sign.start, "")
        for order, head in enumerate(sorted(sign.notes, key=lambda head: head.note.pitch)):
            yield self._note(placed, head, (id(sign), head.number) in shown, first=order == 0)

    def _note(self, placed: _Placed, numbered: Numbered, shown: bool, *, first: bool) -> str:
        track, note = self._track, numbered.note
        head = accidental = instrument = ""
        if track.drums:
            kit = drum(note.pitch)
            what = (
                f"<unpitched><display-step>{kit.step}</display-step>"
                f"<display-octave>{kit.octave}</display-octave></unpitched>"
            )
            instrument = f'<instrument id="{self._instrument(note.pitch)}"/>'
            head = "" if kit.head == "normal" else f"<notehead>{kit.head}</notehead>"
        else:
            written = written_pitch(note, self._key)
            alter = f"<alter>{written.alter}</alter>" if written.alter else ""
            what = (
                f"<pitch><step>{written.step}</step>{alter}"
                f"<octave>{written.octave}</octave></pitch>"
            )
            if shown:
                accidental = f"<accidental>{_ACCIDENTALS[written.alter]}</accidental>"
        loud = f' dynamics="{note.velocity * 100 / FORTE:.2f}"'
        chord = "" if first else "<chord/>"
        accent = self._accent(placed.sign, numbered, first=first)
        length = self._length(placed, accidental, head, instrument, accent, first=first)
        sung = self._sung(placed.sign) if first else ""
        return f"<note{self._mark(placed, numbered)}{loud}>{chord}{what}{length}{sung}</note>"

    def _accent(self, sign: Sign, head: Numbered, *, first: bool) -> str:
        """Return the accent over a note; on the page one stands for its whole chord."""
        accents = [head.note.accent]
        if self._ids is not None:
            accents = [other.note.accent for other in sign.notes] if first else []
        name = _ARTICULATIONS.get(strongest(accents), "")
        return f"<articulations><{name}/></articulations>" if name and not sign.tied else ""

    def _sung(self, sign: Sign) -> str:
        """Return the syllable of a chord: that of its first note which has one."""
        if sign.tied:
            return ""
        lyrics = (self._lyrics.get(head.number, "") for head in sign.notes)
        return next(filter(None, lyrics), "")

    def _mark(self, placed: _Placed, head: Numbered | None = None) -> str:
        """Return the id of a note or rest, and remember when it begins."""
        if self._ids is None:
            return ""
        start = placed.sign.start
        mark = f"t{self._number}n{head.number}" if head else f"t{self._number}r{placed.voice}"
        if placed.sign.tied or not head:
            mark += f"-{start}"
        self._ids[mark] = start
        return f' id="{mark}"'

    def _length(
        self,
        placed: _Placed,
        accidental: str = "",
        head: str = "",
        instrument: str = "",
        accent: str = "",
        *,
        first: bool,
    ) -> str:
        """Return all that follows the pitch, in the order of the schema."""
        sign, (ticks, kind, dots, triplet) = placed.sign, placed.sign.value
        modified = (
            "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes>"
            "</time-modification>"
        )
        ties = [name for name, is_so in (("stop", sign.tied), ("start", sign.ties)) if is_so]
        marks = "".join(f'<tied type="{name}"/>' for name in ties)
        if first and sign.triplet:
            marks += f'<tuplet type="{sign.triplet}"/>'
        marks += accent
        beams = enumerate(sign.beams, 1) if first else ()
        return "".join(
            (
                f"<duration>{ticks}</duration>",
                *(f'<tie type="{name}"/>' for name in ties),
                instrument,
                f"<voice>{placed.voice}</voice>",
                "" if sign.fills_bar else f"<type>{kind}</type>",
                "<dot/>" * dots,
                accidental,
                modified if triplet else "",
                head,
                f"<staff>{placed.staff}</staff>" if len(self._staves) > 1 else "",
                *(f'<beam number="{level}">{beam}</beam>' for level, beam in beams),
                f"<notations>{marks}</notations>" if marks else "",
            )
        )


def written_pitch(note: Note, key: Key) -> Spelled:
    """Return how a note is written; the schema has no octave below 0, so it is raised into it."""
    written = spell(note.pitch, key)
    if written.octave >= 0:
        return written
    return spell(note.pitch, Key())._replace(octave=0)


def _leader(piece: Piece) -> int:
    """Return the track over which tempos and chord symbols stand."""
    tracks = list(enumerate(piece.tracks))
    melodies = [number for number, track in tracks if track.role in ("melody", "soprano")]
    pitched = [number for number, track in tracks if not track.drums]
    return (melodies + pitched + [0])[0] if not melodies or melodies[0] == 0 else 0


def _accidentals(voices: list[list[_Placed]], key: Key) -> set[tuple[int, int]]:
    """Return which notes of a staff need an accidental in this bar, by sign and number."""
    accidentals, shown = Accidentals(key), set()
    inside = sorted((item.sign for voice in voices for item in voice), key=lambda s: s.start)
    for sign in inside:
        for item in sign.notes:
            if not sign.tied and accidentals.needs(written_pitch(item.note, key)):
                shown.add((id(sign), item.number))
    return shown


def _clef(number: int, staff: Staff) -> str:
    clef = staff.clef
    line = "" if clef == PERCUSSION else f"<line>{clef.line}</line>"
    octave = f"<clef-octave-change>{clef.octave}</clef-octave-change>" if clef.octave else ""
    return f'<clef number="{number}"><sign>{clef.sign}</sign>{line}{octave}</clef>'


def _noticeable(tempos: Sequence[Tempo]) -> tuple[Tempo, ...]:
    """Return the tempos worth marking for a reader; small ones are a way of playing."""
    shown = [replace(tempos[0], bpm=round(tempos[0].bpm))]
    for tempo in tempos[1:]:
        if abs(tempo.bpm / shown[-1].bpm - 1) >= _NOTICEABLE:
            shown.append(replace(tempo, bpm=round(tempo.bpm)))
    return tuple(shown)


def _tempo(bpm: float, place: int, compound: bool) -> str:
    beats = bpm / 1.5 if compound else bpm
    dot = "<beat-unit-dot/>" if compound else ""
    offset = f'<offset sound="yes">{place}</offset>' if place else ""
    return (
        '<direction placement="above"><direction-type><metronome><beat-unit>quarter</beat-unit>'
        f"{dot}<per-minute>{beats:.4g}</per-minute></metronome></direction-type>{offset}"
        f'<sound tempo="{bpm!r}"/></direction>'
    )


def _harmony(symbol: str, place: int) -> str:
    chord = chord_symbols.parts(symbol)
    if chord is None:
        return ""
    kind = chord_symbols.KINDS.get(chord.kind, "other")
    bass = _root("bass", *chord.bass) if chord.bass else ""
    offset = f"<offset>{place}</offset>" if place else ""
    return (
        f"<harmony>{_root('root', *chord.root)}"
        f"<kind text={quoteattr(text(chord.kind))}>{kind}</kind>{bass}{offset}</harmony>"
    )


def _root(name: str, step: str, alter: int) -> str:
    altered = f"<{name}-alter>{alter}</{name}-alter>" if alter else ""
    return f"<{name}><{name}-step>{step}</{name}-step>{altered}</{name}>"
