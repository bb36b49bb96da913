"""The link of a runtime on another machine: the same messages, over a session. Dials nothing."""

from __future__ import annotations

import itertools
import os
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from studio.api.params import FieldKind
from studio.machines.wire.messages import label
from studio.machines.wire.parcels import MOST_FILES, Parcel, inside_of
from studio.machines.wire.session import Session
from studio.plugins import PluginHost
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.frames import MAX_BODY, Frame, encode_body
from studio.protocol.link import Link, LinkClosed
from studio.protocol.messages import (
    CallEnded,
    Finished,
    LibraryFound,
    Report,
    Request,
    Submit,
)
from studio.protocol.states import JobState

INBOX = 64
"""Parcels that wait for whoever reads; the rest waits on the other machine."""
_CARRIERS = {carrier.__name__: carrier for carrier in (Submit, CallEnded, LibraryFound)}
"""Messages that name files here, which have to come along."""
PickedFiles = Callable[[Submit], list[Path]]
"""Returns the files that the parameters of a job name, and that the user picked for it."""


class SessionLink(Link):
    """A link without pipes of its own."""

    def __init__(self, session: Session, picked: PickedFiles) -> None:
        super().__init__(_Nothing(), _Nothing(), Report)
        self._session = session
        self._picked = picked
        self._inbox: queue.Queue[Parcel | None] = queue.Queue(INBOX)
        self._over = threading.Event()

    def take(self, parcel: Parcel) -> None:
        """Hand a message to whoever receives, who may be slow."""
        while not self._over.is_set():
            try:
                self._inbox.put(parcel, timeout=0.2)
                return
            except queue.Full:
                continue

    def end(self) -> None:
        """Signal the end of the stream to the receiver, behind the queued messages."""
        while True:
            try:
                self._inbox.put(None, timeout=0.2)
                return
            except queue.Full:
                if self._over.is_set():
                    return

    def send_body(self, body: bytes, blobs: Sequence[Any] = ()) -> None:
        """Send a message with the files that it names.

        A job whose files cannot be sent has failed, as if the machine had said so.
        """
        if self._session.is_closed or self._over.is_set():
            raise LinkClosed("the connection was closed")
        header = label(body)
        files: list[Path] = []
        try:
            if header.type in _CARRIERS:
                body, files = self._packed(body)
            self._session.send(header.job, body, blobs, files)
        except OSError as error:
            what = f"{error.filename} cannot be read: {error.strerror}."
            self._failed(header.job, StudioError(ErrorCode.NOT_FOUND, what, "Choose it again."))
        except StudioError as error:
            self._failed(header.job, error)

    def finish(self) -> None:
        """Say no more. The session ends with the runtime there."""

    def close(self) -> None:
        """Hang up."""
        self._over.set()

    def _failed(self, job: str, error: StudioError) -> None:
        self.take(Parcel(encode_body(Finished(job, JobState.FAILED, error=error.info()))))

    def _packed(self, body: bytes) -> tuple[bytes, list[Path]]:
        message = msgspec.msgpack.decode(body, type=Request)
        match message:
            case Submit():
                files = self._picked(message)
                if message.checkpoint:  # a folder of this machine; nothing is kept on that one
                    body = msgspec.msgpack.encode(msgspec.structs.replace(message, checkpoint=""))
            case CallEnded():
                files = [Path(file) for file in message.files if file]
            case LibraryFound():
                files = [Path(row.path) for row in message.rows if row.path]
            case _:
                files = []
        return body, [file for file in dict.fromkeys(files) if file.exists()]

    def _next_frame(self, timeout: float | None) -> Frame | None:
        try:
            parcel = self._inbox.get(timeout=timeout)
        except queue.Empty:
            return None
        if parcel is None:
            self._inbox.put(None)
            raise LinkClosed("the connection has ended")
        return Frame(bytearray(parcel.body), tuple(parcel.blobs))


class _Nothing:
    def readinto(self, buffer: Any, /) -> int | None:
        return 0

    def write(self, data: Any, /) -> int | None:
        raise BrokenPipeError

    def close(self) -> None:
        pass


def picked_files(plugins: PluginHost, message: Submit) -> list[Path]:
    """Return the files and folders that the parameters of a job name, one each or several.

    Raises:
        StudioError: One is not here, or a folder cannot be sent.
    """
    paths: list[Path] = []
    for field in plugins.params_class(message.task).fields():
        value = message.params.get(field.name)
        is_list = field.kind is FieldKind.LIST and field.file.suffixes
        if field.name in message.files:
            paths.append(Path(str(value)))
        elif is_list:
            paths += [Path(str(item)) for item in value or ()]
    return checked(paths)


def checked(paths: list[Path]) -> list[Path]:
    """Return files and folders of this computer, all of which can be sent.

    Raises:
        StudioError: One is not here, or a folder cannot be sent.
    """
    for path in paths:
        if path.is_dir():
            _check_folder(path)
        elif not path.exists():
            raise StudioError(
                ErrorCode.NOT_FOUND, f"There is no {path} on this computer.", "Choose it again."
            )
    return paths


def _check_folder(folder: Path) -> None:
    """Refuse a job folder that is not sent: its contents would not be returned.

    Raises:
        StudioError: ``UNSUPPORTED``.
    """
    names = list(itertools.islice(inside_of(folder), MOST_FILES + 1))
    if not names:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"The folder {folder.name} is empty, and another machine cannot write into it.",
            "Run this job here.",
        )
    length = sum(len(os.fsencode(folder / name)) for name in names)
    if len(names) > MOST_FILES or length > MAX_BODY // 2:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"The folder {folder.name} has more files than are sent to another machine: "
            f"{MOST_FILES:,} at most.",
            "Run this job here, or choose a part of the folder.",
        )
