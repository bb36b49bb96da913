"""Rotary positions: how far each pair of a head is turned at a place. Knows no model.

RoFormer, arXiv:2104.09864. Pairs that belong together stand side by side (see
``weights_loader.Piece``), so that a turn is a product of complex numbers.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from studio.runtime.engines.text.formats.config import RopeConfig

_PIECE = 1_024
"""Positions whose turns are computed at once."""


class Rotary:
    """The turns of all positions by one rule; they are computed as far as they are asked for.

    Attributes:
        frequencies: (head dim / 2,) float32: radians a token; 0 for pairs that never turn.
    """

    def __init__(self, rope: RopeConfig, head_dim: int, *, is_long: bool) -> None:
        turning = rope_frequencies(rope, is_long=is_long)
        idle = head_dim // 2 - turning.shape[0]
        self.frequencies = torch.cat([turning, torch.zeros(idle)])
        self._lengths = torch.cat([torch.full_like(turning, rope.magnitude), torch.ones(idle)])
        self._turns = torch.empty(0, 1, head_dim // 2, dtype=torch.complex64)

    def to(self, device: torch.device | str) -> None:
        """Move to ``device``."""
        self.frequencies, self._lengths = self.frequencies.to(device), self._lengths.to(device)
        self._turns = self._turns.to(device)

    def turns(self, start: int, end: int) -> Tensor:
        """Return the turns of positions, complex64, (tokens, 1, head dim / 2)."""
        while self._turns.shape[0] < end:  # always made in the same pieces: always the same bits
            first = self._turns.shape[0]
            positions = torch.arange(first, first + _PIECE, dtype=torch.float32)
            angles = positions.to(self.frequencies.device).unsqueeze(-1) * self.frequencies
            more = torch.polar(self._lengths.expand_as(angles), angles).unsqueeze(1)
            self._turns = torch.cat([self._turns.to(more), more])
        return self._turns[start:end]


def rotate(heads: Tensor, turns: Tensor) -> Tensor:
    """Turn neighbouring pairs of ``heads``, (tokens, heads, head dim), by ``turns``.

    Args:
        heads: Queries or keys.
        turns: complex64, (tokens, 1, head dim / 2).
    """
    pairs = torch.view_as_complex(heads.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turns).flatten(-2).to(heads.dtype)


def rope_frequencies(rope: RopeConfig, *, is_long: bool = False) -> Tensor:
    """Return the radians a token by which each pair turns, float32, (rope.dim / 2,)."""
    exponents = torch.arange(0, rope.dim, 2, dtype=torch.int64).float() / rope.dim
    frequencies = 1.0 / rope.theta**exponents
    if rope.scaling == "linear":
        frequencies = frequencies / rope.factor
    elif rope.scaling == "llama3":
        frequencies = _llama3(frequencies, rope)
    elif rope.scaling == "yarn":
        frequencies = _yarn(frequencies, rope)
    divisors = rope.long_divisors if is_long and rope.long_divisors else rope.divisors
    return frequencies / torch.tensor(divisors) if divisors else frequencies


def _llama3(frequencies: Tensor, rope: RopeConfig) -> Tensor:
    """Slow pairs turn ``factor`` times slower, fast ones as before, the others in between."""
    wavelengths = 2 * math.pi / frequencies
    turns = rope.original_context / wavelengths
    share = (turns - rope.low_factor) / (rope.high_factor - rope.low_factor)
    share = share.clamp(0, 1)
    return (1 - share) * frequencies / rope.factor + share * frequencies


def _yarn(frequencies: Tensor, rope: RopeConfig) -> Tensor:
    """As above; in between means between whole numbers of pairs (arXiv:2309.00071)."""

    def pair_that_turns(times: float) -> float:
        return (
            rope.dim
            * math.log(rope.original_context / (times * 2 * math.pi))
            / (2 * math.log(rope.theta))
        )

    first = max(math.floor(pair_that_turns(rope.high_factor)), 0)
    last = min(math.ceil(pair_that_turns(rope.low_factor)), rope.dim - 1)
    places = torch.arange(frequencies.shape[0], dtype=torch.float32)
    slow = ((places - first) / max(last - first, 1e-3)).clamp(0, 1)
    return slow * frequencies / rope.factor + (1 - slow) * frequencies
