"""The catalogue of weights: sidecars first, then what people drop in. Loads nothing."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from studio.core.weights.loose import find_loose, size_of
from studio.core.weights.sidecar import read_sidecar
from studio.core.weights.verify import Verification, verify
from studio.core.weights.weights import Weights
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import WeightsEntry


class WeightsCatalogue:
    """All weights in some folders.

    Scanning is a few directory listings, 4 bytes a GGUF file and the header of a safetensors file;
    it happens when first asked and on ``rescan()``. May be used from any thread.

    Attributes:
        folders: Where it looks; earlier folders win over later ones.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)
        self._found: dict[str, Weights] | None = None
        self._scanning = threading.Lock()

    def list(self, capability: str = "") -> list[Weights]:
        """Return the weights for ``capability`` (all if empty), best first.

        Usable ones come before others; described ones before those that were dropped in: with a
        sidecar somebody has looked at them.
        """
        found = [w for w in self._all().values() if not capability or capability in w.capabilities]
        return sorted(found, key=lambda w: (bool(w.problem), w.sidecar is None, w.title.lower()))

    def get(self, weights_id: str) -> Weights:
        """Return one row.

        Raises:
            StudioError: ``NOT_FOUND``.
        """
        found = self._all().get(weights_id)
        if found is None:
            known = ", ".join(sorted(self._all())) or "none"
            raise StudioError(
                ErrorCode.NOT_FOUND,
                f"There are no weights called “{weights_id}”.",
                f"Weights on this machine: {known}.",
            )
        return found

    def default_for(self, capability: str) -> Weights:
        """Return the best usable weights for ``capability``.

        Raises:
            StudioError: ``NOT_FOUND``: there are none; says where they go.
        """
        rows = self.list(capability)
        if rows and not rows[0].problem:
            return rows[0]
        why = f" {rows[0].problem}" if rows else ""
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"There are no usable weights for “{capability}” on this machine.{why}",
            f"Put some into {self.folders[0]}." if self.folders else "",
        )

    def entries(self) -> tuple[WeightsEntry, ...]:
        """Return the usable weights as the runtime wants to hear of them."""
        return tuple(
            WeightsEntry(w.id, str(w.path), w.family, w.digest, w.capabilities)
            for w in self.list()
            if not w.problem
        )

    def verify(
        self, weights_id: str, on_progress: Callable[[int, int], None] = lambda done, total: None
    ) -> Verification:
        """Read all bytes of the weights and compare their digest; takes seconds per GB.

        Raises:
            StudioError: There are no such weights, or they cannot be read.
        """
        return verify(self.get(weights_id), on_progress)

    def rescan(self) -> None:
        """Read the folders again; until that is done, others see what was found before."""
        with self._scanning:
            self._found = _scan(self.folders)

    def _all(self) -> dict[str, Weights]:
        if self._found is not None:
            return self._found
        with self._scanning:  # an older scan, on another thread, must not overtake a newer one
            if self._found is None:
                self._found = _scan(self.folders)
            return self._found


def _scan(folders: Sequence[Path]) -> dict[str, Weights]:
    found: dict[str, Weights] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
            _add(found, _measured(read_sidecar(path)))
    described = {weights.path for weights in found.values()}
    for folder in folders:
        for weights in find_loose(folder):
            if weights.path not in described:
                described.add(weights.path)
                _add(found, weights)
    return found


def _add(found: dict[str, Weights], weights: Weights) -> None:
    """Keep both of two that share a name: the second is told apart by where it lies."""
    if weights.id in found:
        if weights.sidecar is not None:
            return  # described twice: the earlier folder wins
        where = hashlib.sha256(str(weights.path).encode()).hexdigest()[:6]
        weights = replace(weights, id=f"{weights.id}-{where}")
    found[weights.id] = weights


def _measured(weights: Weights) -> Weights:
    is_folder = not weights.problem and weights.path.is_dir()
    return replace(weights, bytes=size_of(weights.path)) if is_folder else weights
