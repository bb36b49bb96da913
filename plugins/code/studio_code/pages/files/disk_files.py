"""Reading and writing inside one folder: atomic, and never out of it. Blocks: not for the window.

No link is followed out of the folder; a name is a place inside it or refused.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path, PurePosixPath

from studio.api import BadInput, ErrorCode, StudioError
from studio_code.pages.files.text_format import LARGEST, TextFile, decode, digest, too_large

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_NEW_MODE = 0o666


def place(root: Path, path: str) -> Path:
    """Return where ``path`` (relative, with slashes) lies on the disk.

    Raises:
        StudioError: It leads out of ``root``, by its words or by a link.
    """
    pure = PurePosixPath(path)
    inside = bool(pure.parts) and not pure.is_absolute() and ".." not in pure.parts
    whole = root.joinpath(*pure.parts)
    if inside and os.name == "nt":
        inside = not any(":" in part or "\\" in part for part in pure.parts)
    if not inside or not _resolved(whole).is_relative_to(_resolved(root)):
        raise StudioError(
            ErrorCode.PERMISSION,
            f"{path} lies outside the open folder, so it is left alone.",
            "Open the folder it lies in.",
        )
    return whole


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:  # a link that leads to itself
        raise BadInput(f"{path.name} is a link that leads nowhere.", "Remove the link.") from error


def read(path: Path) -> TextFile:
    """Return the text of a file, and whether it may be changed.

    Raises:
        StudioError: It is gone, no file, too large, or no text.
    """
    data = read_bytes(path)
    content = decode(data, path.name)
    if not content.locked and not os.access(path, os.W_OK):
        words = f"{path.name} is write-protected, so it can be read here but not changed."
        content = TextFile(content.text, content.format, content.digest, words)
    return content


def read_bytes(path: Path) -> bytes:
    """Return a file's content, at most ``LARGEST`` bytes.

    Raises:
        StudioError: It is gone, no file, or too large.
    """
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(fd, "rb") as file:
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode):
                raise BadInput(f"{path.name} is not a regular file, so it cannot be opened.")
            if info.st_size > LARGEST:
                raise too_large(path.name, info.st_size)
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise explain(error, "open", path.name) from error
    if len(data) > LARGEST:
        raise too_large(path.name, len(data))
    return data


def write(path: Path, data: bytes) -> None:
    """Replace a file's content: after a crash the old or the new is there, whole; its mode stays.

    Raises:
        StudioError: The disk refuses; the file is as it was.
    """
    target = path.resolve() if path.is_symlink() else path  # inside: ``place`` has seen to that
    part = target.with_name(f".{target.name[:40]}-{secrets.token_hex(4)}.part")
    try:
        _write_part(part, data, _mode(target))
        os.replace(part, target)
        _sync_folder(target.parent)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise explain(error, "save", path.name) from error


def remove(path: Path, expected: str) -> None:
    """Remove a file whose content has the digest ``expected``.

    Raises:
        StudioError: It holds something else, or the disk refuses; it is still there.
    """
    if digest(read_bytes(path)) != expected:
        raise BadInput(f"{path.name} was changed since, so it is not removed.")
    try:
        path.unlink()
        _sync_folder(path.parent)
    except OSError as error:
        raise explain(error, "remove", path.name) from error


def make_folders(root: Path, folder: Path) -> None:
    """Make the folders between ``root``, which is there, and ``folder``.

    Raises:
        StudioError: The disk refuses, or ``root`` has gone.
    """
    if not root.is_dir():
        return  # what is written into it says so
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, "make", folder.name) from error


def _write_part(part: Path, data: bytes, mode: int | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(part, flags, _NEW_MODE), "wb") as file:
        file.write(data)
        file.flush()
        if mode is not None and hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())


def explain(error: OSError, deed: str, name: str) -> StudioError:
    """Return a refusal of the disk in words; ``deed`` as in "save"."""
    if error.errno in _FULL:
        return StudioError(
            ErrorCode.DISK_FULL,
            f"The disk is full, so {name} could not be {_done(deed)}.",
            "Free some space and try again; your text is still here.",
        )
    if error.errno in _DENIED:
        return StudioError(
            ErrorCode.READ_ONLY,
            f"The system does not allow the studio to {deed} {name}.",
            "Change the rights of the file or its folder, or save it under another name.",
        )
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return StudioError(
            ErrorCode.NOT_FOUND,
            f"{name} is not there any more, or its folder is gone.",
            "Look at it with your file manager; a text that is open here stays open.",
        )
    return BadInput(f"{name} could not be {_done(deed)}: {error.strerror or error}.")


def _done(deed: str) -> str:
    return {"save": "saved", "open": "opened", "make": "made"}.get(deed, f"{deed}d")


def _mode(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
