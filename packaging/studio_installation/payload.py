"""The studio inside an installer's file: a list of digests, then the files, each checked."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tarfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from studio_installation.places import Problem
from studio_installation.words import tr

LIST = "files.json"
CHUNK = 2**20
LONGEST_LIST = 64 * 2**20
Progress = Callable[[str, int, int], None]
"""Hears what is being done, how many bytes are done and of how many; may raise ``Stopped``."""
Files = dict[str, dict[str, Any]]
"""Path → ``{"sha256", "bytes"}`` and perhaps ``"runs"``, or ``{"link"}``."""


class Stopped(Exception):
    """The user has pressed Cancel."""


@dataclass(frozen=True)
class Payload:
    """What an installer's file brings.

    Attributes:
        file: The installer.
        offset: Where in it the stream begins.
        unpacked: Bytes of all files.
        name: Of the version's folder; ends with the beginning of the list's digest.
    """

    file: Path
    offset: int
    unpacked: int
    name: str

    def unpack(self, target: Path, told: Progress, only: Collection[str] | None = None) -> None:
        """Write the files to ``target``, checked against the list.

        Args:
            target: The folder; files in it are replaced one by one.
            told: Hears how far it is.
            only: Names of files, if not all are wanted.

        Raises:
            Problem: The file is damaged, or the disk is full.
        """
        try:
            with self._members() as tar:
                self._unpack(tar, target, told, only)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise full(target, self.unpacked) from error
            raise Problem(
                tr("{folder} could not be written ({reason}).").format(
                    folder=target, reason=error.strerror or error
                )
            ) from error

    def _unpack(
        self, tar: tarfile.TarFile, target: Path, told: Progress, only: Collection[str] | None
    ) -> None:
        files = self._list(tar, target if only is None else None)
        done, missing = 0, set(files)
        for member in tar:
            if member.isdir() or member.name == LIST:  # which was read above
                continue
            wanted = files.get(member.name)
            if wanted is None or member.name not in missing:
                raise self._damaged()
            missing.discard(member.name)
            if only is None or member.name in only:
                self._write(tar, member, wanted, target)
            done += member.size
            told(tr("Copying files…"), done, self.unpacked)
        if missing:
            raise self._damaged()

    @contextmanager
    def _members(self) -> Iterator[tarfile.TarFile]:
        from zstandard import ZstdDecompressor, ZstdError  # in the installer, not when repairing

        try:
            with self.file.open("rb") as handle:
                handle.seek(self.offset)
                with (
                    ZstdDecompressor().stream_reader(handle) as stream,
                    tarfile.open(fileobj=stream, mode="r|", bufsize=CHUNK) as tar,
                ):
                    yield tar
        except (ZstdError, tarfile.TarError, EOFError) as error:
            raise self._damaged() from error

    def _list(self, tar: tarfile.TarFile, target: Path | None) -> Files:
        for member in tar:
            if member.isdir():
                continue
            source = tar.extractfile(member)
            if member.name != LIST or source is None or member.size > LONGEST_LIST:
                break
            text = source.read()
            if not self.name.endswith(hashlib.sha256(text.rstrip(b"\n")).hexdigest()[:12]):
                break
            if target is not None:
                target.mkdir(parents=True, exist_ok=True)
                (target / LIST).write_bytes(text)
            files: Files = json.loads(text)
            return files
        raise self._damaged()

    def _write(
        self, tar: tarfile.TarFile, member: tarfile.TarInfo, wanted: dict[str, Any], target: Path
    ) -> None:
        name = PurePosixPath(member.name)
        if name.is_absolute() or ".." in name.parts:
            raise self._damaged()
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        if member.issym():
            if wanted.get("link") != member.linkname or member.linkname.startswith("/"):
                raise self._damaged()
            part.unlink(missing_ok=True)
            part.symlink_to(member.linkname)
        else:
            source = tar.extractfile(member)
            if source is None or copied(source, part) != wanted.get("sha256"):
                raise self._damaged()
            part.chmod(0o755 if wanted.get("runs") else 0o644)
        os.replace(part, path)

    def _damaged(self) -> Problem:
        return Problem(
            tr("The file {name} is damaged: it is not what its maker wrote.").format(
                name=self.file.name
            ),
            tr("Get it again. Nothing was changed."),
        )


def copied(source: IO[bytes], target: Path) -> str:
    """Write what is read to ``target``; return its SHA-256."""
    digest = hashlib.sha256()
    with target.open("wb") as out:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest()


def full(folder: Path, needed: int) -> Problem:
    """Return what is said when there is not enough room."""
    return Problem(
        tr("There is not enough room in {folder}: {size} GB are needed.").format(
            folder=folder.parent, size=f"{needed / 1e9:.1f}"
        ),
        tr("Make room or choose another disk. Nothing was changed."),
    )
