"""An engine for the bench ``text`` that computes nothing: for tests of what stands around it."""

from __future__ import annotations

import array
import time
from pathlib import Path

VOCABULARY = 4


class Engine:
    """Scores come from its kind: ``exact``, ``close``, ``far``; ``broken`` cannot read."""

    def __init__(self, path: str, threads: int, kind: str) -> None:
        self.name = f"{kind}, {threads}"
        self._kind = kind

    def read(self, tokens: dict[int, list[int]]) -> None:
        if self._kind == "broken":
            raise RuntimeError("no reading today")
        end = time.process_time() + 1e-5 * sum(map(len, tokens.values()))
        while time.process_time() < end:
            pass

    def forget(self) -> None:
        print("noise that must not reach the parent")

    def scores(self, tokens: list[int]) -> bytes:
        step = {"exact": 0.0, "close": 0.01, "far": 1.0}[self._kind]
        row = [place + step * (place == 1) for place in range(VOCABULARY)]
        return array.array("f", row * len(tokens)).tobytes()

    def encode(self, text: str) -> list[int]:
        return list(range(len(text.split())))

    def divergence(self, file: str, reference: str) -> float:
        mine, theirs = (array.array("f", Path(name).read_bytes()) for name in (file, reference))
        return sum(abs(a - b) for a, b in zip(mine, theirs, strict=True)) / len(mine)

    def close(self) -> None:
        """Nothing is held."""
