"""The worker half's view of the studio: the context of a task, and how weights are loaded.

Protocols and data only: a worker imports torch itself, when its task runs; this module never does.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from studio.api.artifacts import NewArtifact, SavedArtifact, Verdict
from studio.api.inputs import Inputs
from studio.api.plot import Plot
from studio.api.sandbox import Sandbox
from studio.api.stability import since
from studio.api.worker.call_outcome import CallOutcome
from studio.api.worker.constraint import Constraint
from studio.api.worker.energy import EnergyUse
from studio.api.worker.intermediates import Intermediates, KeepEvent

# --- what a task may yield --------------------------------------------------------------------


@dataclass(frozen=True)
class ProgressEvent:
    """How far the task is, in units of its own; ``preview`` is an (H, W, 3 or 4) uint8 array or
    None; ``plots`` are charts of how it goes, such as a loss: of each title the last one counts.
    """

    done: float
    total: float
    message: str = ""
    preview: Any = None
    plots: Sequence[Plot] = ()


@dataclass(frozen=True)
class TextEvent:
    """New text, in order. ``tokens`` is the number generated so far."""

    text: str
    tokens: int = 0
    channel: str = ""


@dataclass(frozen=True)
class ResultEvent:
    """The task's own keys of the result: plain data that ``--json`` prints."""

    values: Mapping[str, Any]


Event = ProgressEvent | TextEvent | NewArtifact | ResultEvent | KeepEvent | None
"""``None`` is a step without news: a place to cancel, pause or switch jobs."""

Task = Callable[["TaskContext", Any], Iterator[Event]]
"""A generator function ``task(ctx, params)``. Each ``yield`` is a step.

Stop comes as ``Cancelled`` at a ``yield``. A task that has something worth keeping by then catches
it, yields artifacts and a result, and raises it again; anything else it yields is not heard.
"""


Setting = TypeVar("Setting")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class Rung(Generic[Setting]):
    """One way to do a piece of work; the next one down takes less memory.

    Attributes:
        setting: Whatever tells the work how to go about it: the side of a tile, a batch.
        words: What is smaller about it, as a person reads it: ``tiles of 128 pixels``.
    """

    setting: Setting
    words: str = ""


# --- the context ------------------------------------------------------------------------------


class Rng(Protocol):
    """The job's own randomness, seeded from its record.

    Global generators are shared: do not use them.
    """

    seed: int

    def torch(self, device: str = "cpu") -> Any:
        """Return the job's ``torch.Generator`` on ``device``."""
        ...

    def numpy(self) -> Any:
        """Return the job's ``numpy.random.Generator``."""
        ...


class LibraryReader(Protocol):
    """Results in the library, for a task: to be read, never written."""

    def find(
        self, query: str = "", kinds: Sequence[str] = (), limit: int = 100
    ) -> list[SavedArtifact]:
        """Return results, newest first; ``query`` is words of title, prompt or text."""
        ...

    def get(self, id: str) -> SavedArtifact:
        """Return one result.

        Raises:
            StudioError: ``NOT_FOUND``.
        """
        ...

    def read(self, artifact: SavedArtifact) -> bytes:
        """Return the payload of a result; its ``path`` may be out of reach for a task."""
        ...


