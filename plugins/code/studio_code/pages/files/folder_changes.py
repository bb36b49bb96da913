"""Making, renaming and binning files of the folder; overwrites nothing. Not for the window."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QFile

from studio.api import BadInput, ErrorCode, StudioError
from studio_code.pages.files.disk_files import explain, place

_BAD = set('/\\:*?"<>|\0')


def checked_name(name: str) -> str:
    """Return a name for a file as it can be.

    Raises:
        StudioError: No file can be called so.
    """
    name = name.strip()
    if not name or name in (".", "..") or _BAD & set(name) or len(name.encode()) > 200:
        raise BadInput(
            f"“{name}” cannot be the name of a file.",
            'Use a short name without / \\ : * ? " < > and |.',
        )
    return name


def make(root: Path, folder: str, name: str, *, is_folder: bool) -> str:
    """Make an empty file or a folder and return its path; ``name`` may name folders on the way.

    Raises:
        StudioError: It is there already, or the disk refuses.
    """
    parts = [checked_name(part) for part in name.replace("\\", "/").strip("/").split("/")]
    path = "/".join(filter(None, [folder, *parts]))
    where = place(root, path)
    try:
        if is_folder:
            where.mkdir(parents=True)
        else:
            where.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(where, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    except FileExistsError as error:
        raise BadInput(f"There is {path} already.", "Choose another name.") from error
    except OSError as error:
        raise explain(error, "make", path) from error
    return path


def rename(root: Path, path: str, name: str) -> str:
    """Call a file or a folder otherwise, within its folder, and return its new path.

    Raises:
        StudioError: That name is taken, or the disk refuses.
    """
    where = place(root, path)
    parent = path.rpartition("/")[0]
    changed = "/".join(filter(None, [parent, checked_name(name)]))
    target = place(root, changed)
    same = target.exists() and where.exists() and target.samefile(where)  # only its case differs
    if target.exists() and not same:
        raise BadInput(f"There is {changed} already.", "Choose another name.")
    try:
        where.rename(target)
    except OSError as error:
        raise explain(error, "rename", path) from error
    return changed


def to_trash(root: Path, path: str) -> Path:
    """Move a file or a folder to the system's trash and return where it lies there.

    Raises:
        StudioError: There is no trash for this disk; nothing was moved.
    """
    where = place(root, path)
    file = QFile(str(where))
    if not os.path.lexists(where):
        raise BadInput(f"{path} is not there any more.")
    if not file.moveToTrash():
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"{path} was not deleted: the system has no trash for this disk.",
            "Delete it with your file manager.",
        )
    return Path(file.fileName())


def from_trash(root: Path, path: str, binned: Path) -> None:
    """Put back what ``to_trash`` moved.

    Raises:
        StudioError: It is no longer there, or its place is taken.
    """
    where = place(root, path)
    if where.exists():
        raise BadInput(f"There is {path} again already.", "It is still in the system's trash.")
    try:
        where.parent.mkdir(parents=True, exist_ok=True)
        os.replace(binned, where)
    except OSError as error:
        raise explain(error, "restore", path) from error
    info = binned.parent.parent / "info" / f"{binned.name}.trashinfo"
    if binned.parent.name == "files":
        info.unlink(missing_ok=True)  # the trash of the desktop would list it still
