"""Copies weights to a machine: only missing ones, resuming an earlier try.

On the owner's thread, but for the reading and sending, which a thread of its own does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.base import disk
from studio.base.background import Post, in_words
from studio.machines.wire.messages import (
    OfferWeights,
    WeightsFile,
    WeightsPiece,
    WeightsWanted,
)
from studio.models.weights import Weights
from studio.protocol.errors import StudioError
from studio.protocol.messages import Message
from studio.protocol.regular_file import open_regular
from studio.protocol.weights_files import files_of

PIECE = 1024**2
"""Bytes that are read and sent at a time."""
AHEAD = 32 * 1024**2
"""Bytes that may be under way: what was sent is not yet there."""


@dataclass
class _Copy:
    row: Weights
    offer: OfferWeights
    files: list[Path]
    waiting: list[tuple[Callable[[], None], Callable[[StudioError], None], Callable[[str], None]]]
    there: int = 0
    has_begun: bool = False
    is_over: bool = False
    progress: threading.Condition = field(default_factory=threading.Condition)


class WeightsCopies:
    """The running copies to one machine.

    Args:
        send: Sends a message with its blobs; may block; from any thread.
    """

    def __init__(self, machine: str, send: Callable[[Message, Any], None], post: Post) -> None:
        self._machine, self._send, self._post = machine, send, post
        self._copies: dict[str, _Copy] = {}

    def copy(
        self,
        row: Weights,
        digest: str,
        then: Callable[[], None],
        failed: Callable[[StudioError], None],
        says: Callable[[str], None],
    ) -> None:
        """Copy weights, then call ``then``; report progress to ``says``."""
        if row.id in self._copies:
            self._copies[row.id].waiting.append((then, failed, says))
            return
        try:
            files = files_of(row.path)
            root = row.path if row.path.is_dir() else row.path.parent
            described = tuple(
                WeightsFile(file.relative_to(root).as_posix(), file.stat().st_size)
                for file in files
            )
            offer = OfferWeights(
                row.id, row.path.name, digest, described, _description(row), row.path.is_dir()
            )
        except OSError as error:
            failed(disk.explain(error, "read the model", row.path))
            return
        self._copies[row.id] = _Copy(row, offer, files, [(then, failed, says)])
        says(f"copying {row.title} to {self._machine}")
        self._send(offer, ())

    def heard(self, message: WeightsWanted) -> None:
        """Take in how much of some weights the machine has."""
        copy = self._copies.get(message.id)
        if copy is None:
            return
        if message.error is not None:
            self._end(copy, StudioError.from_info(message.error))
            return
        if message.is_done:
            self._end(copy, None)
            return
        with copy.progress:
            copy.there = sum(message.have)
            copy.progress.notify_all()
        total = sum(file.bytes for file in copy.offer.files) or 1
        for _, _, says in copy.waiting:
            says(
                f"copying {copy.row.title} to {self._machine}: {copy.there / total:.0%} of "
                f"{disk.as_size(total)}"
            )
        if not copy.has_begun:
            copy.has_begun = True
            threading.Thread(
                target=self._stream, args=(copy, message.have), name="studio-copy", daemon=True
            ).start()

    def lose(self, error: StudioError) -> None:
        """Abort all copies: the machine is gone. Its partial files serve the next try."""
        for copy in list(self._copies.values()):
            self._end(copy, error)

    def _end(self, copy: _Copy, error: StudioError | None) -> None:
        self._copies.pop(copy.offer.id, None)
        with copy.progress:
            copy.is_over = True
            copy.progress.notify_all()
        for then, failed, _ in copy.waiting:
            if error is None:
                then()
            else:
                failed(error)

    def _stream(self, copy: _Copy, have: tuple[int, ...]) -> None:
        """Read and send the missing parts, at most ``AHEAD`` bytes before the receipts."""
        sent = sum(have)
        try:
            for number, (path, at) in enumerate(zip(copy.files, have, strict=True)):
                with open_regular(path) as file:
                    file.seek(at)
                    while data := file.read(PIECE):
                        with copy.progress:
                            copy.progress.wait_for(
                                lambda: copy.is_over or sent - copy.there < AHEAD  # noqa: B023
                            )
                        if copy.is_over:
                            return
                        self._send(WeightsPiece(copy.offer.id, number, at), [data])
                        at += len(data)
                        sent += len(data)
        except (OSError, StudioError) as error:
            failure = in_words(error)
            self._post(lambda: self._end(copy, failure))


def _description(row: Weights) -> dict[str, Any]:
    """Return the sidecar of the copy."""
    return {
        "id": row.id,
        "title": row.title,
        "format": row.format,
        "family": row.family,
        "capabilities": row.capabilities,
        "languages": row.languages,
        "parameters": row.parameters,
        "context": row.context,
        "quantization": row.quantization,
        "licence": row.licence,
        "caution": row.caution,
        "source": {"from": "copied from another of your machines"},
        "recommended": dict(row.recommended),
    }
