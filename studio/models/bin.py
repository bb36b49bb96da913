"""Weights that were removed, until the bin is emptied. Touches files of the studio's own alone."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

import msgspec

from studio.base import disk
from studio.models.recognition import size_of
from studio.models.weights import Weights, slug
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import read_note
from studio.protocol.weights_files import parts_of

FOLDER = ".bin"
"""Below the folder of weights, so that moving there is renaming; hidden from the catalogue."""
_LIST = "bin.json"


class Binned(msgspec.Struct, frozen=True):
    """What lies in the bin.

    Attributes:
        id, title: Of the weights.
        when: Seconds since 1970.
        bytes: On the disk.
        names: Of its files and folders, in the folder of weights and in the bin alike.
    """

    id: str
    title: str
    when: float
    bytes: int
    names: tuple[str, ...]


class WeightsBin:
    """The bin of one folder of weights."""

    def __init__(self, weights: Path) -> None:
        self._weights = weights

    def owns(self, row: Weights) -> bool:
        """Whether the file is the studio's own to remove."""
        return not row.origin and row.path.is_relative_to(self._weights.resolve())

    def put(self, row: Weights) -> Binned:
        """Move the weights, and what describes them, into the bin.

        Raises:
            StudioError: They are not the studio's own, or the disk refuses.
        """
        if not self.owns(row):
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"{row.title} is not one of your files in {self._weights}, so it was not deleted.",
                "Built-in models cannot be deleted; delete other files in their own folder.",
            )
        binned = Binned(row.id, row.title, time.time(), size_of(row.path), self._names(row))
        place = self._place(row.id, binned.when)
        try:
            disk.make_folder(place)
            disk.write_durably(place / _LIST, msgspec.json.encode(binned))
            for name in binned.names:
                disk.make_folder((place / name).parent)
                os.replace(self._weights / name, place / name)
            for name in binned.names:  # a folder of their own goes with them
                if (own := (self._weights / name).parent) != self._weights:
                    with contextlib.suppress(OSError):  # others are in it
                        own.rmdir()
            disk.sync_folder(place)
            disk.sync_folder(self._weights)
        except OSError as error:
            self._back(place, binned)
            raise disk.explain(error, f"remove {row.title}", row.path) from error
        return binned

    def contents(self) -> list[Binned]:
        """Return what lies in the bin, the latest first."""
        entries = [binned for place in self._places() if (binned := _read(place))]
        return sorted(entries, key=lambda binned: -binned.when)

    def restore(self, weights_id: str) -> Binned:
        """Take the weights out of the bin again, the latest of that id.

        Raises:
            StudioError: ``NOT_FOUND``; or another file has their name by now.
        """
        for binned in self.contents():
            if binned.id == weights_id:
                for name in binned.names:
                    if (self._weights / name).exists():
                        raise StudioError(
                            ErrorCode.BAD_INPUT,
                            f"{self._weights} already contains another {name}.",
                            "Move or rename it, then try again.",
                        )
                place = self._place(binned.id, binned.when)
                try:
                    self._back(place, binned)
                except OSError as error:
                    raise disk.explain(error, f"restore {binned.title}", place) from error
                return binned
        ids = ", ".join(binned.id for binned in self.contents())
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"There is no model “{weights_id}” in the bin.",
            f"In the bin: {ids}." if ids else "The bin is empty.",
        )

    def empty(self) -> int:
        """Delete what lies in the bin for good; return the bytes that are free by that."""
        freed = sum(binned.bytes for binned in self.contents())
        for place in self._places():
            shutil.rmtree(place, ignore_errors=True)
        return freed

    # --- inside -------------------------------------------------------------------------------

    def _names(self, row: Weights) -> tuple[str, ...]:
        root = self._weights.resolve()
        parts = [*parts_of(row.path), *(part for part in (row.sidecar, row.card) if part)]
        inside = [part.resolve() for part in parts if part.resolve().is_relative_to(root)]
        return tuple(dict.fromkeys(part.relative_to(root).as_posix() for part in inside))

    def _back(self, place: Path, binned: Binned) -> None:
        for name in binned.names:
            if (place / name).exists():
                disk.make_folder((self._weights / name).parent)
                os.replace(place / name, self._weights / name)
        disk.sync_folder(self._weights)
        shutil.rmtree(place, ignore_errors=True)

    def _place(self, weights_id: str, when: float) -> Path:
        return self._weights / FOLDER / f"{slug(weights_id)}-{when:.3f}"

    def _places(self) -> list[Path]:
        try:
            return [folder for folder in (self._weights / FOLDER).iterdir() if folder.is_dir()]
        except OSError:
            return []


def _read(place: Path) -> Binned | None:
    try:
        binned = msgspec.json.decode(read_note(place / _LIST), type=Binned)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    plain = all(".." not in Path(name).parts and not Path(name).is_absolute()
                for name in binned.names)  # fmt: skip
    return binned if plain else None
