"""One voice in one bar as written signs: notes and rests with values, ties, triplets and beams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from studio_music.score.formats.bars import Bar
from studio_music.score.formats.note_values import FLAGS, Accents, Value, is_compound
from studio_music.score.formats.voices import Numbered, Strike, is_third
from studio_music.score.piece import TICKS


@dataclass
class Sign:
    """A chord or (without notes) a rest, at ``start`` ticks of the piece.

    Attributes:
        tied: Whether it goes on from the sign before. ``ties``: whether it goes on in the next one.
        triplet: "start" and "stop" at the ends of a group of triplets.
        beams: For each beam, the thickest first: "begin", "continue", "end" or a hook.
        fills_bar: A rest that stands for the whole bar.
    """

    start: int
    value: Value
    notes: tuple[Numbered, ...] = ()
    tied: bool = False
    ties: bool = False
    triplet: str = ""
    beams: list[str] = field(default_factory=list)
    fills_bar: bool = False


def signs(chords: Iterable[Strike], bar: Bar) -> list[Sign]:
    """Return the signs of the bar; ``chords`` are those of a voice that sound in it."""
    spans = list(_spans(chords, bar))
    if all(chord is None for _, _, chord in spans):
        return [Sign(bar.start, Value(bar.end - bar.start, "whole"), fills_bar=True)]
    groups = _triplets({tick for start, end, _ in spans for tick in (start, end)}, bar)
    written = [sign for span in spans for sign in _written(*span, bar, groups)]
    for start, end in groups:
        inside = [sign for sign in written if start <= sign.start < end]
        inside[0].triplet, inside[-1].triplet = "start", "stop"
    _beam(written, bar)
    return written


def _spans(chords: Iterable[Strike], bar: Bar) -> Iterator[tuple[int, int, Strike | None]]:
    """Yield what fills the bar: chords, and between them nothing."""
    at = bar.start
    for chord in chords:
        start, end = max(chord.start, bar.start), min(chord.end, bar.end)
        if at < start:
            yield at, start, None
        yield start, end, chord
        at = end
    if at < bar.end:
        yield at, bar.end, None


def _triplets(ticks: set[int], bar: Bar) -> list[tuple[int, int]]:
    """Return the groups of triplets that notes beginning or ending at ``ticks`` ask for."""
    size = bar.beat
    thirds = {(t - bar.origin) // size for t in ticks if is_third((t - bar.origin) % size)}
    groups, done = [], -1
    for number in sorted(thirds):
        if number <= done:
            continue
        start = bar.origin + number * size
        done = number
        pair = {tick - start for tick in ticks if start <= tick <= start + 2 * size}
        wide = size == TICKS and number % 2 == 0 and all(t % (2 * size // 3) == 0 for t in pair)
        if wide and start + 2 * size <= bar.end and number + 1 in thirds:
            done += 1
        groups.append((start, bar.origin + (done + 1) * size))
    return groups


def _written(
    start: int, end: int, chord: Strike | None, bar: Bar, groups: list[tuple[int, int]]
) -> Iterator[Sign]:
    """Yield a span as signs: cut at the borders of triplets, then into values."""
    borders = {tick for group in groups for tick in group if start < tick < end}
    accents = Accents.of_bar(bar.metre)
    cuts = sorted({start, end} | borders)
    for first, last in pairwise(cuts):
        group = next((g for g in groups if g[0] <= first < g[1]), None)
        if group is None or (first, last) == group:
            yield from _valued(first, last, bar.origin, chord, accents)
        else:
            thirds = Accents.of_triplet(group[1] - group[0])
            yield from _valued(first, last, group[0], chord, thirds)


def _valued(
    start: int, end: int, origin: int, chord: Strike | None, accents: Accents
) -> Iterator[Sign]:
    write = accents.rest if chord is None else accents.note
    for value in write(start - origin, end - origin):
        if chord is None:
            yield Sign(start, value)
        else:
            after = start + value.ticks
            yield Sign(start, value, chord.notes, start > chord.start, after < chord.end)
        start += value.ticks


# ---- beams -------------------------------------------------------------------------------------


def _beam(written: list[Sign], bar: Bar) -> None:
    for group in _beamed_together(written, bar):
        depth = [FLAGS[sign.value.kind] for sign in group]
        for level in range(1, max(depth) + 1):
            _beam_level(group, [flags >= level for flags in depth])


def _beam_level(group: list[Sign], has: list[bool]) -> None:
    for at, sign in enumerate(group):
        if not has[at]:
            continue
        before = at > 0 and has[at - 1]
        after = at + 1 < len(group) and has[at + 1]
        hook = "backward hook" if at else "forward hook"
        sign.beams.append(
            "continue" if before and after else "end" if before else "begin" if after else hook
        )


def _beamed_together(written: list[Sign], bar: Bar) -> Iterator[list[Sign]]:
    """Yield neighbours with flags within one beat; eighths of 4/4 and 2/2 within half a bar."""
    group: list[Sign] = []
    place = -1
    for sign in written:
        beat = _beam_place(sign, written, bar)
        flagged = bool(sign.notes) and sign.value.kind in FLAGS
        if group and (not flagged or beat != place):
            if len(group) > 1:
                yield group
            group = []
        if flagged:
            group.append(sign)
            place = beat
    if len(group) > 1:
        yield group


def _beam_place(sign: Sign, written: list[Sign], bar: Bar) -> int:
    unit = 4 * TICKS // bar.metre.unit
    place = sign.start - bar.origin
    if is_compound(bar.metre):
        return place // (3 * unit)
    half = bar.metre.bar // 2
    if bar.metre.bar == 4 * TICKS:
        first = place // half * half
        inside = [s for s in written if first <= s.start - bar.origin < first + half]
        if all(s.notes and s.value.kind == "eighth" and not s.value.triplet for s in inside):
            return 100 + place // half
    return place // max(unit, TICKS)
