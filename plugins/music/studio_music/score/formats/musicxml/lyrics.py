"""Lyrics and dynamics as MusicXML has them, written and read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from studio_music.score.formats.bars import Bar
from studio_music.score.piece import HAIRPINS, MAX_LYRIC, MAX_VERSES, Track

HELD: Final = "_"
_TOGETHER: Final = "\u00a0"
"""Between words that are sung on one note."""
_SYLLABIC: Final = {
    (False, False): "single",
    (False, True): "begin",
    (True, True): "middle",
    (True, False): "end",
}


def lyrics(track: Track) -> dict[int, str]:
    """Return the ``lyric`` elements of each note of a track that has any, by its number."""
    elements: dict[int, str] = {}
    for verse in range(max((len(note.sung) for note in track.notes), default=0)):
        for number, element in _of_verse(track, verse).items():
            elements[number] = elements.get(number, "") + element
    return elements


def _of_verse(track: Track, verse: int) -> dict[int, str]:
    """Return the ``lyric`` elements of one verse."""
    of_notes = enumerate(note.sung[verse : verse + 1] for note in track.notes)
    sung = [
        (number, syllable) for number, syllables in of_notes for syllable in syllables if syllable
    ]
    head, elements, goes_on = f'<lyric number="{verse + 1}">', {}, False
    for place, (number, syllable) in enumerate(sung):
        following = sung[place + 1][1] if place + 1 < len(sung) else ""
        if syllable == HELD:
            kind = "continue" if following == HELD else "stop"
            elements[number] = f'{head}<extend type="{kind}"/></lyric>'
            continue
        ends = not syllable.endswith("-")
        words = escape(_printed(syllable.removesuffix("-")))
        held = '<extend type="start"/>' if following == HELD else ""
        elements[number] = (
            f"{head}<syllabic>{_SYLLABIC[goes_on, not ends]}</syllabic>"
            f"<text>{words}</text>{held}</lyric>"
        )
        goes_on = not ends
    return elements


def syllables_of(note: Element) -> tuple[str, ...]:
    """Return the syllables on a ``note`` element, one a verse; "" where a verse has none here.

    Unnumbered verses are counted; a surplus one is present, but empty.
    """
    sung: dict[int, str] = {}
    for count, lyric in enumerate(note.findall("lyric"), 1):
        name = lyric.get("number", "")
        number = int(name) if name.isdecimal() and len(name) < 3 else count
        if number > MAX_VERSES:
            sung[MAX_VERSES + 1] = ""
        elif number > 0:
            sung.setdefault(number, _syllable(lyric))
    return tuple(sung.get(number, "") for number in range(1, max(sung, default=0) + 1))


def _syllable(lyric: Element) -> str:
    parts = (" ".join((text.text or "").split()) for text in lyric.findall("text"))
    words = _printed(" ".join(parts)).replace(" ", _TOGETHER)[: MAX_LYRIC - 1]
    if not words:
        return HELD if lyric.find("extend") is not None else ""
    # A word that goes on has several syllables, of which the last says so.
    kinds = lyric.findall("syllabic")
    goes_on = bool(kinds) and (kinds[-1].text or "").strip() in ("begin", "middle")
    return words + "-" * goes_on


def _printed(words: str) -> str:
    return "".join(c for c in words if c.isprintable() or c == _TOGETHER)


def dynamics(track: Track, bar: Bar, *, last: bool, below: bool) -> Iterator[str]:
    """Yield the signs of a track in a bar, hairpins by their two ends, each at its place.

    Args:
        last: What stands at the very end of the bar belongs to it too.
        below: Below the staff, where no words are.
    """
    where = "below" if below else "above"
    marks = []
    for number, dynamic in enumerate(track.dynamics):
        if not dynamic.end:
            marks.append((dynamic.tick, 1, f"<dynamics><{dynamic.sign}/></dynamics>"))
            continue
        name = f'number="{number % 6 + 1}"'
        marks.append((dynamic.tick, 2, f'<wedge type="{dynamic.sign}" {name}/>'))
        marks.append((dynamic.end, 0, f'<wedge type="stop" {name}/>'))
    for tick, order, what in sorted(marks):
        ends = order == 0  # a hairpin ends in the bar that it leads through
        inside = bar.start < tick <= bar.end if ends else bar.start <= tick < bar.end + last
        if inside:
            offset = f"<offset>{tick - bar.start}</offset>" if tick > bar.start else ""
            yield (
                f'<direction placement="{where}"><direction-type>{what}</direction-type>'
                f"{offset}</direction>"
            )


def hairpin_of(wedge: Element) -> str:
    """Return the hairpin that begins with a ``wedge`` element, "" where one ends or goes on."""
    kind = wedge.get("type", "")
    return kind if kind in HAIRPINS else ""
