"""llama.cpp as the decoder, through the optional binding cyllama. Samples and renders nothing.

It gives scores, so the sampler, constraints, stops and chat templates are ours: a seed means the
same here. Each text has a llama.cpp context of its own, made for its length and freed with it, so
its bits depend on nobody beside it; ``caches.llamacpp_prefixes`` keeps what was read of prompts.

Texts are not sequences of one batch, though the binding could read them so, and four of SmolLM2
135M would be 1.6 to 2.1 times as fast. In one cache for all the company moves scores, by up to 0.5;
with float weights it does even in caches apart, by up to 0.01 (cyllama 0.2.18, x86-64). Quantised
weights and caches apart gave the same bits, but such caches are reserved at once, for as many texts
as may ever come and all as long as the longest: memory that no job has asked for.

llama.cpp's parser is native code: only files that our bounded reader has accepted are ever given
to it (``load`` takes the opened ``ModelFiles``). If native code fails all the same, it takes the
runtime process with it, which the studio starts again.
"""

from __future__ import annotations

import array
import importlib
import importlib.metadata
import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.decoder.model_files import ModelFiles, counted_tokens
from studio.runtime.engines.text.decoder.protocol import Passage, chunk_size
from studio.runtime.engines.text.formats.config import LlamaConfig

BINDING = "cyllama"
MOST_ROWS = 256
"""Tokens that llama.cpp takes at once."""

_CONTEXT_BYTES = 32 << 20
"""Of a context beside its keys and values: what of its buffers is touched. 13 MB were measured of
SmolLM2 135M; wider models take more."""

log = logging.getLogger(__name__)


def version() -> str:
    """Return the version of the binding; empty where it is not installed. Imports nothing."""
    try:
        return importlib.metadata.version(BINDING)
    except importlib.metadata.PackageNotFoundError:
        return ""


def can_run(path: Path, device: str) -> bool:
    """Return whether llama.cpp could compute what lies at ``path``: a file, on the processor."""
    return bool(version()) and path.is_file() and device == "cpu"


def check_installed() -> None:
    """Raise unless the binding is here.

    Raises:
        StudioError: ``UNSUPPORTED``: it is not.
    """
    if not version():
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            "The text engine is set to llama.cpp, but llama.cpp is not installed.",
            "Install it with `pip install offline-studio[llamacpp]`, or choose another text "
            "engine in Settings.",
        )


def working_bytes(config: LlamaConfig, tokens: int) -> int:
    """Return the memory of a text of ``tokens``: keys and values in half precision, and buffers."""
    return 2 * tokens * config.cache_values_per_token + _CONTEXT_BYTES + 4 * config.vocabulary


def kept_bytes(config: LlamaConfig) -> int:
    """Return the memory in which beginnings of texts are kept: one typical job's."""
    return 2 * counted_tokens(config) * config.cache_values_per_token


