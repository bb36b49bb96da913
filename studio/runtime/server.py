"""The runtime's desk: reads commands, hands them to whom they concern, and tells how things are.

Computes nothing itself. Three threads beside the two lanes: the one that serves (commands), one for
errands (importing torch, reading headers), and one for the heartbeat.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from studio.api.worker.context import Loader
from studio.protocol.caches import JOBS
from studio.protocol.connections.watch import Watch, by_module
from studio.protocol.device_status import DeviceEntry
from studio.protocol.energy import Amount, amount
from studio.protocol.errors import ErrorCode, ErrorInfo, StudioError, brief
from studio.protocol.files.private_folder import PrivateFolder
from studio.protocol.link import Link, LinkClosed
from studio.protocol.messages import (
    Arrange,
    CallEnded,
    Cancel,
    Configure,
    DeviceLost,
    DevicesFound,
    Finished,
    Goodbye,
    Inspect,
    Inspected,
    LibraryFound,
    Message,
    Needs,
    Pause,
    Pin,
    PluginFault,
    Prepare,
    Promote,
    Resume,
    Shutdown,
    Status,
    Submit,
    Trace,
    Unload,
    WantTrace,
)
from studio.protocol.states import JobState, Lane
from studio.protocol.step_note import StepNote
from studio.protocol.trace import Energy, JobUse, PluginUse, Use
from studio.runtime.devices.device import STARTING, Device
from studio.runtime.devices.discovery import Found, find_devices
from studio.runtime.devices.energy import card_id, card_meter, processor_meter
from studio.runtime.hosts.hosts import Hosts
from studio.runtime.hosts.remote_task import RemoteTasks
from studio.runtime.jobs import library_reader, torch_state
from studio.runtime.jobs.error_translation import own_bug, sendable
from studio.runtime.jobs.job import Job
from studio.runtime.jobs.plugin_workers import Contained, Workers
from studio.runtime.jobs.runner import Runner
from studio.runtime.jobs.usage import Usage
from studio.runtime.pool.digests import Digests
from studio.runtime.pool.measured_memory import MemoryMeasurements
from studio.runtime.pool.pool import Pool
from studio.runtime.pool.weights_registry import NeedsBase, WeightsRegistry
from studio.runtime.scheduling.cpu_contention import CpuContention
from studio.runtime.scheduling.scheduler import Scheduler
from studio.runtime.status_file import StatusFile
from studio.runtime.trace import Trace as Trail
from studio.runtime.weights_check.inspection import inspect_weights
from studio.sandbox.network_gate import Gate

log = logging.getLogger(__name__)

HEARTBEAT = 1.0
"""Seconds between two reports of how things are."""


class Server:
    """Serves one studio over ``link`` until it says so or is gone.

    Args:
        built_in: Returns the loaders of the runtime's own engines; called once torch is there.
        cache: The studio's folder of caches; None for none.
        steps: Where it is noted whose step is at hand.

    Attributes:
        watch: What is tried to be reached on other machines; it hears once ``use_gate`` is called.
    """

    def __init__(
        self,
        link: Link,
        *,
        built_in: Callable[[], Sequence[Loader]],
        cache: Path | None = None,
        steps: StepNote | None = None,
    ) -> None:
        self._link = link
        self._built_in = built_in
        self._engines: Sequence[Loader] = ()
        self._scratch = _folder_of_jobs(cache)
        self._device: Device | None = None
        self._device_words: str = STARTING
        self._contention = CpuContention()
        self._texts: set[str] = set()
        """Weights of language models: what is written with the same ones is written together."""
        self._digests = Digests(cache)
        self._hosts = Hosts(lambda: self._scheduler.wake(), self._on_fault, self._scratch.path)
        self._workers = Workers(self._on_fault, RemoteTasks(self._hosts))
        self.watch = Watch(by_module(self._workers.packages))
        self._hosts.on_attempt = self.watch.add
        self._pool = Pool(
            sources=WeightsRegistry(self._loaders),
            digests=self._digests,
            measurements=MemoryMeasurements(cache),
            on_change=self._on_change,
            tell=self._send,
        )
        self._runner = Runner(self._workers, self._pool, self._scratch.path, self._on_device_lost)
        self._trail = Trail()
        self._usage = Usage()
        self._snapshots = StatusFile(cache)
        self._scheduler = Scheduler(
            self._runner.run, self._trail.step, note=steps.write if steps else None
        )
        self._errands: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._news = threading.Event()
        self._ended = threading.Event()
        self._helpers = [
            threading.Thread(target=self._run_errands, name="errands", daemon=True),
            threading.Thread(target=self._beat, name="heartbeat", daemon=True),
        ]

    def use_gate(self, gate: Gate) -> None:
        """Hear what is tried to be reached; ``gate`` says what the kernel refuses."""
        self._hosts.gate = gate
        self.watch.is_shut = gate.is_shut
        self.watch.start()
        gate.listen(lambda refusal: self._hosts.note_refusal(refusal, self.watch.heard_at))

    def serve(self) -> bool:
        """Work off commands. Return True if the studio asked for the end, False if it is gone."""
        self._errands.put(self._warm_up)
        self._scheduler.start()
        for helper in self._helpers:
            helper.start()
        while True:
            try:
                received = self._link.receive()
            except LinkClosed:
                return False
            except StudioError as error:  # one broken message; the link itself says if it is closed
                log.error("%s", error.message)
                continue
            if received is None:
                continue
            if isinstance(received.message, Shutdown | Goodbye):
                return True
            try:
                self._obey(received.message, received.blobs)
            except Exception as bug:  # one bad command must not end the runtime
                log.exception("a command failed")
                self._admit(received.message, own_bug(bug))

    def close(self, patience: float) -> bool:
        """Stop all jobs at their next step; return whether all ended in ``patience`` seconds."""
        self._ended.set()
        self._news.set()
        self._errands.put(None)
        ended = self._scheduler.stop(patience)
        self._hosts.close()
        self._snapshots.offer(self._status(), self._trail.spans, last=True)
        self._scratch.close()
        return ended

    # --- commands -------------------------------------------------------------------------------

    def _obey(self, message: Any, blobs: Sequence[memoryview]) -> None:
        match message:
            case Configure():
                self._configure(message)
            case Submit():
                self._submit(message, blobs)
            case CallEnded():
                self._call_ended(message)
            case LibraryFound(job) if asking := self._scheduler.find(job):
                library_reader.hear(asking, message)
                self._scheduler.wake()
            case Cancel(job):
                self._scheduler.cancel(job)
            case Pause(job):
                self._scheduler.pause(job)
            case Resume(job):
                self._scheduler.resume(job)
            case Promote(job):
                self._scheduler.promote(job)
            case Arrange(jobs):
                self._scheduler.arrange(jobs)
            case Unload(weights):
                self._errands.put(lambda: self._pool.unload(weights))
            case Prepare(weights):
                self._prepare(weights)
            case Pin(weights, pinned):
                self._pool.pin(weights, pinned)
            case Inspect():
                self._errands.put(lambda: self._inspect(message))
            case WantTrace(request):
                self._send(Trace(request, self._trail.spans()))
            case _:
                log.warning("ignored an unexpected %s", type(message).__name__)

    def _admit(self, message: Any, error: ErrorInfo) -> None:
        """Tell the studio of a command that failed, if it waits for an answer."""
        if isinstance(message, Submit):
            self._send(Finished(message.job, JobState.FAILED, error=error))

    def _configure(self, message: Configure) -> None:
        self._workers.configure(message.workers)
        self._errands.put(lambda: self._hosts.configure(message.workers))
        self._texts = {each.id for each in message.weights if "text" in each.capabilities}
        self._pool.configure(
            message.weights, message.memory_limit, message.pinned, message.idle_seconds
        )
        self._errands.put(self._pool.sweep)
        self._scheduler.wake()

    def _submit(self, message: Submit, blobs: Sequence[memoryview]) -> None:
        caller = self._scheduler.find(message.caller) if message.caller else None
        call = caller.calling if caller else None
        if message.caller and (call is None or call.number != message.call):
            self._send(Finished(message.job, JobState.CANCELLED))  # nobody waits for it any more
            return
        job = Job(
            message,
            plugin=self._workers.owner(message.task),
            owner=self._workers.title(message.task),
            lane=self._workers.lane(message.task),
            kinds=self._workers.kinds(message.task),
            blobs=blobs,
            sink=self._send,
            caller=caller,
            used=self._used,
            spent=self._spent,
        )
        if call is not None:
            call.begin(job)
        job.batch = self._batch(message.params)
        self._trail.submitted(job)
        self._scheduler.submit(job)

    def _prepare(self, weights: str) -> None:
        """Load ``weights`` while somebody still writes what to do with them; nobody hears of it."""
        if not self._scheduler.busy() and not self._pool.status():
            submit = Submit(f"prepare {weights}", "", {}, seed=0)
            lane = Lane.BATCH  # in its own, the job to come could not say what it waits for
            job = Job(submit, plugin="", lane=lane, blobs=(), sink=_keep_to_oneself)
            job.prepares = weights
            self._scheduler.submit(job)

    def _call_ended(self, message: CallEnded) -> None:
        job = self._scheduler.find(message.job)
        if job and job.calling and job.calling.number == message.number:
            job.calling.ended = message
            self._scheduler.wake()

    def _batch(self, params: Mapping[str, Any]) -> str:
        """Return the weights whose engine makes the job's steps together with those of others."""
        named = params.get("weights")
        return named if isinstance(named, str) and named in self._texts else ""

    # --- errands --------------------------------------------------------------------------------

    def _run_errands(self) -> None:
        while (errand := self._errands.get()) is not None:
            try:
                errand()
            except Contained as bug:
                log.exception("an errand failed: %s", own_bug(bug).message)

    def _warm_up(self) -> None:
        """Load torch and the engines, in the background: the window is already in use."""
        try:
            found = find_devices()
            import torch

            device = found.chosen
            torch_state.torch_is_loaded(torch)
            self._engines = self._built_in()
            for loader in self._engines:
                if isinstance(loader, NeedsBase):
                    loader.find_base = self._pool.find_base
        except Contained as error:
            self._no_device(error)
            return
        log.info("computing on %s (%s), %d threads", device.name, device.kind, device.threads)
        self._send(_devices(found))
        on_card = device.kind != "cpu"
        card = card_meter(device.kind, card_id(device.torch_name)) if on_card else None
        self._usage.measure_with(processor_meter(), card)
        self._pool.use_device(device)
        self._scheduler.use_card(device.torch_name)
        self._scheduler.use_threads(device.threads)
        self._device = device  # last: from now on the heartbeat tells of it, and divides threads
        self._start_jobs(device)

    def _no_device(self, error: BaseException) -> None:
        """Go on without torch: tasks that need none still work, leases say why not."""
        if not isinstance(error, StudioError):
            error = StudioError.from_info(own_bug(error))
        log.error("%s %s", error.message, error.details)
        self._device_words = error.message
        self._pool.use_device(None, error)
        self._start_jobs(None)

    def _start_jobs(self, device: Device | None) -> None:
        self._runner.warm(device)
        self._on_change()

    def _inspect(self, message: Inspect) -> None:
        try:
            facts = inspect_weights(
                Path(message.path),
                self._loaders(),
                self._digests,
                message.full,
                message.context_limit,
                self._device.torch_name if self._device else "cpu",
                self._pool.placement,
            )
            needs = Needs(facts["weights_bytes"], facts["working_bytes"])
            self._send(Inspected(message.request, facts, needs=needs))
        except StudioError as error:
            self._send(Inspected(message.request, error=sendable(error.info())))
        except Contained as error:
            log.warning("inspecting %s failed", message.path, exc_info=error)
            what = f"{Path(message.path).name} cannot be read: {brief(error)}."
            broken = ErrorInfo(
                ErrorCode.BAD_WEIGHTS, what, "The file may be damaged: download it again."
            )
            self._send(Inspected(message.request, error=sendable(broken)))

    def _loaders(self) -> Iterator[Loader]:
        return chain(self._engines, self._workers.loaders())

    # --- reports --------------------------------------------------------------------------------

    def _beat(self) -> None:
        while not self._ended.is_set():
            try:
                self._mind_the_others()
                self._errands.put(self._pool.sweep)  # what nobody used for long
                self._errands.put(self._hosts.sweep)
                status = self._status()
                self._send(status)
                self._trail.measured(status.memory_used, status.energy.joules)
                self._snapshots.offer(status, self._trail.spans)
            except Exception:  # a device that cannot say how it is must not silence the rest
                log.exception("no heartbeat")
            self._news.wait(HEARTBEAT)
            self._news.clear()

    def _mind_the_others(self) -> None:
        """Leave processors to other programs that use them: crowding would slow us many times."""
        if self._device is not None:
            self._scheduler.use_threads(self._contention.threads(self._device.threads))

    def _status(self) -> Status:
        device = self._device
        memory = device.memory() if device else None
        busy = self._busy()
        energy, plugins = self._settle(busy)
        return Status(
            device=device.kind if device else "",
            device_name=device.name if device else self._device_words,
            threads=device.threads if device else 0,
            memory_used=memory.used if memory else 0,
            memory_total=memory.total if memory else 0,
            loaded=self._pool.status(),
            running=self._scheduler.running(),
            step=self._scheduler.steps,
            jobs=tuple(
                JobUse(job.id, job.task, job.plugin, before + at_hand, at_hand, job.quiet)
                for job, before, at_hand in busy
            ),
            plugins=plugins,
            processes=self._hosts.meter.uses(),
            up_seconds=self._usage.up_seconds,
            processor_seconds=self._usage.processor_seconds(),
            energy=energy,
            connections=self.watch.count,
            attempts=self.watch.attempts(),
            blocked=self.watch.blocked,
        )

    def _busy(self) -> list[tuple[Job, float, float]]:
        """Return the jobs that the studio knows, as the scheduler does."""
        return [each for each in self._scheduler.busy() if not each[0].prepares]

    def _settle(
        self, busy: Sequence[tuple[Job, float, float]]
    ) -> tuple[Energy, tuple[PluginUse, ...]]:
        """Share out what was used until now."""
        processes = {use.plugin: use.processor_seconds for use in self._hosts.meter.uses()}
        return self._usage.settle([(job, so_far + at) for job, so_far, at in busy], processes)

    def _used(self, job: Job) -> Use:
        """Return what a job that is about to end has used."""
        self._settle(self._busy())
        return self._usage.of(job)

    def _spent(self, job: Job) -> Amount:
        """Return what a job has taken until now; it has rates."""
        assert job.rates is not None, "the job asks only then"
        energy, _ = self._settle(self._busy())
        kind = self._device.kind if self._device else "cpu"
        return amount(self._usage.of(job), job.rates.core, kind, energy)

    def _on_change(self) -> None:
        self._scheduler.wake()
        self._news.set()

    def _on_device_lost(self, error: StudioError) -> None:
        """Lend nothing any more; the studio decides what to compute with instead."""
        device = self._device.torch_name if self._device else ""
        self._pool.use_device(None, error)
        self._send(DeviceLost(device, error.info()))

    def _on_fault(self, fault: PluginFault) -> None:
        self._send(fault)

    def _send(self, message: Message, blobs: Sequence[Any] = ()) -> None:
        self._trail.heard(message)
        try:
            self._link.send(message, blobs)
        except LinkClosed:  # nobody listens any more; ``serve`` sees that too, and ends
            log.debug("not sent: %s", type(message).__name__)


def _keep_to_oneself(message: Message, blobs: Sequence[Any]) -> None:
    """Take what a job says of which the studio does not know."""


def _devices(found: Found) -> DevicesFound:
    entries = tuple(
        DeviceEntry(each.torch_name, each.kind, each.name, _total(each)) for each in found.devices
    )
    return DevicesFound(entries, found.chosen.torch_name, found.note)


def _total(device: Device) -> int:
    try:
        return device.memory().total
    except Exception:  # of a card that does not work; the note says so
        log.debug("%s does not say how much memory it has", device.name, exc_info=True)
        return 0


def _folder_of_jobs(cache: Path | None) -> PrivateFolder:
    """Return a new folder for the jobs of this process, in the cache: not in memory."""
    if cache is None:
        return PrivateFolder("jobs")
    (cache / JOBS).mkdir(mode=0o700, parents=True, exist_ok=True)
    return PrivateFolder("jobs", cache / JOBS)
