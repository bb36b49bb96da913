"""What a running task may touch, and nothing more: ``studio.api.worker.context.TaskContext`` made
real."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from studio.api.artifacts import NewArtifact, Verdict
from studio.api.inputs import Inputs
from studio.api.plot import Plot
from studio.api.sandbox import Sandbox
from studio.api.worker.call_outcome import CallOutcome
from studio.api.worker.constraint import Constraint
from studio.api.worker.context import (
    Event,
    LibraryReader,
    Outcome,
    ProgressEvent,
    ResultEvent,
    Rung,
    Setting,
    TextEvent,
)
from studio.api.worker.energy import EnergyUse
from studio.api.worker.intermediates import Intermediates, NoIntermediates
from studio.plugin_process.in_thread import in_thread
from studio.plugin_process.rng import JobRng, seeded_globals
from studio.protocol.caches import CACHE_ENV
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.jobs.job import Job
from studio.runtime.jobs.library_reader import refused as library_refused
from studio.runtime.pool.oom_fallback import go_on, oom_fallback
from studio.runtime.pool.pool import Pool
from studio.sandbox.sandbox import own_sandbox

MakeCall = Callable[..., Generator[Event, None, CallOutcome]]
"""Makes a call for a job: ``studio.runtime.jobs.calls.Calls.make``, or a stand-in of a test."""


class Context:
    """The context of one job. Models are borrowed from the pool, randomness is the job's own."""

    def __init__(
        self,
        job: Job,
        pool: Pool,
        device: str,
        scratch_root: Path,
        check: Callable[[str, bytes], Verdict | None] = lambda kind, payload: None,
        sandbox: Sandbox | None = None,
        call: MakeCall | None = None,
        library: LibraryReader | None = None,
        intermediates: Intermediates | None = None,
    ) -> None:
        """Make the context of ``job``; ``check`` judges results that come without a verdict.

        Without a ``sandbox`` the job may not run code, without ``call`` run no task of others,
        without ``library`` not read that.
        """
        self.job = job.id
        self.device = device
        self.is_private = job.is_private
        self.wants_whole = job.wants_whole
        self.rng = JobRng(job.seed)
        self.inputs = Inputs(job.inputs)
        self.studio_job = job
        """For the runtime itself; no task touches it."""
        self.before_lease: Callable[[], None] = lambda: None
        self._job = job
        self._pool = pool
        self._scratch_root = scratch_root
        self._check = check
        self._sandbox = sandbox
        self._call = call
        self._library = library
        self.intermediates = (
            NoIntermediates() if job.is_private else intermediates or NoIntermediates()
        )
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    @property
    def scratch(self) -> Path:
        """A folder of this job, made when first asked for and removed when the job ends."""
        if self._scratch is None:
            self._scratch = tempfile.TemporaryDirectory(
                prefix="job-", dir=self._scratch_root, ignore_cleanup_errors=True
            )
            self._job.feed.scratch = Path(self._scratch.name)
        return Path(self._scratch.name)

    @property
    def cache(self) -> Path:
        """A folder of the plugin's own in the studio's cache; where there is none, the scratch."""
        root = os.environ.get(CACHE_ENV)
        folder = Path(root) / "plugins" / self._job.plugin if root else self.scratch
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def checkpoint(self) -> Path:
        """A folder that outlives a kill; a part of the scratch where nothing may be kept."""
        place = self._job.checkpoint
        folder = Path(place) if place else self.scratch / "checkpoint"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def energy(self) -> EnergyUse | None:
        """Return what this job has used until now; see ``TaskContext.energy``."""
        return self._job.energy()

    def in_thread(self, work: Callable[[], Outcome]) -> Generator[None, None, Outcome]:
        """Do ``work`` in a thread of its own; see ``TaskContext.in_thread``."""
        return in_thread(work)

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox to run code in; only for plugins whose manifest says so."""
        if self._sandbox is None:
            raise StudioError(
                ErrorCode.PERMISSION,
                f"The plugin “{self._job.plugin}” may not run code: its manifest does not "
                "declare it.",
                "Its author must add “run_code = true” and a reason to the manifest.",
                plugin=self._job.plugin,
            )
        return self._sandbox

    @property
    def file_sandbox(self) -> Sandbox:
        """The sandbox for readers of strangers' files, for every plugin in this process."""
        return own_sandbox()

    @property
    def library(self) -> LibraryReader:
        """Results in the library; only for plugins whose manifest says so."""
        if self._library is None:
            raise library_refused(self._job, declared=False)
        if self._job.is_private:
            raise library_refused(self._job, declared=True)
        return self._library

    def close(self) -> None:
        """Remove the scratch folder."""
        if self._scratch is not None:
            self._scratch.cleanup()

    def lease(self, weights: str, working_bytes: int = 0) -> AbstractContextManager[Any]:
        """Lend the loaded model of ``weights``; see :meth:`studio.runtime.pool.pool.Pool.lease`."""
        self.before_lease()
        return self._pool.lease(self._job, str(weights), working_bytes)

    def reserve(self, bytes: int) -> AbstractContextManager[None]:
        """Take memory of the device for what the task computes by itself; see ``TaskContext``."""
        self.before_lease()
        return self._pool.reserve(self._job, bytes)

    def ladder(
        self,
        rungs: Sequence[Rung[Setting]],
        body: Callable[[Setting], Generator[Event, None, Outcome]],
    ) -> Generator[Event, None, Outcome]:
        """Do the work as high up the ladder as memory allows; see ``TaskContext.ladder``."""
        return oom_fallback(self._job, self._pool, rungs, body)

    def call(
        self,
        task: str,
        params: Mapping[str, Any] | None = None,
        *,
        inputs: Mapping[str, Any] | None = None,
        title: str = "",
        parents: Sequence[str] = (),
        keep: bool = True,
        units: float = 1.0,
    ) -> Generator[Event, None, CallOutcome]:
        """Run a task of another plugin; see ``TaskContext.call``."""
        if self._call is None:
            raise StudioError(ErrorCode.UNSUPPORTED, f"“{task}” cannot be called from here.")
        return self._call(
            self._job,
            task,
            params or {},
            inputs or {},
            title=title,
            parents=parents,
            keep=keep,
            units=units,
        )

    def reduced(self, words: str) -> None:
        """Tell the user that work goes on with less."""
        go_on(self._job, self._pool, words)

    def weights_path(self, weights: str) -> Path:
        """Return where ``weights`` lie on disk."""
        return self._pool.path(str(weights))

    def progress(
        self,
        done: float,
        total: float,
        message: str = "",
        preview: Any = None,
        plots: Sequence[Plot] = (),
    ) -> ProgressEvent:
        """Return the event to yield after a step."""
        return ProgressEvent(done, total, message, preview, plots)

    def text(self, text: str, tokens: int = 0, channel: str = "") -> TextEvent:
        """Return the event to yield for new text."""
        return TextEvent(text, tokens, channel)

    def artifact(
        self,
        kind: str,
        payload: bytes | Path,
        *,
        suffix: str,
        title: str = "",
        text: str = "",
        verdict: Verdict | None = None,
        meta: Mapping[str, Any] | None = None,
        preview: bytes = b"",
    ) -> NewArtifact:
        """Return the event to yield for a finished result; the plugin's check of its kind runs."""
        if verdict is None and not isinstance(payload, Path):
            verdict = self._check(kind, payload)
        meta = dict(meta or {})
        if self._job.reduced:  # a run with more memory may come out differently
            meta["reduced"] = list(self._job.reduced)
        return NewArtifact(kind, payload, suffix, title, text, verdict, meta, preview)

    def result(self, **values: Any) -> ResultEvent:
        """Return the event to yield for the task's own result keys."""
        return ResultEvent(values)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Compute while no other job does, with the global generators seeded for this job."""
        before, self._job.is_alone = self._job.is_alone, True
        try:
            with self._job.alone(), seeded_globals(self._job.seed):
                yield
        finally:
            self._job.is_alone = before

    def report(self, event: Event) -> None:
        """Do what ``yield event`` does, from inside a library's callback."""
        self._job.report(event)

    def check_constraint(self, constraint: Constraint) -> None:
        """Refuse a form that no text can be held to."""
        from studio.runtime.engines.text.generation import grammar_mask

        grammar_mask.check(constraint)

    def check_cancelled(self) -> None:
        """Raise ``Cancelled`` if the user stopped the job."""
        self._job.check_cancelled()
