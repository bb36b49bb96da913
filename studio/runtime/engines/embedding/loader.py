"""How the runtime recognises, measures and loads sentence encoders."""

from __future__ import annotations

import math
from collections.abc import Generator
from pathlib import Path

import torch

from studio.api.worker.context import Requirements, WeightsFacts
from studio.api.worker.tensor_files import damage_told, damaged, read_tensors
from studio.runtime.engines.embedding.encoder import Encoder
from studio.runtime.engines.embedding.engine import STEP_TOKENS, EmbeddingEngine
from studio.runtime.engines.embedding.model_file import describe


class EmbeddingLoader:
    """The ``Loader`` of the family ``embedding``."""

    family = "embedding"

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return what the header says, or None if ``path`` is no sentence encoder.

        Raises:
            StudioError: It is one, but broken.
        """
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
        about = describe(path)
        if about is None:
            raise damaged(path, "its header is not that of a sentence encoder")
        config = about.config
        with torch.device("meta"):
            encoder = Encoder(config)
        values = sum(math.prod(each.shape) for each in encoder.parameters())
        # A step holds a few copies of the tokens' vectors, the widest place, and the attention.
        token = 6 * config.width + 2 * config.inner + config.heads * about.longest
        return Requirements(4 * values, 4 * token * STEP_TOKENS)

    def load(self, path: Path, device: str) -> Generator[float, None, EmbeddingEngine]:
        """Yield the share done; return the engine.

        Raises:
            StudioError: The file is damaged or of another make.
        """
        about = describe(path)
        if about is None:
            raise damaged(path, "its header is not that of a sentence encoder")
        with damage_told(path):
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
