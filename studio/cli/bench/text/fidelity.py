"""How close the scores of engines are to those of our decoder in float32, for a fixed text."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psutil

from studio.cli.bench.text.child import Child, NotMeasured

TOKENS = 128

TEXT = """The lighthouse keeper wrote one line a day into the log. "Wind from the north-west, force
six; two trawlers passed at dawn." On Sundays he added what he had cooked. When the archive was
digitised in 2011, a script read the pages and counted words: fog, 1,204 times; bread, 311 times.

def average(values):
    # An empty list has no average.
    if not values:
        raise ValueError("no values")
    return sum(values) / len(values)

Question: which of the two words would you expect more often in winter? Answer: fog, because warm
air over cold water is saturated more easily, although storms blow it away within a few hours."""

_BYTES_PER_STORED = 10
"""Memory that float32 weights take at most, for a byte of quantised ones."""


def divergences(
    children: Sequence[Child], ours: Child, reference: Child, path: Path
) -> dict[str, float]:
    """Return the mean KL divergence of each child's scores from the reference's, by title.

    Args:
        children: Engines, ours among them.
        ours: Our own, which computes the divergence, too.
        reference: Ours in float32, not loaded yet.
        path: Of the weights.

    Raises:
        NotMeasured: An engine failed, or float32 does not fit in memory.
    """
    needed = _BYTES_PER_STORED * path.stat().st_size
    free = psutil.virtual_memory().available
    if path.is_file() and needed > free:
        raise NotMeasured(f"float32 takes up to {needed >> 20} MB, but only {free >> 20} are free")
    tokens = ours.ask("ask", method="encode", text=TEXT)["answer"][:TOKENS]
    with tempfile.TemporaryDirectory() as folder:
        exact = str(Path(folder) / "exact")
        reference.ask("load")
        reference.ask("scores", tokens=tokens, file=exact)
        measured = {}
        for child in children:
            file = str(Path(folder) / child.title)
            child.ask("scores", tokens=tokens, file=file)
            answer = ours.ask("ask", method="divergence", file=file, reference=exact)
            measured[child.title] = float(answer["answer"])
            os.unlink(file)
    return measured
