"""Kit for tests of plugins: a host over plain folders, and tasks run in process. Installs nothing.

A plugin author's whole test can be::

    def test_it_greets() -> None:
        made = run_task(greet, Greet.parse({"name": "Ada"}))
        assert made.result["text"] == "Hello, Ada!"
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from studio.api.artifacts import NewArtifact, SavedArtifact
from studio.api.inputs import Inputs
from studio.api.params import Params
from studio.api.sandbox import Sandbox
from studio.api.stability import former_arguments, former_names
from studio.api.worker.call_outcome import CallOutcome
from studio.api.worker.context import (
    Event,
    ProgressEvent,
    ResultEvent,
    TextEvent,
)
from studio.api.worker.energy import EnergyUse
from studio.api.worker.intermediates import KeepEvent
from studio.plugins import PluginHost, discover
from studio.plugins.discovery import Found
from studio.protocol import result_files
from studio.protocol.errors import Cancelled, ErrorCode, StudioError
from studio.protocol.states import JobState
from studio.runtime.devices.memory import out_of_memory
from studio.runtime.jobs.context import Context, MakeCall
from studio.runtime.jobs.runner import last_words
from studio.sandbox.sandbox import own_sandbox

FakeTask = Callable[[Mapping[str, Any], Inputs], CallOutcome]
"""Stands in for a task of another plugin."""


class MemorySettings:
    """Settings that last as long as the test."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value, or ``default``."""
        return self.values.get(key, default)

    def set(self, key: str, value: Any) -> None:
        """Keep plain data."""
        self.values[key] = value


# --- hosts ------------------------------------------------------------------------------------


@contextmanager
def importable(*folders: Path) -> Iterator[None]:
    """Let the packages in ``folders`` be imported inside the block, and be forgotten after it."""
    added = [str(folder) for folder in folders]
    sys.path.extend(added)
    try:
        yield
    finally:
        for path in added:
            sys.path.remove(path)
        entries = [entry for folder in folders for entry in folder.iterdir()]
        # Not every folder beside a package is one: tests of a project may be called as others are.
        packages = {
            candidate.stem
            for candidate in entries
            if candidate.is_file() or (candidate / "__init__.py").exists()
        }
        for name in [name for name in sys.modules if name.partition(".")[0] in packages]:
            del sys.modules[name]


def plugins_in(*folders: Path, packages: Iterable[str] = ()) -> list[Found]:
    """Return the plugins that lie in ``folders``; only those of ``packages`` if any are named."""
    wanted = set(packages)
    plugins = [plugin for plugin in discover(folders) if not plugin.distribution]
    return [plugin for plugin in plugins if not wanted or plugin.package in wanted]


def host_of(found: Iterable[Found], journal: Path, **options: Any) -> PluginHost:
    """Return a host of just these plugins; ``options`` are those of :class:`PluginHost`."""
    settings = options.pop("settings", None) or MemorySettings()
    return PluginHost(settings, journal, found=list(found), **options)


# --- tasks ------------------------------------------------------------------------------------


@dataclass
class Made:
    """Events of a task, grouped by type."""

    steps: int = 0
    text: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    """By channel."""
    progress: list[ProgressEvent] = field(default_factory=list)
    artifacts: list[NewArtifact] = field(default_factory=list)
    result: dict[str, Any] = field(default_factory=dict)
    cancelled: bool = False

    def take(self, event: Event) -> None:
        """Take in one event."""
        self.steps += 1
        if isinstance(event, TextEvent):
            self.text += event.text
            self.texts[event.channel] = self.texts.get(event.channel, "") + event.text
        elif isinstance(event, ProgressEvent):
            self.progress.append(event)
        elif isinstance(event, NewArtifact):
            self.artifacts.append(event)
        elif isinstance(event, ResultEvent):
            self.result.update(event.values)


@former_arguments("studio.testing.plugins.run_task")
def run_task(
    task: Callable[[Any, Any], Iterator[Event]],
    params: Params,
    *,
    seed: int = 0,
    models: Mapping[str, Any] | None = None,
    inputs: Mapping[str, Any] | None = None,
    scratch: Path | None = None,
    stop_after: int | None = None,
    sandbox: Sandbox | None = None,
    calls: Mapping[str, FakeTask] | None = None,
    library: Sequence[SavedArtifact] = (),
    intermediates: dict[str, bytes] | None = None,
    checkpoint: Path | None = None,
    energy: Iterable[EnergyUse] = (),
) -> Made:
    """Run a task to its end, here and now, as the runtime would.

    Args:
        task: The generator function that ``studio_tasks`` returns.
        models: What ``ctx.lease`` lends, by id of the weights; pretend ones will do.
        inputs: What the page handed in, by name.
        scratch: Where ``ctx.scratch`` is made; by default among the temporary files.
        sandbox: What ``ctx.sandbox`` is; by default the sandbox of this machine.
        calls: What stands in for the tasks of others, by id: each takes the parameters and the
            inputs that ``ctx.call`` was given, and returns what came of it or raises.
        library: What ``ctx.library`` finds, newest first; each with its payload as ``data``.
        intermediates: Key → content of ``ctx.intermediates``; what the task keeps is added.
        checkpoint: What ``ctx.checkpoint`` is; by default it goes with the scratch.
        energy: What ``ctx.energy()`` returns, one after the other; None after the last.
        stop_after: Stop it after so many steps; what it hands over then is taken in too.
    """
    result = Made()
    folder = str(checkpoint or "")
    job = _Job(result, seed, inputs or {}, checkpoint=folder, stop_after=stop_after)
    job.energies = iter(energy)
    context = Context(
        job,  # type: ignore[arg-type]
        _Pool(models or {}),  # type: ignore[arg-type]
        "cpu",
        scratch,  # type: ignore[arg-type]
        sandbox=sandbox or own_sandbox(),
        call=_fake_calls(calls or {}),
        library=_Library(library),
        intermediates=None if intermediates is None else _Kept(intermediates),
    )
    steps = task(context, params)
    try:
        for event in steps:
            result.take(job.kept(event))
            if stop_after is not None and result.steps >= stop_after:
                raise Cancelled
    except Cancelled as stop:
        job.cancelled = True
        for event in last_words(steps, stop):
            result.take(job.kept(event))
    finally:
        getattr(steps, "close", lambda: None)()
        context.close()
    result.cancelled = job.cancelled
    if job.reduced:
        result.result["reduced"] = list(job.reduced)
    return result


