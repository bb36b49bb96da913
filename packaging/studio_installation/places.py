"""Where an installation lies: versions beside each other, and a link that says which is current.

    PREFIX/versions/0.1.0-3f2a…/    a whole studio, never changed once it has this name
    PREFIX/versions/….part/         one that is being copied
    PREFIX/current                  link to the one that starts

The link changes by a rename, so there is no moment without a whole studio. One that runs keeps the
version it was started from: it holds a lock on that folder's ``in-use``, and nobody deletes it.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from studio_installation.words import tr

IN_USE = "in-use"
RELEASE = "release.json"
PART = ".part"
PACKAGED = "folder"
"""Below the prefix of an installation that the system's package manager keeps."""


class Problem(Exception):
    """What keeps an installation from going on, in a sentence, with what to do about it."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        """Tell ``sentence``, and what to do next in ``hint``."""
        super().__init__(sentence)
        self.hint = hint


@dataclass(frozen=True)
class Release:
    """What a version says of itself.

    Attributes:
        version: As users know it.
        built: Seconds since 1970.
        schema: Number of the library's form that it writes.
    """

    version: str
    built: int
    schema: int

    @classmethod
    def read(cls, folder: Path) -> Release:
        """Return that of the version in ``folder``.

        Raises:
            Problem: It does not say.
        """
        try:
            told = json.loads((folder / RELEASE).read_text("utf-8"))
            return cls(str(told["version"]), int(told["built"]), int(told["schema"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Problem(
                tr("{folder} is not a whole installation of Offline Studio.").format(folder=folder)
            ) from error

    @property
    def age(self) -> tuple[list[int], int]:
        """What grows from release to release."""
        return [int(part) for part in re.findall(r"\d+", self.version)], self.built


@dataclass(frozen=True)
class Place:
    """One installation.

    Attributes:
        prefix: The folder that holds all of it.
    """

    prefix: Path

    @classmethod
    def usual(cls) -> Place:
        """Return that of this user, or of the whole system for its administrator."""
        if os.geteuid() == 0:
            return cls(Path("/opt/offline-studio"))
        return cls(Path.home() / ".local/lib/offline-studio")

    @property
    def versions(self) -> Path:
        """The folder of all versions."""
        return self.prefix / "versions"

    @property
    def link(self) -> Path:
        """Leads to the version that starts."""
        return self.prefix / "current"

    @property
    def is_packaged(self) -> bool:
        """Whether the system's package manager keeps it."""
        return (self.prefix / PACKAGED).is_dir()

    def current(self) -> Path | None:
        """Return the folder of the version that starts; None where there is none."""
        folder = self.link.resolve()
        return folder if (folder / RELEASE).is_file() else None

    def switch(self, version: Path) -> None:
        """Make ``version`` the one that starts, from one moment to the next."""
        new = self.link.with_name("current.new")
        new.unlink(missing_ok=True)
        new.symlink_to(Path("versions", version.name))
        os.replace(new, self.link)
        sync_folder(self.prefix)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let nobody else change the installation meanwhile.

        Raises:
            Problem: Somebody does, or it may not be changed.
        """
        try:
            self.versions.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.prefix / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise Problem(
                tr("The folder {folder} cannot be written to ({reason}).").format(
                    folder=self.prefix, reason=error.strerror
                ),
                tr("Choose another folder, or make it writable."),
            ) from error
        with os.fdopen(handle, "r+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise Problem(
                    tr("Another installation is being changed in {folder} right now.").format(
                        folder=self.prefix
                    ),
                    tr("Wait until it is finished, then try again."),
                ) from error
            yield

    def sweep(self) -> None:
        """Delete what was left half copied, and versions that are neither current nor running."""
        current = self.current()
        for folder in sorted(self.versions.iterdir()):
            if folder != current and (folder.name.endswith(PART) or not in_use(folder)):
                discard(folder)

    def running(self) -> list[Path]:
        """Return the versions that are running now."""
        found = sorted(self.versions.glob("*")) if self.versions.is_dir() else []
        return [folder for folder in found if in_use(folder)]


def in_use(version: Path) -> bool:
    """Whether a studio of this version runs, whoever started it."""
    try:
        with open(version / IN_USE, "rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def discard(folder: Path) -> None:
    """Delete a version; its name goes first, so that half of one never looks like a whole."""
    going = folder if folder.name.endswith(PART) else folder.with_name(folder.name + PART)
    if going != folder:
        shutil.rmtree(going, ignore_errors=True)
        os.rename(folder, going)
    shutil.rmtree(going)


def sync_folder(folder: Path) -> None:
    """Wait until the names in ``folder`` are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
