"""The pool: loads weights, lends them to jobs, drops them when memory is short. Has no threads.

One job at a time builds or drops models; the others wait in words. Its lock is never held while a
job hands over, loads or unloads.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from studio.api.worker import Loader, Requirements
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import LoadedWeights, WeightsEntry
from studio.protocol.states import JobState
from studio.runtime.devices import Device
from studio.runtime.digests import Digests
from studio.runtime.faults import brief
from studio.runtime.jobs import Job
from studio.runtime.memory import Budget, give_back, in_words
from studio.runtime.workers import Contained

log = logging.getLogger(__name__)


@dataclass
class Loaded:
    """A model on the device.

    Attributes:
        users: Jobs that lease it → how often.
        is_stale: To be dropped as soon as nobody uses it.
    """

    entry: WeightsEntry
    loader: Loader
    model: Any
    bytes: int
    digest: str
    users: Counter[Job] = field(default_factory=Counter)
    last_used: float = field(default_factory=time.monotonic)
    is_stale: bool = False


@dataclass(frozen=True)
class _Wait:
    reason: str


@dataclass(frozen=True)
class _Build:
    """Drop ``victims``, then load, unless ``loaded`` and only working memory was missing."""

    victims: list[Loaded]
    loaded: Loaded | None


class Pool:
    """Lends loaded models.

    Args:
        find_loaders: Yields all loaders there are, the cheapest to ask first.
        on_change: Called when memory or models became free, so that waiting jobs look again.
    """

    def __init__(
        self,
        *,
        find_loaders: Callable[[], Iterable[Loader]],
        digests: Digests,
        on_change: Callable[[], None],
    ) -> None:
        self._find_loaders = find_loaders
        self._digests = digests
        self._on_change = on_change
        self._lock = threading.Lock()
        self._entries: dict[str, WeightsEntry] = {}
        self._chosen: dict[WeightsEntry, Loader] = {}
        self._limit = 0
        self._device: Device | None = None
        self._no_device: StudioError | None = None
        self._loaded: dict[str, Loaded] = {}
        self._working: Counter[Job] = Counter()
        self._waiting: dict[Job, str] = {}
        self._builder = ""

    # --- what the server says -------------------------------------------------------------------

    def configure(self, weights: Iterable[WeightsEntry], memory_limit: int) -> None:
        """Take over the weights there are now; models whose file has another path become stale."""
        with self._lock:
            self._entries = {entry.id: entry for entry in weights}
            self._chosen.clear()
            self._limit = memory_limit
            for loaded in self._loaded.values():
                now = self._entries.get(loaded.entry.id)
                if now is None or now.path != loaded.entry.path:
                    loaded.is_stale = True

    def use_device(self, device: Device | None, error: StudioError | None = None) -> None:
        """Say where to compute, or why nowhere."""
        with self._lock:
            self._device, self._no_device = device, error

    def unload(self, weights: str) -> None:
        """Drop ``weights`` now if nobody uses them, else when the last job gives them back."""
        with self._lock:
            if loaded := self._loaded.get(weights):
                loaded.is_stale = True
        self.sweep()

    def status(self) -> tuple[LoadedWeights, ...]:
        """Return what is loaded, for the memory bar."""
        now = time.monotonic()
        with self._lock:
            device = self._device.torch_name if self._device else ""
            return tuple(
                LoadedWeights(
                    each.entry.id,
                    each.bytes,
                    device,
                    tuple(job.id for job in each.users),
                    0.0 if each.users else now - each.last_used,
                )
                for each in self._loaded.values()
            )

    # --- what jobs ask --------------------------------------------------------------------------

    def path(self, weights: str) -> Path:
        """Return where ``weights`` lie.

        Raises:
            StudioError: ``NOT_FOUND``: nobody knows them, or the file is gone.
        """
        return Path(self._entry(weights).path)

    @contextlib.contextmanager
    def lease(self, job: Job, weights: str, working_bytes: int = 0) -> Iterator[Any]:
        """Lend the model of ``weights`` to ``job``, which waits and loads as need be.

        Args:
            working_bytes: What the job needs beside the weights; 0 for what the loader measures.

        Raises:
            StudioError: The weights are unknown, broken, or cannot fit; says what to do.
            Cancelled: The job was stopped while waiting or loading.
        """
        loaded, working = self._acquire(job, weights, working_bytes)
        job.weights[weights] = loaded.digest
        job.become(JobState.RUNNING)
        try:
            yield loaded.model
        finally:
            self._release(job, loaded, working)

    def _acquire(self, job: Job, weights: str, working_bytes: int) -> tuple[Loaded, int]:
        if self._no_device is not None:
            raise self._no_device
        entry = self._entry(weights)
        loader = self._loader(entry)
        needs = loader.measure(Path(entry.path))
        working = working_bytes or needs.working_bytes
        plan: Loaded | _Wait | _Build | None = None

        def reason_to_wait() -> str:
            nonlocal plan
            with self._lock:
                plan = self._plan(job, entry, needs.weights_bytes, working)
                if isinstance(plan, _Wait):
                    self._waiting[job] = entry.id
                    return plan.reason
                if isinstance(plan, _Build):
                    self._builder = entry.id
                else:
                    self._lend(job, plan, working)
                return ""

        try:
            job.wait_until(reason_to_wait)
        finally:
            with self._lock:
                self._waiting.pop(job, None)
        if isinstance(plan, _Build):
            return self._build(job, entry, loader, needs, working, plan), working
        assert isinstance(plan, Loaded)
        return plan, working

    def _plan(
        self, job: Job, entry: WeightsEntry, size: int, working: int
    ) -> Loaded | _Wait | _Build:
        """Decide, under the lock, how ``job`` comes to its model."""
        loaded = self._loaded.get(entry.id)
        if loaded is not None and job in loaded.users:  # a second lease of the same job
            return loaded
        if loaded is not None and loaded.is_stale:
            return _Wait(f"waiting for the old {entry.id} to go: {_who(loaded.users)}")
        if self._builder:
            return _Wait(f"waiting until {self._builder} is ready")
        need = working if loaded else size + working
        missing, victims = self._shortage(need, keep=entry.id)
        if missing > 0:
            return _Wait(self._reason_to_wait(job, entry.id, need, missing))
        if loaded is not None and not victims:
            return loaded
        return _Build(victims, loaded)

    def _shortage(self, need: int, keep: str) -> tuple[int, list[Loaded]]:
        """Return how many bytes are missing even without the idle models, and which to drop."""
        assert self._device is not None
        held = sum(each.bytes for each in self._loaded.values()) + self._working.total()
        room = Budget.of(self._device.memory(), self._limit, held).room
        idle = [each for each in self._loaded.values() if not each.users and each.entry.id != keep]
        victims: list[Loaded] = []
        for each in sorted(idle, key=lambda loaded: loaded.last_used):
            if room >= need:
                break
            victims.append(each)
            room += each.bytes
        return need - room, victims

    def _reason_to_wait(self, job: Job, weights: str, need: int, missing: int) -> str:
        """Return what ``job`` waits for, or raise if waiting cannot help."""
        assert self._device is not None
        memory = self._device.memory()
        limit = Budget.of(memory, self._limit, 0).limit
        if need > limit:
            raise StudioError(
                ErrorCode.OUT_OF_MEMORY,
                f"{weights} needs {in_words(need)}, and the studio may use {in_words(limit)} "
                f"of the {in_words(memory.total)} of {self._device.name}.",
                "Choose smaller weights, or raise the limit in Settings.",
            )
        others = {user for each in self._loaded.values() for user in each.users} - {job}
        # Jobs that wait themselves will not give anything back before they go on.
        busy = others - self._waiting.keys()
        if not busy:
            raise StudioError(
                ErrorCode.OUT_OF_MEMORY,
                f"{weights} needs {in_words(need)}: {in_words(missing)} more than is free now.",
                "Close other programs, or choose smaller weights.",
            )
        return f"waiting for {in_words(missing)}: {_who(busy)}"

    def _build(
        self,
        job: Job,
        entry: WeightsEntry,
        loader: Loader,
        needs: Requirements,
        working: int,
        plan: _Build,
    ) -> Loaded:
        """Make room, load ``entry`` in steps of the job, and lend it. The turn is already taken."""
        job.is_building = True
        try:
            self._drop(plan.victims, f"{entry.id} needs {in_words(needs.weights_bytes + working)}")
            loaded = plan.loaded or self._load(job, entry, loader, needs.weights_bytes)
            with self._lock:
                self._loaded[entry.id] = loaded
                self._lend(job, loaded, working)
            return loaded
        finally:
            job.is_building = False
            self._end_turn()

    def _load(self, job: Job, entry: WeightsEntry, loader: Loader, size: int) -> Loaded:
        assert self._device is not None
        began = time.monotonic()
        path, device = Path(entry.path), self._device
        try:
            digest = entry.digest or self._digests.known(path)
            if not digest:
                digest = _finish(job, self._digests.compute(path), f"checking {entry.id}")
            model = _finish(job, loader.load(path, device.torch_name), f"loading {entry.id}")
        except OSError as error:
            raise StudioError(
                ErrorCode.BAD_WEIGHTS,
                f"“{entry.id}” cannot be read: {error.strerror or error}.",
                "Check the disk and the permissions of the file, or choose other weights.",
            ) from error
        device.settle()
        log.info("loaded %s from %s in %.2f s", entry.id, path, time.monotonic() - began)
        return Loaded(entry, loader, model, size, digest)

    def _lend(self, job: Job, loaded: Loaded, working: int) -> None:
        loaded.users[job] += 1
        self._working[job] += working

    def _release(self, job: Job, loaded: Loaded, working: int) -> None:
        with self._lock:
            loaded.last_used = time.monotonic()
            for books, key, amount in ((loaded.users, job, 1), (self._working, job, working)):
                books[key] -= amount
                if books[key] <= 0:
                    del books[key]
        self.sweep()
        self._on_change()

    # --- dropping -------------------------------------------------------------------------------

    def sweep(self) -> None:
        """Drop stale models that nobody uses; if somebody builds, they go at the end of that."""
        with self._lock:
            stale = [each for each in self._loaded.values() if each.is_stale and not each.users]
            if not stale or self._builder:
                return
            self._builder = stale[0].entry.id
        self._drop(stale, "it is no longer wanted")
        self._end_turn()

    def _drop(self, victims: Sequence[Loaded], why: str) -> None:
        if victims and self._device:
            self._device.settle()  # the other lane's stream may still read what it gave back
        for each in victims:
            log.info("dropping %s (%s): %s", each.entry.id, in_words(each.bytes), why)
            with self._lock:
                del self._loaded[each.entry.id]
            try:
                each.loader.unload(each.model)
            except Contained as error:
                log.error("unloading %s failed: %s", each.entry.id, brief(error))
            each.model = None
        if victims:
            give_back()

    def _end_turn(self) -> None:
        with self._lock:
            self._builder = ""
        self.sweep()
        self._on_change()

    # --- weights and their loaders --------------------------------------------------------------

    def _entry(self, weights: str) -> WeightsEntry:
        with self._lock:
            entry = self._entries.get(weights)
        if entry is None:
            what = f"There are no weights called “{weights}”."
            if not weights:
                what = "No weights were chosen."
            raise StudioError(ErrorCode.NOT_FOUND, what, "Choose others on the Models page.")
        if not Path(entry.path).exists():
            raise StudioError(
                ErrorCode.NOT_FOUND,
                f"The file of “{weights}” is gone: {entry.path}.",
                "Put it back, or choose other weights on the Models page.",
            )
        return entry

    def _loader(self, entry: WeightsEntry) -> Loader:
        """Return the loader of the entry's family, else the first that knows the file."""
        if known := self._chosen.get(entry):
            return known
        path = Path(entry.path)
        for loader in self._find_loaders():
            # The family is asked for by name first: reading the headers of a file that another
            # loader is meant to read could only refuse it.
            if loader.family == entry.family or (not entry.family and loader.recognise(path)):
                self._chosen[entry] = loader
                return loader
        if entry.family:  # what the catalogue was told is of no use: look for ourselves
            return self._loader(msgspec.structs.replace(entry, family=""))
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"“{entry.id}” is of a kind that nothing installed here can load.",
            "Install a plugin that knows it, or choose other weights.",
        )


def _finish(job: Job, parts: Iterator[Any], what: str) -> Any:
    """Run ``parts`` to its end in steps of the job, and return its value."""
    try:
        while True:
            try:
                share = next(parts)
            except StopIteration as end:
                return end.value
            job.loading(what, share)
    finally:
        if isinstance(parts, Generator):
            parts.close()


def _who(users: Iterable[Job]) -> str:
    tasks = sorted({f"{job.task} (paused)" if job.parked else job.task for job in users})
    if not tasks:
        return "others"
    return f"{' and '.join(tasks)} {'is' if len(tasks) == 1 else 'are'} using it"
