"""The context of a task in its plugin's own process; see ``studio.api.worker.context``."""

from __future__ import annotations

import contextlib
import gc
import hashlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from studio.api.artifacts import NewArtifact, SavedArtifact, Verdict
from studio.api.inputs import Inputs
from studio.api.plot import Plot
from studio.api.sandbox import SandboxRequest, SandboxStep
from studio.api.worker.call_outcome import CallOutcome
from studio.api.worker.constraint import Constraint
from studio.api.worker.context import (
    Event,
    Outcome,
    ProgressEvent,
    ResultEvent,
    Rung,
    Setting,
    TextEvent,
)
from studio.api.worker.energy import EnergyUse
from studio.api.worker.intermediates import Intermediates, KeepEvent, NoIntermediates
from studio.plugin_process import in_thread as threads
from studio.plugin_process import messages as m
from studio.plugin_process.inside import calls, engines, steps
from studio.plugin_process.inside.failures import is_out_of_memory
from studio.plugin_process.inside.wire import Wire
from studio.plugin_process.rng import JobRng, seeded_globals
from studio.protocol.blobs import shaped
from studio.protocol.errors import Cancelled, ErrorCode, StudioError
from studio.protocol.messages import BlobSpec

Checks = Mapping[str, Callable[[bytes], Verdict]]


class Context:
    """The context of one job. Models are asked for over the link; all else is done here.

    Args:
        folder: Of this process; has a folder for scratch and one for the cache.
        checks: What looks at results, by their kind.
    """

    def __init__(
        self,
        wire: Wire,
        begin: m.Begin,
        blobs: Sequence[memoryview],
        folder: Path,
        checks: Checks,
    ) -> None:
        self.job = begin.job
        self.device = begin.device
        self.is_private = begin.private
        self.wants_whole = begin.whole
        self.rng = JobRng(begin.seed)
        self.inputs = Inputs(
            {name: _unpack(blobs[at], begin.specs.get(name)) for name, at in begin.blobs.items()}
        )
        self.scratch = folder / "scratch"
        self._copies = {
            str(self.scratch / file): begin.params[name] for name, file in begin.files.items()
        }
        """Of picked files, by where the copy lies."""
        self._wire = wire
        self._folder = folder
        self._checks = checks
        self._reduced: list[str] = []

    @property
    def cache(self) -> Path:
        """A folder for reproducible files; it lasts as long as this process."""
        folder = self._folder / "cache"
        folder.mkdir(exist_ok=True)
        return folder

    @contextlib.contextmanager
    def lease(self, weights: str, working_bytes: int = 0) -> Iterator[Any]:
        """Borrow a model of the studio; see ``TaskContext.lease``."""
        facts = self._wire.ask(lambda ask: m.Lease(ask, str(weights), working_bytes))
        try:
            yield engines.lent(self._wire, facts)
        finally:
            if not self._wire.stopped:  # else the studio has taken it back already
                self._wire.ask(lambda ask: m.Release(ask, int(facts["lease"])))

    @contextlib.contextmanager
    def reserve(self, bytes: int) -> Iterator[None]:
        """Reserve memory for the task's own computation; see ``TaskContext.reserve``."""
        facts = self._wire.ask(lambda ask: m.Reserve(ask, bytes))
        try:
            yield
        finally:
            if not self._wire.stopped:  # else the studio has taken it back already
                self._wire.ask(lambda ask: m.Release(ask, int(facts["lease"])))

    def ladder(
        self,
        rungs: Sequence[Rung[Setting]],
        body: Callable[[Setting], Generator[Event, None, Outcome]],
    ) -> Generator[Event, None, Outcome]:
        """Do the work as high up the ladder as memory allows; see ``TaskContext.ladder``."""
        last: BaseException | None = None
        for number, rung in enumerate(rungs):
            if number:
                gc.collect()
                self.reduced(rung.words or "smaller pieces")
            try:
                return (yield from body(rung.setting))
            except (Exception, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                last = error.with_traceback(None)
        assert last is not None, "a ladder has rungs"
        raise last

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
        yield None
        return calls.call(
            self._wire,
            task,
            {name: self._copies.get(str(value), value) for name, value in (params or {}).items()},
            inputs or {},
            title=title,
            parents=parents,
            keep=keep,
            units=units,
        )

    def reduced(self, words: str) -> None:
        """Tell the user that work goes on with less."""
        self._reduced.append(words)
        self._wire.ask(lambda ask: m.Reduced(ask, words))

    def weights_path(self, weights: str) -> Path:
        """Refuse: files of weights are not within reach of this process."""
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"The file of the model “{weights}” cannot be read by a plugin in its own process.",
            "Use ctx.lease, or say isolation = “studio” in the manifest.",
        )

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
        if verdict is None and kind in self._checks and not isinstance(payload, Path):
            verdict = self._checks[kind](payload)
        facts = dict(meta or {})
        if self._reduced:
            facts["reduced"] = list(self._reduced)
        return NewArtifact(kind, payload, suffix, title, text, verdict, facts, preview)

    def result(self, **values: Any) -> ResultEvent:
        """Return the event to yield for the task's own result keys."""
        return ResultEvent(values)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Compute with the global generators seeded; a job is always alone in this process."""
        with seeded_globals(self.rng.seed):
            yield

    def report(self, event: Event) -> None:
        """Do what ``yield event`` does, from inside a library's callback."""
        steps.send(self._wire, event)
        self.check_cancelled()

    def in_thread(self, work: Callable[[], Outcome]) -> Generator[None, None, Outcome]:
        """Do ``work`` in a thread of its own; see ``TaskContext.in_thread``."""
        return threads.in_thread(work)

    @property
    def sandbox(self) -> RemoteSandbox:
        """The sandbox of the studio to run code in, if the plugin may run any."""
        return RemoteSandbox(self._wire)

    @property
    def file_sandbox(self) -> AroundThisProcess:
        """No sandbox inside the one that this process is in."""
        return AroundThisProcess()

    @property
    def library(self) -> RemoteLibrary:
        """Results in the library, if the plugin may read them."""
        return RemoteLibrary(self._wire)

    @property
    def intermediates(self) -> Intermediates:
        """The intermediates of results; nothing for other programs."""
        return NoIntermediates() if self.is_private else RemoteIntermediates(self._wire)

    @property
    def checkpoint(self) -> Path:
        """A part of the scratch: nothing of a plugin in a process of its own outlives a kill."""
        folder = self.scratch / "checkpoint"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def energy(self) -> EnergyUse | None:
        """Return what this job has used until now; see ``TaskContext.energy``."""
        return msgspec.convert(self._wire.ask(m.AskEnergy), EnergyUse | None)

    def check_constraint(self, constraint: Constraint) -> None:
        """Refuse a form that no text can be held to."""
        self._wire.ask(lambda ask: m.CheckForm(ask, constraint.kind, constraint.text))

    def check_cancelled(self) -> None:
        """Raise ``Cancelled`` if the user stopped the job."""
        if self._wire.stopped:
            raise Cancelled


