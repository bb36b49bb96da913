"""Which engine computes a model: the user's wish, or what was measured here once. Computes little.

Where llama.cpp is not installed there is no choice. Where it is, the first load of a model tries
both, a token each in turn, and what was found is kept in a file of the cache. A model of which two
copies would fill the memory is not tried: it is llama.cpp's where ours would need floats.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import Literal

import msgspec
import torch

from studio.api.worker.context import Requirements
from studio.protocol.errors import StudioError
from studio.protocol.weights_files import files_of
from studio.runtime.devices.device import host_memory
from studio.runtime.engines.text.caches.measurements import Measurements
from studio.runtime.engines.text.caches.paths import SPEEDS, identity
from studio.runtime.engines.text.decoder import model_files
from studio.runtime.engines.text.decoder.model_files import open_model
from studio.runtime.engines.text.decoder.protocol import Passage
from studio.runtime.engines.text.engine import TextEngine, load_steps
from studio.runtime.engines.text.kernels.packed_matrix import can_pack
from studio.runtime.engines.text.llamacpp import decoder as llamacpp

Wish = Literal["auto", "torch", "llamacpp"]

WISH_ENV = "STUDIO_TEXT_ENGINE"
"""Environment variable with the wish; the studio sets it from the settings."""

MARGIN = 1.15
"""llama.cpp must be faster by this: texts share no readings there, and a next turn reads more."""

TRIED_TOKENS = 12
TRIED_SHARE = 0.25
"""Of the machine's memory, which the copies of both engines may take together."""
_FLOATS = 8
"""Times the size of a file, at most, that its weights take as floats."""

log = logging.getLogger(__name__)


class Speeds(msgspec.Struct, frozen=True):
    """Tokens a second that each engine decodes alone, at best."""

    torch: float
    llamacpp: float

    @property
    def best(self) -> Literal["torch", "llamacpp"]:
        """Which to use."""
        return "llamacpp" if self.llamacpp > MARGIN * self.torch else "torch"

    @property
    def words(self) -> str:
        """What was found, for people."""
        found = f"llama.cpp {self.llamacpp:.3g} tokens/s, PyTorch {self.torch:.3g} tokens/s"
        return f"measured on this machine: {found}"


class Measured(Measurements[Speeds]):
    """How fast each engine is here with each model.

    Args:
        cache: Folder of caches; None keeps nothing.
    """

    def __init__(self, cache: Path | None) -> None:
        super().__init__(cache / SPEEDS if cache is not None else None, Speeds)

    @property
    def cache(self) -> Path | None:
        """The folder."""
        return self.path.parent if self.path is not None else None


def wish() -> Wish:
    """Return what the user wants."""
    said: dict[str, Wish] = {"torch": "torch", "llamacpp": "llamacpp"}
    return said.get(os.environ.get(WISH_ENV, ""), "auto")


def needs(path: Path, device: str, measured: Measured, context_limit: int = 0) -> Requirements:
    """Return the memory of the model by the engine that will compute it; of both to try them."""
    ours = model_files.measure(path, device, context_limit)
    by = decided(path, device, measured)
    if by == "torch":
        return ours
    with open_model(path) as files:
        held, config = files.source.file_bytes, files.config
    tokens = model_files.counted_tokens(config, context_limit)
    held += llamacpp.kept_bytes(config)
    working = llamacpp.working_bytes(config, tokens)
    if by == "llamacpp":
        return Requirements(held, working)
    return Requirements(ours.weights_bytes + held, max(ours.working_bytes, working))


def load(
    path: Path,
    device: str,
    measured: Measured,
) -> Generator[float, None, TextEngine]:
    """Load the model at ``path`` with the engine that is wished for, or faster here.

    Args:
        path: File or folder.
        device: Torch's name of a device.
        measured: How fast each engine is here; packed weights are kept in the same folder.

    Raises:
        StudioError: As ``engine.load_steps``; or llama.cpp is wished for and not installed.
    """
    by = decided(path, device, measured)
    if by is not None:
        engine = yield from load_steps(path, device=device, by=by, cache=measured.cache)
        engine.why = _why(path, device, measured)
        return engine
    ours = yield from load_steps(path, device=device, cache=measured.cache)
    try:
        theirs = yield from load_steps(path, device=device, by="llamacpp")
    except StudioError as error:  # sound, but not of a kind that this llama.cpp knows
        ours.why = f"{error.message} {error.details}"
        return ours
    speeds = yield from _tried(ours, theirs)
    measured.put(_key(path, measured), speeds)
    log.info("%s: %s", path.name, speeds.words)
    best, other = (ours, theirs) if speeds.best == "torch" else (theirs, ours)
    other.close()
    best.why = speeds.words
    return best


def decided(path: Path, device: str, measured: Measured) -> Literal["torch", "llamacpp"] | None:
    """Return what computes the model at ``path``; None if that has to be tried.

    Raises:
        StudioError: llama.cpp is wished for and not installed.
    """
    wanted = wish()
    if wanted == "llamacpp":
        llamacpp.check_installed()
    if wanted == "torch" or not llamacpp.can_run(path, device):
        return "torch"
    if wanted == "llamacpp":
        return "llamacpp"
    if speeds := measured.get(_key(path, measured)):
        return speeds.best
    if _can_try(path, device):
        return None
    return "torch" if can_pack(device) else "llamacpp"


def _can_try(path: Path, device: str) -> bool:
    """Return whether there is memory for the model as both engines hold it."""
    size = sum(file.stat().st_size for file in files_of(path))
    ours = size if can_pack(device) else _FLOATS * size
    return size + ours <= TRIED_SHARE * host_memory().total


def _why(path: Path, device: str, measured: Measured) -> str:
    wanted, can_run = wish(), llamacpp.can_run(path, device)
    if wanted == "llamacpp" and not can_run:
        return "llama.cpp runs GGUF files on the processor only"
    if wanted != "auto":
        return "chosen in Settings"
    if not can_run:
        return ""
    speeds = measured.get(_key(path, measured))
    return speeds.words if speeds else "too large to load a second engine for comparison"


def _key(path: Path, measured: Measured) -> str:
    """Return what speeds depend on: the file, both engines, and the processors.

    Not the threads: they are fewer while others are at work, and a model would be tried again.
    """
    with contextlib.suppress(OSError):
        versions = f"torch {torch.__version__} {llamacpp.BINDING} {llamacpp.version()}"
        return f"{identity(path, measured.cache)} {versions} {os.cpu_count()}"
    return ""


def _tried(ours: TextEngine, theirs: TextEngine) -> Generator[float, None, Speeds]:
    """Decode with both in turn, so that whatever else this machine does slows both alike."""
    best = [float("inf"), float("inf")]
    engines = (ours, theirs)
    caches = [engine.model.new_cache(2 * TRIED_TOKENS) for engine in engines]
    tokens = torch.arange(TRIED_TOKENS) % ours.info.vocabulary
    for engine, cache in zip(engines, caches, strict=True):
        engine.model.read([Passage(tokens, cache)])
        yield 1.0
    for token in tokens:
        for number, (engine, cache) in enumerate(zip(engines, caches, strict=True)):
            began = time.perf_counter()
            engine.model.read([Passage(token[None], cache)])
            best[number] = min(best[number], time.perf_counter() - began)
        yield 1.0
    return Speeds(1 / best[0], 1 / best[1])
