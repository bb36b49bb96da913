"""Weights that lie where the user pointed: single ones, watched folders, other programs' stores.

All of them are read in place and belong to somebody else: nothing here writes or deletes one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from studio.base.settings import Settings
from studio.models import recognition
from studio.models.families import Families
from studio.models.other_programs import OtherProgram, other_programs
from studio.models.weights import Weights, slug
from studio.protocol.errors import ErrorCode, StudioError

ADDED = "models.added"
FOLDERS = "models.folders"
NEIGHBOURS = "models.neighbours"
OFFERED = "models.neighbours.offered"
IN_PLACE, WATCHED = "added", "folder"
"""Origins of weights; others are the names of programs."""


class ExternalWeights:
    """Weights and folders added by the user; a list of paths and names in the settings.

    Args:
        find_neighbours: Finds the stores of other programs.
        families: Those of the plugins.
    """

    def __init__(
        self,
        settings: Settings,
        find_neighbours: Callable[[], tuple[OtherProgram, ...]] = other_programs,
        families: Families = tuple,
    ) -> None:
        self._settings, self._find, self.families = settings, find_neighbours, families

    def rows(self) -> Iterator[Weights]:
        """Yield all weights there, those of a single path first."""
        for path in self.added:
            yield self._row(path)
        for folder in self.folders:
            for row in recognition.recognise(folder, self.families()):
                yield replace(row, origin=WATCHED)
        for neighbour in self.other_programs():
            if self.is_on(neighbour):
                yield from neighbour.rows()

    # --- single ones --------------------------------------------------------------------------

    @property
    def added(self) -> list[Path]:
        """The weights that were added in place."""
        return self._paths(ADDED)

    def add(self, path: Path) -> None:
        """Remember ``path``, which stays where it is."""
        self._settings.set(ADDED, [str(entry) for entry in dict.fromkeys([*self.added, path])])

    def forget(self, path: Path) -> bool:
        """Forget ``path``, which stays where it is; return whether it was known."""
        rest = [entry for entry in self.added if entry != path]
        is_known = len(rest) < len(self.added)
        self._settings.set(ADDED, [str(entry) for entry in rest])
        return is_known

    # --- folders ------------------------------------------------------------------------------

    @property
    def folders(self) -> list[Path]:
        """The folders that are watched."""
        return self._paths(FOLDERS)

    def watch(self, folder: Path) -> Path:
        """Look into ``folder`` from now on; return it in full.

        Raises:
            StudioError: It is no folder.
        """
        folder = Path(folder).expanduser().absolute()
        if not folder.is_dir():
            raise StudioError(ErrorCode.BAD_INPUT, f"{folder} is not a folder.", "Choose a folder.")
        self._settings.set(
            FOLDERS, [str(entry) for entry in dict.fromkeys([*self.folders, folder])]
        )
        return folder

    def unwatch(self, folder: Path) -> None:
        """Look into ``folder`` no longer.

        Raises:
            StudioError: ``NOT_FOUND``: it was not watched.
        """
        folder = Path(folder).expanduser().absolute()
        rest = [str(entry) for entry in self.folders if entry != folder]
        if len(rest) == len(self.folders):
            listed = ", ".join(map(str, self.folders)) or "none"
            raise StudioError(
                ErrorCode.NOT_FOUND,
                f"{folder} is not one of your model folders.",
                f"Your model folders: {listed}.",
            )
        self._settings.set(FOLDERS, rest)

    # --- other programs -----------------------------------------------------------------------

    def other_programs(self) -> list[OtherProgram]:
        """Return the programs whose stores are on this machine, used or not."""
        return [neighbour for neighbour in self._find() if neighbour.stores]

    def is_on(self, neighbour: OtherProgram) -> bool:
        """Whether its weights are shown: off until the user says so."""
        return neighbour.id in self._settings.get(NEIGHBOURS, [])

    def switch(self, neighbour_id: str, on: bool) -> None:
        """Show the weights of a program, or no longer.

        Raises:
            StudioError: ``NOT_FOUND``: no such program is known.
        """
        ids = [item.id for item in self._find()]
        if neighbour_id not in ids:
            raise StudioError(
                ErrorCode.NOT_FOUND,
                f"There is no app “{neighbour_id}” whose models can be listed.",
                f"Available: {', '.join(ids)}.",
            )
        before: list[str] = self._settings.get(NEIGHBOURS, [])
        chosen = [item for item in before if item != neighbour_id]
        self._settings.set(NEIGHBOURS, [*chosen, neighbour_id] if on else chosen)

    def news(self) -> list[OtherProgram]:
        """Return the programs here that are not used and were not offered before; note them."""
        offered: list[str] = self._settings.get(OFFERED, [])
        fresh = [program for program in self.other_programs() if program.id not in offered]
        if fresh:
            self._settings.set(OFFERED, [*offered, *(program.id for program in fresh)])
        return [program for program in fresh if not self.is_on(program)]

    # --- inside -------------------------------------------------------------------------------

    def _paths(self, key: str) -> list[Path]:
        entries: list[object] = self._settings.get(key, [])
        return [Path(entry) for entry in entries if isinstance(entry, str)]

    def _row(self, path: Path) -> Weights:
        row = recognition.at(path, self.families()) if path.exists() else None
        if row is None:
            problem = (
                f"{path} no longer exists. Restore it, or remove it from the list."
                if not path.exists()
                else f"{path.name} is no longer a supported model file. Check the file."
            )
            row = Weights(slug(path.stem), path.stem, path, problem=problem)
        # A link keeps its own name: what it leads to may have a number for one.
        return replace(row, path=path, origin=IN_PLACE)
