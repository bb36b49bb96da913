"""llama.cpp through cyllama, as its wheel brings it to every machine. Knows no studio."""

from __future__ import annotations

import array
import importlib
import importlib.metadata
from typing import Any

TEXTS = 8
CONTEXT = 4_096
ROWS = 512

native: Any = importlib.import_module("cyllama.llama.llama_cpp")


class _Model(native.LlamaModel):  # type: ignore[misc]
    """The binding's model, mended: its ``get_logits_ith`` asks for a field that it lacks."""

    def __init__(self, *words: Any, **more: Any) -> None:
        super().__init__(*words, **more)
        # A vocabulary that outlives its model ends the process, so none is kept.
        self.n_vocab = self.get_vocab().n_vocab


class Engine:
    """See ``harness``."""

    def __init__(self, path: str, threads: int) -> None:
        native.disable_logging()
        native.llama_backend_init()
        params = native.LlamaModelParams()
        params.n_gpu_layers = 0
        self._model = _Model(path, params, verbose=False)
        wanted = native.LlamaContextParams()
        wanted.n_ctx, wanted.n_batch, wanted.n_ubatch = CONTEXT, ROWS, ROWS
        wanted.n_seq_max, wanted.kv_unified, wanted.no_perf = TEXTS, True, True
        self._context = native.LlamaContext(self._model, wanted, verbose=False)
        self._context.set_n_threads(threads, threads)
        self._batch = native.LlamaBatch(n_tokens=ROWS, embd=0, n_seq_max=1)
        self._lengths: dict[int, int] = {}
        self.name = f"llama.cpp, wheel (cyllama {importlib.metadata.version('cyllama')})"

    def read(self, tokens: dict[int, list[int]]) -> None:
        """See ``harness``."""
        rows = [
            (text, token, place == len(ids) - 1)
            for text, ids in tokens.items()
            for place, token in enumerate(ids)
        ]
        for first in range(0, len(rows), ROWS):
            self._decode(rows[first : first + ROWS])

    def _decode(self, rows: list[tuple[int, int, bool]]) -> None:
        self._batch.clear()
        for text, token, is_wanted in rows:
            self._batch.add(token, self._lengths.get(text, 0), [text], is_wanted)
            self._lengths[text] = self._lengths.get(text, 0) + 1
        if self._context.decode(self._batch):
            raise RuntimeError("llama.cpp failed to continue")

    def forget(self) -> None:
        """See ``harness``."""
        for text in self._lengths:
            self._context.memory_seq_rm(text, 0, -1)
        self._lengths.clear()

    def scores(self, tokens: list[int]) -> bytes:
        """See ``harness``."""
        logits = b""
        for first in range(0, len(tokens), ROWS):
            rows = [(0, token, True) for token in tokens[first : first + ROWS]]
            self._decode(rows)
            for row in range(len(rows)):
                logits += array.array("f", self._context.get_logits_ith(row)).tobytes()
        return logits

    def close(self) -> None:
        """See ``harness``."""
        del self._batch, self._context, self._model
