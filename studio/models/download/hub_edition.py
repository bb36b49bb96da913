"""Fetches one edition of a repository of the hub, whole or not at all, and describes it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from studio.base import disk
from studio.models import pickle_conversion, recognition
from studio.models.download.https import Line
from studio.models.download.hub import Edition, Repository
from studio.models.download.wheel_assembly import SPARE_BYTES, alone
from studio.models.header_check import HeaderCheck, check_header
from studio.models.sidecar import UNFINISHED, write_sidecar
from studio.models.weights import slug
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.weights_files import digest_of_all

Progress = Callable[[int, int], None]
"""Takes bytes done and in all; may raise to stop."""


@dataclass(frozen=True)
class Order:
    """A download order.

    Attributes:
        convert: A pickle is turned into safetensors as soon as it is here, in a sandbox.
    """

    repository: Repository
    edition: Edition
    convert: bool = False

    @property
    def id(self) -> str:
        """Id of the weights it will be."""
        name = self.edition.target
        return slug(name if self.edition.is_folder else Path(name).stem)

    @property
    def title(self) -> str:
        """The title to display."""
        if self.edition.name == "folder":
            return self.repository.address.name
        target = self.edition.target
        return target if self.edition.is_folder else Path(target).stem

    def bytes_here(self, folder: Path) -> int:
        """Return how much of it an earlier try has left in ``folder``."""
        part = folder / (self.edition.target + UNFINISHED)
        files = [part] if part.is_file() else part.rglob("*")
        return sum(file.stat().st_size for file in files if file.is_file())


def fetch(
    order: Order, line: Line, folder: Path, on_progress: Progress = lambda done, total: None
) -> Path:
    """Fetch the order into ``folder``; return its file or folder.

    Whatever ends this, the next call goes on from what is here.

    Raises:
        StudioError: It is a pickle that nobody asked to convert; the disk is too small; it cannot
            be had, is not what the hub lists, or is no weights.
    """
    _check_kind(order)
    target = folder / order.edition.target
    try:
        disk.make_folder(folder)
        with alone(target):
            _check_place(order, folder)
            part = target.with_name(target.name + UNFINISHED)
            digest = _fetch_all(order, line, part, on_progress)
            if order.edition.format == "pickle":
                return _converted(order, part, folder)
            return _accept(order, part, target, digest)
    except OSError as error:
        raise disk.explain(error, f"download {order.title}", folder) from error


def _check_kind(order: Order) -> None:
    if order.edition.format == "pickle" and not order.convert:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"{order.edition.name} is a pickle file, a format that can run code when opened.",
            "Prefer a safetensors or GGUF version. To convert this one in a sandbox after the "
            "download, use `--convert`.",
        )

    if missing := order.edition.missing:
        raise StudioError(
            ErrorCode.BAD_WEIGHTS,
            f"{order.title} is incomplete on Hugging Face: {missing} is missing.",
            "Choose another version, or tell its author.",
        )


def _check_place(order: Order, folder: Path) -> None:
    target = folder / order.edition.target
    if target.exists():
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"{folder} already contains {target.name}.",
            "Remove or rename it, then try again.",
        )
    times = 2 if order.edition.format == "pickle" else 1
    needed = times * order.edition.bytes - order.bytes_here(folder) + SPARE_BYTES
    if (free := disk.free_bytes(folder)) < needed:
        raise StudioError(
            ErrorCode.DISK_FULL,
            f"{order.title} needs {disk.as_size(needed)} more, but the disk with {folder} has "
            f"only {disk.as_size(free)} free.",
            "Free up disk space, then try again.",
        )


def _fetch_all(order: Order, line: Line, part: Path, on_progress: Progress) -> str:
    """Fetch each file; return the digest of the whole, as ``verify`` computes it."""
    files, total, before = order.edition.files, order.edition.bytes, 0
    is_one = not order.edition.is_folder
    digests: dict[Path, str] = {}
    for file in files:

        def moved(done: int, start: int = before) -> None:
            on_progress(start + done, total)

        moved(0)
        name = file.name if order.edition.name == "folder" else file.name.rpartition("/")[2]
        into = part if is_one else part / (name + UNFINISHED)
        whole = part if is_one else part / name
        disk.make_folder(into.parent)
        if whole is not into and whole.exists():
            os.replace(whole, into)  # of an earlier try: its digest is looked at again
        digests[part / name] = line.fetch(order.repository.path(file), into, file.wanted, moved)
        if whole is not into:
            os.replace(into, whole)
        before += file.wanted.bytes
    on_progress(total, total)
    return digest_of_all(_weights(order, part), digests)


def _weights(order: Order, target: Path) -> Path:
    """Return the path to load for ``target``: itself, or the first of several files in it."""
    is_split = order.edition.is_folder and order.edition.name != "folder"
    return target / order.edition.name.rpartition("/")[2] if is_split else target


def _accept(order: Order, part: Path, target: Path, digest: str) -> Path:
    try:
        seen = check_header(_weights(order, _named(part, target)))
    except StudioError:
        _discard(target)
        raise
    try:
        _describe(order, target, seen, digest)
    except OSError:
        os.replace(target, part)
        raise
    disk.sync_folder(target.parent)
    return _weights(order, target)


def _named(part: Path, target: Path) -> Path:
    """Rename the file to its final name: its suffix determines how it is read."""
    os.replace(part, target)
    return target


def _converted(order: Order, part: Path, folder: Path) -> Path:
    pickle = part.with_name(f".{order.edition.target}")
    os.replace(part, pickle)
    try:
        converted = pickle_conversion.convert(pickle, folder, name=order.edition.target)
        seen = check_header(converted)
        _describe(order, converted, seen, "")
    finally:
        _discard(pickle)
    return converted


def _describe(order: Order, target: Path, seen: HeaderCheck, digest: str) -> None:
    weights = _weights(order, target)
    row = recognition.at(weights)
    write_sidecar(
        target.parent / f"{order.id}.toml",
        {
            "id": order.id,
            "title": order.title,
            "file": weights.relative_to(target.parent).as_posix(),
            "format": seen.format,
            "capabilities": row.capabilities if row else (),
            "licence": order.repository.licence or seen.licence,
            "context": seen.context,
            "quantization": seen.quantization,
            **({"bytes": recognition.size_of(weights)} if weights.is_file() else {}),
            "sha256": digest,
            "source": {
                "hub": order.repository.address.repository,
                "revision": order.repository.commit,
                "file": order.edition.name,
            },
        },
    )


def _discard(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        disk.remove(path)
