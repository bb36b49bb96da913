"""Copying results to where a person wants them. Never overwrites; leaves a whole file or none."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from pathlib import Path

from studio.base import disk
from studio.library.rows import Artifact
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import open_regular

_LONGEST = 120
_RESERVED = {"CON", "PRN", "AUX", "NUL"} | {
    f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10)
}


def called(artifact: Artifact) -> str:
    """Return the file name of a result: as named by its task, else by its title."""
    named = artifact.meta.get("file")
    return named if isinstance(named, str) and named else artifact.title or artifact.kind


def file_name(title: str, suffix: str) -> str:
    """Return a name for ``title`` that any file system takes: no path, no device, not too long."""
    name = unicodedata.normalize("NFC", title)
    name = "".join(c for c in name if unicodedata.category(c)[0] != "C")
    name = re.sub(r'[\\/:*?"<>|\s]+', " ", name)
    while len(name.encode()) > _LONGEST:
        name = name[:-1]
    name = name.strip(" .")
    if suffix and name.lower().endswith(suffix.lower()):  # a title that is a file's name
        name = name[: -len(suffix)].strip(" .")
    if not name or name.split(".")[0].upper().rstrip() in _RESERVED:
        name = f"result {name}".strip()
    return name + suffix


def present(payload: Path, artifact: Artifact) -> Path:
    """Return ``payload``, the file of an artifact.

    Raises:
        StudioError: ``NOT_FOUND``: it is missing.
    """
    if not payload.exists():
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"The file of “{artifact.title or artifact.id}” is missing from the library.",
            "Run “studio library verify” to list all missing files.",
        )
    return payload


def copy_as_titled(artifact: Artifact, payload: Path, folder: Path) -> Path:
    """Copy the payload of an artifact into ``folder`` under its title; return the copy.

    Raises:
        StudioError: The folder cannot be written to, or the payload is missing.
    """
    name = file_name(called(artifact), artifact.suffix)
    try:
        return copy_out(present(payload, artifact), folder, name)
    except OSError as error:
        raise disk.explain(error, "export the result", folder) from error


def copy_out(source: Path, folder: Path, name: str) -> Path:
    """Copy ``source`` into ``folder`` as ``name`` (or ``name (2)``, …); return the copy.

    Raises:
        OSError: The folder cannot be written; nothing was left in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{name}.{os.getpid()}.part"
    try:
        with open_regular(source) as read, part.open("wb") as write:
            shutil.copyfileobj(read, write, 1 << 20)
            write.flush()
            disk.sync_file(write.fileno())
        target = take_name(part, folder, name)
    except BaseException:
        disk.remove(part)
        raise
    disk.sync_folder(folder)
    return target


def take_name(part: Path, folder: Path, name: str) -> Path:
    """Give ``part`` the first free name of ``name``, ``name (2)``, …; return it.

    Atomic where the file system has links.
    """
    stem, dot, suffix = name.rpartition(".")
    number = 1
    while True:
        target = folder / (name if number == 1 else f"{stem} ({number}){dot}{suffix}")
        number += 1
        try:
            os.link(part, target)
        except FileExistsError:
            continue
        except OSError:  # no links here (FAT): a small race is left
            if target.exists():
                continue
            os.replace(part, target)
            return target
        part.unlink()
        return target
