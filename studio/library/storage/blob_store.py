"""Payloads as files named by their SHA-256, and the sidecars beside them. Knows no database.

A save has four steps, so that a crash between any two is undone or finished at the next start:
``stage`` (payload to ``incoming``, on the disk), ``announce`` (sidecar to ``incoming``), ``place``
(payload to where it stays: from here on the artifact is whole) and, once its row is written,
``settle`` (sidecar beside its payload).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from studio.base import disk
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import open_regular, read_regular

_SUFFIX = re.compile(r"(\.[a-z0-9]{1,12}){1,2}")
_SIDECAR = re.compile(r"[0-9a-f]{64}\.[0-9A-Z]{26}\.json")
_CHUNK = 1 << 20

INPUT_SUFFIX = ".input"
"""Of what was handed to the job of a result."""

Payload = bytes | bytearray | memoryview | Path


@dataclass(frozen=True)
class Staged:
    """A payload that is on the disk but not yet in its place."""

    part: Path
    digest: str
    bytes: int


class ObjectStore:
    """The folders ``objects`` (payloads by digest) and ``incoming`` (saves in progress)."""

    def __init__(self, library: Path) -> None:
        self._objects = library / "objects"
        self._incoming = library / "incoming"

    def prepare(self) -> None:
        """Make the folders."""
        disk.make_folder(self._objects)
        disk.make_folder(self._incoming)

    def path(self, digest: str, suffix: str) -> Path:
        """Return where a payload lies."""
        return self._objects / digest[:2] / f"{digest}{suffix}"

    def sidecar_path(self, digest: str, artifact: str) -> Path:
        """Return where the sidecar of an artifact lies: beside its payload."""
        return self._objects / digest[:2] / f"{digest}.{artifact}.json"

    def stage(self, name: str, payload: Payload, *, move: bool = False) -> Staged:
        """Write ``payload`` (a file is never read whole) to ``incoming`` and return its digest.

        A file that is to ``move`` is not copied where the disk gives it a second name; it keeps the
        first until the caller takes it away.
        """
        part = self._incoming / f"{name}.part"
        if move and isinstance(payload, Path) and _gave_second_name(payload, part):
            return self._stage_in_place(part)
        digest, size = hashlib.sha256(), 0
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            try:
                for chunk in _chunks(payload):
                    digest.update(chunk)
                    disk.write_all(fd, chunk)
                    size += len(chunk)
                disk.sync_file(fd)
            finally:
                os.close(fd)
        except BaseException:
            disk.remove(part)
            raise
        return Staged(part, digest.hexdigest(), size)

    def _stage_in_place(self, part: Path) -> Staged:
        try:
            part.chmod(0o600)
            with part.open("r+b") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                disk.sync_file(file.fileno())
                return Staged(part, digest, os.fstat(file.fileno()).st_size)
        except BaseException:
            disk.remove(part)
            raise

    def place(self, staged: Staged, suffix: str) -> Path:
        """Move a staged payload to its place, durably; bit rot in the same bytes heals."""
        target = self.path(staged.digest, suffix)
        disk.make_folder(target.parent)
        os.replace(staged.part, target)
        disk.sync_folder(target.parent)
        return target

    def add_input(self, digest: str, data: Payload) -> None:
        """Store a job input durably, unless an identical payload exists."""
        if self.find(digest) is None:
            self.place(self.stage(f"{digest}-input", data), INPUT_SUFFIX)

    def find(self, digest: str) -> Path | None:
        """Return a file with these bytes, an input or a payload; None if there is none."""
        paths = sorted((self._objects / digest[:2]).glob(f"{digest}.*"))
        return next((path for path in paths if not is_sidecar(path)), None)

    def inputs(self) -> Iterator[Path]:
        """Yield the files of all stored inputs."""
        yield from self._objects.glob(f"??/*{INPUT_SUFFIX}")

    def remove_input(self, digest: str) -> int:
        """Delete an input and return the bytes that frees."""
        path = self.path(digest, INPUT_SUFFIX)
        size = path.stat().st_size if path.exists() else 0
        return size if disk.remove(path) else 0

    def announce(self, artifact: str, sidecar: bytes) -> None:
        """Write the sidecar to ``incoming``, durably."""
        disk.write_durably(self._announced(artifact), sidecar)

    def settle(self, artifact: str, digest: str) -> None:
        """Move the sidecar beside its payload.

        Synced: what leaves ``incoming`` gets on the disk with the next announcement, and would be
        nowhere after a power cut.
        """
        target = self.sidecar_path(digest, artifact)
        disk.make_folder(target.parent)
        os.replace(self._announced(artifact), target)
        disk.sync_folder(target.parent)

    def withdraw(self, artifact: str) -> None:
        """Take back an announcement whose row could not be written."""
        disk.remove(self._announced(artifact))

    def announced(self) -> Iterator[tuple[str, bytes]]:
        """Yield (artifact, sidecar) for each save that was not settled when the studio ended."""
        for path in sorted(self._incoming.glob("*.json")):
            try:
                yield path.stem, read_regular(path)
            except OSError:  # unreadable, or no file at all: as good as cut short
                yield path.stem, b""

    def sweep(self) -> None:
        """Delete what saves left that were cut short. Only for the one writer, at its start."""
        for part in self._incoming.glob("*.part"):
            disk.remove(part)

    def sidecars(self) -> Iterator[Path]:
        """Yield all sidecars in order of their artifacts' birth."""
        paths = (path for path in self._objects.glob("??/*.json") if is_sidecar(path))
        yield from sorted(paths, key=lambda path: path.name.split(".")[1])

    def payloads(self) -> Iterator[Path]:
        """Yield all payload files."""
        for path in self._objects.glob("??/*"):
            if not is_sidecar(path) and path.suffix != INPUT_SUFFIX:
                yield path

    def _announced(self, artifact: str) -> Path:
        return self._incoming / f"{artifact}.json"


def is_sidecar(path: Path) -> bool:
    """Whether a file of the store is a sidecar (a payload may be JSON too)."""
    return _SIDECAR.fullmatch(path.name) is not None


def checked_suffix(suffix: str) -> str:
    """Return ``suffix`` with its dot, in small letters.

    Raises:
        StudioError: It is more than a suffix: a plugin chooses it, and it becomes a file name.
    """
    dotted = suffix.lower() if suffix.startswith(".") else f".{suffix.lower()}"
    if not _SUFFIX.fullmatch(dotted):
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"“{suffix[:40]}” is not a file extension.",
            "Use letters and digits, such as “.png”.",
        )
    return dotted


def digest_of(path: Path, step: Callable[[], None] = lambda: None) -> str:
    """Return the SHA-256 of a file, hexadecimal; ``step`` is called now and then, and may raise."""
    digest = hashlib.sha256()
    for chunk in _chunks(path):
        step()
        digest.update(chunk)
    return digest.hexdigest()


def _gave_second_name(file: Path, part: Path) -> bool:
    disk.remove(part)
    try:
        os.link(file, part)
    except OSError:  # another disk, or one that knows no links
        return False
    return True


def _chunks(payload: Payload) -> Iterator[memoryview | bytes]:
    if isinstance(payload, Path):
        with open_regular(payload) as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    else:
        view = memoryview(payload).cast("B")
        for start in range(0, len(view), _CHUNK):
            yield view[start : start + _CHUNK]
