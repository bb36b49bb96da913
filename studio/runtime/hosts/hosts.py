"""The processes of plugins: started when a job needs one, kept for the next, ended when idle."""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import psutil

from studio.plugin_process import launch
from studio.plugin_process.launch import Launched
from studio.plugin_process.messages import Broken, Ended, Load, Loaded
from studio.plugin_process.process import PluginProcess
from studio.plugin_process.process_sandbox import ProcessSandbox, no_sandbox, process_sandbox
from studio.protocol.connections.watch import KEPT, Attempt
from studio.protocol.errors import ErrorCode, ErrorInfo, StudioError
from studio.protocol.link import LinkClosed
from studio.protocol.messages import PluginFault, WorkerEntry
from studio.protocol.states import JobState, Lane
from studio.runtime.hosts.meter import ProcessMeter
from studio.runtime.jobs.error_translation import sendable
from studio.runtime.jobs.job import Job
from studio.sandbox.network_gate import PYTHON, Gate, Refusal
from studio.sandbox.run import memory

log = logging.getLogger(__name__)

IDLE_SECONDS = 120.0
"""A process that nobody used for so long is ended; the next job starts another."""
START_SECONDS = 60.0
"""For its packages to be imported; beyond that it is stuck."""
_SAME_SECONDS = 1.0
"""Between what Python tells of a socket and what the kernel does."""
_LOOK_SECONDS = 0.1
"""Between two looks at what memory the processes hold."""


