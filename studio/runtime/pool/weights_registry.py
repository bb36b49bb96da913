"""Weights on disk: where they lie, which loader knows them, what they need. Loads nothing."""

from __future__ import annotations

import contextlib
import inspect
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import msgspec

from studio.api.worker.context import Loader, Requirements
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import WeightsEntry
from studio.protocol.weights_files import special_file, stamp


@dataclass(frozen=True)
class StoredWeights:
    """Weights as they lie on disk now, and how they become a model.

    Attributes:
        stamp: Sizes and times of the files: another stamp means other weights.
    """

    entry: WeightsEntry
    loader: Loader
    needs: Requirements
    stamp: str

    @property
    def id(self) -> str:
        """The name of the weights."""
        return self.entry.id

    @property
    def title(self) -> str:
        """What a person calls them."""
        return self.entry.title or self.entry.id

    @property
    def path(self) -> Path:
        """File or folder."""
        return Path(self.entry.path)


@runtime_checkable
class NeedsBase(Protocol):
    """A loader of weights that are only what differs from others.

    Attributes:
        find_base: ``WeightsRegistry.find_base``.
    """

    find_base: Callable[[str, str], Path]


class WeightsRegistry:
    """All weights there are. Headers are read when first asked for and when the files change.

    Args:
        find_loaders: Yields all loaders there are, the cheapest to ask first.
    """

    def __init__(self, find_loaders: Callable[[], Iterable[Loader]]) -> None:
        self._find_loaders = find_loaders
        self._lock = threading.Lock()
        self._entries: dict[str, WeightsEntry] = {}
        self._known: dict[str, StoredWeights] = {}
        self._device = "cpu"

    def configure(self, weights: Iterable[WeightsEntry]) -> None:
        """Take over the weights there are now."""
        with self._lock:
            self._entries = {entry.id: entry for entry in weights}
            self._known.clear()  # plugins with other loaders may have come

    def use_device(self, device: str) -> None:
        """Measure for ``device``, torch's name of it: weights may take other forms there."""
        with self._lock:
            self._device = device
            self._known.clear()

    def has(self, source: StoredWeights) -> bool:
        """Whether ``source`` is still what its name stands for."""
        now = self._entries.get(source.id)
        return now is not None and now.path == source.entry.path

    def path(self, weights: str) -> Path:
        """Return where ``weights`` lie.

        Raises:
            StudioError: ``NOT_FOUND``: nobody knows them, or the file is gone.
        """
        return Path(self._entry(weights).path)

    def find_base(self, weights: str, digest: str) -> Path:
        """Return where the weights lie that others were made from: by ``digest``, else by name.

        Raises:
            StudioError: ``NOT_FOUND``: they are not here, or only others of that name.
        """
        with self._lock:
            same = [e.id for e in self._entries.values() if digest and e.digest == digest]
        entry = self._entry(same[0] if same else weights)
        if digest and entry.digest and entry.digest != digest:
            raise StudioError(ErrorCode.NOT_FOUND, f"“{weights}” is not what it was then.")
        return Path(entry.path)

    def get(self, weights: str) -> StoredWeights:
        """Return ``weights`` as they are now.

        Raises:
            StudioError: Unknown, gone, broken, or of a kind that nobody can load.
        """
        entry = self._entry(weights)
        try:
            now = stamp(Path(entry.path))
            known = self._known.get(weights)
            if known is not None and known.entry == entry and known.stamp == now:
                return known
            loader = self._loader(entry)
            needs = measured(loader, Path(entry.path), self._device, entry.context_limit)
            source = StoredWeights(entry, loader, needs, now)
        except OSError as error:
            raise unreadable(weights, error) from error
        self._known[weights] = source
        return source

    def is_as_it_was(self, source: StoredWeights) -> bool:
        """Whether the files of ``source`` are the ones that were read."""
        try:
            return stamp(source.path) == source.stamp
        except OSError:  # gone
            return False

    def alternatives(self, source: StoredWeights) -> Iterator[StoredWeights]:
        """Yield the other weights for the same purpose that can be read."""
        with self._lock:
            entries = list(self._entries.values())
        purposes = set(source.entry.capabilities)
        for entry in entries:
            if entry.id != source.id and purposes & set(entry.capabilities):
                with contextlib.suppress(StudioError):
                    yield self.get(entry.id)

    def _entry(self, weights: str) -> WeightsEntry:
        with self._lock:
            entry = self._entries.get(weights)
        if entry is None:
            what = f"There is no model “{weights}”."
            if not weights:
                what = "No model is selected."
            raise StudioError(ErrorCode.NOT_FOUND, what, "Choose one on the Models page.")
        if not Path(entry.path).exists():
            raise StudioError(
                ErrorCode.NOT_FOUND,
                f"The file of “{weights}” is missing: {entry.path}.",
                "Restore it, or choose another model on the Models page.",
            )
        refuse_special(Path(entry.path))
        return entry

    def _loader(self, entry: WeightsEntry) -> Loader:
        """Return the loader of the entry's family, else the first that knows the file."""
        path = Path(entry.path)
        for loader in self._find_loaders():
            # The family is asked for by name first: reading the headers of a file that another
            # loader is meant to read could only refuse it.
            if loader.family == entry.family or (not entry.family and loader.recognise(path)):
                return loader
        if entry.family:  # what the catalogue was told is of no use: look for ourselves
            return self._loader(msgspec.structs.replace(entry, family=""))
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"No installed engine or plugin can load “{entry.id}”.",
            "Install a plugin that supports it, or choose another model.",
        )


def refuse_special(path: Path) -> None:
    """Raise ``StudioError`` for weights that are a pipe or a device, or hold one."""
    if special := special_file(path):
        raise StudioError(
            ErrorCode.BAD_WEIGHTS,
            f"{special.name} is a pipe or a device, not a file, so it cannot be weights.",
            "Choose a model file, or a folder with one.",
        )


def measured(
    loader: Loader, path: Path, device: str = "cpu", context_limit: int = 0
) -> Requirements:
    """Return what ``loader`` measures, and tell it what it takes of how the weights are used."""
    taken = inspect.signature(loader.measure).parameters
    how = {"device": device, "context_limit": context_limit}
    return loader.measure(path, **{name: how[name] for name in how if name in taken})


def unreadable(weights: str, error: OSError) -> StudioError:
    """Return the error for weights that the system would not let us read."""
    where = f" ({Path(error.filename).name})" if isinstance(error.filename, str) else ""
    return StudioError(
        ErrorCode.BAD_WEIGHTS,
        f"“{weights}” cannot be read: {error.strerror or error}{where}.",
        "Check the disk and the permissions of the file, or choose another model.",
    )
