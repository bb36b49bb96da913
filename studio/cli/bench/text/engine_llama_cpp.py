"""llama.cpp through llama-cpp-python, built on this machine. Run in its own environment."""

from __future__ import annotations

import ctypes
import importlib
from typing import Any

TEXTS = 8
CONTEXT = 4_096
ROWS = 512

native: Any = importlib.import_module("llama_cpp")


@native.llama_log_callback  # type: ignore[untyped-decorator]
def _silent(*_: object) -> None:
    """Say nothing."""


class Engine:
    """See ``harness``."""

    def __init__(self, path: str, threads: int) -> None:
        native.llama_log_set(_silent, ctypes.c_void_p(0))
        native.llama_backend_init()
        params = native.llama_model_default_params()
        params.n_gpu_layers = 0
        self._model = native.llama_model_load_from_file(path.encode(), params)
        if not self._model:
            raise ValueError("llama.cpp cannot load this file")
        wanted = native.llama_context_default_params()
        wanted.n_ctx, wanted.n_batch, wanted.n_ubatch = CONTEXT, ROWS, ROWS
        wanted.n_seq_max, wanted.kv_unified = TEXTS, True
        wanted.n_threads = wanted.n_threads_batch = threads
        self._context = native.llama_init_from_model(self._model, wanted)
        self._batch = native.llama_batch_init(ROWS, 0, 1)
        vocabulary = native.llama_model_get_vocab(self._model)
        self._vocabulary = native.llama_vocab_n_tokens(vocabulary)
        self._lengths: dict[int, int] = {}
        self.name = f"llama.cpp, built here (llama-cpp-python {native.__version__})"

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
        batch = self._batch
        batch.n_tokens = len(rows)
        for row, (text, token, is_wanted) in enumerate(rows):
            batch.token[row] = token
            batch.pos[row] = self._lengths.get(text, 0)
            batch.n_seq_id[row] = 1
            batch.seq_id[row][0] = text
            batch.logits[row] = is_wanted
            self._lengths[text] = self._lengths.get(text, 0) + 1
        if native.llama_decode(self._context, batch):
            raise RuntimeError("llama.cpp failed to continue")

    def forget(self) -> None:
        """See ``harness``."""
        native.llama_memory_clear(native.llama_get_memory(self._context), True)
        self._lengths.clear()

    def scores(self, tokens: list[int]) -> bytes:
        """See ``harness``."""
        logits = b""
        for first in range(0, len(tokens), ROWS):
            rows = [(0, token, True) for token in tokens[first : first + ROWS]]
            self._decode(rows)
            for row in range(len(rows)):
                scores = native.llama_get_logits_ith(self._context, row)
                logits += ctypes.string_at(scores, 4 * self._vocabulary)
        return logits

    def close(self) -> None:
        """See ``harness``."""
        native.llama_batch_free(self._batch)
        native.llama_free(self._context)
        native.llama_model_free(self._model)