def memory_limit() -> int:
    """Return the bytes that one plugin may hold: half of the machine, at most 4 GiB."""
    return min(int(psutil.virtual_memory().total) // 2, 4 << 30)


@dataclass
class Place:
    """Where the jobs of one plugin in one lane run, one at a time."""

    entry: WorkerEntry
    process: PluginProcess | None = None
    error: ErrorInfo | None = None
    is_starting: bool = False
    is_taken: bool = False
    used_at: float = field(default_factory=time.monotonic)

    @property
    def is_warm(self) -> bool:
        """Whether a job can begin at once."""
        return self.process is not None and self.process.is_alive


class Hosts:
    """All processes of plugins.

    Args:
        wake: Lets jobs that wait look again.
        on_fault: Told of a plugin whose process failed.
        scratch: Folder for theirs.
    """

    def __init__(
        self,
        wake: Callable[[], None],
        on_fault: Callable[[PluginFault], None],
        scratch: Path | None = None,
    ) -> None:
        self._wake = wake
        self._on_fault = on_fault
        self._scratch = scratch
        self._lock = threading.Lock()
        self._places: dict[tuple[str, Lane, int], Place] = {}
        self._to_start: queue.SimpleQueue[Place | None] = queue.SimpleQueue()
        self._starter: threading.Thread | None = None
        self._closed = threading.Event()
        self.memory_limit = memory_limit()
        self.meter = ProcessMeter()
        self.on_attempt: Callable[[Attempt], None] = lambda attempt: None
        self.gate = Gate(is_shut=False)
        self.find_sandbox: Callable[[], ProcessSandbox] = process_sandbox

    @contextmanager
    def process_for(self, entry: WorkerEntry, lane: Lane, job: Job) -> Iterator[PluginProcess]:
        """Lend ``job`` the process of its plugin, started if need be; wait for its turn.

        A process that is not in order when it comes back is ended by whoever used it.

        Raises:
            StudioError: The process cannot be started, or the plugin's worker not be imported.
            Cancelled: The user stopped the job meanwhile.
        """
        place = self._place(entry, lane, len(job.chain))
        job.wait_until(lambda: self._take(place), away=True)
        try:
            job.wait_until(lambda: self._start(place), JobState.LOADING, away=True)
            job.become(JobState.RUNNING)
            if place.error is not None:
                error, place.error = place.error, None
                raise StudioError.from_info(error)
            assert place.process is not None
            place.process.begin_job()
            job.engines["sandbox"] = place.process.tier or "none"  # the record says it
            yield place.process
        finally:
            place.used_at = time.monotonic()
            place.is_taken = False
            self._wake()

    def sweep(self) -> None:
        """End the processes that nobody used for long, and those of plugins that are gone."""
        now = time.monotonic()
        with self._lock:
            idle = [
                place
                for place in self._places.values()
                if not place.is_taken
                and place.process is not None
                and now - place.used_at > IDLE_SECONDS
            ]
        for place in idle:
            self._end(place, "It was idle.")

    def configure(self, entries: Iterable[WorkerEntry]) -> None:
        """End the processes of plugins that are no longer there, or are others now."""
        known = {entry.plugin: entry for entry in entries}
        with self._lock:
            old = {
                key: place
                for key, place in self._places.items()
                if known.get(key[0]) != place.entry and not place.is_taken
            }
            for key in old:
                del self._places[key]
        for place in old.values():
            self._end(place, "Its plugin was changed.")

    def close(self) -> None:
        """End all processes."""
        self._closed.set()
        for place in list(self._places.values()):
            self._end(place, "The runtime has ended.")
        # Last: a process dies with the thread that started it, and then nobody finds its children.
        self._to_start.put(None)

    # --- inside ---------------------------------------------------------------------------------

    def _place(self, entry: WorkerEntry, lane: Lane, depth: int) -> Place:
        """Return where a job runs that is the ``depth``-th of those that call one another.

        A caller keeps its process. So each depth has its own: jobs wait for deeper ones alone, and
        no two of them for each other.
        """
        key = (entry.plugin, lane, depth)
        with self._lock:
            place = self._places.get(key)
            if place is None or place.entry != entry:
                place = self._places[key] = Place(entry)
            if self._starter is None:
                # One thread for all: the processes end when the thread that started them does.
                self._starter = threading.Thread(
                    target=self._start_all, name="plugin-starter", daemon=True
                )
                self._starter.start()
                threading.Thread(target=self._watch, name="plugin-watch", daemon=True).start()
            return place

    def _take(self, place: Place) -> str:
        with self._lock:
            if place.is_taken:
                return f"waiting for another job of “{_title(place.entry)}”"
            place.is_taken = True
            return ""

    def _start(self, place: Place) -> str:
        if place.is_warm or place.error is not None:
            return ""
        if not place.is_starting:
            place.is_starting = True
            self._to_start.put(place)
        return f"Starting the plugin “{_title(place.entry)}”…"

    def _start_all(self) -> None:
        while (place := self._to_start.get()) is not None:
            if self._closed.is_set():
                continue
            try:
                place.process = self._started(place.entry)
            except StudioError as error:
                place.error = error.info()
            except Exception as error:  # whatever it is, the job that waits must hear of it
                log.exception("the process of %s could not be started", place.entry.plugin)
                place.error = _not_started(place.entry, str(error)).info()
            finally:
                place.is_starting = False
            if self._closed.is_set():
                self._end(place, "The runtime has ended.")
            self._wake()

    def _started(self, entry: WorkerEntry) -> PluginProcess:
        began = time.monotonic()
        try:
            process = PluginProcess(self._launch(entry), self._wake)
        except OSError as error:
            raise _not_started(entry, error.strerror or str(error)) from error
        process.send(Load(entry.plugin, entry.module, entry.tasks, entry.run_code))
        try:
            received = process.wait(START_SECONDS)
        except LinkClosed:
            raise self.ended(entry, process) from None
        message = received.message if received else None
        if isinstance(message, Loaded):
            log.info("the plugin %s took %.2f s to import", entry.plugin, message.seconds)
            self.meter.started(entry.plugin, process, time.monotonic() - began)
            return process
        if isinstance(message, Broken):
            process.end()
            broken = StudioError.from_info(sendable(message.error))
            broken.plugin = entry.plugin
            self._on_fault(PluginFault(entry.plugin, message.where, broken.info()))
            raise broken
        process.end(f"It did not start within {START_SECONDS:.0f} seconds.", is_fault=True)
        raise self.ended(entry, process)

    def note_attempts(self, entry: WorkerEntry, tier: str, ended: Ended) -> None:
        """Tell what the process of a plugin has tried to reach; it does not say whose it is.

        Without a network a socket cannot even be made, so that nobody learns what it was for.
        """
        blocked = (bool(tier) or self.gate.is_shut) and not entry.permits.network
        refused = max(0, ended.connections - len(ended.attempts)) if blocked else 0
        unknown = [Attempt(time.time(), "")] * min(refused, KEPT)
        for attempt in (*ended.attempts, *unknown):
            self.on_attempt(
                msgspec.structs.replace(attempt, plugin=entry.plugin, asked=False, blocked=blocked)
            )

    def note_refusal(self, refusal: Refusal, heard_at: float) -> None:
        """Tell of a socket that the kernel refused to this process or to one below it.

        Args:
            heard_at: When Python told of one here: that is the same one, and its plugin is known.
        """
        places = [(each.entry.plugin, each.process) for each in list(self._places.values())]
        plugins = [id for id, process in places if process and process.pid in refusal.processes]
        is_here = refusal.processes[:1] == (os.getpid(),)
        was_heard = is_here and time.monotonic() - heard_at < _SAME_SECONDS
        if refusal.library == PYTHON and (plugins or was_heard):
            return
        whose, library = "".join(plugins[:1]), refusal.library or refusal.program
        self.on_attempt(Attempt(time.time(), "", whose, blocked=True, library=library[:100]))

    def _launch(self, entry: WorkerEntry) -> Launched:
        if not entry.permits.network:
            return self._launch_shut(entry)
        if not self.gate.can_permit:
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"The plugin “{_title(entry)}” needs the network, which this system cannot give "
                "to a single plugin.",
                "It needs Linux 5.5 or later, outside of a container that filters system calls.",
            )
        launched = self._launch_shut(entry)
        self.gate.permit(launched.process.pid)
        return launched

    def _launch_shut(self, entry: WorkerEntry) -> Launched:
        sandbox = self.find_sandbox()
        if sandbox.tier:
            return sandbox.launch(
                entry.paths,
                network=entry.permits.network,
                memory=self.memory_limit,
                lends=entry.lends,
            )
        if entry.needs_sandbox:
            raise no_sandbox(_title(entry), sandbox.reason)
        log.warning("the plugin %s runs without a sandbox", entry.plugin)
        return launch.without_sandbox(entry.paths, self._scratch, entry.lends)

    def ended(self, entry: WorkerEntry, process: PluginProcess) -> StudioError:
        """Return the error for a process that ended of its own accord, and report the plugin."""
        self.meter.crashed(entry.plugin)
        error = StudioError(
            ErrorCode.PLUGIN_FAILED,
            f"The plugin “{_title(entry)}” ended unexpectedly. {process.end_reason}",
            "Everything else keeps working. Try again, or disable the plugin on the Plugins page.",
            process.last_lines(),
            entry.plugin,
        )
        self._on_fault(PluginFault(entry.plugin, "its own process", error.info()))
        return error

    def _end(self, place: Place, reason: str) -> None:
        process, place.process = place.process, None
        if process is not None:
            process.end(reason)

    def _watch(self) -> None:
        """Keep each process within its memory: no rule of the kernel counts all of it together."""
        while not self._closed.wait(_LOOK_SECONDS):
            living: set[int] = set()
            for place in list(self._places.values()):
                process = place.process
                if process is None or not process.is_alive:
                    continue
                held = memory(process.pid, with_itself=True)
                living.add(process.pid)
                self.meter.seen(place.entry.plugin, process, held)
                most = self.memory_limit + process.reserved
                if held > most:
                    process.end(
                        f"It used more memory than it may: {most / 1e9:.1f} GB.", is_fault=True
                    )
            self.meter.settle(living)


def _title(entry: WorkerEntry) -> str:
    return entry.title or entry.plugin


def _not_started(entry: WorkerEntry, why: str) -> StudioError:
    return StudioError(
        ErrorCode.PLUGIN_FAILED,
        f"The plugin “{_title(entry)}” could not be started: {why}.",
        "Try again when the machine is less busy.",
        plugin=entry.plugin,
    )