def _unpack(blob: memoryview, spec: BlobSpec | None) -> Any:
    if spec is None or spec.dtype == "bytes":
        return bytes(blob)
    view = shaped(spec, blob)
    try:
        import numpy
    except ModuleNotFoundError:
        return view
    dtype = "uint16" if spec.dtype == "bfloat16" else spec.dtype
    return numpy.frombuffer(view.cast("B"), dtype=dtype).reshape(spec.shape)


class RemoteLibrary:
    """See :class:`studio.api.worker.context.LibraryReader`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def find(
        self, query: str = "", kinds: Sequence[str] = (), limit: int = 100
    ) -> list[SavedArtifact]:
        """Return results, newest first; none of them has a path."""
        wanted = tuple(map(str, kinds))
        return self._rows(lambda ask: m.FindArtifacts(ask, "", str(query), wanted, int(limit)))

    def get(self, id: str) -> SavedArtifact:
        """Return one result."""
        return self._rows(lambda ask: m.FindArtifacts(ask, str(id)))[0]

    def read(self, artifact: SavedArtifact) -> bytes:
        """Return the payload of a result."""
        *_, (_, blobs) = self._wire.answers(lambda ask: m.ReadArtifact(ask, artifact.id))
        return bytes(blobs[0])

    def _rows(self, question: Any) -> list[SavedArtifact]:
        answer = self._wire.ask(question)
        return msgspec.convert(answer, list[SavedArtifact], dec_hook=_path)


def _path(kind: type, value: Any) -> Any:
    return Path()


class RemoteSandbox:
    """See :class:`studio.api.sandbox.Sandbox`; made only where the plugin may run code."""

    def __init__(self, wire: Wire) -> None:
        """Ask for the sandbox.

        Raises:
            StudioError: ``PERMISSION``: the plugin's manifest does not say ``run_code = true``.
        """
        facts = wire.ask(m.SandboxTier)
        self.tier, self.reason = str(facts["tier"]), str(facts["reason"])
        self._wire = wire

    def run(self, request: SandboxRequest, given: int = -1) -> Generator[SandboxStep, None, None]:
        """Run a command in the sandbox; see :meth:`studio.api.sandbox.Sandbox.run`.

        What is ``given`` crosses the link, as far as its link carries it.
        """
        stdin = request.stdin if given < 0 else _content(given)
        answers = self._wire.answers(
            lambda ask: m.RunCode(
                ask,
                request.command,
                tuple(request.files),
                stdin,
                request.packages,
                request.collect,
                request.limits,
            ),
            tuple(request.files.values()),
        )
        for value, _ in answers:
            if value is not None:
                yield msgspec.convert(value, SandboxStep)


class AroundThisProcess:
    """Stands for a sandbox that is around this process already; runs nothing."""

    tier = ""
    reason = "The plugin is in a process of its own, and its readers are in it."

    def run(self, request: SandboxRequest, given: int = -1) -> Generator[SandboxStep, None, None]:
        """Refuse.

        Raises:
            StudioError: ``UNSUPPORTED``, always.
        """
        raise StudioError(ErrorCode.UNSUPPORTED, self.reason)


LARGEST = 64 << 20
"""Bytes that are kept of one, or given to a run: they cross the link whole, and not in pieces as
results do."""


def _content(descriptor: int) -> bytes:
    with open(descriptor, "rb", closefd=False) as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"The file is larger than the limit of {LARGEST >> 20} MB.",
            "Choose a smaller one.",
        )
    return content


class RemoteIntermediates:
    """See :class:`studio.api.worker.intermediates.Intermediates`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def find(self, key: str) -> bytes | None:
        """Return the intermediate under ``key``; None if it is gone."""
        *_, (_, blobs) = self._wire.answers(lambda ask: m.FindKept(ask, _short(key)))
        return bytes(blobs[0]) if blobs else None

    def keep(self, key: str, payload: bytes) -> KeepEvent | None:
        """Return the event that keeps ``payload``; a step without news for one too large."""
        return KeepEvent(_short(key), payload) if len(payload) <= LARGEST else None


def _short(key: str) -> str:
    """Return a key that a message takes, another for each key."""
    return f"sha256 {hashlib.sha256(str(key).encode()).hexdigest()}"