class _Kept:
    """Keeps in a dictionary."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._kept = files

    def find(self, key: str) -> bytes | None:
        return self._kept.get(key)

    def keep(self, key: str, payload: bytes) -> KeepEvent:
        self._kept[key] = payload
        return KeepEvent(key, payload)


class _Library:
    """Fake library with the artifacts of the test."""

    def __init__(self, rows: Sequence[SavedArtifact]) -> None:
        self._rows = rows

    def find(
        self, query: str = "", kinds: Sequence[str] = (), limit: int = 100
    ) -> list[SavedArtifact]:
        words = query.lower().split()
        fitting = [
            row
            for row in self._rows
            if (not kinds or row.kind in kinds)
            and all(word in f"{row.title} {row.text}".lower() for word in words)
        ]
        return fitting[:limit]

    def get(self, id: str) -> SavedArtifact:
        for row in self._rows:
            if row.id == id:
                return row
        raise StudioError(ErrorCode.NOT_FOUND, f"The test has no result “{id}” in its library.")

    def read(self, artifact: SavedArtifact) -> bytes:
        return self.get(artifact.id).read()


def _fake_calls(tasks: Mapping[str, FakeTask]) -> MakeCall:
    def call(
        job: _Job, task: str, params: Mapping[str, Any], inputs: Mapping[str, Any], **how: Any
    ) -> Generator[Event, None, CallOutcome]:
        if task not in tasks:
            raise StudioError(ErrorCode.NOT_FOUND, f"The test has no task “{task}” to be called.")
        yield None
        return tasks[task](params, Inputs(inputs))

    return call


@dataclass
class _Job:
    """The little that a context asks of the runtime's job."""

    made: Made
    seed: int
    inputs: Mapping[str, Any]
    id: str = "test"
    plugin: str = "test"
    task: str = "the task"
    checkpoint: str = ""
    stop_after: int | None = None
    is_private: bool = False
    wants_whole: bool = True
    is_alone: bool = False
    cancelled: bool = False
    reduced: list[str] = field(default_factory=list)
    feed: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(scratch=None))

    def kept(self, event: Event) -> Event:
        """Return a result that is a file as bytes: the file goes with the folder of the job."""
        if not (isinstance(event, NewArtifact) and isinstance(event.payload, Path)):
            return event
        with TemporaryDirectory() as folder:
            name, _ = result_files.put(event.payload, self.feed.scratch, Path(folder))
            return dataclasses.replace(event, payload=(Path(folder) / name).read_bytes())

    energies: Iterator[EnergyUse] = field(default_factory=lambda: iter(()))

    def energy(self) -> EnergyUse | None:
        return next(self.energies, None)

    def alone(self) -> AbstractContextManager[None]:
        return nullcontext()

    def become(self, state: JobState, reason: str = "") -> None:
        """A test that wants to know reads ``reduced``."""

    def report(self, event: Event) -> None:
        self.made.take(self.kept(event))
        if self.stop_after is not None and self.made.steps >= self.stop_after:
            self.cancelled = True
        self.check_cancelled()

    def check_cancelled(self) -> None:
        if self.cancelled:
            raise Cancelled


class _Pool:
    """Fake model pool with the models of the test."""

    def __init__(self, models: Mapping[str, Any]) -> None:
        self._models = models

    @contextmanager
    def lease(self, job: _Job, weights: str, working_bytes: int = 0) -> Iterator[Any]:
        if weights not in self._models:
            raise StudioError(ErrorCode.NOT_FOUND, f"The test lends no weights “{weights}”.")
        yield self._models[weights]

    @contextmanager
    def reserve(self, job: _Job, bytes: int) -> Iterator[None]:
        yield

    def relieve(self, job: _Job) -> int:
        return 0

    def reduced(self, job: _Job, words: str) -> None:
        if words not in job.reduced:
            job.reduced.append(words)

    def too_much(self, job: _Job, details: str) -> StudioError:
        return out_of_memory(job.task, details, tried=job.reduced)

    def path(self, weights: str) -> Path:
        if weights not in self._models:
            raise StudioError(ErrorCode.NOT_FOUND, f"There is no model “{weights}”.")
        return Path(self._models[weights])


if not TYPE_CHECKING:  # type checkers know the names of today only
    __getattr__ = former_names(__name__)
