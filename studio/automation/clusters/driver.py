"""The driver: to its studio a runtime, behind it the slots of a cluster. Computes nothing itself.

A job goes to a slot that has its plugin and its weights, and stays there. What it makes is held
until it is over, so that nothing of a machine that is lost, or is wrong, enters the library. It
runs nothing twice by itself: a job whose slot is lost is ``LOST``, and its studio asks anew.
"""

from __future__ import annotations

import collections
import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import singledispatchmethod
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple, Protocol

import msgspec

from studio.automation.clusters.inventory import Inventory, lacking, mismatch, weights_in
from studio.automation.clusters.slot import Parcel, opened
from studio.protocol import frames
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.link import Link, LinkClosed, Received
from studio.protocol.messages import (
    Call,
    CallEnded,
    Cancel,
    Finished,
    Goodbye,
    JobChanged,
    LibraryFound,
    LibraryQuery,
    Message,
    Preview,
    Progress,
    Shutdown,
    Slots,
    Submit,
)
from studio.protocol.regular_file import read_result
from studio.protocol.states import JobState
from studio.protocol.trace import Use

log = logging.getLogger("studio.cluster")

_AT_ONCE = (JobChanged, Progress, Call, LibraryQuery)
"""What is told while a job runs; all else when it is over."""
_LARGEST_FILE = 256 << 20
_NAMED = 3
"""Machines whose lack is told, at most."""


class Ready(NamedTuple):
    """A slot on a machine has answered with its ``Inventory``."""

    slot: str
    machine: str
    inventory: bytes


class Said(NamedTuple):
    """A slot has said something."""

    slot: str
    data: bytes


class Gone(NamedTuple):
    """A slot, of which nothing is heard any more, or whose machine cannot be used."""

    slot: str
    why: str


class Coming(NamedTuple):
    """So many slots are about to answer."""

    slots: int


class Cut(NamedTuple):
    """The cluster itself is out of reach."""

    why: str


Event = Ready | Said | Gone | Coming | Cut
Tell = Callable[[Event], None]
"""May be called from any thread."""


class Pool(Protocol):
    """The slots of a cluster. Tells what happens to them; each call returns at once."""

    def put(self, slot: str, parcel: bytes, blobs: Sequence[bytes], digests: Sequence[str]) -> None:
        """Hand a ``Parcel`` with its blobs to a slot."""
        ...

    def drop(self, slot: str, *, banish: bool) -> None:
        """End a slot; another one takes its place, unless its machine is used no more."""
        ...

    def close(self) -> None:
        """End all slots."""
        ...


@dataclass
class _Slot:
    machine: str
    there: Inventory
    job: str = ""
    """What it runs; what that has called for is there, too."""
    weights: frozenset[str] = frozenset()
    """What its last job has loaded."""


@dataclass
class _Job:
    submit: Submit
    blobs: tuple[memoryview, ...]
    slot: str = ""
    held: list[Received] = field(default_factory=list)


