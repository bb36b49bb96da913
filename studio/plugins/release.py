"""The bundled plugins: identified by location and, in a release, by digest.

A name proves nothing: anybody's distribution may be called as one of ours, or bring a package of
that name. The build reads this module by its path, so that it imports nothing of the studio.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from studio.protocol.regular_file import read_note, read_regular

if TYPE_CHECKING:
    from studio.plugins.discovery import Found

LOCK = "shipped.json"
"""In the resources of the studio's wheel: distribution → its package and the digest of that."""


@dataclass(frozen=True)
class Shipped:
    """A plugin of ours.

    Attributes:
        folder: Where its package lies.
        digest: ``digest_of`` its files; empty in a checkout, where they are being written.
    """

    folder: Path
    digest: str = ""


class Release:
    """The plugins that belong to one studio."""

    def __init__(self, plugins: Mapping[str, Shipped]) -> None:
        """``plugins``: name of the distribution → its expected package."""
        self._folders = {shipped.folder: shipped.digest for shipped in plugins.values()}
        self._fits: dict[Path, bool] = {}
        """Folder → whether its files are those of the lock: read once."""
        self._names = {
            *map(_canonical, plugins),
            *(shipped.folder.name for shipped in plugins.values()),
        }

    @classmethod
    def of(cls, studio: Path) -> Release:
        """Return that of the studio whose package is ``studio``.

        From a checkout all that lies in its ``plugins`` belongs to it; an installed studio says in
        its lock what was built with it, and that lies beside it.
        """
        place = studio.resolve().parent
        if (place / "pyproject.toml").is_file():
            manifests = place.glob("plugins/*/*/manifest.toml")
            return cls(
                {
                    f"studio-plugin-{manifest.parts[-3]}": Shipped(manifest.parent)
                    for manifest in manifests
                }
            )
        try:
            lock = json.loads(read_note(studio / "_resources" / LOCK).decode("utf-8"))
        except OSError:
            return cls({})  # built from a part of the sources: nothing came with it
        return cls(
            {
                name: Shipped(place / entry["package"], entry["sha256"])
                for name, entry in lock.items()
            }
        )

    def holds(self, candidate: Found) -> bool:
        """Whether ``found`` is one of ours."""
        folder = candidate.folder
        if folder is None or folder not in self._folders:
            return False
        if folder not in self._fits:
            wanted = self._folders[folder]
            self._fits[folder] = not wanted or wanted == digest_of(folder, files_in(folder))
        return self._fits[folder]

    def is_imitated_by(self, candidate: Found) -> bool:
        """Whether ``found`` has a name of ours and is not."""
        named = {candidate.package, _canonical(candidate.distribution)}
        return bool(named & self._names) and not self.holds(candidate)


def files_in(folder: Path) -> list[Path]:
    """Return the files of a package, without those that Python writes beside them."""
    paths = []
    for at, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        paths += [Path(at, file) for file in files if not file.endswith(".pyc")]
    return paths


def digest_of(folder: Path, files: Iterable[Path]) -> str:
    """Return one SHA-256 for the names and the bytes of the files of a package."""
    lines = []
    for path in files:
        digest = hashlib.sha256(read_regular(path)).hexdigest()
        lines.append(f"{path.relative_to(folder).as_posix()}\0{digest}\n")
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