class LlamaCppCache:
    """A llama.cpp context that holds one text.

    Attributes:
        length: Tokens in it; may be set to less.
        capacity: Tokens that it has room for.
        piece: Tokens that ``generation`` reads of a prompt at once.
        in_pieces: Tokens at its beginning that were read in whole pieces.
    """

    def __init__(self, model: Any, capacity: int, piece: int) -> None:
        self._model = model
        self._open(capacity)
        self.capacity = capacity
        self.piece = piece

    def _open(self, room: int) -> None:
        native = _native()
        rows = min(MOST_ROWS, room)
        params = native.LlamaContextParams()
        params.n_ctx, params.n_batch, params.n_ubatch, params.n_seq_max = room, rows, rows, 1
        params.no_perf = True
        self._context = native.LlamaContext(self._model, params, verbose=False)
        self._batch = native.LlamaBatch(n_tokens=rows, embd=0, n_seq_max=1)
        self._rows, self._room = rows, room
        self._read = self.length = self.in_pieces = 0

    def start_with(self, state: bytes, tokens: int, count: int) -> None:
        """Take over the first ``count`` of the ``tokens`` that another has read, whole pieces."""
        if tokens > self._room:  # all of it comes in before the rest of it goes
            self._open(tokens)
        self._context.set_state_seq_data(state, 0)
        self._read, self.length, self.in_pieces = tokens, count, count

    def start_as(self, other: Self) -> None:
        """Copy what ``other`` has read."""
        self._context.set_state_seq_data(other.state(), 0)
        self._read = self.length = other.length
        self.in_pieces = other.in_pieces

    def state(self) -> bytes:
        """Return what has been read, as llama.cpp packs it."""
        self._forget()
        data: bytes = self._context.get_state_seq_data(0)
        return data

    def read(self, tokens: Sequence[int], wanted: int) -> list[list[float]]:
        """Read ``tokens`` and return the scores after each of the last ``wanted``.

        Raises:
            ValueError: There is no room for them.
        """
        if self.length + len(tokens) > self.capacity:
            end = self.length + len(tokens)
            raise ValueError(f"a cache for {self.capacity} tokens cannot hold {end}")
        self._forget()
        threads = torch.get_num_threads()
        self._context.set_n_threads(threads, threads)
        scores: list[list[float]] = []
        if len(tokens) == self.piece and self.length == self.in_pieces:
            self.in_pieces += self.piece
        for start in range(0, len(tokens), self._rows):
            scores += self._decode(tokens[start : start + self._rows], wanted - len(tokens) + start)
        return scores

    def _decode(self, tokens: Sequence[int], first: int) -> list[list[float]]:
        """Read one batch; scores are wanted from the last ``-first`` of all tokens on."""
        self._batch.clear()
        asked = []
        for row, token in enumerate(tokens):
            is_asked = row + first >= 0
            self._batch.add(token, self.length + row, [0], is_asked)
            if is_asked:
                asked.append(row)
        if self._context.decode(self._batch):
            raise RuntimeError("it was interrupted")
        self.length += len(tokens)
        self._read = self.length
        return [self._context.get_logits_ith(row) for row in asked]

    def _forget(self) -> None:
        """Take back what was read and is no longer wanted."""
        self.in_pieces = min(self.in_pieces, self.length // self.piece * self.piece)
        if self.length < self._read:
            self._context.memory_seq_rm(0, self.length, -1)
            self._read = self.length


class LlamaCpp:
    """A model in llama.cpp's memory; a
    :class:`~studio.runtime.engines.text.decoder.protocol.Decoder`.

    Attributes:
        config: Its sizes, as our reader found them.
    """

    is_packed = False
    device = torch.device("cpu")

    def __init__(self, model: Any, config: LlamaConfig) -> None:
        self.config = config
        self._model = model

    @property
    def engine(self) -> str:
        """What computes."""
        return f"llama.cpp ({BINDING} {version()})"

    @property
    def weights_bytes(self) -> int:
        """Memory that the weights take: what llama.cpp repacks is not mapped any more."""
        return int(self._model.size)

    def new_cache(self, capacity: int) -> LlamaCppCache:
        """Return an empty cache for a text of at most ``capacity`` tokens.

        Raises:
            StudioError: ``OUT_OF_MEMORY``.
        """
        try:
            piece = chunk_size(self.config.parameters, "cpu")
            return LlamaCppCache(self._model, capacity, piece)
        except (ValueError, RuntimeError, MemoryError) as error:
            raise StudioError(
                ErrorCode.OUT_OF_MEMORY,
                f"llama.cpp ran out of memory for a text of {capacity:,} tokens.",
                "Close other programs, or ask for a shorter reply.",
                str(error),
            ) from error

    def read(self, passages: Sequence[Passage]) -> Tensor:
        """See :meth:`studio.runtime.engines.text.decoder.protocol.Decoder.read`.

        Raises:
            ValueError: A cache has no room.
            StudioError: llama.cpp failed.
        """
        rows: list[Tensor] = []
        for passage in passages:
            own = passage.cache
            assert isinstance(own, LlamaCppCache), "a cache belongs to the model that made it"
            try:
                scores = own.read(passage.tokens.tolist(), passage.wanted)
            except RuntimeError as error:
                raise StudioError(
                    ErrorCode.BAD_WEIGHTS,
                    "llama.cpp failed to continue this text.",
                    "Choose the built-in text engine in Settings, then try again.",
                    str(error),
                ) from error
            rows += [torch.frombuffer(array.array("f", row), dtype=torch.float32) for row in scores]
        return torch.stack(rows)


def load(files: ModelFiles) -> LlamaCpp:
    """Load a model that our own reader has accepted.

    Raises:
        StudioError: llama.cpp is not installed, or cannot use the file.
    """
    check_installed()
    native = _native()
    params = native.LlamaModelParams()
    params.n_gpu_layers = 0
    params.check_tensors = True
    try:
        model = _model_class()(str(files.path), params, verbose=False)
    except (ValueError, RuntimeError) as error:
        raise _unusable(files, str(error)) from error
    if model.n_vocab != files.config.vocabulary:
        raise _unusable(
            files, f"it found {model.n_vocab} tokens instead of {files.config.vocabulary}"
        )
    return LlamaCpp(model, files.config)


def _unusable(files: ModelFiles, why: str) -> StudioError:
    return StudioError(
        ErrorCode.UNSUPPORTED,
        f"llama.cpp cannot load {files.path.name}.",
        "Choose the built-in text engine in Settings.",
        why,
    )


@cache
def _native() -> Any:
    """Import the binding and quieten it."""
    llama_cpp = importlib.import_module(f"{BINDING}.llama.llama_cpp")
    llama_cpp.disable_logging()
    llama_cpp.llama_backend_init()
    return llama_cpp


@cache
def _model_class() -> Any:
    """Return the binding's model, mended: its ``get_logits_ith`` asks for a field that it lacks."""

    class Model(_native().LlamaModel):  # type: ignore[misc]
        def __init__(self, *words: Any, **more: Any) -> None:
            super().__init__(*words, **more)
            # A vocabulary that outlives its model ends the process, so none is kept.
            self.n_vocab = self.get_vocab().n_vocab

    return Model
