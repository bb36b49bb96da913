"""Our engine as the bench ``text`` asks it, in a child process of its own. No job comes by here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from studio.api.worker.generators import finished
from studio.runtime.engines.text.decoder.protocol import Cache, Passage, chunk_size
from studio.runtime.engines.text.engine import load_steps

CONTEXT = 4_096
_ROWS = 64


class Engine:
    """See ``harness`` of the bench.

    Args:
        path: Of the model.
        threads: To compute with.
        cache: Folder for packed weights; ``float32`` computes the reference instead.
    """

    def __init__(self, path: str, threads: int, cache: str) -> None:
        torch.set_num_threads(threads)
        is_reference = cache == "float32"
        steps = load_steps(
            Path(path),
            dtype=torch.float32 if is_reference else None,
            cache=None if is_reference else Path(cache),
        )
        self._engine = finished(steps)
        self._caches: dict[int, Cache] = {}
        self.name = f"torch {torch.__version__}"

    def read(self, tokens: Mapping[int, Sequence[int]]) -> None:
        """See ``harness``."""
        model = self._engine.model
        chunk = chunk_size(model.config.parameters, model.device.type)
        most = max(map(len, tokens.values()))
        for first in range(0, most, chunk):
            passages = [
                Passage(torch.tensor(ids[first : first + chunk]), self._cache(text))
                for text, ids in tokens.items()
            ]
            model.read(passages)

    def _cache(self, text: int) -> Cache:
        if text not in self._caches:
            self._caches[text] = self._engine.model.new_cache(CONTEXT)
        return self._caches[text]

    def forget(self) -> None:
        """See ``harness``."""
        self._caches.clear()

    def scores(self, tokens: Sequence[int]) -> bytes:
        """See ``harness``."""
        found = []
        for first in range(0, len(tokens), _ROWS):
            ids = torch.tensor(tokens[first : first + _ROWS])
            passage = Passage(ids, self._cache(0), len(ids))
            found.append(self._engine.model.read([passage]).numpy().tobytes())
        return b"".join(found)

    def encode(self, text: str) -> list[int]:
        """Return the token ids of ``text``."""
        return self._engine.encode(text)

    def divergence(self, file: str, reference: str) -> float:
        """Return the mean KL divergence of the scores in ``file`` from those in ``reference``."""
        exact, other = self._shares(reference), self._shares(file)
        return float((exact.exp() * (exact - other)).sum(-1).mean())

    def _shares(self, file: str) -> Tensor:
        scores = torch.frombuffer(bytearray(Path(file).read_bytes()), dtype=torch.float32)
        return scores.view(-1, self._engine.info.vocabulary).log_softmax(-1)

    def close(self) -> None:
        """See ``harness``."""
        self._caches.clear()
        self._engine.close()
