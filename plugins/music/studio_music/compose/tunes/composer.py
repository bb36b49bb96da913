"""Compose a tune: several drafts note by note under the grammar; the clearest wins."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from studio.api import BadInput
from studio_music.compose.prompt.form import USUAL, usual_form
from studio_music.compose.prompt.moods import MOODS
from studio_music.compose.prompt.request import TuneRequest
from studio_music.compose.tunes.grammar import ALTERED, Grammar, Place, triplet_after
from studio_music.compose.tunes.vocabulary import (
    ADDITIVE_METRES,
    DENSITIES,
    DURATIONS,
    LOWEST,
    METRES,
    MODES,
    NEAREST_MODES,
    NO_DURATION,
    NOTHING,
    PITCHES,
    REST,
    UNITS,
    Echo,
    counted,
)
from studio_music.compose.tunes.weights import Tunes
from studio_music.score.piece import TICKS, MetreChange, Note, Piece, Tempo, Track
from studio_music.score.theory.key_detection import ranked_keys

_LINE: Final = 4
"""Bars of a line of the blues."""
MAX_BARS: Final = 128
DRAFTS: Final = 6
_RANGE: Final = (55, 86)
"""Lowest and highest MIDI pitch of a tune: what a violin does in the first positions."""

_TONICS: Final = 60
_LOW_TONICS: Final = 57
"""The tonic lies in the octave that begins here; in quiet moods, in a lower one."""

_MIN_SHARE: Final = 0.04
"""What is less likely than this share of the likeliest is not drawn."""

_VIOLIN: Final = 40
_USUAL_PACE: Final = 2.4
"""Notes a second, about, where the mood leaves them open and the tension does not."""
_MARGIN: Final = 0.05
"""By so much the asked key should fit better than the next; more is no merit."""


def write(
    model: Tunes, request: TuneRequest, rng: torch.Generator, at_once: int = DRAFTS
) -> Iterator[float | Piece]:
    """Yield the fraction done, note by note, and at last the piece: one track, the melody.

    Args:
        at_once: So many drafts are written beside each other; fewer take less memory.

    Raises:
        BadInput: more bars than fit, or a metre that tunes cannot be written in.
    """
    groups_of(str(request.metre))
    if not 1 <= request.bars <= MAX_BARS:
        raise BadInput(f"A tune can have 1 to {MAX_BARS} bars.", "Choose a length in that range.")
    drafts = [Draft(model, request) for _ in range(DRAFTS)]
    for first in range(0, DRAFTS, at_once):
        group, state = drafts[first : first + at_once], None
        while not all(draft.done for draft in group):
            state = step(model, group, state, rng)
            yield (first + len(group) * min(draft.fraction for draft in group)) / DRAFTS
    yield max((draft.piece() for draft in drafts), key=_merit)


def groups_of(metre: str) -> tuple[tuple[str, int], ...]:
    """Return the groups of a bar, each with the metre that the network knows it in, and its units.

    Raises:
        BadInput: Tunes cannot be written in this metre.
    """
    if metre in METRES:
        return ((metre, METRES[metre]),)
    if metre in ADDITIVE_METRES:
        return ADDITIVE_METRES[metre]
    supported = ", ".join((*METRES, *ADDITIVE_METRES))
    raise BadInput(f"Tunes in {metre} are not supported.", f"Choose one of {supported}.")


class Draft:
    """One tune while it is written."""

    def __init__(self, model: Tunes, request: TuneRequest) -> None:
        self.request = request
        self.groups = groups_of(str(request.metre))
        self.bar = sum(units for _metre, units in self.groups)
        self.mood = MOODS[request.mood]
        self.plan = planned(request)
        lowest = _LOW_TONICS if self.mood.low else _TONICS
        self.tonic = lowest + (request.key.pitch_class - lowest) % 12
        low, high = (pitch - self.tonic - LOWEST for pitch in _RANGE)
        self.mode = request.scale or request.key.mode
        self.grammar = Grammar(self.mode, self.bar, max(low, 0), min(high, PITCHES - 1))
        self.densities = [_density(model, request, bar) for bar in range(request.bars)]
        self.echo = Echo(self.bar)
        self.now = 0
        self.last = (NOTHING, NO_DURATION)
        self.sounding: int | None = None
        self.triplet: tuple[int, int] | None = None
        self.written: dict[int, list[tuple[int, int]]] = {}

    @property
    def done(self) -> bool:
        """Whether the last bar is full."""
        return self.now >= self.bar * len(self.plan)

    @property
    def fraction(self) -> float:
        """Which part is written."""
        return self.now / (self.bar * len(self.plan))

    @property
    def place(self) -> Place:
        """Where the next note begins, for the grammar."""
        rested = self.last[0] == REST
        last_bar = self._bar.left == 1
        return Place(self.now % self.bar, last_bar, self.sounding, rested, self.triplet)

    @property
    def _bar(self) -> Bar:
        return self.plan[min(self.now // self.bar, len(self.plan) - 1)]

    def columns(self) -> list[int]:
        """Return the network's input before the next note."""
        metre, at = self._group()
        mode = MODES.index(NEAREST_MODES.get(self.mode, self.mode))
        bar = self._bar
        wishes = (self.densities[min(self.now // self.bar, len(self.plan) - 1)], self.mood.leaps)
        return [*self.last, at, list(METRES).index(metre), mode, *wishes, bar.within % 8,
                counted(bar.left), counted(bar.section_left), *self.echo.at(self.now)]  # fmt: skip

    def _group(self) -> tuple[str, int]:
        """Return the metre of the group of the bar that is written, and the place in it."""
        at = self.now % self.bar
        for metre, units in self.groups:
            if at < units:
                return metre, at
            at -= units
        raise AssertionError(at)

    def pitch(self, logits: NDArray[np.float32], chance: float) -> int:
        """Return the pitch of the next note: the plan's repetition here, or a new one."""
        again = self._repeated()
        return again[0] if again else self._drawn(logits, self.grammar.pitches(self.place), chance)

    def take(self, pitch: int, logits: NDArray[np.float32], chance: float) -> None:
        """Append a note of that pitch, as long as the plan or ``logits`` say; nothing when done."""
        if self.done:
            return
        again = self._repeated()
        allowed = self.grammar.durations(self.place, pitch)
        self.add(pitch, again[1] if again else self._drawn(logits, allowed, chance))

    def _repeated(self) -> tuple[int, int] | None:
        source = self._bar.source
        if source is None or self.done:
            return None
        number = len(self.written.get(self.now // self.bar, ()))
        return self.written[source][number]

    def _drawn(self, logits: NDArray[np.float32], allowed: NDArray[np.bool_], chance: float) -> int:
        return drawn(logits, allowed, self.request.temperature, chance)

    def add(self, pitch: int, duration: int) -> None:
        """Append a note."""
        length = DURATIONS[duration]
        self.echo.add(self.now, pitch, duration)
        self.written.setdefault(self.now // self.bar, []).append((pitch, duration))
        self.triplet = triplet_after(self.triplet, self.now % self.bar, length)
        self.last = (pitch, duration)
        self.sounding = self.sounding if pitch == REST else pitch
        self.now += length

    def piece(self) -> Piece:
        """Return the written notes as a piece."""
        request = self.request
        ticks = TICKS // UNITS
        notes, now = [], 0
        rise = self.tonic + 12 * self.mood.octave
        altered, sounding = ALTERED.get(self.mode, (0, 0))
        for _, bar in sorted(self.written.items()):
            for pitch, duration in bar:
                length = DURATIONS[duration]
                if pitch != REST:
                    loud = self._loudness(now % self.bar)
                    sounds = max(1, round(length * ticks * self.mood.joined))
                    step = pitch + LOWEST
                    step += (sounding - altered) * (step % 12 == altered)
                    notes.append(Note(now * ticks, step + rise, sounds, loud))
                now += length
        program = (*self.mood.programs, _VIOLIN)[0]
        return Piece(
            title=f"Tune in {request.key}",
            key=request.key,
            tempos=(Tempo(0, request.tempo),),
            metres=(MetreChange(0, request.metre),),
            length=request.bars * request.metre.bar,
            tracks=(Track("Melody", tuple(notes), program=program, role="melody"),),
        )

    def _loudness(self, at: int) -> int:
        """Return the velocity of a note: bar lines and beats are a little louder."""
        accent = 10 if at == 0 else 4 if at % UNITS == 0 else 0
        return self.mood.loudness + accent


@torch.inference_mode()
def step(model: Tunes, drafts: Sequence[Draft], state: Any, rng: torch.Generator) -> Any:
    """Append a note to every draft that is not done; return the network's new state."""
    network = model.network
    device = network.to_pitch.weight.device
    columns = torch.tensor([[draft.columns()] for draft in drafts], device=device)
    hidden, new_state = network(columns, state)
    chances = torch.rand(2, len(drafts), generator=rng, device=rng.device).cpu().numpy()
    logits = network.pitch_logits(hidden[:, 0]).float().cpu().numpy()
    pitches = [
        draft.pitch(row, chance)
        for draft, row, chance in zip(drafts, logits, chances[0], strict=True)
    ]
    chosen = torch.tensor(pitches, device=device)
    logits = network.duration_logits(hidden[:, 0], chosen).float().cpu().numpy()
    for draft, pitch, row, chance in zip(drafts, pitches, logits, chances[1], strict=True):
        draft.take(pitch, row, chance)
    return new_state


def drawn(
    logits: NDArray[np.float32], allowed: NDArray[np.bool_], temperature: float, chance: float
) -> int:
    """Return the index that ``chance`` (0…1) falls on, of those that are allowed and likely."""
    scores = np.where(allowed, logits.astype(np.float64) / temperature, -np.inf)
    weights = np.exp(scores - scores.max())
    weights[weights < _MIN_SHARE] = 0
    total = np.cumsum(weights)
    return int(np.searchsorted(total, chance * total[-1], side="right"))


def _density(model: Tunes, request: TuneRequest, bar: int) -> int:
    """Return the class of density that mood and tension mean at this tempo; 0 leaves it open."""
    pace = MOODS[request.mood].pace or request.pace or None
    if pace is None and not request.tension:
        return 0
    pace = _USUAL_PACE if pace is None else pace
    if request.tension:
        pace *= 0.7 + 0.6 * request.tension[bar]
    per_quarter = pace * 60 / request.tempo
    metre, _units = groups_of(str(request.metre))[0]
    low, high = model.densities.get(metre, (1, DENSITIES))
    return int(np.clip(round(2 * math.log2(per_quarter)) + 4, low, high))


def _merit(piece: Piece) -> tuple[float, int]:
    """Return how clear the key is, then how many bars say something again, up to a third of all."""
    begun: dict[int, list[tuple[int, int, int]]] = {}
    for note in piece.tracks[0].notes:
        number, at = divmod(note.start, piece.metre.bar)
        begun.setdefault(number, []).append((at, note.pitch, note.length))
    again = len(begun) - len({tuple(bar) for bar in begun.values()})
    return _clarity(piece), min(again, len(begun) // 3)


def _clarity(piece: Piece) -> float:
    """Return how much better the requested key fits than any other, up to a cap."""
    ranked = ranked_keys(piece.tracks[0].notes)
    requested = piece.key
    own = next(
        s for s, k in ranked if (k.pitch_class, k.mode) == (requested.pitch_class, requested.mode)
    )
    other = max(
        s for s, k in ranked if (k.pitch_class, k.mode) != (requested.pitch_class, requested.mode)
    )
    return min(own - other, _MARGIN)


@dataclass(frozen=True)
class Bar:
    """One bar of the plan.

    Attributes:
        within: Its number in its section, from 0.
        section_left: Bars to the end of the section; 1 for its last.
        left: Bars to the end of the tune; 1 for the last.
        source: The bar that it repeats, note by note; None where it is new.
    """

    within: int
    section_left: int
    left: int
    source: int | None


def planned(request: TuneRequest) -> tuple[Bar, ...]:
    """Return the plan of a tune: one entry a bar.

    Sections are repeated as the form says, or else as songs (AABA) or dances (AABB) do; an outro
    says the end of the first section again. The last bar is always written anew, so that it can be
    an ending. In the blues the second line is the first again.
    """
    form = request.form or usual_form(request.bars, request.mood)
    first: dict[tuple[str, int], int] = {}
    plan: list[Bar] = []
    for section in form:
        for within in range(section.bars):
            number = len(plan)
            place = (section.name, within)
            if section.name == "outro" and ("A", USUAL - section.bars + within) in first:
                place = ("A", USUAL - section.bars + within)
            if request.blues and section.bars == 3 * _LINE and _LINE <= within < 2 * _LINE:
                place = (section.name, within - _LINE)
            source = first.setdefault(place, number)
            again = source != number and number != request.bars - 1
            left = section.bars - within
            plan.append(Bar(within, left, request.bars - number, source if again else None))
    return tuple(plan)
