"""Takes an installation away. What the user has made lies elsewhere, and stays."""

from __future__ import annotations

import os
from pathlib import Path

from studio_installation import desktop_files
from studio_installation.payload import Progress
from studio_installation.places import PACKAGED, Place, Problem, discard
from studio_installation.words import tr


def library_folder() -> Path:
    """Return where this user's studio keeps its library and settings."""
    named = os.environ.get("STUDIO_HOME")
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    return Path(named) if named else data / "offline-studio"


def uninstall(place: Place, told: Progress, *, packaged: bool = False) -> None:
    """Delete all that was installed in ``place``, and nothing else.

    Args:
        packaged: The package manager asks for it, and deletes its own files itself.

    Raises:
        Problem: A studio runs, or the package manager keeps the installation.
    """
    if place.is_packaged and not packaged:
        raise Problem(
            tr("The system's package manager keeps the installation in {folder}.").format(
                folder=place.prefix
            ),
            tr("Uninstall it with: sudo apt remove offline-studio"),
        )
    if not place.versions.is_dir():
        raise Problem(
            tr("There is no installation in {folder}.").format(folder=place.prefix),
            tr("Nothing was changed."),
        )
    with place.alone():
        if place.running() and not packaged:
            raise Problem(
                tr("Offline Studio is open, so it cannot be uninstalled."),
                tr("Close it, then try again."),
            )
        told(tr("Deleting files…"), 0, 1)
        if not packaged:
            desktop_files.remove(place)
        place.link.unlink(missing_ok=True)
        for version in sorted(place.versions.iterdir()):
            discard(version)
        place.versions.rmdir()
    (place.prefix / "lock").unlink(missing_ok=True)
    if not any(place.prefix.iterdir()):
        place.prefix.rmdir()
    elif not (place.prefix / PACKAGED).exists():
        # Somebody has put a file of theirs there.
        told(tr("Other files in {folder} stay.").format(folder=place.prefix), 1, 1)
    told(tr("Deleting files…"), 1, 1)
