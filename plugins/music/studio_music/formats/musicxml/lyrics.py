"""Lyrics and dynamics as MusicXML has them, written and read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from studio_music.formats.bars import Bar
from studio_music.piece import HAIRPINS, LOUDNESS, MAX_LYRIC, Track

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
    """Return the ``lyric`` element of each note of a track that has one, by its number."""
    sung = [(number, note.lyric) for number, note in enumerate(track.notes) if note.lyric]
    found, goes_on = {}, False
    for place, (number, syllable) in enumerate(sung):
        following = sung[place + 1][1] if place + 1 < len(sung) else ""
        if syllable == HELD:
            kind = "continue" if following == HELD else "stop"
            found[number] = f'<lyric number="1"><extend type="{kind}"/></lyric>'
            continue
        ends = not syllable.endswith("-")
        words = escape(_printed(syllable.removesuffix("-")))
        held = '<extend type="start"/>' if following == HELD else ""
        found[number] = (
            f'<lyric number="1"><syllabic>{_SYLLABIC[goes_on, not ends]}</syllabic>'
            f"<text>{words}</text>{held}</lyric>"
        )
        goes_on = not ends
    return found


def syllable_of(note: Element) -> tuple[str, bool]:
    """Return what is sung on a ``note`` element in its first verse, and whether it has others."""
    verses = note.findall("lyric")
    if not verses:
        return "", False
    first = next((verse for verse in verses if verse.get("number", "1") == "1"), verses[0])
    parts = (" ".join((text.text or "").split()) for text in first.findall("text"))
    words = _printed(" ".join(parts)).replace(" ", _TOGETHER)[: MAX_LYRIC - 1]
    if not words:
        return (HELD if first.find("extend") is not None else ""), len(verses) > 1
    # A word that goes on has several syllables, of which the last says so.
    kinds = first.findall("syllabic")
    goes_on = bool(kinds) and (kinds[-1].text or "").strip() in ("begin", "middle")
    return words + "-" * goes_on, len(verses) > 1


def _printed(words: str) -> str:
    return "".join(c for c in words if c.isprintable() or c == _TOGETHER)


def dynamics(track: Track, bar: Bar, *, last: bool, below: bool) -> Iterator[str]:
    """Yield the signs of a track in a bar, hairpins by their two ends, each at its place.

    Args:
        last: What stands at the very end of the bar belongs to it too.
        below: Below the staff, where no words are.
    """
    where = "below" if below else "above"
    found = []
    for number, each in enumerate(track.dynamics):
        if not each.end:
            found.append((each.tick, 1, f"<dynamics><{each.sign}/></dynamics>"))
            continue
        name = f'number="{number % 6 + 1}"'
        found.append((each.tick, 2, f'<wedge type="{each.sign}" {name}/>'))
        found.append((each.end, 0, f'<wedge type="stop" {name}/>'))
    for tick, order, what in sorted(found):
        ends = order == 0  # a hairpin ends in the bar that it leads through
        inside = bar.start < tick <= bar.end if ends else bar.start <= tick < bar.end + last
        if inside:
            offset = f"<offset>{tick - bar.start}</offset>" if tick > bar.start else ""
            yield (
                f'<direction placement="{where}"><direction-type>{what}</direction-type>'
                f"{offset}</direction>"
            )


def sign_of(mark: Element) -> str:
    """Return the dynamic that a child of ``dynamics`` stands for, "" for none."""
    return mark.tag if mark.tag in LOUDNESS else ""


def hairpin_of(wedge: Element) -> str:
    """Return the hairpin that begins with a ``wedge`` element, "" where one ends or goes on."""
    kind = wedge.get("type", "")
    return kind if kind in HAIRPINS else ""
