"""The words that several parts of the page share. Makes sentences, draws nothing."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication

from studio.api.window.language import tr
from studio_music.score.piece import TICKS, Key, Track
from studio_music.score.theory.instruments import DRUMS, PROGRAMS

_SHARPS: Final = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
_FLATS: Final = ("C", "D♭", "D", "E♭", "E", "F", "G♭", "G", "A♭", "A", "B♭", "B")
_LENGTHS: Final = (
    (4 * TICKS, "1/1"),
    (3 * TICKS, "1/2."),
    (2 * TICKS, "1/2"),
    (TICKS * 3 // 2, "1/4."),
    (TICKS, "1/4"),
    (TICKS * 3 // 4, "1/8."),
    (TICKS // 2, "1/8"),
    (TICKS // 4, "1/16"),
    (TICKS // 8, "1/32"),
    (TICKS * 2 // 3, "1/4 T"),
    (TICKS // 3, "1/8 T"),
    (TICKS // 6, "1/16 T"),
)


def sound_title(id: str) -> str:
    """Return the title of a family of sounds, as in the form, whose texts are translated."""
    return QCoreApplication.translate("music", id.replace("_", " ").capitalize())


def pitch_name(pitch: int, key: Key | None = None) -> str:
    """Return "D4": octaves as in scientific pitch notation, 60 is C4."""
    names = _FLATS if key is not None and key.fifths < 0 else _SHARPS
    return f"{names[pitch % 12]}{pitch // 12 - 1}"


def key_name(key: Key) -> str:
    """Return "B♭ major"."""
    tonic = key.tonic.replace("b", "♭").replace("#", "♯")
    return f"{tonic} {tr('major') if key.mode == 'major' else tr('minor')}"


def length_name(ticks: int) -> str:
    """Return "1/8.", or the ticks where there is no such name."""
    return dict(_LENGTHS).get(ticks, tr("{count} ticks").format(count=ticks))


def note_name(pitch: int, track: Track, key: Key) -> str:
    """Return the name of a pitch in a track: a note or a drum."""
    return DRUMS.get(pitch, str(pitch)) if track.drums else pitch_name(pitch, key)


def instrument_name(track: Track) -> str:
    """Return what plays a track."""
    return tr("Drums") if track.drums else PROGRAMS[track.program]


def format_names() -> tuple[tuple[str, str], ...]:
    """Return (ending, display name) of each format that a piece can be written in."""
    return (
        (".mid", "MIDI"),
        (".musicxml", "MusicXML"),
        (".abc", "ABC"),
        (".svg", tr("Picture of the score (SVG)")),
        (".pdf", tr("Score (PDF)")),
        (".wav", tr("Sound (WAV)")),
        (".flac", tr("Sound (FLAC)")),
    )


def family_names() -> tuple[str, ...]:
    """Return the names of the General MIDI families: eight programs each, in order."""
    return (
        tr("Piano"),
        tr("Chromatic percussion"),
        tr("Organ"),
        tr("Guitar"),
        tr("Bass"),
        tr("Strings"),
        tr("Ensemble"),
        tr("Brass"),
        tr("Reed"),
        tr("Pipe"),
        tr("Synth lead"),
        tr("Synth pad"),
        tr("Synth effects"),
        tr("Ethnic"),
        tr("Percussive"),
        tr("Sound effects"),
    )


def clock(seconds: float) -> str:
    """Return "1:07"."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def genre_names() -> list[tuple[str, str]]:
    """Return (id, display name) of each genre of a backing."""
    return [
        ("folk", tr("Folk")),
        ("pop", tr("Pop")),
        ("rock", tr("Rock")),
        ("jazz", tr("Jazz")),
        ("bossa", tr("Bossa")),
        ("waltz", tr("Waltz")),
        ("march", tr("March")),
        ("ballad", tr("Ballad")),
        ("electronic", tr("Electronic")),
        ("funk", tr("Funk")),
        ("blues", tr("Blues")),
        ("reggae", tr("Reggae")),
        ("ambient", tr("Ambient")),
        ("orchestral", tr("Orchestral")),
        ("battle", tr("Battle")),
        ("suspense", tr("Suspense")),
        ("chiptune", tr("Chiptune")),
        ("tango", tr("Tango")),
        ("gospel", tr("Gospel")),
    ]
