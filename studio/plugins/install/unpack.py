"""Unpacks wheels that have been read and found good. Runs and compiles nothing of them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from studio.plugins.install.archive import Archive
from studio.plugins.install.records import LockedPackage
from studio.plugins.install.resolver import Progress
from studio.plugins.install.wheel import placed
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import open_regular

_COPY = 1 << 20


def fetch(source: Path, target: Path, sha256: str) -> None:
    """Copy a wheel and make sure that it is still the one that was read.

    Raises:
        StudioError: It has changed since.
        OSError: The disk refused.
    """
    digest = hashlib.sha256()
    with open_regular(source) as read, target.open("xb") as write:
        while block := read.read(_COPY):
            digest.update(block)
            write.write(block)
    if digest.hexdigest() != sha256:
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"{source.name} is not the file that was checked: its digest is another one.",
            "Get another copy of it, then try again.",
        )


def unpack(folder: Path, packages: Iterable[LockedPackage], site: Path, progress: Progress) -> None:
    """Unpack the wheels in ``folder`` into ``site``: importable files only, no commands.

    Raises:
        StudioError: Two of them bring the same file.
        OSError: The disk refused.
    """
    site.mkdir(0o755)
    for package in packages:
        progress(f"Unpacking {package.name} {package.version}…")
        with Archive(folder / package.file) as archive:
            for name in archive.entries:
                place = placed(name)
                if place is not None:
                    _write(archive, name, site / place, package.name)


def _write(archive: Archive, name: str, target: Path, package: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Readable for all who may enter the home: behind the sandbox it is read as somebody else.
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except (FileExistsError, NotADirectoryError) as error:
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"Two packages bring the same file: {target.name}, the second time {package}.",
            "The plugin cannot be installed like this: tell its author.",
        ) from error
    with os.fdopen(fd, "wb") as file:
        for chunk in archive.chunks(name):
            file.write(chunk)
