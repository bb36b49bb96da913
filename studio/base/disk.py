"""Writing that survives a power cut, and a disk's refusals in words. Knows no format."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import UnsuitableFile

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_DENIED = {errno.EACCES, errno.EPERM}
_SHOWN = 100
"""Characters of a name that is too long."""
_FICLONE = 0x40049409
"""From ``linux/fs.h``; btrfs, XFS and bcachefs know it."""


def sync_file(fd: int) -> None:
    """Wait until the bytes of ``fd`` are on the disk itself, not in a cache of it."""
    try:
        import fcntl

        full_sync: int | None = getattr(
            fcntl, "F_FULLFSYNC", None
        )  # macOS: fsync stops at the drive
    except ImportError:
        full_sync = None
    if full_sync is None:
        os.fsync(fd)
    else:
        fcntl.fcntl(fd, full_sync)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` survive a power cut. Windows does so by itself."""
    if os.name == "nt":
        return
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_folder(folder: Path) -> Path:
    """Create ``folder`` and its parents, private to the user, durably; return it."""
    if folder.is_dir():
        return folder
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    with suppress(PermissionError):  # a parent may be written to and not be looked into
        sync_folder(folder.parent)
    return folder


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Write every byte: one ``write`` may take fewer than it was given."""
    view = memoryview(data).cast("B")
    while view:
        view = view[os.write(fd, view) :]


def write_part(part: Path, data: bytes) -> None:
    """Create ``part`` with ``data`` on the disk; nothing is left of it when that fails."""
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        try:
            write_all(fd, data)
            sync_file(fd)
        finally:
            os.close(fd)
    except OSError:
        remove(part)
        raise


def write_durably(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data``: whenever the power goes, the old or the new is there, whole.

    Raises:
        OSError: The disk refused; the old content is untouched.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    write_part(part, data)
    try:
        os.replace(part, path)
    except OSError:
        remove(part)
        raise
    sync_folder(path.parent)


def remove(path: Path) -> bool:
    """Delete a file that may be left behind; return whether it is gone."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def clone(source: int, target: int) -> bool:
    """Let ``target`` have the blocks of ``source`` until either is written to; where disks can.

    Returns:
        Whether it has them; else nothing was done.
    """
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return False
    return True


def forget_cached(fd: int) -> None:
    """Drop what memory has of a synced file, so that the next read asks the disk."""
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)


def set_aside(path: Path, make_name: Callable[[int], str]) -> Path | None:
    """Rename a broken file to the first free ``make_name(n)``; None when that cannot be."""
    number = 1
    while (target := path.with_name(make_name(number))).exists():
        number += 1
    try:
        os.replace(path, target)
    except OSError:
        return None
    return target


def free_bytes(folder: Path) -> int:
    """Return the bytes a user may still write beside ``folder``."""
    return shutil.disk_usage(folder).free


def writable(folder: Path) -> bool:
    """Whether files can be made in ``folder``; tried, since mode bits do not tell of the mount."""
    probe = folder / f".probe-{os.getpid()}"
    try:
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT, 0o600))
        probe.unlink()
    except OSError as error:
        return error.errno in _FULL  # full is not read-only: deleting still works
    return True


def as_size(size: float) -> str:
    """Return a size as people read it: ``12.6 MB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def about_path(error: BaseException) -> StudioError | None:
    """Return the sentence for a path that nothing could be read at; None for any other error."""
    is_path = isinstance(error, UnsuitableFile) or (
        isinstance(error, OSError) and error.errno in (errno.ENAMETOOLONG, errno.ELOOP)
    )
    if not is_path or not isinstance(error, OSError) or not error.filename:
        return None
    return explain(error, "read the file", Path(os.fsdecode(error.filename)))


def explain(error: OSError, doing: str, path: Path) -> StudioError:
    """Return the sentence for a disk's refusal.

    Args:
        doing: What was tried, as it follows "Could not": ``save the picture``.
    """
    details = f"{type(error).__name__}: {error}"
    if isinstance(error, UnsuitableFile):
        return StudioError(
            ErrorCode.BAD_INPUT, f"Could not {doing}: {path}: {error.strerror}.", "", details
        )
    if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
        what = "its name is too long" if error.errno == errno.ENAMETOOLONG else "it leads nowhere"
        named = f"{str(path)[:_SHOWN]}…" if len(str(path)) > _SHOWN else path
        return StudioError(ErrorCode.BAD_INPUT, f"Could not {doing}: {named}: {what}.", "", details)
    if error.errno in _FULL:
        return StudioError(
            ErrorCode.DISK_FULL,
            f"Could not {doing}: the disk with {path} is full.",
            "Free up disk space or empty the bin, then try again.",
            details,
        )
    if error.errno == errno.EROFS:
        return StudioError(
            ErrorCode.READ_ONLY,
            f"Could not {doing}: the disk with {path} is read-only.",
            "Make it writable, or choose another folder with STUDIO_HOME.",
            details,
        )
    if error.errno in _DENIED:
        return StudioError(
            ErrorCode.PERMISSION,
            f"Could not {doing}: you do not have permission to write to {path}.",
            "Change the permissions of that folder, or choose another one with STUDIO_HOME.",
            details,
        )
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return StudioError(
            ErrorCode.BAD_INPUT,
            f"Could not {doing}: a file is in the way of the folder {path}.",
            "Move that file, or choose another folder.",
            details,
        )
    if error.errno == errno.ENOENT:
        return StudioError(
            ErrorCode.NOT_FOUND, f"Could not {doing}: {path} does not exist.", "", details
        )
    reason = error.strerror or type(error).__name__
    return StudioError(
        ErrorCode.INTERNAL,
        f"Could not {doing}: the disk with {path} reported “{reason}”.",
        "Check the disk and its connection, then try again.",
        details,
    )
