"""Where the studio keeps things. Names places and makes the home; reads and writes no content."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

import studio
from studio.base import disk
from studio.protocol.errors import ErrorCode, StudioError

APP_NAME = "offline-studio"


@dataclass(frozen=True)
class StudioPaths:
    """All places of one studio, below its ``home``.

    Attributes:
        home: The folder that holds everything a user makes or sets.
        temporary: Whether the home is thrown away at the end.
    """

    home: Path
    temporary: bool = False

    @classmethod
    def default(cls, home: Path | str | None = None) -> StudioPaths:
        """Return (and make) ``home``, ``$STUDIO_HOME`` or the platform's data folder.

        Raises:
            StudioError: The home does not exist and cannot be made.
        """
        chosen = Path(home or os.environ.get("STUDIO_HOME") or default_home()).expanduser()
        paths = cls(chosen.absolute())
        try:
            disk.make_folder(paths.home)
        except OSError as error:
            raise _no_home(paths.home, error) from error
        return paths

    @classmethod
    def throwaway(cls) -> StudioPaths:
        """Return places in a new temporary folder: for when there is no home to write to."""
        return cls(Path(tempfile.mkdtemp(prefix=f"{APP_NAME}-")), temporary=True)

    def __enter__(self) -> StudioPaths:
        return self

    def __exit__(self, *_: object) -> None:
        """Delete a home that was only for the time being."""
        if self.temporary:
            shutil.rmtree(self.home, ignore_errors=True)

    @property
    def library(self) -> Path:
        """Results, conversations and the database that finds them."""
        return self.home / "library"

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.home / "settings.json"

    @property
    def state(self) -> Path:
        """The file of window and page state and drafts; losing it costs comfort, not work."""
        return self.home / "state.json"

    @property
    def picked_files(self) -> Path:
        """The list of files that a person chose, as digests."""
        return self.home / "picked-files"

    @property
    def drafts(self) -> Path:
        """Work in progress of plugins, a folder each; losing it loses work."""
        return self.home / "drafts"

    @property
    def logs(self) -> Path:
        """What happened, for reports of bugs."""
        return self.home / "logs"

    @property
    def cache(self) -> Path:
        """Files that can be regenerated at any time."""
        return self.home / "cache"

    @property
    def plugins(self) -> Path:
        """Plugins of others, in sets: see ``plugins/install/store.py``."""
        return self.home / "plugins"

    @property
    def journals(self) -> Path:
        """Marks of things in progress, read at the next start: plugins being loaded."""
        return self.home / "journals"

    @property
    def keys(self) -> Path:
        """Keys of this installation; without them, its signed files are not recognised."""
        return self.home / "keys"

    @property
    def workflows(self) -> Path:
        """The workflows that the user has saved, a file each."""
        return self.home / "workflows"

    @property
    def weights(self) -> Path:
        """Weights of this home alone, including those that are results of its library."""
        return self.home / "weights"

    @property
    def shared_weights(self) -> Path:
        """Where weights that the user adds or gets go: ``$STUDIO_WEIGHTS_HOME``, else ``weights``.

        Several homes may share it, so that large files are got once.
        """
        named = os.environ.get("STUDIO_WEIGHTS_HOME", "")
        return Path(named).expanduser().absolute() if named else self.weights

    def weights_folders(self) -> tuple[Path, ...]:
        """Return where to look for weights: ``$STUDIO_WEIGHTS``, shared, homes, resources.

        A moved home (``$STUDIO_HOME``) does not hide the weights of the usual one: they are large.
        """
        named = os.environ.get("STUDIO_WEIGHTS", "").split(os.pathsep)
        folders = [Path(name).expanduser().absolute() for name in named if name]
        folders += [
            self.shared_weights,
            self.weights,
            default_home() / "weights",
            resources() / "weights",
        ]
        return tuple(dict.fromkeys(folders))


def default_home() -> Path:
    """Return the platform's place for the user's data of this application."""
    return Path(platformdirs.user_data_dir(APP_NAME, appauthor=False))


def resources() -> Path:
    """Return the icons, fonts and cards: ``resources`` of a checkout, ``_resources`` of a wheel.

    Raises:
        StudioError: Neither is there: the installation is incomplete.
    """
    package = Path(studio.__file__).resolve().parent
    for folder in (package / "_resources", package.parent / "resources"):
        if folder.is_dir():
            return folder
    raise StudioError(
        ErrorCode.NOT_FOUND,
        f"The icons and fonts of Offline Studio are missing from {package}.",
        "Reinstall Offline Studio.",
    )


def _no_home(home: Path, error: OSError) -> StudioError:
    return StudioError(
        ErrorCode.PERMISSION,
        f"The data folder {home} cannot be created ({error.strerror or error}).",
        "Make its parent folder writable, or set STUDIO_HOME to a folder that is.",
        str(error),
    )