class Driver:
    """Serves one studio over ``link``."""

    def __init__(self, link: Link, here: Inventory) -> None:
        """Begin with no slots.

        Args:
            here: What there is on the machine of the studio: slots must have the same.
        """
        self._link = link
        self._here = here
        self._events: SimpleQueue[Event | Received | None] = SimpleQueue()
        self.tell: Tell = self._events.put
        self._slots: dict[str, _Slot] = {}
        self._jobs: dict[str, _Job] = {}
        self._waiting: collections.deque[str] = collections.deque()
        self._coming = 0
        self._sent = self._received = self._over = 0
        self._trouble: dict[str, None] = {}

    def serve(self, pool: Pool) -> None:
        """Work until the studio says so, or is gone.

        Raises:
            StudioError: The cluster is out of reach. Another driver may find it again.
        """
        self._pool = pool
        threading.Thread(target=self._listen, name="driver-link", daemon=True).start()
        try:
            while (event := self._events.get()) is not None:
                if isinstance(event, Received):
                    if isinstance(event.message, Shutdown):
                        return
                    self._obey(event.message, event.blobs)
                else:
                    self._take(event)
                self._assign()
        except LinkClosed:  # so is the studio
            pass
        finally:
            pool.close()
            log.info(
                "%d jobs: %d bytes out, %d bytes in, %.2f s of a processor",
                self._over,
                self._sent,
                self._received,
                time.process_time(),
            )

    def _listen(self) -> None:
        while True:
            try:
                received = self._link.receive()
            except LinkClosed:
                self._events.put(None)
                return
            except StudioError:  # a broken message; the link says if it is closed
                continue
            if received is not None:
                self._events.put(received)

    # --- the studio speaks --------------------------------------------------------------------

    @singledispatchmethod
    def _obey(self, message: Any, blobs: tuple[memoryview, ...]) -> None:
        """Ignore messages without meaning for a cluster."""

    @_obey.register
    def _(self, message: Submit, blobs: tuple[memoryview, ...]) -> None:
        job = self._jobs[message.job] = _Job(message, blobs)
        if not message.caller:
            self._waiting.append(message.job)
            self._refuse()
        elif caller := self._jobs.get(message.caller):
            self._hand(message.job, job, caller.slot)
        else:
            self._end(message.job, _lost("what called for it is over"), JobState.CANCELLED)

    @_obey.register
    def _(self, message: Cancel, blobs: tuple[memoryview, ...]) -> None:
        job = self._jobs.get(message.job)
        if job is None:
            return
        if job.slot:
            self._put(job.slot, message)
        else:
            self._waiting.remove(message.job)
            self._end(message.job, None, JobState.CANCELLED)

    @_obey.register
    def _(self, message: CallEnded | LibraryFound, blobs: tuple[memoryview, ...]) -> None:
        if (job := self._jobs.get(message.job)) and job.slot:
            try:
                self._put(job.slot, message)
            except StudioError as error:
                self._put(job.slot, _refusal(message, error))

    # --- the slots speak ----------------------------------------------------------------------

    @singledispatchmethod
    def _take(self, event: Any) -> None:
        raise TypeError(event)

    @_take.register
    def _(self, event: Coming) -> None:
        self._coming = event.slots
        self._report()

    @_take.register
    def _(self, event: Ready) -> None:
        try:
            there = msgspec.msgpack.decode(event.inventory, type=Inventory)
            trouble = mismatch(event.machine, there)
        except (msgspec.MsgspecError, TypeError):
            trouble = f"The machine “{event.machine}” does not say what it has."
        if trouble:
            self._trouble[trouble] = None
            self._pool.drop(event.slot, banish=True)
        else:
            self._slots[event.slot] = _Slot(event.machine, there)
        self._report()

    @_take.register
    def _(self, event: Gone) -> None:
        if slot := self._slots.pop(event.slot, None):
            why = f"The machine “{slot.machine}” was lost: {event.why}"
            self._trouble[why] = None
            self._end_all(event.slot, _lost(why))
        else:
            self._trouble[event.why] = None
        self._report()

    @_take.register
    def _(self, event: Cut) -> None:
        raise StudioError(ErrorCode.RUNTIME_LOST, f"The cluster is out of reach: {event.why}.")

    @_take.register
    def _(self, event: Said) -> None:
        slot = self._slots.get(event.slot)
        if slot is None:
            return
        try:
            self._received += len(event.data)
            received = opened(event.data)
            message = received.message
            if isinstance(message, Goodbye):
                self._pool.drop(event.slot, banish=False)
                self._take(Gone(event.slot, message.reason))
                return
            job = self._jobs.get(message.job)
            if job is None:  # it was ended meanwhile
                return
            if job.slot != event.slot:
                raise StudioError(ErrorCode.PROTOCOL, "It told of a job that it was not given.")
            self._hear(event.slot, slot, job, received)
        except StudioError as error:
            del self._slots[event.slot]
            self._pool.drop(event.slot, banish=True)
            what = f"The machine “{slot.machine}” sent no valid result. {error.message}"
            self._trouble[what] = None
            failure = StudioError(
                ErrorCode.PROTOCOL, what, "It is not used any more in this run; retry the row."
            )
            self._end_all(event.slot, failure, JobState.FAILED)
            self._report()

    def _hear(self, name: str, slot: _Slot, job: _Job, received: Received) -> None:
        message = received.message
        if isinstance(message, Finished):
            self._check(message)
            for held in job.held:
                self._link.send(held.message, held.blobs)
            del self._jobs[message.job]
            self._over += 1
            if slot.job == message.job:
                slot.job = ""
            # What computed it goes into its record: another machine than the studio's did.
            engines = {**slot.there.versions, **message.engines}
            update = msgspec.structs.replace(message, engines=engines, use=Use())
            self._link.send(update, received.blobs)
        elif isinstance(message, JobChanged):
            changed = msgspec.structs.replace(message, machine=slot.machine)
            self._link.send(changed)
        elif isinstance(message, _AT_ONCE):
            self._link.send(message, received.blobs)
        elif not isinstance(message, Preview):
            job.held.append(received)

    def _check(self, message: Finished) -> None:
        """Make sure that the same weights were used as here.

        Raises:
            StudioError: They were not, or the last word is none.
        """
        if not message.state.is_terminal:
            raise StudioError(ErrorCode.PROTOCOL, "It ended a job without an end.")
        for weights, digest in message.weights.items():
            if (expected := self._here.weights.get(weights)) and expected != digest:
                raise StudioError(
                    ErrorCode.BAD_WEIGHTS,
                    f"Its model “{weights}” differs from the one here.",
                )

    # --- inside -------------------------------------------------------------------------------

    def _assign(self) -> None:
        """Hand waiting jobs to slots that are free, if they can be to those with their weights."""
        free = {name: slot for name, slot in self._slots.items() if not slot.job}
        for id in list(self._waiting):
            if not free:
                return
            job = self._jobs[id]
            able = [name for name in free if not self._lack(job, free[name])]
            if able:
                wanted = frozenset(weights_in(self._here, job.submit.params.values()))
                best = max(able, key=lambda name: free[name].weights == wanted)
                slot = free.pop(best)
                slot.job, slot.weights = id, wanted
                self._waiting.remove(id)
                self._hand(id, job, best)

    def _refuse(self) -> None:
        """End the waiting jobs that no slot can run, now that all have answered."""
        if self._coming or not self._slots:
            return
        for id in list(self._waiting):
            lacks = [self._lack(self._jobs[id], slot) for slot in self._slots.values()]
            if all(lacks):
                missing = "; ".join(list(dict.fromkeys(lacks))[:_NAMED])
                self._waiting.remove(id)
                self._end(id, _unable(f"No machine of the cluster can run this: {missing}."))

    def _lack(self, job: _Job, slot: _Slot) -> str:
        submit = job.submit
        values = submit.params.values()
        return lacking(self._here, slot.machine, slot.there, submit.task, values)

    def _hand(self, id: str, job: _Job, slot: str) -> None:
        job.slot = slot
        try:
            submit = msgspec.structs.replace(job.submit, checkpoint="", rates=None)
            self._put(slot, submit, job.blobs)
        except StudioError as error:
            if self._slots[slot].job == id:
                self._slots[slot].job = ""
            self._end(id, error)

    def _put(self, slot: str, message: Message, blobs: Sequence[memoryview] = ()) -> None:
        """Hand a message to a slot, with the files that it names.

        Raises:
            StudioError: A file cannot be sent.
        """
        sent = [bytes(blob) for blob in blobs]
        files: dict[str, tuple[str, int]] = {}
        for path in dict.fromkeys(_files_of(message)):
            files[path] = (Path(path).name, len(sent))
            sent.append(_bytes_of(Path(path)))
        digests = [hashlib.sha256(blob).hexdigest() for blob in sent]
        parcel = Parcel(frames.encode_body(message), tuple(digests), files)
        data = msgspec.msgpack.encode(parcel)
        self._sent += len(data) + sum(map(len, sent))
        self._pool.put(slot, data, sent, digests)

    def _end_all(self, slot: str, error: StudioError, state: JobState = JobState.LOST) -> None:
        for id in [id for id, job in self._jobs.items() if job.slot == slot]:
            self._end(id, error, state)

    def _end(self, id: str, error: StudioError | None, state: JobState = JobState.FAILED) -> None:
        del self._jobs[id]
        self._link.send(Finished(id, state, error=error.info() if error else None))

    def _report(self) -> None:
        machines = dict.fromkeys(slot.machine for slot in self._slots.values())
        self._refuse()
        slots = Slots(len(self._slots), self._coming, tuple(machines), tuple(self._trouble))
        self._link.send(slots)


