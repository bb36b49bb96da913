"""How the runtime recognises, measures and loads language models. Decides nothing about memory."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path

import torch

from studio.api.worker.context import Placement, Requirements, WeightsFacts
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text import engine_selection
from studio.runtime.engines.text.decoder.llama import Llama
from studio.runtime.engines.text.decoder.model_files import open_model
from studio.runtime.engines.text.decoder.weights_loader import placement
from studio.runtime.engines.text.engine import TextEngine, load_steps
from studio.runtime.engines.text.formats.config import ARCHITECTURES
from studio.runtime.engines.text.formats.gguf import is_gguf
from studio.runtime.engines.text.formats.model_folder import ModelFolder
from studio.runtime.engines.text.formats.transformers_folder import SEEING, is_seeing

CARD_DTYPE = torch.bfloat16
"""Of a model that lies in two parts, in both of them."""


class TextLoader:
    """The ``Loader`` of the family ``text``: Llama and its relatives, and what transformers runs.

    Attributes:
        family: ``text``.
    """

    family = "text"

    def __init__(self, cache: Path | None = None) -> None:
        """Keep beginnings of texts and packed weights in the folder ``cache``, if anywhere."""
        self._cache = cache
        self._measured = engine_selection.Measured(cache)

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return what the headers of ``path`` say, or None if it is no language model.

        Raises:
            StudioError: It is one, but broken or of an architecture that is not supported.
        """
        if not (is_language_folder(path) if path.is_dir() else is_gguf(path)):
            return None
        with open_model(path) as files:
            info = files.info()
            can = ("text", "image-to-text") if is_seeing(files.values) else ("text",)
        return WeightsFacts(self.family, info.title, can, asdict(info))

    def measure(self, path: Path, device: str = "cpu", context_limit: int = 0) -> Requirements:
        """Return the memory that weights and a typical job take, from the headers alone."""
        return engine_selection.needs(path, device, self._measured, context_limit)

    def limited(self, loaded: TextEngine, tokens: int) -> TextEngine:
        """Return ``loaded`` for texts of at most ``tokens``, prompt and reply together."""
        return loaded.limited(tokens)

    def load(self, path: Path, device: str) -> Generator[float, None, TextEngine]:
        """Yield the share done between chunks of tensors; return the engine."""
        engine = yield from engine_selection.load(path, device, self._measured)
        if self._cache is not None:
            engine.park_in(self._cache, path)
        return engine

    def is_settled(self, loaded: TextEngine) -> bool:
        """Return whether the weights have been moved to where they stay."""
        moving = loaded.model.moving if isinstance(loaded.model, Llama) else None
        return moving is None or not moving.is_alive()

    def park(self, loaded: TextEngine) -> None:
        """Move the weights from a card to the memory of the processor."""
        loaded.move("cpu")

    def unpark(self, loaded: TextEngine, device: str) -> None:
        """Move them back."""
        loaded.move(device)

    def place(self, path: Path, budget: int) -> Placement | None:
        """Return how many layers of a model of ours fit ``budget`` bytes of a card."""
        with open_model(path) as files:
            return None if files.is_foreign else placement(files.config, CARD_DTYPE, budget)

    def load_placed(
        self, path: Path, device: str, placement: Placement
    ) -> Generator[float, None, TextEngine]:
        """Load with so many layers on ``device``; the processor computes the others."""
        return load_steps(path, device=device, dtype=CARD_DTYPE, layers=placement.layers)

    def unload(self, loaded: TextEngine) -> None:
        """Let go of the weights, whoever still holds the engine."""
        loaded.close()


def is_language_folder(path: Path) -> bool:
    """Return whether a folder's config.json is that of a causal language model, known or not."""
    try:
        folder = ModelFolder(path)
        names = folder.json("config.json").get("architectures") if folder.has("config.json") else []
    except StudioError as error:
        if error.code in (ErrorCode.NOT_FOUND, ErrorCode.PERMISSION):
            return False
        raise
    names = names if isinstance(names, list) else [names]
    return any(
        isinstance(name, str)
        and (name in ARCHITECTURES or name in SEEING.values() or name.endswith("ForCausalLM"))
        for name in names
    )
