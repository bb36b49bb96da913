"""Takes one job from its start to its end, in the job's own greenlet. Schedules nothing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from studio.api.artifacts import NewArtifact
from studio.api.worker.context import Event, ResultEvent, Task
from studio.api.worker.intermediates import KeepEvent
from studio.plugin_process.plain_data import a_kind
from studio.protocol.errors import Cancelled, ErrorCode, StudioError, brief
from studio.protocol.states import JobState
from studio.runtime.devices.device import STARTING, Device
from studio.runtime.devices.memory import give_back, is_out_of_memory
from studio.runtime.jobs.calls import Calls
from studio.runtime.jobs.context import Context
from studio.runtime.jobs.error_translation import release, translate
from studio.runtime.jobs.job import Job
from studio.runtime.jobs.library_reader import Intermediates, LibraryReader
from studio.runtime.jobs.plugin_workers import Contained, Workers
from studio.runtime.pool.oom_fallback import make_way
from studio.runtime.pool.pool import Pool
from studio.sandbox.sandbox import own_sandbox

_SIGNS = (
    "CUDA error",
    "HIP error",
    "cuBLAS error",
    "CUBLAS_STATUS_",
    "CUDNN_STATUS_",
    "device-side assert",
    "GPU is lost",
    "DEVICE_LOST",
    "Level-Zero error",
    "level_zero backend failed",
)
"""What the texts of such errors begin with or hold; torch has a class for only some of them."""


def is_device_lost(error: BaseException, device: Device | None) -> bool:
    """Whether ``error`` says that the card can no longer be used by this process."""
    if device is None or device.kind == "cpu" or not isinstance(error, RuntimeError):
        return False
    return not is_out_of_memory(error) and any(sign in str(error) for sign in _SIGNS)


def device_lost(device: Device, error: BaseException) -> StudioError:
    """Return what to say of it."""
    return StudioError(
        ErrorCode.NO_DEVICE,
        f"{device.name} stopped responding.",
        "Use the processor, or try the card again. If this repeats, check its driver and cooling.",
        brief(error),
    )


log = logging.getLogger(__name__)
MOST_LAST_WORDS = 64
"""Results that a task which is stopped may still hand over."""


class Runner:
    """Waits for torch, imports the plugin, steps the task, and translates what goes wrong.

    Args:
        on_device_lost: Called with the error when the card has stopped answering.
    """

    def __init__(
        self,
        workers: Workers,
        pool: Pool,
        scratch_root: Path,
        on_device_lost: Callable[[StudioError], None] = lambda error: None,
    ) -> None:
        self._on_device_lost = on_device_lost
        self._workers = workers
        self._pool = pool
        self._scratch_root = scratch_root
        self._calls = Calls(workers, pool)
        self._is_warm = threading.Event()
        self._device: Device | None = None

    def warm(self, device: Device | None) -> None:
        """Say that torch is loaded (or, without a device, that it cannot be): jobs may start."""
        self._device = device
        self._is_warm.set()

    def run(self, job: Job) -> None:
        """The body of a job. Whatever happens, the job is over when this returns."""
        try:
            self._run(job)
        except Cancelled as stop:
            release(stop)
            if job.cancel_requested:
                job.finish(JobState.CANCELLED)
            else:
                job.finish(JobState.FAILED, translate(stop, job.plugin, job.task))
        except Contained as error:
            self._fail(job, error)
        else:
            if job.reduced:
                job.feed.result["reduced"] = list(job.reduced)
            job.finish(JobState.DONE)

    def _fail(self, job: Job, error: BaseException) -> None:
        lost = None
        if self._device is not None and is_device_lost(error, self._device):
            lost = device_lost(self._device, error)
            release(error)
            error = lost
        info = translate(error, job.plugin, job.task)
        log.warning("job %s failed: %s\n%s", job.id, info.message, info.details)
        job.finish(JobState.FAILED, info)
        if lost is not None:
            self._on_device_lost(lost)
        elif info.code is ErrorCode.OUT_OF_MEMORY:
            give_back()

    def _run(self, job: Job) -> None:
        job.check_cancelled()
        if job.prepares:
            self._wait_for_torch(job)
            with self._pool.lease(job, job.prepares):
                return
        if self._workers.needs_torch(job.task):
            self._wait_for_torch(job)
        if not self._workers.is_imported(job.task):
            job.become(JobState.LOADING, f"Starting the plugin “{job.plugin}”…")
            job.hand_over()
        task = self._workers.task(job.task)
        params = self._workers.params(job.task, job.params)
        try:
            self._attempt(job, task, params)
            return
        except Contained as error:
            if not is_out_of_memory(error) or job.feed.has_delivered:
                raise
            details = brief(error)
            release(error)
        if not make_way(job, self._pool):
            raise self._pool.too_much(job, details)
        self._attempt(job, task, params)

    def _wait_for_torch(self, job: Job) -> None:
        job.wait_until(lambda: "" if self._is_warm.is_set() else STARTING, JobState.LOADING)

    def _attempt(self, job: Job, task: Task, params: Any) -> None:
        """Run the task from its start to its end; the job's randomness starts anew, too."""
        check = partial(self._workers.verdict, job.task)
        sandbox = own_sandbox() if self._workers.may_run_code(job.task) else None
        context = Context(
            job,
            self._pool,
            self._device_name(),
            self._scratch_root,
            check,
            sandbox,
            self._calls.make,
            LibraryReader(job) if self._workers.may_read_library(job.task) else None,
            Intermediates(job),
        )
        context.before_lease = partial(self._wait_for_torch, job)
        job.become(JobState.RUNNING)
        try:
            _drive(job, _events(job, task, context, params))
        finally:
            context.close()

    def _device_name(self) -> str:
        return self._device.torch_name if self._device else "cpu"


def _events(job: Job, task: Task, context: Context, params: Any) -> Iterator[Any]:
    events = task(context, params)
    if not hasattr(events, "__next__"):
        raise StudioError(
            ErrorCode.PLUGIN_FAILED,
            f"The plugin “{job.plugin}” made an error: its task {job.task} returned "
            f"{a_kind(events)} and yields no events.",
            "A task must be a generator function with at least one yield.",
        )
    return events


def _drive(job: Job, events: Iterator[Any]) -> None:
    """Forward each event and end the step. A task that is stopped, or errs, gets to clean up."""
    try:
        for event in events:
            job.report(event)
    except Cancelled as stop:
        for event in last_words(events, stop):
            job.feed.event(event)
        raise
    finally:
        if isinstance(events, Generator):
            _close(job, events)


def last_words(events: Iterator[Any], stop: Cancelled) -> Iterator[Event]:
    """Tell a task at its ``yield`` that it was stopped; yield what it had finished by then.

    Results are heard, and no other event: a task that goes on instead of ending is not.
    """
    if not isinstance(events, Generator):
        return
    try:
        event = events.throw(stop)
        for _ in range(MOST_LAST_WORDS):
            if not isinstance(event, NewArtifact | ResultEvent | KeepEvent):
                break
            yield event
            event = next(events)
    except (StopIteration, Cancelled):
        return
    log.warning("a task went on after it was stopped")


def _close(job: Job, events: Generator[Any, None, None]) -> None:
    try:
        events.close()
    except RuntimeError as error:  # it yielded instead of ending: nothing more can be done for it
        log.warning("%s did not end when told to: %s", job.task, error)
