"""Copies of results for the clipboard and for other programs: as an export would write them."""

from __future__ import annotations

from pathlib import Path

from studio.library.provenance.disclosure import Disclosure
from studio.library.provenance.exporter import Exporter
from studio.library.provenance.side_file import described
from studio.protocol.files.private_folder import PrivateFolder


class HandedOut:
    """Keeps the copies until they are forgotten, at the latest when the program ends.

    Attributes:
        exporter: What writes them.
    """

    def __init__(self, exporter: Exporter) -> None:
        self.exporter = exporter
        self._copies: PrivateFolder | None = None

    def files(self, id: str, name: str = "") -> list[Path]:
        """Return the copy of a result, and the side file with its record if it has one.

        They are made when they are first asked for; slow then.

        Args:
            name: What it is called where its recipe goes along.

        Raises:
            StudioError: It cannot be read, signed or written.
        """
        if self._copies is None:
            self._copies = PrivateFolder("results")
        disclosure = self.exporter.disclosure
        folder = self._copies.path / disclosure / id
        folder.mkdir(parents=True, exist_ok=True)
        visible = (path for path in folder.iterdir() if not path.name.startswith("."))
        if copies := sorted(visible, key=lambda path: described(path) != path):
            return copies
        if name and disclosure is Disclosure.FULL:
            return self.exporter.to_file(id, folder / name, disclosure).files
        return self.exporter.to_folder(id, folder, disclosure).files

    def forget(self) -> None:
        """Delete the copies."""
        if self._copies is not None:
            self._copies.close()
            self._copies = None
