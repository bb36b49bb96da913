"""The catalogue of weights: sidecars first, then what people drop in. Loads nothing."""

from __future__ import annotations

import builtins
import hashlib
import math
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from studio.api.manifest import FamilyEntry
from studio.models.families import FINE_TUNED, Families
from studio.models.recognition import recognise, size_of
from studio.models.sidecar import read_sidecar
from studio.models.verification import Verification, verify
from studio.models.weights import RESULT, Weights
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import WeightsEntry
from studio.protocol.weights_files import parts_of, real

_TEXT = "text"
EASE = 4.5
"""A model runs well where the memory for models is so many times its bytes."""
_DISK_EASE = 5
"""It is fetched unasked, in set-up, where the disk has so many times its bytes free."""
_SURELY_FITS = 1 << 30
"""Smaller weights are not compared with any memory."""
_HELD = 1.2
"""Times their bytes, about, that weights and a job with them take."""


class WeightsCatalogue:
    """All weights in some folders.

    Scanning is a few directory listings, 4 bytes a GGUF file and the header of a safetensors file;
    it happens when first asked and on ``rescan()``. May be used from any thread.

    Attributes:
        folders: Where it looks; earlier folders win over later ones.
        unsettled: Files that still grow: who copies them is not done, and nobody may use them yet.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        external: Callable[[], Iterable[Weights]] = tuple,
        room: Callable[[], float] = lambda: math.inf,
        families: Families = tuple,
    ) -> None:
        """Look into ``folders``, then at what ``external`` yields each time.

        Args:
            room: Returns the bytes that models may take.
            families: Those of plugins; where they are others than before, it looks again.
        """
        self.folders = tuple(folders)
        self.unsettled: frozenset[Path] = frozenset()
        self._external = external
        self._room = room
        self._families = families
        self._seen: _Seen | None = None
        self._scanning = threading.Lock()

    def list(self, capability: str = "", prefer: str = "") -> list[Weights]:
        """Return the weights for ``capability`` (all if empty), best first.

        Usable ones come before others; of these, such as are not too large for this machine, as
        far as the size of their files tells; then such as have the capability ``prefer`` too; of
        language models those that are not very small; described ones before those that were dropped
        in: with a sidecar somebody has looked at them; those made for something else as well come
        last. Of the user's own, the newest comes first.
        """
        matches = [
            w for w in self._all().values() if not capability or capability in w.capabilities
        ]
        names = {capability, prefer}
        room = self._room() if any(w.bytes > _SURELY_FITS for w in matches) else math.inf

        def rank(row: Weights) -> tuple[bool, bool, bool, bool, float, bool, int]:
            # What belongs to the capability itself, “lab-tunes” to “lab”, is nothing else.
            own = {name for name in row.capabilities if name.startswith(f"{capability}-")}
            others = len(set(row.capabilities) - names - own) if capability else 0
            is_second = bool(prefer) and prefer not in row.capabilities
            is_loose = row.sidecar is None
            is_large, is_tuned = held_bytes(row) > room, FINE_TUNED in row.capabilities
            first = bool(row.problem), is_large, is_second, is_tuned
            order = held_bytes(row) if is_large else -ability(row)
            return (*first, order if capability == _TEXT else 0.0, is_loose, others)

        matches.sort(key=lambda row: row.title.lower())
        matches.sort(key=lambda row: str(row.source.get(RESULT, "")), reverse=True)
        return sorted(matches, key=rank)

    def ids(self) -> frozenset[str]:
        """Return the ids of all weights, those that can be had among them."""
        return frozenset((*self._all(), *(row.id for row in self._look().offers.values())))

    def offers(self, capability: str = "") -> builtins.list[Weights]:
        """Return the sets for ``capability`` (all if empty) that can be had.

        Those that are here already have no ``problem``; each has an ``offer``. Language models come
        in the order of ``better``, other sets by name.
        """
        rows = self._look().offers.values()
        matches = [row for row in rows if not capability or capability in row.capabilities]
        if capability != _TEXT:
            return matches
        room = self._room()
        return sorted(matches, key=lambda row: (EASE * row.bytes > room, -ability(row)))

    def better(self, weights_id: str = "", free: float = math.inf) -> builtins.list[Weights]:
        """Return the language models to get that run well here, best first.

        Args:
            weights_id: Those they must be abler than; the best installed if empty or unknown.
            free: Bytes free on the disk.
        """
        here = self._all().get(weights_id) or next(
            (row for row in self.list(_TEXT) if not row.problem), None
        )
        least, room = ability(here) if here else -math.inf, self._room()
        return [
            row
            for row in self.offers(_TEXT)
            if row.problem and ability(row) > least
            if EASE * row.bytes <= room and _DISK_EASE * row.bytes <= free
        ]

    def offer(self, name: str) -> Weights:
        """Return the set with that name, or with the id of its weights.

        Raises:
            StudioError: ``NOT_FOUND``: there is none; says which there are.
        """
        offers = self._look().offers
        for row in offers.values():
            if name == row.id or (row.offer and name == row.offer.name):
                return row
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"There is no model “{name}” to download.",
            f"Available: {', '.join(offers)}." if offers else "",
        )

    def get(self, weights_id: str) -> Weights:
        """Return one row.

        Raises:
            StudioError: ``NOT_FOUND``.
        """
        weights = self._all().get(weights_id)
        if weights is None:
            for row in self.offers():
                if row.id == weights_id:
                    raise StudioError(ErrorCode.NOT_FOUND, row.problem)
            ids = ", ".join(sorted(self._all())) or "none"
            raise StudioError(
                ErrorCode.NOT_FOUND,
                f"There is no model “{weights_id}”.",
                f"Installed models: {ids}.",
            )
        return weights

    def recommended(self, weights_id: str) -> Mapping[str, bool | int | float | str]:
        """Return the parameters that the sidecar of some weights recommends; none for unknown."""
        row = self._all().get(weights_id)
        return row.recommended if row else {}

    def default_for(self, capability: str, prefer: str = "") -> Weights:
        """Return the best usable weights for ``capability``, as ``list`` puts them.

        Raises:
            StudioError: ``NOT_FOUND``: there are none; says where they go.
        """
        rows = self.list(capability, prefer)
        if rows and not rows[0].problem:
            return rows[0]
        why = f" {rows[0].problem}" if rows else ""
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"No installed model supports “{capability}”.{why}",
            self._advice(capability),
        )

    def _advice(self, capability: str) -> str:
        for row in self.offers(capability):
            if row.offer:
                return f"{row.title} would work. {row.offer.advice}"
        return f"Put one into {self.folders[0]}." if self.folders else ""

    def entries(self) -> tuple[WeightsEntry, ...]:
        """Return the usable weights as the runtime wants to hear of them."""
        return tuple(
            WeightsEntry(w.id, str(w.path), w.family, w.digest, w.capabilities, w.title)
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
        """Read the folders again; readers see the previous result until it is done."""
        with self._scanning:
            self._seen = self._scan()

    def _all(self) -> dict[str, Weights]:
        return self._look().found

    def _look(self) -> _Seen:
        families = tuple(self._families())
        if self._seen is not None and self._seen.families == families:
            return self._seen
        with self._scanning:  # an older scan, on another thread, must not overtake a newer one
            if self._seen is None or self._seen.families != families:
                self._seen = self._scan()
            return self._seen

    def _scan(self) -> _Seen:
        seen = _scan(self.folders, self._external(), tuple(self._families()))
        growing = self.unsettled
        if not growing:
            return seen
        rows = {id: _unsettled(row, growing) for id, row in seen.found.items()}
        return replace(seen, found=rows)


@dataclass(frozen=True)
class _Seen:
    """The result of one scan of the folders: weights by id, sets by name, and the families at
    that time.
    """

    found: dict[str, Weights]
    offers: dict[str, Weights]
    families: tuple[FamilyEntry, ...]


def _scan(
    folders: Sequence[Path], external: Iterable[Weights], families: tuple[FamilyEntry, ...]
) -> _Seen:
    rows: dict[str, Weights] = {}
    offers: dict[str, Weights] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
            weights = read_sidecar(path, folders)
            if weights.offer:
                offers.setdefault(weights.offer.name, weights)
            if not (weights.offer and weights.problem):  # what can be had is not here
                _add(rows, _measured(weights))
    described = {weights.path for weights in rows.values()}
    for folder in folders:
        for weights in recognise(folder, families):
            if weights.path not in described:
                described.add(weights.path)
                _add(rows, weights)
    for weights in external:
        if (place := real(weights.path)) not in described:
            described.add(place)
            _add(rows, weights)
    here = {name: _elsewhere(row, rows.values()) for name, row in sorted(offers.items())}
    return _Seen(rows, here, families)


def _elsewhere(offer: Weights, rows: Iterable[Weights]) -> Weights:
    """Return the offer; if the same file was added by hand, as weights present already."""
    same = (row for row in rows if row.path.name == offer.path.name and row.bytes == offer.bytes)
    row = next(same, None) if offer.problem else None
    return offer if row is None else replace(offer, problem="", path=row.path, id=row.id)


def _add(rows: dict[str, Weights], weights: Weights) -> None:
    """Keep both of two weights with the same name: the path distinguishes the second."""
    if weights.id in rows:
        if weights.sidecar is not None:
            return  # described twice: the earlier folder wins
        where = hashlib.sha256(str(weights.path).encode()).hexdigest()[:6]
        weights = replace(weights, id=f"{weights.id}-{where}")
    rows[weights.id] = weights


def ability(row: Weights) -> float:
    """Return the share of everyday questions that a language model answers right.

    It is measured, or estimated from its size: on the line through SmolLM2 135M and Qwen2.5 Coder
    1.5B. Large ones come above 1. A model made for something else as well comes after its equals.
    """
    if row.everyday:
        return row.everyday
    numbers = row.parameters or row.bytes * (0.5 if row.format == "safetensors" else 1.65)
    aside = 0.05 if len(row.capabilities) > 1 else 0.0
    return 0.24 + 0.62 * math.log10(max(numbers, 1e7) / 135e6) - aside


def held_bytes(row: Weights) -> float:
    """Return the bytes of memory, about, that weights and a job with them take at least."""
    packed = row.bytes / 2 if row.format == "safetensors" else row.bytes  # 8 bits of each 16
    return _HELD * packed


def _unsettled(row: Weights, growing: frozenset[Path]) -> Weights:
    files = parts_of(row.path)
    if not any(path in files or row.path in path.parents for path in growing):
        return row
    problem = f"{row.title} is still being copied. It can be used once the copy is complete."
    return replace(row, problem=problem)


def _measured(weights: Weights) -> Weights:
    is_folder = not weights.problem and weights.path.is_dir()
    return replace(weights, bytes=size_of(weights.path)) if is_folder else weights
