"""How the runtime recognises, measures and loads sentence encoders."""

from __future__ import annotations

import math
from collections.abc import Generator
from pathlib import Path

import torch

from studio.api.worker.context import Requirements, WeightsFacts
from studio.api.worker.tensor_files import damage_reported, damaged, read_tensors
from studio.runtime.engines.embedding import packed_file
from studio.runtime.engines.embedding.encoder import Encoder
from studio.runtime.engines.embedding.engine import STEP_TOKENS, EmbeddingEngine
from studio.runtime.engines.embedding.model_file import Description, describe

MULTILINGUAL = "multilingual-embedding"
"""What encoders of many languages can do. Not “embedding”: questions and passages need their
prefixes, and English alone is served better by an encoder of English."""


def _about(path: Path) -> Description | packed_file.Header:
    with damage_reported(path):
        about = packed_file.describe(path) if packed_file.is_one(path) else describe(path)
    if about is None:
        raise damaged(path, "its header is not that of a sentence encoder")
    return about


class EmbeddingLoader:
    """The ``Loader`` of the family ``embedding``."""

    family = "embedding"

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return what the header says, or None if ``path`` is no sentence encoder.

        Raises:
            StudioError: It is one, but broken.
        """
        if packed_file.is_one(path):
            with damage_reported(path):
                packed = packed_file.describe(path)
            kept = {"architecture": "xlm-r", "width": packed.config.width}
            return WeightsFacts(self.family, packed.title, (MULTILINGUAL,), kept)
        about = describe(path)
        if about is None:
            return None
        facts = {
            "architecture": "bert",
            "width": about.config.width,
            "layers": about.config.layers,
            "context_length": about.longest,
            "vocabulary": about.config.vocabulary,
        }
        return WeightsFacts(self.family, about.title, ("embedding",), facts)

    def measure(self, path: Path) -> Requirements:
        """Return the memory needed: weights in float32, and a step of the longest texts."""
        about = _about(path)
        config = about.config
        with torch.device("meta"):
            encoder = Encoder(config)
        values = sum(math.prod(each.shape) for each in encoder.parameters())
        if isinstance(about, packed_file.Header):  # its vocabulary stays packed
            values -= config.vocabulary * config.width * 27 // 32
        # A step holds a few copies of the tokens' vectors, the widest place, and the attention.
        token = 6 * config.width + 2 * config.inner + config.heads * about.longest
        return Requirements(4 * values, 4 * token * STEP_TOKENS)

    def load(self, path: Path, device: str) -> Generator[float, None, EmbeddingEngine]:
        """Yield the share done; return the engine.

        Raises:
            StudioError: The file is damaged or of another make.
        """
        about = _about(path)
        with damage_reported(path):
            if isinstance(about, packed_file.Header):
                packed = yield from packed_file.load(path, about)
                return EmbeddingEngine(about, packed.to(device).eval().requires_grad_(False))
            with torch.device("meta"):
                encoder = Encoder(about.config)
            tensors = yield from read_tensors(path, device)
            encoder.load_state_dict(tensors, assign=True)
            return EmbeddingEngine(about, encoder.eval().requires_grad_(False))

    def park(self, loaded: EmbeddingEngine) -> None:
        """Move the encoder to the memory of the processor."""
        loaded.move("cpu")

    def unpark(self, loaded: EmbeddingEngine, device: str) -> None:
        """Move it back."""
        loaded.move(device)

    def unload(self, loaded: EmbeddingEngine) -> None:
        """Let go of the weights, whoever still holds the engine."""
        loaded.close()
