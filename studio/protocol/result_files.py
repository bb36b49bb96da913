"""Files of results on their way from the runtime to the studio, through a folder that both know.

A file is moved and never read, whatever its size; the link names it by random digits, not by a
path that the other side chose.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
from pathlib import Path

from studio.protocol.errors import ErrorCode, StudioError

_NAME = re.compile(r"[0-9a-f]{32}")


def put(path: Path, inside: Path | None, folder: Path) -> tuple[str, int]:
    """Move a file out of the folder ``inside`` of its job; return its name and its bytes.

    Raises:
        StudioError: ``PLUGIN_FAILED``: it is no plain file in there.
        OSError: The disk refused.
    """
    real = path.parent.resolve() / path.name
    if inside is None or not real.is_relative_to(inside.resolve()):
        raise _misplaced(path, "is not in the folder of its job")
    try:
        facts = real.lstat()
    except OSError as error:
        raise _misplaced(path, "is not there") from error
    if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1:
        raise _misplaced(path, "is not a plain file")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = secrets.token_hex(16)
    try:
        os.replace(real, folder / name)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copyfile(real, folder / name)  # in pieces; the job's folder is emptied anyway
    return name, facts.st_size


def found(name: str, length: int, folder: Path) -> Path:
    """Return the file that the runtime has put into ``folder``.

    Raises:
        StudioError: ``PROTOCOL``: no such name, no plain file of ours, or of another length.
    """
    path = folder / name
    if not _NAME.fullmatch(name):
        raise _violation("a file of a result has an impossible name")
    try:
        facts = path.lstat()
    except OSError as error:
        raise _violation("the file of a result is not there") from error
    ours = os.name == "nt" or facts.st_uid == os.getuid()
    if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1 or not ours:
        raise _violation("the file of a result is not a plain file")
    if facts.st_size != length:
        raise _violation("the file of a result has another length than it should")
    return path


def _misplaced(path: Path, why: str) -> StudioError:
    return StudioError(
        ErrorCode.PLUGIN_FAILED,
        f"The plugin made an error: the file “{path.name}” of its result {why}.",
        "Write it to ctx.scratch, close it, then yield it.",
    )


def _violation(what: str) -> StudioError:
    return StudioError(
        ErrorCode.PROTOCOL, f"A result cannot be saved: {what}.", "Run the job again."
    )