def _files_of(message: Message) -> Iterator[str]:
    """Yield the files of this machine that a message names."""
    if isinstance(message, Submit):
        yield from (str(message.params[name]) for name in message.files)
    elif isinstance(message, CallEnded):
        yield from filter(None, message.files)
    elif isinstance(message, LibraryFound):
        yield from (row.path for row in message.rows if row.path)


def _bytes_of(path: Path) -> bytes:
    try:
        if path.stat().st_size <= _LARGEST_FILE:
            return read_result(path)
        why = f"it has more than {_LARGEST_FILE >> 20} MB"
    except OSError as error:
        why = error.strerror or str(error)
    raise StudioError(
        ErrorCode.BAD_INPUT,
        f"“{path.name}” cannot be sent to the cluster: {why}.",
        "Run this on this machine.",
    )


def _refusal(message: CallEnded | LibraryFound, error: StudioError) -> Message:
    if isinstance(message, CallEnded):
        return CallEnded(message.job, message.number, JobState.FAILED, error.info())
    return LibraryFound(message.job, message.ask, error=error.info())


def _lost(why: str) -> StudioError:
    return StudioError(ErrorCode.RUNTIME_LOST, why, "Retry the row.")


def _unable(why: str) -> StudioError:
    return StudioError(
        ErrorCode.NOT_FOUND, why, "Install the same there, or run it on this machine."
    )
