"""A slot for one job on a machine of a cluster: a runtime, and a pipe to it made of plain bytes.

It is what an actor of the cluster runs. It was installed there with the studio: what crosses is its
name, never its code. What it is handed and hands out are bytes that are checked on each side.
"""

from __future__ import annotations

import hashlib
import io
import queue
import shutil
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from studio.api.manifest import API_VERSION
from studio.automation.clusters.inventory import Home
from studio.base.child import (
    Launch,
    ProcessChild,
    runtime_command,
    runtime_environment,
)
from studio.base.paths import StudioPaths
from studio.protocol import frames, result_files
from studio.protocol.caches import CACHE_ENV, RESULTS
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.files.private_folder import PrivateFolder
from studio.protocol.link import Link, LinkClosed, Received, handshake
from studio.protocol.messages import (
    PROTOCOL_VERSION,
    BlobSpec,
    Call,
    CallEnded,
    Finished,
    Goodbye,
    Hello,
    JobChanged,
    Keep,
    LibraryFound,
    LibraryQuery,
    Message,
    Produced,
    Progress,
    Report,
    Request,
    Submit,
    TextDelta,
)
from studio.protocol.regular_file import read_result
from studio.protocol.states import JobState

GREETING_SECONDS = 300.0
"""A machine under load takes its time to start a runtime."""
PROGRESS_SECONDS = 1.0
"""How far a job is crosses the network at most so often."""
BATCH_BYTES = 8 << 20
"""So much is handed out at a time; a larger message goes alone."""
_DIGEST = 32
_TOLD = (JobChanged, Progress, TextDelta, Produced, Call, Keep, LibraryQuery, Finished)


class Parcel(msgspec.Struct, frozen=True):
    """A message to the runtime of a slot.

    Attributes:
        body: The message, as ``frames.encode_body`` has it.
        digests: SHA-256 of each blob that comes with it.
        files: A path that the message names → name and place among the blobs of that file.
    """

    body: bytes
    digests: tuple[str, ...] = ()
    files: dict[str, tuple[str, int]] = {}


