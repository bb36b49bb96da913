"""The weights of one user, with all that belongs to them: put together here, decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from studio.api.params import Params
from studio.base.background import Background
from studio.base.paths import StudioPaths
from studio.base.runtime_settings import MEMORY_LIMIT
from studio.base.settings import Settings
from studio.models import additions
from studio.models.additions import Added
from studio.models.bin import WeightsBin
from studio.models.catalogue import WeightsCatalogue
from studio.models.defaults import filled
from studio.models.external import IN_PLACE, ExternalWeights
from studio.models.families import Families
from studio.models.folder_watch import FolderWatch
from studio.models.user_notes import UserNotes, Value
from studio.models.weights import RESULT, Weights
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.memory_budget import most_bytes
from studio.protocol.messages import WeightsEntry
from studio.protocol.weights_files import parts_of, resolved

Progress = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


def _room(settings: Settings) -> int:
    """Return the bytes that models may take on this machine."""
    import psutil  # slow, and needed only where there are large models

    limit: int = settings.get(MEMORY_LIMIT, 0)
    return most_bytes(psutil.virtual_memory().total, max(0, limit))


class WeightsManager:
    """The weights operations of the window and the command line.

    Attributes:
        folder: Folder of the studio's own weights.
        catalogue: All weights, from all places.
        external: Additional places added by the user.
        remarks: Notes, ratings, defaults.
        bin: The removed weights.

    Args:
        families: Those of the plugins that take part.
    """

    def __init__(self, paths: StudioPaths, settings: Settings, families: Families = tuple) -> None:
        self.folder = paths.shared_weights
        self.external = ExternalWeights(settings, families=families)
        self.catalogue = WeightsCatalogue(
            paths.weights_folders(), self.external.rows, partial(_room, settings), families
        )
        self.remarks = UserNotes(settings)
        self.bin = WeightsBin(paths.shared_weights)
        self._watch = FolderWatch(
            lambda: list(dict.fromkeys([self.folder, paths.weights, *self.external.folders]))
        )

    def look_around(self) -> bool:
        """Look whether files came, grew or went; return whether the catalogue has looked again."""
        if not self._watch.look():
            return False
        self.catalogue.unsettled = self._watch.growing
        self.catalogue.rescan()
        return True

    def add(self, path: Path, *, copy: bool = False, on_progress: Progress = _silent) -> Added:
        """Check the weights at ``path`` and show them from now on, where they are or as a copy.

        Raises:
            StudioError: They cannot be used, or cannot be copied.
        """
        added = additions.add(path, self.external, self.folder, copy=copy, on_progress=on_progress)
        self.catalogue.rescan()
        return added

    def remove(self, row: Weights) -> str:
        """Move own weights into the bin; unlist external ones. Return a description.

        Raises:
            StudioError: They belong to another program, a watched folder, or the studio's set-up.
        """
        if row.origin == IN_PLACE:
            self.external.forget(row.path)
            done = f"{row.title} was removed from the list. The file is still at {row.path}."
        elif row.origin:
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"{row.title} cannot be removed here: it is in {row.path.parent}, which Offline "
                "Studio does not manage.",
                "Delete it there, or remove that folder from your model folders.",
            )
        elif RESULT in row.source:
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"{row.title} is one of your results, and stays here as long as you keep it.",
                "Move it to the bin in the Gallery.",
            )
        else:
            self.bin.put(row)
            done = f"{row.title} was moved to the bin."
        self.catalogue.rescan()
        return done

    def put_back(self, row: Weights) -> None:
        """Undo ``remove``.

        Raises:
            StudioError: Another file is in the way by now.
        """
        if row.origin == IN_PLACE:
            self.external.add(row.path)
        else:
            self.bin.restore(row.id)
        self.catalogue.rescan()

    def restore(self, weights_id: str) -> None:
        """Take weights out of the bin.

        Raises:
            StudioError: They are not in it, or another file is in the way.
        """
        self.bin.restore(weights_id)
        self.catalogue.rescan()

    def convert(self, row: Weights, on_progress: Progress = _silent) -> Path:
        """Write the safetensors edition of pickled weights into our folder; return it.

        Raises:
            StudioError: See ``converting.convert``.
        """
        from studio.models import pickle_conversion  # brings the sandbox with it

        converted = pickle_conversion.convert(row.path, self.folder, on_progress)
        self.catalogue.rescan()
        return converted

    def entries(self) -> tuple[WeightsEntry, ...]:
        """Return the usable weights as the runtime wants to hear of them."""
        limit = self.remarks.context_limit
        return tuple(
            msgspec.structs.replace(entry, context_limit=limit(entry.id))
            for entry in self.catalogue.entries()
        )

    def filled(self, params: type[Params], given: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``given`` and, where it says nothing, the defaults of the weights to be used."""

        def would_use(capability: str, prefer: str) -> str:
            rows = self.catalogue.list(capability, prefer)
            return rows[0].id if rows else ""

        return filled(params, given, would_use, self.defaults)

    def defaults(self, weights: str) -> dict[str, Value]:
        """Return what tasks take with these weights: the sidecar's values, and the user's first."""
        return {**self.catalogue.recommended(weights), **self.remarks.of(weights).defaults}

    def at(self, path: Path) -> Weights | None:
        """Return the row whose weights lie at ``path``; None if there is none."""
        path = parts_of(path)[0]
        rows = self.catalogue.list()
        return next((row for row in rows if row.path in (path, resolved(path))), None)


class WeightsScans:
    """Looks for weights beside the owner's thread, and tells on it who wants to know of news.

    Args:
        failed: Told why a look failed.
    """

    def __init__(
        self,
        manager: WeightsManager,
        background: Background,
        failed: Callable[[StudioError], object],
    ) -> None:
        self._manager = manager
        self._background = background
        self._failed = failed
        self._observers: list[Callable[[], None]] = []

    def on_change(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call when the catalogue has looked again; returns the function that ends it."""
        self._observers.append(call)
        return lambda: self._observers.remove(call)

    def rescan(self, then: Callable[[], None] = lambda: None) -> None:
        """Read all folders again, tell, then call ``then``."""

        def scanned(_: None) -> None:
            self.tell()
            then()

        self._background.run(self._manager.catalogue.rescan, scanned, self._fail)

    def look(self) -> None:
        """Notice new files in the folders that are watched; tell if there are some."""
        self._background.run(
            self._manager.look_around, lambda news: self.tell() if news else None, self._fail
        )

    def tell(self) -> None:
        """Tell everybody that the catalogue has changed."""
        for call in list(self._observers):
            call()

    def _fail(self, error: StudioError) -> None:
        self._failed(error)
