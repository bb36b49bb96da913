"""What makes series anew: each learns from segments of one, and writes another of any length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtri
from torch import Tensor, nn

from studio.api.worker.optimiser import eager

Values = NDArray[np.float64]

BLOCK = 24
HIDDEN = 32
STEPS = 200
BATCH = 32
LENGTH = 32
RATE = 5e-3
STEPS_A_YIELD = 5


class SeriesGenerator(Protocol):
    """Makes series like those it has learned from."""

    def fit(self, segments: Sequence[Values], rng: np.random.Generator) -> Iterator[None]:
        """Learn; each step is short."""

    def sample(self, length: int, rng: np.random.Generator) -> Values:
        """Return a series of ``length`` values."""


class Shuffled:
    """Values in any order: what is known without time. The plain baseline."""

    def fit(self, segments: Sequence[Values], rng: np.random.Generator) -> Iterator[None]:
        """Keep the values."""
        self._values = np.concatenate(segments)
        yield

    def sample(self, length: int, rng: np.random.Generator) -> Values:
        """See ``SeriesGenerator``."""
        return np.asarray(self._values[rng.integers(len(self._values), size=length)])


class Blocks:
    """Blocks of 24 values, drawn again and put one after the other (Künsch 1989)."""

    def fit(self, segments: Sequence[Values], rng: np.random.Generator) -> Iterator[None]:
        """Keep the segments."""
        self._segments = [each for each in segments if len(each) >= BLOCK] or list(segments)
        yield

    def sample(self, length: int, rng: np.random.Generator) -> Values:
        """See ``SeriesGenerator``."""
        sizes = np.array([max(1, len(each) - BLOCK + 1) for each in self._segments])
        blocks: list[Values] = []
        while sum(map(len, blocks)) < length:
            segment = self._segments[rng.choice(len(sizes), p=sizes / sizes.sum())]
            start = rng.integers(max(1, len(segment) - BLOCK + 1))
            blocks.append(segment[start : start + BLOCK])
        return np.concatenate(blocks)[:length]


class Phases:
    """The frequencies of the longest segment with new phases (Theiler et al. 1992).

    Values and autocorrelation are nearly kept, everything else is chance: the surrogate that is
    called amplitude-adjusted.
    """

    def fit(self, segments: Sequence[Values], rng: np.random.Generator) -> Iterator[None]:
        """Keep the longest segment."""
        self._known = max(segments, key=len)
        yield

    def sample(self, length: int, rng: np.random.Generator) -> Values:
        """See ``SeriesGenerator``."""
        parts = [self._surrogate(rng) for _ in range(-(-length // len(self._known)))]
        return np.concatenate(parts)[:length]

    def _surrogate(self, rng: np.random.Generator) -> Values:
        known, count = self._known, len(self._known)
        scores = ndtri((_ranks(known) + 0.5) / count)
        spectrum = np.fft.rfft(scores)
        turned = spectrum * np.exp(2j * np.pi * rng.random(len(spectrum)))
        turned[0] = spectrum[0]
        return np.asarray(np.sort(known)[_ranks(np.fft.irfft(turned, count))])


def _ranks(values: Values) -> NDArray[np.intp]:
    return np.argsort(np.argsort(values, kind="stable"), kind="stable")


class _Network(nn.Module):
    """A recurrent layer that tells the mean and the spread of the next value."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.GRU(1, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, 2)

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        told, after = self.layer(x, state)
        mean, spread = self.head(told).chunk(2, -1)
        return mean, spread.clamp(-5, 2), after


class RecurrentSeries:
    """A gated recurrent network that writes value after value, each drawn about its forecast."""

    def fit(self, segments: Sequence[Values], rng: np.random.Generator) -> Iterator[None]:
        """Train for 200 steps; a few of them are a step of the job."""
        known = np.concatenate(segments)
        self._mean, self._spread = float(known.mean()), float(known.std()) or 1.0
        self._low, self._high = float(known.min()), float(known.max())
        length = min(LENGTH, max(map(len, segments)) - 1)
        long = [each for each in segments if len(each) > length]
        views = [np.lib.stride_tricks.sliding_window_view(each, length + 1) for each in long]
        rows = torch.from_numpy((np.concatenate(views) - self._mean) / self._spread).float()
        source = torch.Generator().manual_seed(int(rng.integers(2**31)))
        self._network = _network(source)
        optimiser = eager(torch.optim.AdamW)(self._network.parameters(), RATE)
        for step in range(STEPS):
            drawn = torch.from_numpy(rng.integers(len(rows), size=BATCH))
            with torch.enable_grad():
                x = rows[drawn][..., None]
                mean, spread, _ = self._network(x[:, :-1])
                loss = (((x[:, 1:] - mean) / spread.exp()) ** 2 / 2 + spread).mean()
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
                optimiser.step()
            if step % STEPS_A_YIELD == 0:
                yield

    def sample(self, length: int, rng: np.random.Generator) -> Values:
        """See ``SeriesGenerator``; nothing leaves the range of the values."""
        source = torch.Generator().manual_seed(int(rng.integers(2**31)))
        value, state, made = torch.zeros(1, 1, 1), None, []
        with torch.inference_mode():
            for _ in range(length + LENGTH):  # the first ones come from nowhere
                mean, spread, state = self._network(value, state)
                value = mean + spread.exp() * torch.randn(mean.shape, generator=source)
                made.append(float(value))
        values = np.array(made[LENGTH:]) * self._spread + self._mean
        return np.asarray(values.clip(self._low, self._high))


def _network(source: torch.Generator) -> _Network:
    """Return a network whose first weights come from ``source``, and not from the global one."""
    with torch.device("meta"):
        network = _Network()
    network.to_empty(device="cpu")
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.uniform_(-(HIDDEN**-0.5), HIDDEN**-0.5, generator=source)
    return network


SERIES_GENERATORS: Mapping[str, Callable[[], SeriesGenerator]] = {
    "blocks": Blocks,
    "phases": Phases,
    "recurrent": RecurrentSeries,
    "shuffled": Shuffled,
}
