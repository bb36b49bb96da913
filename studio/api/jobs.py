"""Jobs as seen by the window half of a plugin: requests, events and results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from studio.api.artifacts import SavedArtifact
from studio.api.params import Params
from studio.api.plot import Plot
from studio.api.stability import since
from studio.protocol.errors import StudioError
from studio.protocol.states import JobState, Priority

HERE, FREE = "here", "free"
"""Machines that have no name of their own: this one, and whichever is free."""


@dataclass(frozen=True)
class JobRequest:
    """One run of a task, as whoever wants it says it.

    Attributes:
        params: Checked ones, or plain data that is yet to be checked and filled in.
        title: What the list of jobs calls it; by default the task's.
        inputs: Name → what is too bulky for a parameter: bytes, a text, plain data (it becomes
            JSON) or a C-contiguous numeric buffer, for the worker's ``ctx.inputs``. The manifest
            names those that a task takes.
        parents: Ids of the artifacts that the results are made from.
        keep: Save the results in the library; False if whoever asks keeps them.
        private: Write nothing of it at all, neither its recipe nor a result.
        whole: Hand over all of the result, also what its texts and artifacts say already.
        seed: Of the job's randomness, and of each parameter that is a seed and was not chosen; by
            default it is drawn.
        conversation: Id of the conversation of the library that it is said in: what the library
            knows of the job goes when that is erased.
        page: Which part of the window shows it, set by its run controller: it is found by that
            after a restart.
        target: Where that part of the window puts what comes of it, in its own words, as the path
            of a file; it is there again after a restart.
        anew: Do all of the work: find no intermediate of an earlier run.
        machine: Name of the one of the user's machines that computes it, ``here`` for this one or
            ``free`` for whichever is free; by default what the user chose.
    """

    task: str
    params: Params | Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    priority: Priority = Priority.INTERACTIVE
    inputs: Mapping[str, Any] = field(default_factory=dict)
    parents: Sequence[str] = ()
    keep: bool = True
    private: bool = False
    whole: bool = False
    conversation: str = ""
    page: str = ""
    target: str = ""
    seed: int | None = None
    anew: bool = False
    machine: str = ""


@dataclass(frozen=True)
class JobEnd:
    """A job that is over, whoever wanted it.

    Attributes:
        record: Id of its record in the library.
        artifacts: Ids of what it made.
        error: Why it failed or was lost, in a sentence; empty for all others.
    """

    id: str
    task: str
    plugin: str
    title: str
    state: JobState
    record: str
    artifacts: tuple[str, ...] = ()
    error: str = ""


class JobHandle(Protocol):
    """One job, seen from the window.

    Callbacks run on the window's thread, in order; whoever asks late is told at once what has
    happened already. Each ``on_…`` returns the handle.
    """

    @property
    def id(self) -> str: ...

    @property
    def task(self) -> str: ...

    @property
    def state(self) -> JobState: ...

    @property
    def record(self) -> str:
        """Id of the record in the library; set from the start."""
        ...

    @property
    def result(self) -> Mapping[str, Any]:
        """The task's own keys, once finished; for a stopped job, those reported so far."""
        ...

    def on_state(self, call: Callable[[JobState, str], None]) -> Self:
        """Call with each new state and its reason in words."""
        ...

    def on_progress(self, call: Callable[[float, float, str, float | None], None]) -> Self:
        """Call with done, total, message, seconds left."""
        ...

    def on_preview(self, call: Callable[[Any, str], None]) -> Self:
        """Call with an (H, W, C) uint8 buffer (``memoryview``) and a note."""
        ...

    @since("1.1")
    def on_plot(self, call: Callable[[Plot], None]) -> Self:
        """Call with each chart of how it goes: of each title the last one counts."""
        ...

    def on_text(self, call: Callable[[str, int, str], None]) -> Self:
        """Call with new text, tokens so far, channel."""
        ...

    def on_artifact(self, call: Callable[[SavedArtifact], None]) -> Self:
        """Call with each result once on disk: in the library, unless the job is private."""
        ...

    @since("1.1")
    def on_handed(self, call: Callable[[str, bytes], None]) -> Self:
        """Call with the kind and bytes of each result of a private job; they are not stored."""
        ...

    def on_done(self, call: Callable[[Mapping[str, Any]], None]) -> Self:
        """Call once with the task's result when it finished."""
        ...

    def on_failed(self, call: Callable[[StudioError], None]) -> Self:
        """Call once if it failed or was lost with the runtime."""
        ...

    def on_cancelled(self, call: Callable[[], None]) -> Self:
        """Call once if the user stopped it."""
        ...

    def cancel(self) -> None:
        """Stop at the next step; harmless when it is over."""
        ...