class Slot:
    """One runtime and its pipe. Any thread may call."""

    def __init__(self, launch: Launch | None = None, home: Home | None = None) -> None:
        """Start a runtime with the plugins and weights of this machine.

        Args:
            launch: Starts it; by default as a child process.
            home: What there is; by default that of this machine's user.

        Raises:
            StudioError: There is no home here, or the runtime does not answer.
            OSError: It cannot be started.
        """
        self._home = home or Home(StudioPaths.default())
        self._scratch = PrivateFolder("slot")
        self._child = (launch or self._launch)()
        hello = Hello(PROTOCOL_VERSION, API_VERSION, {})
        self._versions = handshake(self._child.link, hello, GREETING_SECONDS).versions
        self._child.link.send(self._home.configuration())
        self._out: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._told: dict[str, float] = {}
        threading.Thread(target=self._listen, name="slot", daemon=True).start()

    def inventory(self) -> bytes:
        """Return what there is here, an ``Inventory``."""
        return msgspec.msgpack.encode(self._home.inventory(self._versions))

    def put(self, parcel: bytes, *blobs: bytes) -> None:
        """Hand a ``Parcel`` to the runtime.

        Raises:
            StudioError: What arrived is not what was sent.
        """
        content = msgspec.msgpack.decode(parcel, type=Parcel)
        if [hashlib.sha256(blob).hexdigest() for blob in blobs] != list(content.digests):
            raise _spoilt("what was sent to a machine did not arrive as it was")
        message = msgspec.msgpack.decode(content.body, type=Request)
        own = len(blobs)
        if content.files:
            own = min(at for _, at in content.files.values())
            message = self._with_files(message, content.files, blobs)
        try:
            self._child.link.send(message, blobs[:own])
        except LinkClosed:  # the listener says why
            pass

    def take(self, seconds: float) -> list[bytes]:
        """Wait for and return the runtime's messages, a digest and a frame each.

        Args:
            seconds: Return nothing after so long. The last word is a ``Goodbye`` with the reason.
        """
        frames: list[bytes] = []
        try:
            frames.append(self._out.get(timeout=seconds))
            while sum(map(len, frames)) < BATCH_BYTES:
                frames.append(self._out.get_nowait())
        except queue.Empty:
            pass
        return frames

    def close(self) -> None:
        """End the runtime."""
        self._child.kill()
        self._scratch.close()

    # --- inside -------------------------------------------------------------------------------

    def _launch(self) -> ProcessChild:
        environment = {**runtime_environment(), CACHE_ENV: str(self._home.paths.cache)}
        return ProcessChild(runtime_command(), environment)

    def _listen(self) -> None:
        try:
            while received := self._child.link.receive():
                if isinstance(received.message, _TOLD) and self._is_due(received.message):
                    self._out.put(sealed(*self._whole(received)))
        except LinkClosed:
            reason = ""
        except StudioError as error:
            self._child.kill()
            reason = str(error)
        self._out.put(sealed(Goodbye(reason or self._child.wait().reason)))

    def _is_due(self, message: Message) -> bool:
        if isinstance(message, Finished):
            self._told.pop(message.job, None)
            shutil.rmtree(self._scratch.path / message.job, ignore_errors=True)
        if not isinstance(message, Progress):
            return True
        now, last = time.monotonic(), self._told.get(message.job, 0.0)
        if now - last < PROGRESS_SECONDS:
            return False
        self._told[message.job] = now
        return True

    def _whole(self, received: Received) -> tuple[Message, Sequence[memoryview | bytes]]:
        """Return a message whose result lies in no file of this machine."""
        message = received.message
        if not isinstance(message, Produced) or not message.file:
            return message, received.blobs
        length = message.spec.shape[0]
        path = result_files.found(message.file, length, self._home.paths.cache / RESULTS)
        if length > frames.MAX_INLINE:
            path.unlink()
            what = f"a result of {length / 1e6:,.0f} MB is too large to be sent from a cluster"
            error = _spoilt(what).info()
            return Finished(message.job, JobState.FAILED, error=error), ()
        data = read_result(path)
        path.unlink()
        blobs: list[memoryview | bytes] = [*received.blobs, data]
        spec = BlobSpec("bytes", (length,))
        whole = msgspec.structs.replace(message, file="", blob=len(blobs) - 1, spec=spec)
        return whole, blobs

    def _with_files(
        self, message: Message, files: dict[str, tuple[str, int]], blobs: tuple[bytes, ...]
    ) -> Message:
        """Write the files that a message names here, and return it with the paths they have."""
        places: dict[str, str] = {}
        for path, (name, at) in files.items():
            folder = self._scratch.path / getattr(message, "job", "") / str(at)
            folder.mkdir(parents=True, exist_ok=True)
            place = folder / (Path(name).name or "file")
            place.write_bytes(blobs[at])
            places[path] = str(place)
        change = msgspec.structs.replace
        if isinstance(message, Submit):
            params = {
                name: places.get(value, value) if name in message.files else value
                for name, value in message.params.items()
            }
            return change(message, params=params)
        if isinstance(message, CallEnded):
            return change(message, files=tuple(places.get(file, file) for file in message.files))
        assert isinstance(message, LibraryFound)
        rows = (change(row, path=places.get(row.path, row.path)) for row in message.rows)
        return change(message, rows=tuple(rows))


def sealed(message: Message, blobs: Sequence[memoryview | bytes] = ()) -> bytes:
    """Return a message with its blobs as one frame, behind its SHA-256."""
    frame = b"".join(frames.encode(frames.encode_body(message), blobs))
    return hashlib.sha256(frame).digest() + frame


def opened(data: bytes) -> Received:
    """Return what ``sealed`` has sealed, checked as all that comes over a link.

    Raises:
        StudioError: It is something else.
    """
    if not isinstance(data, bytes) or hashlib.sha256(data[_DIGEST:]).digest() != data[:_DIGEST]:
        raise _spoilt("what a machine sent did not arrive as it was")
    stream = io.BytesIO(data[_DIGEST:])
    try:
        received = Link.over(stream, io.BytesIO(), decode=Report).receive()
    except LinkClosed as error:
        raise _spoilt("a machine sent half a message") from error
    assert received is not None
    return received


def _spoilt(what: str) -> StudioError:
    return StudioError(ErrorCode.PROTOCOL, f"The cluster cannot be used for this: {what}.")
