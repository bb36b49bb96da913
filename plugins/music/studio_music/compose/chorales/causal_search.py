"""Harmonises a given voice from start to end: a beam search over the network's proposals.

Each step adds bass, tenor and alto; settings that break a rule rank behind those that do not. The
seed decides between nearly equal settings (scores are shaken by Gumbel noise).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studio_music.compose.chorales.causal_network import (
    LONGEST,
    ORDER,
    VALUES,
    CausalNetwork,
    State,
)
from studio_music.compose.chorales.lines import Rules
from studio_music.compose.chorales.vocabulary import LOWEST, MASKED, RANGES, REST, VOICES, endings

Cells = NDArray[np.int64]

BEAM: Final = 12
_BRANCHES: Final = 3
"""Values of a voice that are tried for each setting in the beam."""
_HELD: Final = 2
"""Steps of the shortest note that is drawn."""
_FARTHEST: Final = -1e9

_BEAT: Final = 4
"""Steps of a beat."""
_STIRRED: Final = 0.5
"""Share of the beats in whose middle a voice should move: the best of many settings move too
rarely, since at each moment it is likelier that nothing does."""
_STIR, _CHANGE = 3.0, 0.7
"""Nats for the first voice that moves there, and for one that moves on a beat."""
_LEAP: Final = 1.5
"""What a leap costs there: what moves between beats passes or neighbours."""
_AT_REST: Final = 16
"""Steps at the end that are left in peace."""


class _Front(NamedTuple):
    """The settings in the beam: their scores, the cells of the last step, and how long held."""

    scores: NDArray[np.float64]
    last: Cells
    held: Cells


class CausalSearch:
    """Four voices while three of them are found.

    Args:
        cells: (steps, voices); ``MASKED`` where something is wanted. The soprano is known.
        places: (steps,) as ``vocabulary.PLACES`` counts.
        temperature: 0: the best that is found; higher: anything nearly as good.
        wishes: (steps, voices, values) nats by which a value is likelier than the network says.
    """

    def __init__(
        self,
        network: CausalNetwork,
        cells: Cells,
        places: Cells,
        temperature: float,
        rng: torch.Generator,
        wishes: NDArray[np.float64],
        rules: Rules,
    ) -> None:
        self.network, self.cells, self.places = network, cells, places
        self.temperature, self.rng = temperature, rng
        self.wishes, self.rules = wishes, rules
        self.free = cells == MASKED
        self.device = network.unknown.device
        self.stir = self._stir()

    @torch.inference_mode()
    def fill(self) -> Iterator[float]:
        """Yield the share done while the gaps are filled from the first step to the last."""
        steps = len(self.cells)
        places = self._tensor(self.places)[None]
        left = self._tensor(np.array(endings(steps)))[None]
        ahead = self.network.hear(self._tensor(self.cells[:, 0])[None], places)
        front = _Front(np.zeros(1), np.full((1, 4), MASKED), np.zeros((1, 4), np.int64))
        state: State | None = None
        came: list[tuple[NDArray[np.int64], Cells]] = []
        for step in range(steps):
            size = len(front.scores)
            features, state = self.network(
                self._tensor(front.last)[:, None],
                self._tensor(front.held)[:, None],
                places[:, step : step + 1].expand(size, 1),
                left[:, step : step + 1].expand(size, 1),
                ahead[:, step : step + 1].expand(size, 1, -1),
                state,
            )
            parents, now, scores = self._grown(step, front, features[:, 0])
            state = _chosen(state, self._tensor(parents))
            before = front.last[parents]
            held = np.where(now == before, np.minimum(front.held[parents] + 1, LONGEST), 1)
            front = _Front(scores, now, held)
            came.append((parents, now))
            yield (step + 1) / steps
        at = int(front.scores.argmax())
        for step in range(steps - 1, -1, -1):
            parents, now = came[step]
            self.cells[step] = now[at]
            at = int(parents[at])

    def _grown(
        self, step: int, front: _Front, features: Tensor
    ) -> tuple[NDArray[np.int64], Cells, NDArray[np.float64]]:
        """Return the best settings one step longer: whose they are, their cells, their scores."""
        parents = np.arange(len(front.scores))
        now = np.repeat(self.cells[step][None], len(parents), axis=0)
        scores = front.scores
        for voice in ORDER:
            if not self.free[step, voice]:
                continue
            before = front.last[parents]
            held = before[:, voice]
            fits = (held < REST) & (held <= now[:, :voice].min(axis=1))
            if step % _HELD and fits.all():
                now[:, voice] = held
                continue
            gains = self._gains(step, voice, features[self._tensor(parents)], before, now)
            gains += self._life(step, voice, before, now)
            parents, now, scores = self._best(parents, now, scores, gains, voice)
        return parents, now, scores

    def _gains(
        self, step: int, voice: int, features: Tensor, before: Cells, now: Cells
    ) -> NDArray[np.float64]:
        """Return (settings, values) nats: network, wishes and rules; far below: not singable."""
        cells = self._tensor(np.minimum(now, VALUES - 1))
        logits = self.network.voice(features, voice, cells, self._tensor(before))
        gains: NDArray[np.float64] = torch.log_softmax(logits.double(), -1).cpu().numpy()
        gains = gains + self.wishes[step, voice]
        for row, (was, is_) in enumerate(zip(before, now, strict=True)):
            low, high = self._bounds(is_, voice)
            gains[row, :low] = gains[row, high + 1 :] = _FARTHEST
            gains[row] -= self.rules.chord(voice, is_)
            if was[voice] < REST:
                gains[row] -= self.rules.step(voice, was, is_)[was[voice]]
        return gains

    def _stir(self) -> NDArray[np.float64]:
        """Return (steps,) nats for the first voice that moves at each step."""
        steps = np.arange(len(self.cells))
        drawn = torch.rand(len(steps), generator=self.rng, device=self.rng.device).cpu().numpy()
        middle = (steps % _BEAT == _BEAT // 2) & (drawn < _STIRRED)
        stir = _STIR * middle + _CHANGE * (steps % _BEAT == 0)
        return np.where(steps < len(steps) - _AT_REST, stir, 0.0)

    def _life(self, step: int, voice: int, before: Cells, now: Cells) -> NDArray[np.float64]:
        """Return (settings, values) nats: for moving where none has yet, against leaps off beat."""
        held, values = before[:, voice, None], np.arange(VALUES)
        led = [other for other in ORDER[: ORDER.index(voice)] if self.free[step, other]]
        still = (now[:, led] == before[:, led]).all(axis=1)[:, None]
        sung = (held < REST) & (values < REST)
        gains: NDArray[np.float64] = self.stir[step] * (still & sung & (values != held))
        if step % _BEAT == _BEAT // 2:
            gains = gains - _LEAP * (sung & (np.abs(values - held) > 2))
        return gains

    def _bounds(self, sung: Cells, voice: int) -> tuple[int, int]:
        """Return the lowest and the highest value between the voices that are known."""
        low, high = (pitch - LOWEST for pitch in RANGES[VOICES[voice]])
        low = max([low, *(int(v) for v in sung[voice + 1 :] if v < REST)])
        high = min([high, *(int(v) for v in sung[:voice] if v < REST)])
        return (low, high) if low <= high else (low, low)

    def _best(
        self,
        parents: NDArray[np.int64],
        now: Cells,
        scores: NDArray[np.float64],
        gains: NDArray[np.float64],
        voice: int,
    ) -> tuple[NDArray[np.int64], Cells, NDArray[np.float64]]:
        values = np.argsort(-gains, axis=1)[:, :_BRANCHES]
        rows = np.repeat(np.arange(len(parents)), values.shape[1])
        flat = values.ravel()
        reached = scores[rows] + gains[rows, flat]
        shaken = reached + self.temperature * self._gumbel(len(reached))
        keep = np.argsort(-shaken)[:BEAM]
        chosen = now[rows[keep]].copy()
        chosen[:, voice] = flat[keep]
        return parents[rows[keep]], chosen, shaken[keep]

    def _gumbel(self, count: int) -> NDArray[np.float64]:
        drawn = torch.rand(count, generator=self.rng, device=self.rng.device).cpu().double().numpy()
        return np.asarray(-np.log(-np.log(np.clip(drawn, 1e-12, 1 - 1e-12))), np.float64)

    def _tensor(self, values: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device)


def _chosen(state: State, rows: Tensor) -> State:
    """Return the state of some settings."""
    recurrent, caches = state
    return recurrent[:, rows], [tensor[:, rows] for tensor in caches]
