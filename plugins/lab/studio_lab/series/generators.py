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
from studio_lab.series.transforms import Jittered, Scaled, Sliced, Warped

Values = NDArray[np.float64]
"""(n, channels)."""

BLOCK = 24
HIDDEN = 32
STEPS = 200
BATCH = 32
LENGTH = 32
RATE = 5e-3
STEPS_A_YIELD = 5
ERRORS = 256
"""Windows that tell how errors of channels correlate."""


class SeriesGenerator(Protocol):
    """Makes series like those it has learned from."""

    def fit(self, segments: Sequence[Values], rng: np.random.Generator) -> Iterator[None]:
        """Learn; each step is short."""

    def sample(self, length: int, rng: np.random.Generator) -> Values:
        """Return a series of ``length`` values."""


class Shuffled:
    """Values in random order, without temporal structure. The plain baseline."""

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
        self._segments = [segment for segment in segments if len(segment) >= BLOCK] or list(
            segments
        )
        yield

    def sample(self, length: int, rng: np.random.Generator) -> Values:
        """See ``SeriesGenerator``."""
        sizes = np.array([max(1, len(one_segment) - BLOCK + 1) for one_segment in self._segments])
        blocks: list[Values] = []
        while sum(map(len, blocks)) < length:
            segment = self._segments[rng.choice(len(sizes), p=sizes / sizes.sum())]
            start = rng.integers(max(1, len(segment) - BLOCK + 1))
            blocks.append(segment[start : start + BLOCK])
        return np.concatenate(blocks)[:length]


class Phases:
    """The frequencies of the longest segment with new phases (Theiler et al. 1992).

    Values and autocorrelation are nearly kept, everything else is chance: the surrogate that is
    called amplitude-adjusted. All channels are turned by the same phases, which keeps their
    correlations (Prichard and Theiler 1994).
    """

    def fit(self, segments: Sequence[Values], rng: np.random.Generator) -> Iterator[None]:
        """Keep the longest segment."""
        self._training = max(segments, key=len)
        yield

    def sample(self, length: int, rng: np.random.Generator) -> Values:
        """See ``SeriesGenerator``."""
        parts = [self._surrogate(rng) for _ in range(-(-length // len(self._training)))]
        return np.concatenate(parts)[:length]

    def _surrogate(self, rng: np.random.Generator) -> Values:
        values, count = self._training, len(self._training)
        scores = ndtri((_ranks(values) + 0.5) / count)
        spectrum = np.fft.rfft(scores, axis=0)
        turned = spectrum * np.exp(2j * np.pi * rng.random(len(spectrum)))[:, None]
        turned[0] = spectrum[0]
        ranks = _ranks(np.fft.irfft(turned, count, axis=0))
        return np.take_along_axis(np.sort(values, axis=0), ranks, axis=0)


def _ranks(values: Values) -> NDArray[np.intp]:
    return np.argsort(np.argsort(values, axis=0, kind="stable"), axis=0, kind="stable")


class _Network(nn.Module):
    """A recurrent layer that tells the mean and the spread of the next value of each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layer = nn.GRU(channels, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, 2 * channels)

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        output, after = self.layer(x, state)
        mean, spread = self.head(output).chunk(2, -1)
        return mean, spread.clamp(-5, 2), after


class RecurrentSeries:
    """A gated recurrent network that writes value after value, each drawn about its forecast.

    What channels have in common beside their forecasts is drawn as their errors correlate.
    """

    def fit(self, segments: Sequence[Values], rng: np.random.Generator) -> Iterator[None]:
        """Train for 200 steps; a few of them are a step of the job."""
        values = np.concatenate(segments)
        spread = values.std(0)
        self._mean, self._spread = values.mean(0), np.where(spread > 0, spread, 1.0)
        self._low, self._high = values.min(0), values.max(0)
        length = min(LENGTH, max(map(len, segments)) - 1)
        long = [segment for segment in segments if len(segment) > length]
        views = [
            np.lib.stride_tricks.sliding_window_view(segment, length + 1, axis=0)
            for segment in long
        ]
        cut = np.concatenate(views).transpose(0, 2, 1)
        rows = torch.from_numpy((cut - self._mean) / self._spread).float()
        source = torch.Generator().manual_seed(int(rng.integers(2**31)))
        self._network = _network(source, values.shape[1])
        optimiser = eager(torch.optim.AdamW)(self._network.parameters(), RATE)
        for step in range(STEPS):
            drawn = torch.from_numpy(rng.integers(len(rows), size=BATCH))
            with torch.enable_grad():
                x = rows[drawn]
                mean, spread, _ = self._network(x[:, :-1])
                loss = (((x[:, 1:] - mean) / spread.exp()) ** 2 / 2 + spread).mean()
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
                optimiser.step()
            if step % STEPS_A_YIELD == 0:
                yield
        with torch.inference_mode():
            x = rows[torch.from_numpy(rng.integers(len(rows), size=ERRORS))]
            mean, spread, _ = self._network(x[:, :-1])
            errors = ((x[:, 1:] - mean) / spread.exp()).flatten(0, 1)
            together = np.atleast_2d(np.nan_to_num(np.corrcoef(errors.numpy(), rowvar=False)))
            np.fill_diagonal(together, 1.0 + 1e-6)  # channels may be copies of each other
            self._together = torch.from_numpy(np.linalg.cholesky(together)).float()

    def sample(self, length: int, rng: np.random.Generator) -> Values:
        """See ``SeriesGenerator``; nothing leaves the range of the values."""
        source = torch.Generator().manual_seed(int(rng.integers(2**31)))
        value, state, steps = torch.zeros(1, 1, len(self._mean)), None, []
        with torch.inference_mode():
            for _ in range(length + LENGTH):  # the first ones come from nowhere
                mean, spread, state = self._network(value, state)
                noise = torch.randn(mean.shape, generator=source) @ self._together.T
                value = mean + spread.exp() * noise
                steps.append(value[0, 0].numpy())
        values = np.array(steps[LENGTH:]) * self._spread + self._mean
        return np.asarray(values.clip(self._low, self._high))


def _network(source: torch.Generator, channels: int) -> _Network:
    """Return a network whose first weights come from ``source``, and not from the global one."""
    with torch.device("meta"):
        network = _Network(channels)
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
    "jitter": Jittered,
    "scaling": Scaled,
    "warping": Warped,
    "slicing": Sliced,
}
