"""Adds weights of the user's own: checked first, then left where they are or copied. Loads none."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from studio.base import disk
from studio.models import recognition
from studio.models.download.wheel_assembly import SPARE_BYTES
from studio.models.external import ExternalWeights
from studio.models.families import of_family
from studio.models.header_check import HeaderCheck, check_header
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.files.private_folder import PrivateFolder
from studio.protocol.regular_file import open_regular
from studio.protocol.weights_files import files_of, name_of, parts_of

_COPIES = ".copies"
"""Folder among the weights in which copies are made; nobody looks for weights there."""
BLOCK = 4 * 1024 * 1024
Progress = Callable[[int, int], None]
"""Takes bytes done and in all; may raise to stop."""


@dataclass(frozen=True)
class Added:
    """The result of adding weights.

    Attributes:
        path: Where the weights are now; a folder of several models is watched from now on.
        header: Their header; None for such a folder.
    """

    path: Path
    header: HeaderCheck | None


def add(
    path: Path,
    external: ExternalWeights,
    folder: Path,
    *,
    copy: bool = False,
    on_progress: Progress = lambda done, total: None,
) -> Added:
    """Check what lies at ``path``, then remember it, or copy it into ``folder``.

    A folder that is no model itself but holds some is watched.

    Raises:
        StudioError: It is missing, no weights, broken, or the disk refuses. Nothing is added then.
    """
    path = _there(path)
    if path.is_dir() and recognition.at(path) is None:
        return Added(_watched(path, external), None)
    own = of_family(path, external.families())  # of a plugin: its loader looks closer
    seen = HeaderCheck(own.format, own.title, bytes=own.bytes) if own else check_header(path)
    path = parts_of(path)[0]
    if path.is_relative_to(folder):
        return Added(path, seen)  # it is here already
    if copy:
        return Added(_copied(path, folder, on_progress), seen)
    external.add(path)
    return Added(path, seen)


def _there(path: Path) -> Path:
    path = Path(os.path.normpath(Path(path).expanduser().absolute()))
    try:
        path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        is_loop = isinstance(error, RuntimeError) or "symbolic" in str(error)
        what = "is a link that points to itself" if is_loop else "does not exist or cannot be read"
        raise StudioError(ErrorCode.NOT_FOUND, f"{path} {what}.", "Check the path.") from error
    return path


def _watched(path: Path, external: ExternalWeights) -> Path:
    if next(recognition.recognise(path), None) is None:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"No model was found in {path}.",
            "Choose a .gguf or .safetensors file, or a folder with config.json and model files.",
        )
    return external.watch(path)


def _copied(path: Path, folder: Path, on_progress: Progress) -> Path:
    files = files_of(path)
    is_one = not path.is_dir() and len(files) == 1
    # Several files come into a folder of their own, which appears whole or not at all.
    target = folder / (path.name if is_one or path.is_dir() else name_of(path))
    root = path if path.is_dir() else path.parent
    if target.exists():
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"{folder} already contains {target.name}.",
            "Rename one of them, then try again.",
        )
    own: PrivateFolder | None = None
    try:
        own = PrivateFolder("copy", disk.make_folder(folder / _COPIES))  # those of killed ones go
        part = own.path / target.name
        total = sum(file.stat().st_size for file in files)
        if (free := disk.free_bytes(folder)) < total + SPARE_BYTES:
            raise StudioError(
                ErrorCode.DISK_FULL,
                f"{path.name} is {disk.as_size(total)}, but the disk with {folder} has only "
                f"{disk.as_size(free)} free.",
                "Free up disk space, or add the model without copying it.",
            )
        done = 0
        for file in files:
            into = part if is_one else part / file.relative_to(root)
            disk.make_folder(into.parent)
            with open_regular(file) as source, into.open("wb") as sink:
                while block := source.read(BLOCK):
                    on_progress(done, total)
                    sink.write(block)
                    done += len(block)
                sink.flush()
                disk.sync_file(sink.fileno())
        on_progress(total, total)
        os.replace(part, target)
        disk.sync_folder(folder)
    except OSError as error:
        raise disk.explain(error, f"copy {path.name}", folder) from error
    finally:
        if own is not None:
            own.close()
        with suppress(OSError):  # another copy is under way
            (folder / _COPIES).rmdir()
    return target if is_one or path.is_dir() else target / path.name
