"""How the runtime recognises, measures and loads an adapter: as its base, changed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

from studio.api.worker.context import Placement, Requirements, WeightsFacts
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.weights_files import ADAPTER_FAMILY
from studio.runtime.engines.text.adapters.adapter_file import AdapterFile, join, read_adapter
from studio.runtime.engines.text.decoder.model_files import ModelFiles, open_model, requirements
from studio.runtime.engines.text.decoder.weights_loader import placement
from studio.runtime.engines.text.engine import TextEngine, load_steps
from studio.runtime.engines.text.formats.load_errors import bad_weights
from studio.runtime.engines.text.loader import CARD_DTYPE, TextLoader

FindBase = Callable[[str, str], Path]
"""Returns where the weights lie that have an id and, if it is known, a digest."""
_DEEPEST = 8
"""Adapters on adapters."""


class AdapterLoader(TextLoader):
    """The ``Loader`` of adapters: what it lends is a ``TextEngine`` like any other.

    Base and adapted model are two models to the pool, and take the memory of two.

    Attributes:
        find_base: Set by the runtime once it knows the weights.
    """

    family = ADAPTER_FAMILY

    def __init__(self, cache: Path | None = None) -> None:
        """``cache``: as ``TextLoader`` has it."""
        super().__init__(cache)
        self.find_base: FindBase = _nobody

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return what the header of ``path`` says, or None if it is not an adapter.

        Raises:
            StudioError: It is one, but broken.
        """
        adapter = read_adapter(path)
        if adapter is None:
            return None
        said = {
            "base": adapter.facts.base,
            "base_title": adapter.facts.base_title,
            "rank": adapter.rank,
            "parameters": adapter.parameters,
        }
        told = {name: v for name, v in (adapter.facts.card or {}).items() if name not in said}
        return WeightsFacts(self.family, path.stem, ("text", "fine-tuned"), {**said, **told})

    def measure(self, path: Path, device: str = "cpu", context_limit: int = 0) -> Requirements:
        """Return the memory of the changed base, from the headers alone."""
        with self.open(path) as files:
            return requirements(files, device, context_limit)

    def load(self, path: Path, device: str) -> Generator[float, None, TextEngine]:
        """Yield the share done between chunks of tensors; return the engine."""
        engine = yield from load_steps(
            path, device=device, cache=self._cache, opened=lambda: self.open(path)
        )
        if self._cache is not None:
            engine.park_in(self._cache, path)
        return engine

    def place(self, path: Path, budget: int) -> Placement | None:
        """Return how many layers fit ``budget`` bytes of a card."""
        with self.open(path) as files:
            return placement(files.config, CARD_DTYPE, budget)

    def load_placed(
        self, path: Path, device: str, placement: Placement
    ) -> Generator[float, None, TextEngine]:
        """Load with so many layers on ``device``; the processor computes the others."""
        return load_steps(
            path,
            device=device,
            dtype=CARD_DTYPE,
            layers=placement.layers,
            opened=lambda: self.open(path),
        )

    def open(self, path: Path) -> ModelFiles:
        """Open the base of the adapter at ``path`` and join them.

        Raises:
            StudioError: The base is not here, or is another one; or a file is broken.
        """
        return self._opened(path, 0)

    def _opened(self, path: Path, depth: int) -> ModelFiles:
        adapter = read_adapter(path)
        if adapter is None:
            return open_model(path)
        if depth >= _DEEPEST:
            raise bad_weights(path, f"it stands on more than {_DEEPEST} others", "Train it again.")
        files = self._opened(self._base(adapter), depth + 1)
        try:
            return join(files, adapter)
        except BaseException:
            files.close()
            raise

    def _base(self, adapter: AdapterFile) -> Path:
        facts = adapter.facts
        try:
            return self.find_base(facts.base, facts.digest)
        except StudioError as error:
            raise StudioError(
                ErrorCode.NOT_FOUND,
                f"“{adapter.path.stem}” was fine-tuned from {facts.base_title or facts.base}, "
                f"which cannot be used: {error.message}",
                "Put that model back on the Models page, or choose another one.",
            ) from error


def _nobody(id: str, digest: str) -> Path:
    raise StudioError(ErrorCode.NOT_FOUND, f"There is no model “{id}”.")
