"""Randomness by place: each number of a training follows from its seed and where it is drawn.

Nothing is kept between steps, so a training that goes on elsewhere draws what it would have drawn.
"""

from __future__ import annotations

import hashlib

import torch


def generator(device: str, seed: int, *place: str | int) -> torch.Generator:
    """Return a generator for ``place``: ``("step", 12)``, ``("order", 3)``."""
    name = "/".join(map(str, (seed, *place))).encode()
    drawn = int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "little")
    return torch.Generator(device).manual_seed(drawn & (2**63 - 1))
