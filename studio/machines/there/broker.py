"""Holds one runtime for a studio elsewhere, over connections that come and go.

It listens on a socket in a private folder, on no port, and ends with its runtime: when the studio
asks for that, when the runtime dies, or when nobody has come back in time. Then it removes all that
the jobs have left.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import psutil

from studio.base import disk
from studio.base.background import in_words
from studio.base.child import ProcessChild, runtime_command, runtime_environment
from studio.base.paths import StudioPaths
from studio.machines.there.stock import Stock
from studio.machines.there.weights_intake import WeightsIntake
from studio.machines.wire import messages as wire
from studio.machines.wire.parcels import Parcel
from studio.machines.wire.session import Gone, Session
from studio.protocol.caches import CACHE_ENV, DIGESTS, RESULTS
from studio.protocol.errors import ErrorCode, ErrorInfo, StudioError
from studio.protocol.frames import encode_body
from studio.protocol.link import LinkClosed, handshake
from studio.protocol.messages import (
    Configure,
    Finished,
    Goodbye,
    Hello,
    Message,
    Produced,
    Request,
    Submit,
)
from studio.protocol.states import JobState
from studio.runtimes.device.choice import tell_chosen

log = logging.getLogger("studio.machines")

_FOLDER = "elsewhere"
"""In the caches: what studios elsewhere have here, a folder each while they are here."""
_MEASURED = (DIGESTS, "memory.json", "engine-speeds.json", "input-closeness.json")
"""Files of caches that say something of this machine and its weights, and nothing of any job."""
_PACKED = "packed"
"""Folder likewise: weights as the kernels take them."""
_REQUEST = msgspec.msgpack.Decoder(Request | wire.ToMachine)


class SocketWire:
    """A connection over a socket; implements ``wire.session.Wire``."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.reader: Any = connection.makefile("rb", 0)
        self.writer: Any = connection.makefile("wb", 0)

    def hang_up(self) -> None:
        """Break it."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of it, once nobody reads or writes any more."""
        self.reader.close()
        self.writer.close()
        self._connection.close()


