"""Chooses the chords under a melody: the best path through the chords of its key (Viterbi).

A chord is liked for the notes it holds, weighed by how long and how strongly they sound, for where
it comes from, and for what the place in the phrase asks. Knows no instruments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec
import numpy as np

from studio_music.compose.backing.bars import Bar
from studio_music.compose.backing.harmony_rules import (
    BEFORE_LAST,
    BLUES,
    CLEAR,
    COLOURS,
    DARK,
    DEGREES,
    DOMINANTS,
    ELSEWHERE,
    FIRST_TONIC,
    GOES,
    HALF_CADENCE,
    HEIGHT,
    LAST_DOMINANT,
    LAST_TONIC,
    LUSH,
    PEDAL,
    RESOLVED,
    REST,
    STAY,
    STAY_IN_BAR,
    TONICS,
    TWELVE_BARS,
    UNRESOLVED,
    Degree,
)
from studio_music.score.piece import TICKS, Key, Note
from studio_music.score.theory.chord_symbols import Harmony
from studio_music.score.theory.key_detection import OLD_MODES

CHORD_TONE, SEVENTH, PASSING, SEMITONE_ABOVE, FOREIGN = 1.0, 0.6, -0.5, -0.9, -1.6
"""How a note fits a chord: in it, its seventh, in the scale, rubbing against it, in neither."""

NOISE = 0.3
"""How far the seed may sway a choice."""

OUTSIDE, CHARACTER = -3.0, 2.5
"""How much a chord is liked that leaves an old mode, and one that shows it."""

STANDING = 100.0
"""How much a chord weighs that stands there already."""

HALF_BAR_QUARTERS = 4
"""Bars of at least so many quarters may change their chord in the middle."""


class Slot(msgspec.Struct, frozen=True):
    """A stretch of time with one chord. ``opens``: it begins its bar."""

    start: int
    end: int
    bar: Bar
    opens: bool


class HarmonyPlan(msgspec.Struct, frozen=True):
    """What chords are held to beside the tune.

    Attributes:
        colour: "triads"; "sevenths" to give each chord its seventh; "clear", "dark" or "lush", as
            ``harmony_rules.COLOURS``; "blues" for its twelve bars, whatever the melody.
        loop: The end leads back to the start, instead of resting on the tonic.
        tension: For each bar 0…1: chords are plain at rest and rub at the height; () for even.
        arrivals: Bars where another key begins: with its tonic, rather than another chord.
        old_mode: The scale that chords are to stay in, as "dorian"; "" for that of the key.
    """

    colour: str = "triads"
    loop: bool = False
    tension: tuple[float, ...] = ()
    arrivals: frozenset[int] = frozenset()
    old_mode: str = ""

    def tint(self, bar: Bar) -> str:
        """Return the colour of the chords of a bar: its own, or what its tension makes of it."""
        height = self.tension[min(bar.number, len(self.tension) - 1)] if self.tension else None
        if height is None or REST < height < HEIGHT:
            return self.colour
        return "dark" if height >= HEIGHT else "clear"


def harmonised(
    melody: Sequence[Note],
    bars: Sequence[Bar],
    key: Key,
    plan: HarmonyPlan,
    rng: np.random.Generator,
    given: Mapping[int, Harmony] = MappingProxyType({}),
) -> list[tuple[int, Harmony]]:
    """Return the chords under ``melody``: the tick where each begins, one at least.

    Args:
        given: Chords that stand there already, by the start of their slot: the others lead to them.
    """
    if plan.colour == "blues":
        return _twelve_bars(bars, key, plan)
    slots = slots_of(bars)
    names = list(DEGREES[key.mode])
    tints = [plan.tint(slot.bar) for slot in slots]
    fits = _fits(melody, slots, key)
    fits *= np.array([[CLEAR if tint == "clear" else 1] for tint in tints])
    fits += rng.gumbel(0, NOISE, (len(slots), len(names)))
    fits += _wishes(slots, key.mode, plan)
    if plan.old_mode:
        fits += [_in_mode(degree, key, plan.old_mode) for degree in DEGREES[key.mode].values()]
    fits += np.array([[COLOURS.get(tint, {}).get(name, 0.0) for name in names] for tint in tints])
    for place, slot in enumerate(slots):
        if chord := given.get(slot.start):
            alike = [_is_degree(chord, degree, key) for degree in DEGREES[key.mode].values()]
            fits[place] += STANDING * np.array(alike)
    loop = plan.loop
    steps = _steps(key.mode)
    path = _best_path(fits, steps, slots)
    if loop:
        # The ring is closed from what the open path began with.
        fits[0, [index for index in range(len(names)) if index != path[0]]] = -np.inf
        fits[-1] += steps[:, path[0]]
        path = _best_path(fits, steps, slots)
    chords = _chords([names[index] for index in path], slots, key, tints)
    return _over_pedal(chords, slots, key, plan, rng) if "dark" in tints else chords


def _over_pedal(
    chords: Sequence[tuple[int, Harmony]],
    slots: Sequence[Slot],
    key: Key,
    plan: HarmonyPlan,
    rng: np.random.Generator,
) -> list[tuple[int, Harmony]]:
    """Let the bass stay on the tonic under dark chords of some phrases, but for their last bars."""
    has_pedal = rng.random(1 + slots[-1].bar.phrase) < PEDAL
    bars = {slot.start: slot.bar for slot in slots}
    pedalled = []
    for tick, chord in chords:
        bar = bars[tick]
        pedal = has_pedal[bar.phrase] and plan.tint(bar) == "dark" and not bar.ends_phrase
        if pedal and chord.root != key.pitch_class:
            chord = msgspec.structs.replace(chord, over=key.pitch_class)
        pedalled.append((tick, chord))
    return pedalled


def _twelve_bars(bars: Sequence[Bar], key: Key, plan: HarmonyPlan) -> list[tuple[int, Harmony]]:
    """Return the chords of the blues, from the start as often as it takes; the tonic ends it."""
    chords: list[tuple[int, Harmony]] = []
    for bar in bars:
        step, quality = TWELVE_BARS[key.mode][bar.number % 12]
        if bar.is_last and not plan.loop:
            step, quality = TWELVE_BARS[key.mode][0]
        quality = BLUES.get(plan.tint(bar), {}).get(quality, quality)
        chord = Harmony((key.pitch_class + step) % 12, quality)
        if not chords or chords[-1][1] != chord:
            chords.append((bar.start, chord))
    return chords


def _is_degree(chord: Harmony, degree: Degree, key: Key) -> bool:
    is_root = chord.root == (key.pitch_class + degree.step) % 12
    return is_root and chord.quality in (degree.quality, degree.seventh)


def _in_mode(degree: Degree, key: Key, old_mode: str) -> float:
    """Return how much a chord is liked in an old mode: most with what no key of its tonic has."""
    tones = set(Harmony((key.pitch_class + degree.step) % 12, degree.quality).tones)
    if not tones <= {(key.pitch_class + step) % 12 for step in OLD_MODES[old_mode]}:
        return OUTSIDE
    return 0.0 if tones <= set(key.scale) else CHARACTER


def _quality(name: str, degree: Degree, colour: str) -> str:
    """Return the quality of a chord in a colour."""
    if colour == "dark":
        return DARK.get(name, degree.quality)
    if colour == "lush":
        return LUSH.get(degree.quality, degree.quality)
    return degree.seventh if colour == "sevenths" else degree.quality


def slots_of(bars: Sequence[Bar]) -> list[Slot]:
    """Return where chords may change: each bar, and the middle of long even ones but the last."""
    slots = []
    for bar in bars:
        half = bar.start + bar.metre.bar // 2
        is_long = bar.metre.bar >= HALF_BAR_QUARTERS * TICKS and bar.metre.beats % 2 == 0
        if is_long and half < bar.end and bar is not bars[-1]:
            slots += [Slot(bar.start, half, bar, True), Slot(half, bar.end, bar, False)]
        else:
            slots.append(Slot(bar.start, bar.end, bar, True))
    return slots


# --- how a chord fits -------------------------------------------------------------------------


def _fits(melody: Sequence[Note], slots: Sequence[Slot], key: Key) -> np.ndarray:
    """Return (slots, degrees): the notes in each slot against each chord."""
    weights = np.zeros((len(slots), 12))
    at = 0
    for note in sorted(melody):
        while at < len(slots) - 1 and slots[at].end <= note.start:
            at += 1
        for place in range(at, len(slots)):
            slot = slots[place]
            if slot.start >= note.end:
                break
            sounding = min(note.end, slot.end) - max(note.start, slot.start)
            if sounding > 0:
                weights[place, note.pitch % 12] += sounding / TICKS * _accent(note, slot)
    degrees = DEGREES[key.mode].values()
    table = np.array([_fit_of_degree(degree, key) for degree in degrees])
    liking: np.ndarray = weights @ table.T + np.array([degree.liking for degree in degrees])
    return liking


def _accent(note: Note, slot: Slot) -> float:
    """Return how much a note counts: most where it begins a slot, little between the beats."""
    into = note.start - slot.start
    if into <= 0:
        return 1.5
    return 1.0 if into % TICKS == 0 else 0.7


def _fit_of_degree(degree: Degree, key: Key) -> list[float]:
    """Return how each of the twelve pitch classes fits a chord."""
    chord = Harmony((key.pitch_class + degree.step) % 12, degree.quality)
    fits = []
    for pitch_class in range(12):
        if pitch_class in chord.tones:
            fits.append(SEVENTH if chord.tones.index(pitch_class) == 3 else CHORD_TONE)
        elif pitch_class not in key.scale:
            fits.append(FOREIGN)
        else:
            rubs = (pitch_class - 1) % 12 in chord.tones[:3]
            fits.append(SEMITONE_ABOVE if rubs else PASSING)
    return fits


def _wishes(slots: Sequence[Slot], mode: str, plan: HarmonyPlan) -> np.ndarray:
    """Return (slots, degrees): preferences by position in the phrase."""
    names = list(DEGREES[mode])
    tonic = [name == TONICS[mode] for name in names]
    dominant = [name in DOMINANTS for name in names]
    wishes = np.zeros((len(slots), len(names)))
    for place, slot in enumerate(slots):
        if slot.bar.ends_phrase:
            wishes[place] += HALF_CADENCE * (np.array(tonic) | np.array(dominant))
        if slot.opens and (slot.bar.number in plan.arrivals or not place):
            wishes[place, tonic] += FIRST_TONIC
    if plan.loop:
        wishes[-1, dominant] += LAST_DOMINANT
    else:
        wishes[-1] += LAST_TONIC * np.array(tonic)
        if len(slots) > 1:
            wishes[-2, dominant] += BEFORE_LAST
    return wishes


def _steps(mode: str) -> np.ndarray:
    """Return (from, to): how gladly a chord is followed by another."""
    degrees, goes = DEGREES[mode], GOES[mode]
    steps = np.full((len(degrees), len(degrees)), ELSEWHERE)
    for row, (name, degree) in enumerate(degrees.items()):
        for column, other in enumerate(degrees):
            if name == other:
                steps[row, column] = STAY
            elif degree.target:
                reached = other.rstrip("7") == degree.target
                steps[row, column] = RESOLVED if reached else UNRESOLVED
            else:
                steps[row, column] = goes[name].get(other, ELSEWHERE)
    return steps


# --- the path ---------------------------------------------------------------------------------


def _best_path(fits: np.ndarray, steps: np.ndarray, slots: Sequence[Slot]) -> list[int]:
    """Return the degree of each slot that together fit best."""
    within = steps + np.eye(len(steps)) * (STAY_IN_BAR - STAY)
    score, back = fits[0], []
    for place in range(1, len(slots)):
        total = score[:, None] + (steps if slots[place].opens else within)
        back.append(total.argmax(axis=0))
        score = total.max(axis=0) + fits[place]
    path = [int(score.argmax())]
    for came_from in reversed(back):
        path.append(int(came_from[path[-1]]))
    return path[::-1]


def _chords(
    names: Sequence[str], slots: Sequence[Slot], key: Key, tints: Sequence[str]
) -> list[tuple[int, Harmony]]:
    chords: list[tuple[int, Harmony]] = []
    for name, slot, colour in zip(names, slots, tints, strict=True):
        degree = DEGREES[key.mode][name]
        rests = slot.bar.ends_phrase and name == TONICS[key.mode]
        quality = degree.quality if rests and colour == "dark" else _quality(name, degree, colour)
        chord = Harmony((key.pitch_class + degree.step) % 12, quality)
        if not chords or chords[-1][1] != chord:
            chords.append((slot.start, chord))
    return chords