class TaskContext(Protocol):
    """All that a running task may touch."""

    job: str
    device: str
    is_private: bool
    """Whether it is another program's: nothing of it may be written, not even to a cache."""
    wants_whole: bool
    """Whether the result is wanted whole (``--json``): else what is bulky in it stays away, since
    texts or artifacts say it already."""
    inputs: Inputs
    """Bytes, texts, plain data and arrays that were handed in, by name."""

    @property
    def rng(self) -> Rng:
        """The job's own randomness."""
        ...

    @property
    def scratch(self) -> Path:
        """A folder of this job, emptied when it ends."""
        ...

    @property
    def cache(self) -> Path:
        """The plugin's cache folder for reproducible data; may be emptied by others at any time.

        The plugin limits its size.
        """
        ...

    @property
    @since("1.1")
    def checkpoint(self) -> Path:
        """A folder for what long work, such as a training, continues from after a crash.

        A job with the same recipe and seed finds in it what was left, until one ends well or what
        was made is erased. For other programs it is a part of ``scratch``."""
        ...

    @since("1.1")
    def energy(self) -> EnergyUse | None:
        """Return what this job has used until now; the difference of two is what lay between.

        None where nobody knows what a core takes, as in tests of a task alone.
        """
        ...

    def lease(self, weights: str, working_bytes: int = 0) -> AbstractContextManager[Any]:
        """Lend the loaded model of ``weights``; wait for memory, load it if need be.

        The model stays the pool's: use it inside the ``with`` block only.

        Raises:
            StudioError: The weights are unknown, broken, or cannot fit; says what to do.
            Cancelled: The job was stopped while waiting or loading.
        """
        ...

    @since("1.1")
    def reserve(self, bytes: int) -> AbstractContextManager[None]:
        """Take ``bytes`` of the device's memory for networks of the task's own: a training, say.

        Models that nobody uses are dropped for it, and others count it as used, so that nobody
        runs out of memory. Compute inside the ``with`` block; nothing is kept between jobs.

        Raises:
            StudioError: ``OUT_OF_MEMORY``: it cannot fit; says what to do.
            Cancelled: The job was stopped while waiting for memory.
        """
        ...

    def ladder(
        self,
        rungs: Sequence[Rung[Setting]],
        body: Callable[[Setting], Generator[Event, None, Outcome]],
    ) -> Generator[Event, None, Outcome]:
        """Do ``body(setting)`` of the first rung; when memory runs out, of the next one down.

        ``outcome = yield from ctx.ladder(rungs, body)``. Before a rung is given up, models that
        nobody uses are dropped and it is tried once more. The user is told what became smaller, and
        results say so (``reduced``). ``body`` starts from the beginning each time: it hands over no
        artifact or text before it is done, and draws its random numbers itself (``rng.torch()`` in
        its own first line, or before the ladder).

        Raises:
            StudioError: ``OUT_OF_MEMORY``: the lowest rung was too high; says what would help.
        """
        ...

    @since("1.1")
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
        """Run a task of another plugin, as a job of its own with a record of its own; wait for it.

        ``outcome = yield from ctx.call("image.generate", {"prompt": poem})``. The manifest names
        such tasks (``uses = ["image.generate"]``). What is not said of ``params`` is filled in as
        for a user: defaults, the best weights that fit; a seed that follows from this job's, so
        that the same job makes the same once more. What this job makes afterwards counts as made
        from what the called one made. Stop ends both.

        Args:
            inputs: What the task takes beside its parameters: bytes, texts, plain data, arrays.
            title: What lists call the job; by default the title of the task.
            parents: Ids of the artifacts that its results are made from.
            keep: Save its results in the library, if those of this job are.
            units: So much of this job's own progress its progress stands for: after
                ``progress(1, 3)`` it goes from 1 to 2 of 3.

        Raises:
            StudioError: The task is not declared or not there, its parameters are wrong, no weights
                fit, it failed; or a lease is held, it would call itself in a circle, or be the
                fifth in a chain. A task that goes on without it catches this.
        """
        ...

    def reduced(self, words: str) -> None:
        """Tell the user that work goes on with less, where an engine saw to it by itself."""
        ...

    def weights_path(self, weights: str) -> Path:
        """Return where ``weights`` lie on disk."""
        ...

    def progress(
        self,
        done: float,
        total: float,
        message: str = "",
        preview: Any = None,
        plots: Sequence[Plot] = (),
    ) -> ProgressEvent:
        """Return the event to yield after a step."""
        ...

    def text(self, text: str, tokens: int = 0, channel: str = "") -> TextEvent:
        """Return the event to yield for new text."""
        ...

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
        """Return the event to yield for a finished result.

        A large one is a file in ``scratch``: written, closed, and given as its path. It is moved
        into the library and never read into memory; the task has it no more.
        Without a ``verdict`` the plugin's own check of the kind gives one (``studio_checks``), but
        of a file.
        """
        ...

    def result(self, **values: Any) -> ResultEvent:
        """Return the event to yield for the task's own result keys."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """Compute while no other job does, with the global generators seeded for this job.

        For a library that insists on them, or changes other settings of the whole process. Others
        wait, so keep it short; you may yield inside.
        """
        ...

    def report(self, event: Event) -> None:
        """Do what ``yield event`` does, from inside a callback that a library calls at each step.

        Raises:
            Cancelled: The user stopped the job; let it pass through the library.
        """
        ...

    def in_thread(self, work: Callable[[], Outcome]) -> Generator[None, None, Outcome]:
        """Do ``work`` in a thread of its own, in as many steps as it takes; return its outcome.

        ``outcome = yield from ctx.in_thread(work)``: for what a library does in one go, longer than
        a moment. Whoever stops the job does not wait for the thread: it ends by itself, so let it
        change nothing. Tensors are better computed in steps: threads of a job's own are not shared
        out among the jobs.

        Raises:
            Exception: What ``work`` raised.
        """
        ...

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox for code that nobody vouches for.

        Raises:
            StudioError: ``PERMISSION``: the plugin's manifest does not say ``run_code = true``.
        """
        ...

    @property
    @since("1.1")
    def file_sandbox(self) -> Sandbox:
        """The sandbox for a reader of strangers' files that comes with the plugin.

        It needs no permission: nothing is run that was not installed. A plugin in a process of its
        own is in the sandbox with its readers; there this one has no tier, and runs nothing.
        """
        ...

    @property
    def library(self) -> LibraryReader:
        """Results in the library.

        Raises:
            StudioError: ``PERMISSION``: the plugin's manifest does not say ``library = true``, or
                the job is another program's.
        """
        ...

    @property
    @since("1.1")
    def intermediates(self) -> Intermediates:
        """What this plugin's tasks keep beside their results, so as not to start anew."""
        ...

    def check_constraint(self, constraint: Constraint) -> None:
        """Compile ``constraint``: call it before ``lease``, so that no weights load in vain.

        Raises:
            BadInput: It is broken, too large, or has something that cannot be enforced.
        """
        ...

    def check_cancelled(self) -> None:
        """Raise ``Cancelled`` if the user stopped the job: for long work between two yields."""
        ...