class Broker:
    """One session.

    Args:
        patience: Seconds without a connection after which it ends.
    """

    def __init__(self, paths: StudioPaths, patience: float = wire.REATTACH_SECONDS) -> None:
        self._stock = Stock(paths)
        self._patience = patience
        _sweep(paths.cache / _FOLDER)
        self._folder = paths.cache / _FOLDER / f"{os.getpid()}"
        self._cache = disk.make_folder(self._folder / "cache")
        self._lend_caches(paths.cache)
        self._session = Session(self._take, self._folder / "files")
        self._child: ProcessChild | None = None
        self._configured: Configure | None = None
        self._files: dict[str, list[Path]] = {}
        """Files that came with the messages about a job."""
        self._intakes: dict[str, WeightsIntake] = {}
        self._over = threading.Event()
        self._connections = 0
        self._changed = threading.Condition()

    def serve(self, listener: socket.socket) -> None:
        """Take connections until it is over; then nothing is left of it."""
        threading.Thread(target=self._listen, args=(listener,), daemon=True).start()
        try:
            self._wait()
        finally:
            if self._child is not None:
                self._child.kill()
                self._child.wait()
            self._session.close()
            self._keep_caches()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _lend_caches(self, cache: Path) -> None:
        """Give the runtime the measurements of this machine and its weights: no job data."""
        for name in _MEASURED:
            with contextlib.suppress(OSError):
                shutil.copyfile(cache / name, self._cache / name)
        with contextlib.suppress(OSError):
            (self._cache / _PACKED).symlink_to(disk.make_folder(cache / _PACKED))

    def _keep_caches(self) -> None:
        for name in _MEASURED:
            with contextlib.suppress(OSError):
                os.replace(self._cache / name, self._stock.paths.cache / name)

    def _wait(self) -> None:
        """Return when the runtime has ended, or nobody has been here for too long."""
        with self._changed:
            while not self._over.is_set():
                if self._connections:
                    self._changed.wait()
                elif not self._changed.wait_for(
                    lambda: self._connections or self._over.is_set(), self._patience
                ):
                    log.info("nobody has come back: ending")
                    return
        self._session.drained(self._patience)

    def _listen(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if _is_ours(connection):
                threading.Thread(target=self._attend, args=(connection,), daemon=True).start()
            else:
                connection.close()

    def _attend(self, connection: socket.socket) -> None:
        self._count(1)
        line = SocketWire(connection)
        try:
            self._session.serve(line)
        except (Gone, StudioError) as error:
            log.warning("a connection was refused: %s", error)
        finally:
            line.close()
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._changed:
            self._connections += change
            self._changed.notify_all()

    def _end(self) -> None:
        with self._changed:
            self._over.set()
            self._changed.notify_all()

    # --- the studio speaks ---------------------------------------------------------------------

    def _take(self, parcel: Parcel) -> None:
        try:
            message = _REQUEST.decode(_relocated(parcel))
        except (msgspec.MsgspecError, ValueError) as error:
            log.warning("a message is invalid: %s", error)
            return
        job = getattr(message, "job", "")
        if parcel.files:
            here = [path for path in parcel.files.values() if path is not None]
            self._files.setdefault(job, []).extend(here)
            if isinstance(message, Submit) and len(here) < len(parcel.files):
                full = ErrorInfo(ErrorCode.DISK_FULL, "There is no room for its files there.")
                self._say(Finished(job, JobState.FAILED, error=full))
                return
        match message:
            case Hello():
                self._begin(message)
            case Configure():
                self._configured = message
                self._forward(self._stock.configuration(message))
            case wire.EndRuntime():
                if self._child is not None:
                    self._child.kill()
                else:
                    self._end()
            case wire.ReadWeights(id):
                self._beside(lambda: self._read(id))
            case wire.OfferWeights():
                self._offered(message)
            case wire.WeightsPiece():
                self._piece(message, parcel.blobs[0] if parcel.blobs else memoryview(b""))
            case _:
                self._forward(message, parcel.blobs)

    def _begin(self, hello: Hello) -> None:
        """Start the runtime, and greet in its name."""
        environment = {**runtime_environment(), CACHE_ENV: str(self._cache)}
        tell_chosen(self._stock.settings, environment)
        try:
            self._child = child = ProcessChild(runtime_command(), environment)
            theirs = handshake(child.link, hello)
        except (OSError, LinkClosed, StudioError) as error:
            self._say(Goodbye(f"The runtime there could not be started: {error}."))
            self._end()
            return
        self._say(theirs)
        self._say(self._stock.holdings())
        threading.Thread(target=self._hear, args=(child,), daemon=True).start()

    def _forward(self, message: Message, blobs: Any = ()) -> None:
        if self._child is not None:
            with contextlib.suppress(LinkClosed):  # whoever hears it says why
                self._child.link.send(message, blobs)

    # --- the runtime speaks --------------------------------------------------------------------

    def _hear(self, child: ProcessChild) -> None:
        results = self._cache / RESULTS
        try:
            while received := child.link.receive():
                message = received.message
                if isinstance(message, Goodbye):
                    continue
                files = []
                if isinstance(message, Produced) and message.file:
                    files = [results / Path(message.file).name]
                self._say(message, received.blobs, files)
                if isinstance(message, Finished):
                    self._forget(message.job)
        except (LinkClosed, StudioError, OSError) as error:
            log.info("the runtime is gone: %s", error)
        end = child.wait()
        lines = tuple(child.last_lines())
        self._say(wire.RuntimeEnded(end.code, end.reason, end.at_hand, lines))
        self._end()

    def _forget(self, job: str) -> None:
        for path in self._files.pop(job, ()):
            shutil.rmtree(path.parent, ignore_errors=True)

    def _say(self, message: Message, blobs: Any = (), files: Any = ()) -> None:
        key = getattr(message, "job", "")
        try:
            self._session.send(key, encode_body(message), blobs, files, passing=True)
        except (StudioError, OSError) as error:
            log.warning("%s could not be sent: %s", type(message).__name__, error)

    # --- weights --------------------------------------------------------------------------------

    def _read(self, weights: str) -> None:
        def tell(done: int, total: int) -> None:
            if done - tell.told >= 64 * 1024**2:  # type: ignore[attr-defined]
                tell.told = done  # type: ignore[attr-defined]
                self._say(wire.WeightsRead(weights, done, total))

        tell.told = 0  # type: ignore[attr-defined]
        try:
            digest = self._stock.read(weights, tell)
        except StudioError as error:
            self._say(wire.WeightsRead(weights, error=error.info()))
        else:
            self._say(wire.WeightsRead(weights, digest=digest))
            self._stock_changed()

    def _offered(self, offer: wire.OfferWeights) -> None:
        try:
            intake = WeightsIntake(self._stock.paths.shared_weights, offer)
        except (StudioError, OSError) as error:
            self._say(wire.WeightsWanted(offer.id, error=in_words(error).info()))
            return
        self._intakes[offer.id] = intake
        self._say(intake.wanted)
        if intake.is_complete:
            self._beside(lambda: self._finish(intake))

    def _piece(self, piece: wire.WeightsPiece, data: Any) -> None:
        intake = self._intakes.get(piece.id)
        if intake is None:
            return  # it was refused, and its rest is still coming
        try:
            if intake.take(piece, memoryview(data)):
                self._say(intake.wanted)
            if intake.is_complete:
                self._beside(lambda: self._finish(intake))
        except (StudioError, OSError) as error:
            del self._intakes[piece.id]
            self._say(wire.WeightsWanted(piece.id, error=in_words(error).info()))

    def _finish(self, intake: WeightsIntake) -> None:
        name = intake.offer.id
        self._intakes.pop(name, None)
        try:
            intake.finish()
        except (StudioError, OSError) as error:
            self._say(wire.WeightsWanted(name, error=in_words(error).info()))
            return
        self._stock.weights.catalogue.rescan()
        self._stock_changed()
        self._say(wire.WeightsWanted(name, intake.wanted.have, is_done=True))

    def _stock_changed(self) -> None:
        self._say(self._stock.holdings())
        if self._configured is not None:
            self._forward(self._stock.configuration(self._configured))

    def _beside(self, work: Callable[[], None]) -> None:
        threading.Thread(target=work, daemon=True).start()


def _relocated(parcel: Parcel) -> bytes:
    """Return the body of a parcel, in which its files have the names that they have here."""
    if not parcel.files:
        return parcel.body
    names = {there: str(here) for there, here in parcel.files.items() if here is not None}

    def renamed(value: Any) -> Any:
        if isinstance(value, str):
            return names.get(value, value)
        if isinstance(value, dict):
            return {key: renamed(item) for key, item in value.items()}
        return [renamed(item) for item in value] if isinstance(value, list) else value

    return msgspec.msgpack.encode(renamed(msgspec.msgpack.decode(parcel.body)))


def _is_ours(connection: socket.socket) -> bool:
    """Whether the same user is at the other end; a private folder says so where nobody else can."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    facts = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", facts)[1]) == os.getuid()


def _is_broker(pid: int) -> bool:
    """Whether a broker has this number now: it may be one that nobody buried, or another's."""
    try:
        return "--broker" in psutil.Process(pid).cmdline()  # empty where it is dead
    except psutil.Error:  # it is gone, or somebody else's
        return False


def _sweep(folder: Path) -> None:
    """Remove what brokers that were killed have left."""
    for path in folder.glob("*"):
        if path.name.isdigit() and not _is_broker(int(path.name)):
            shutil.rmtree(path, ignore_errors=True)
