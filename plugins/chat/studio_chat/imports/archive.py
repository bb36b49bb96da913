"""An exported file, or the ZIP it came in, as bytes: bounded, nothing unpacked on the disk."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

from studio.api import BadInput, open_regular
from studio.api.window.language import tr

MAX_BYTES = 512 << 20
"""Of conversations, once unpacked: years of daily use are a fifth of it."""
MAX_FILES = 20_000
SUFFIXES = (".json", ".zip")
_CHUNK = 1 << 20

Check = Callable[[], None]
"""Called now and then; what it raises ends the reading."""


def documents(path: Path, check: Check = lambda: None) -> list[bytes]:
    """Return the JSON documents of an export, in the order of their names.

    Raises:
        BadInput: It cannot be read, is too large, or a ZIP without conversations.
    """
    try:
        with open_regular(path) as file:
            if not zipfile.is_zipfile(file):
                file.seek(0)
                return [_bounded(file, MAX_BYTES, path.name, check)]
            with zipfile.ZipFile(file) as archive:
                return _unpacked(archive, path.name, check)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        words = tr("{name} is a damaged or encrypted ZIP file.").format(name=path.name)
        raise BadInput(words, tr("Export your conversations again.")) from error
    except OSError as error:
        words = tr("{name} cannot be read.").format(name=path.name)
        raise BadInput(words, str(error.strerror or "")) from error


def _unpacked(archive: zipfile.ZipFile, name: str, check: Check) -> list[bytes]:
    members = archive.infolist()
    if len(members) > MAX_FILES:
        raise BadInput(tr("{name} has too many files.").format(name=name), tr("Split the file."))
    wanted = sorted((entry for entry in members if _has_conversations(entry)), key=_by_name)
    if not wanted:
        words = tr("There are no conversations in {name}.").format(name=name)
        raise BadInput(words, tr("Choose the ZIP file or the JSON file that was exported."))
    contents: list[bytes] = []
    for member in wanted:
        room = MAX_BYTES - sum(map(len, contents))
        with archive.open(member) as file:
            contents.append(_bounded(file, room, name, check))
    return contents


def _has_conversations(member: zipfile.ZipInfo) -> bool:
    name = member.filename.rpartition("/")[2].lower()
    return name.endswith(".json") and ("conversation" in name or "chat-export" in name)


def _by_name(member: zipfile.ZipInfo) -> str:
    return member.filename


def _bounded(file: IO[bytes], most: int, name: str, check: Check) -> bytes:
    """Read a member, never more than ``most`` bytes: a header may lie about its size."""
    parts, total = [], 0
    while part := file.read(_CHUNK):
        check()
        total += len(part)
        if total > most:
            words = tr("{name} is too large: it has more than {most} MB of conversations.")
            raise BadInput(words.format(name=name, most=MAX_BYTES >> 20), tr("Split the file."))
        parts.append(part)
    return b"".join(parts)