# --- loaders ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Requirements:
    """Memory requirements of a model: weights, and working memory of a typical job, in bytes."""

    weights_bytes: int
    working_bytes: int


@dataclass(frozen=True)
class WeightsFacts:
    """Metadata from the headers of weights.

    ``facts`` is plain data for the Models page and ``models info``.
    """

    family: str
    title: str
    capabilities: tuple[str, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


class Loader(Protocol):
    """How one family of weights is recognised, measured, loaded and moved. Runs in the runtime."""

    @property
    def family(self) -> str:
        """What its weights are called together."""
        ...

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return the facts from the headers, or None if this is no weights of the family.

        Raises:
            StudioError: It is of the family, but broken or unsupported.
        """
        ...

    def measure(self, path: Path) -> Requirements:
        """Return the memory needed, from the headers alone.

        A loader whose weights take another form on a card has another parameter, ``device``; one
        that ``Limits`` has ``context_limit``, 0 for none.
        """
        ...

    def load(self, path: Path, device: str) -> Generator[float, None, Any]:
        """Yield the share done (0–1) between tensors; ``return`` the model
        (``StopIteration.value``).
        """
        ...

    def unload(self, loaded: Any) -> None:
        """Let go of everything the model holds."""
        ...


@runtime_checkable
class Limits(Protocol):
    """Optional interface of language model loaders: limit the context length."""

    def limited(self, loaded: Any, tokens: int) -> Any:
        """Return ``loaded`` for texts of at most ``tokens``; the weights are the same."""
        ...


@runtime_checkable
class Parks(Protocol):
    """Optional interface of loaders: offload models from the device to main memory.

    Reloading from there is much faster than from disk. Without it, models are unloaded.
    """

    def park(self, loaded: Any) -> None:
        """Move all that the model holds on its device to the memory of the processor."""
        ...

    def unpark(self, loaded: Any, device: str) -> None:
        """Move it back to ``device``."""
        ...


@dataclass(frozen=True)
class Placement:
    """How a model that is larger than its device is divided, by whole layers.

    Attributes:
        layers: So many of its ``of`` layers lie on the device; the processor computes the others.
        device_bytes, host_bytes: What its parts take in the two memories.
    """

    layers: int
    of: int
    device_bytes: int
    host_bytes: int


@runtime_checkable
class Places(Protocol):
    """Optional interface of loaders: split models between the device and main memory."""

    def place(self, path: Path, budget: int) -> Placement | None:
        """Return the division that uses at most ``budget`` bytes of the device; None for none."""
        ...

    def load_placed(
        self, path: Path, device: str, placement: Placement
    ) -> Generator[float, None, Any]:
        """Do what ``load`` does, with the parts where ``placement`` says."""
        ...
