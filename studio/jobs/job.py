"""One job as pages and the job drawer see it: request, progress and observers.

Holds no policy: the board moves it. All of it lives on the owner's thread.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol, Self

import msgspec

from studio.api.artifacts import SavedArtifact
from studio.api.jobs import FREE
from studio.api.plot import Plot
from studio.protocol.blobs import describe, flat
from studio.protocol.errors import StudioError
from studio.protocol.messages import BlobSpec
from studio.protocol.states import JobState, Priority, move
from studio.protocol.time_left import TimeLeft

OnFault = Callable[[str, str, BaseException], object]
"""Called with plugin id, what it was doing, and the exception."""


@dataclass(frozen=True)
class Recipe:
    """All that is needed to run the job, now or again.

    Attributes:
        params: Complete plain data: defaults filled in, the seed drawn, the weights named.
        weights: Ids of the weights that ``params`` names.
        kind: Of the artifact it makes; empty if it makes none. A drawer picks the icon by it.
        inputs: Name → bytes or numeric buffer; none once the job is over.
        parents: Ids of the artifacts it is made from.
        keep: Whether results go to the library.
        private: Another program's: neither its recipe nor a result is ever written.
        whole: Whether all of its result is wanted.
        conversation: Id of the one it is said in; empty for none.
        files: Parameters that name a file which the user picked.
        page: Which part of the window shows it; empty for none.
        anew: Whether it finds no intermediate of an earlier run.
        target: Where that puts what comes of it, in its own words.
        grows_with: Parameters that its time is in proportion to.
        machine: Name of the one that is to compute it, or ``FREE``; empty for this one.
    """

    plugin: str
    task: str
    params: Mapping[str, Any]
    seed: int
    title: str
    weights: tuple[str, ...] = ()
    kind: str = ""
    priority: Priority = Priority.NORMAL
    inputs: Mapping[str, Any] = field(default_factory=dict)
    parents: tuple[str, ...] = ()
    keep: bool = True
    private: bool = False
    whole: bool = False
    conversation: str = ""
    files: tuple[str, ...] = ()
    page: str = ""
    anew: bool = False
    target: str = ""
    grows_with: tuple[str, ...] = ()
    machine: str = ""

    @property
    def outlives_its_page(self) -> bool:
        """Whether all that comes of it goes to the library: nobody has to be there for it."""
        return self.keep and not (self.private or self.conversation)

    @cached_property
    def input_digests(self) -> dict[str, str]:
        """Name of the input → SHA-256; takes as long as their bytes."""
        return {name: hashlib.sha256(flat(data)).hexdigest() for name, data in self.inputs.items()}

    @property
    def input_bytes(self) -> int:
        """The total size of the inputs."""
        return sum(flat(data).nbytes for data in self.inputs.values())

    @cached_property
    def digest(self) -> str:
        """A digest that is equal for equal recipes, whatever their id."""
        content = (self.task, dict(self.params), self.input_digests)
        return hashlib.sha256(msgspec.msgpack.encode(content, order="sorted")).hexdigest()

    @property
    def is_passing(self) -> bool:
        """Whether it leaves nothing: its task makes no artifact, and none is to be stored.

        For frequent requests of a view, such as engraving a score after each edit.
        """
        return not (self.keep or self.kind)

    @property
    def leaves_nothing(self) -> bool:
        """Whether it is forgotten once it is over."""
        return self.private or self.is_passing


class Controls(Protocol):
    """The board's interface for a job."""

    def cancel(self, job: Job) -> None: ...

    def pause(self, job: Job) -> None: ...

    def resume(self, job: Job) -> None: ...

    def promote(self, job: Job) -> None: ...


class Job:
    """A run of a task; implements ``studio.api.window.context.JobHandle``.

    Attributes:
        record: Id of its record in the library.
        state: Where it is in its life.
        reason: What it waits for, or why it ended, in words; may be empty.
        done, total, message: Latest progress, in the task's own units; ``total`` 0 while unknown.
        seconds_left: Measured from its steps; None while unknown.
        created, started, finished: Seconds since the epoch; None while not yet.
        tokens: How many tokens it has written so far.
        artifacts: Its results that are in the library.
        result: The task's own keys, once done.
        error: Why it failed or was lost.
        stopping: Whether it was asked to stop and has not yet.
        parked: Whether it was running at two deaths of the runtime: nothing runs it by itself.
        caller: The job that called for this one and waits for it; None if a person did.
        call: The number of that call.
        called: The jobs that this one has called for so far.
        is_row: Whether it is a row of the library's queue: while it waits it outlives the studio,
            and when it failed it can be tried again.
        begun: Whether the runtime has loaded or computed anything for it.
        held: Whether the user lets it wait.
        retrying: Whether it is being begun once more.
        stored: The inputs that are left in the library until its turn comes; None for none.
        machine: Name of the machine that computes it; empty for this one.
    """

    def __init__(
        self,
        id: str,
        record: str,
        recipe: Recipe,
        controls: Controls,
        on_fault: OnFault,
        *,
        caller: Job | None = None,
        call: int = 0,
    ) -> None:
        self.id = id
        self.record = record
        self.recipe = recipe
        self.state = JobState.QUEUED
        self.reason = ""
        self.done = self.total = 0.0
        self.message = ""
        self.seconds_left: float | None = None
        self.created = time.time()
        self.started: float | None = None
        self.finished: float | None = None
        self._text: dict[str, str] = {}
        self.tokens = 0
        self.preview: tuple[Any, str] | None = None
        self.plots: dict[str, Plot] = {}
        self.artifacts: list[SavedArtifact] = []
        self.result: Mapping[str, Any] = {}
        self.error: StudioError | None = None
        self.stopping = False
        self.parked = False
        self.caller = caller
        self.call = call
        self.called: list[Job] = []
        self.is_row = False
        self.begun = False
        self.held = False
        self.retrying = False
        self.stored: dict[str, BlobSpec] | None = None
        self.machine = "" if recipe.machine == FREE else recipe.machine
        self._controls = controls
        self._on_fault = on_fault
        self._pace = TimeLeft()
        self._calls: dict[str, list[Callable[..., None]]] = {}
        self._pieces: dict[str, list[str]] = {}

    # --- what it is ---------------------------------------------------------------------------

    @property
    def task(self) -> str:
        """Id of the task."""
        return self.recipe.task

    @property
    def plugin(self) -> str:
        """Id of the plugin."""
        return self.recipe.plugin

    @property
    def title(self) -> str:
        """The name a person reads."""
        return self.recipe.title

    @property
    def kind(self) -> str:
        """Kind of the artifact it makes: which icon stands for it."""
        return self.recipe.kind

    @property
    def root(self) -> Job:
        """The job that a person asked for: this one, or where the calls for it began."""
        return self.caller.root if self.caller else self

    @property
    def live_calls(self) -> list[Job]:
        """Its calls that are not over."""
        return [job for job in self.called if job.is_live]

    @property
    def made_from(self) -> tuple[str, ...]:
        """Ids of the artifacts that its results are made from: handed in, and called for."""
        called = [
            artifact.id
            for artifact in self.artifacts
            if artifact.id and artifact.record != self.record
        ]
        return tuple(dict.fromkeys((*self.recipe.parents, *called)))

    @property
    def is_live(self) -> bool:
        """Whether it is not over yet."""
        return not self.state.is_terminal

    @property
    def can_retry(self) -> bool:
        """Whether it failed, and the library has all it needs to restart."""
        failed = self.state in (JobState.FAILED, JobState.LOST)
        return self.is_row and failed and not self.retrying

    @property
    def share(self) -> float | None:
        """How much of it is done, 0 to 1; None while unknown."""
        return min(1.0, self.done / self.total) if self.total > 0 else None

    @property
    def seconds(self) -> float | None:
        """How long it has been, or was, at work."""
        return None if self.started is None else (self.finished or time.time()) - self.started

    @property
    def words(self) -> str:
        """Its state in words, for a person."""
        if self.stopping and self.is_live:
            return "Stopping…"
        if self.error is not None and self.state in (JobState.FAILED, JobState.LOST):
            return self.detail
        words = _WORDS[self.state]
        return f"{words}: {self.detail}" if self.detail else words

    @property
    def detail(self) -> str:
        """Its progress, wait reason or error; may be empty."""
        if self.error is not None and self.state in (JobState.FAILED, JobState.LOST):
            return self.error.message
        if self.state is JobState.RUNNING:  # the reason is what it has to do without
            return " · ".join(filter(None, (self.message, self.reason)))
        return self.reason

    # --- who wants to know --------------------------------------------------------------------

    def on_state(self, call: Callable[[JobState, str], None]) -> Self:
        """Call with each new state and its reason; at once with the present one if it has moved."""
        if self.state is not JobState.QUEUED or self.reason:
            self._run("state", call, self.state, self.reason)
        return self._add("state", call)

    def on_progress(self, call: Callable[[float, float, str, float | None], None]) -> Self:
        """Call with done, total, message, seconds left; at once if there was progress."""
        if self.total:
            self._run("progress", call, self.done, self.total, self.message, self.seconds_left)
        return self._add("progress", call)

    def on_preview(self, call: Callable[[Any, str], None]) -> Self:
        """Call with an (H, W, C) uint8 ``memoryview`` and a note; at once with the latest."""
        if self.preview is not None:
            self._run("preview", call, *self.preview)
        return self._add("preview", call)

    def on_plot(self, call: Callable[[Plot], None]) -> Self:
        """Call with each chart of how it goes, the last of each title; at once with those."""
        for plot in self.plots.values():
            self._run("plot", call, plot)
        return self._add("plot", call)

    def on_text(self, call: Callable[[str, int, str], None]) -> Self:
        """Call with new text, tokens so far, channel; at once with all that was written so far."""
        for channel, text in self.texts().items():
            self._run("text", call, text, self.tokens, channel)
        return self._add("text", call)

    def on_artifact(self, call: Callable[[SavedArtifact], None]) -> Self:
        """Call with each result once it is in the library; at once with those that are."""
        for artifact in self.artifacts:
            self._run("artifact", call, artifact)
        return self._add("artifact", call)

    def on_handed(self, call: Callable[[str, bytes], None]) -> Self:
        """Call with the kind and bytes of each result of a private job: they are not stored."""
        return self._add("handed", call)

    def on_done(self, call: Callable[[Mapping[str, Any]], None]) -> Self:
        """Call once with the result when it finished; at once if it has."""
        if self.state is JobState.DONE:
            self._run("done", call, self.result)
        return self._add("done", call)

    def on_failed(self, call: Callable[[StudioError], None]) -> Self:
        """Call once if it failed or was lost; at once if it has."""
        if self.error is not None and self.state in (JobState.FAILED, JobState.LOST):
            self._run("failed", call, self.error)
        return self._add("failed", call)

    def on_cancelled(self, call: Callable[[], None]) -> Self:
        """Call once if it was stopped; at once if it was."""
        if self.state is JobState.CANCELLED:
            self._run("cancelled", call)
        return self._add("cancelled", call)

    # --- what a person may do -----------------------------------------------------------------

    def cancel(self) -> None:
        """Stop at the next step; harmless when it is over."""
        self._controls.cancel(self)

    def pause(self) -> None:
        """Hold at the next step."""
        self._controls.pause(self)

    def resume(self) -> None:
        """Go on after a pause."""
        self._controls.resume(self)

    def promote(self) -> None:
        """Go before all others of the lane."""
        self._controls.promote(self)

    # --- the board's side ---------------------------------------------------------------------

    def become(self, state: JobState, reason: str = "") -> None:
        """Move to ``state`` and tell who listens.

        Raises:
            IllegalMove: It cannot get there from where it is.
        """
        if self.state is JobState.LOADING and state is JobState.RUNNING:
            self.done = self.total = 0.0  # that was how far the loading was
            self.message, self.seconds_left, self._pace = "", None, TimeLeft()
        elif state is JobState.RUNNING and self.state in (JobState.PAUSED, JobState.WAITING):
            self._pace = TimeLeft()  # the pause says nothing of how fast the work goes
        self.state = move(self.state, state)
        self.reason = reason
        now = time.time()
        if state is JobState.RUNNING and self.started is None:
            self.started = now
        if state.is_terminal:
            self.finished, self.seconds_left, self.stopping = now, None, False
            self.preview = None
        self._tell("state", state, reason)
        if state is JobState.DONE:
            self._tell("done", self.result)
        elif state is JobState.CANCELLED:
            self._tell("cancelled")
        elif state.is_terminal and self.error is not None:
            self._tell("failed", self.error)

    def say(self, reason: str) -> None:
        """Change the reason without a move."""
        if reason != self.reason:
            self.reason = reason
            self._tell("state", self.state, reason)

    def step(
        self, done: float, total: float, message: str, seconds_left: float | None, now: float
    ) -> None:
        """Note how far it is; ``seconds_left`` of the task itself, if it knows better."""
        measured = self._pace.step(done, total, now)
        self.done, self.total, self.message = done, total, message
        self.seconds_left = measured if seconds_left is None else seconds_left
        if 0 < total <= done:  # what comes after the last step nobody has measured
            self.seconds_left = None

    def tell_progress(self) -> None:
        """Tell who listens how far it is."""
        self._tell("progress", self.done, self.total, self.message, self.seconds_left)

    def write(self, text: str, tokens: int, channel: str) -> bool:
        """Append new text. Return whether that ends the progress so far.

        Whoever writes has read: how far the reading was is not how far the text is, of which
        nobody knows the end.
        """
        self._pieces.setdefault(channel, []).append(text)
        self.tokens = max(self.tokens, tokens)
        has_read = 0 < self.total <= self.done
        if has_read:
            self.done = self.total = 0.0
            self.message, self.seconds_left, self._pace = "", None, TimeLeft()
        self._tell("text", text, tokens, channel)
        return has_read

    def texts(self) -> dict[str, str]:
        """Return its text output so far, by channel."""
        for channel, pieces in self._pieces.items():
            if pieces:  # joined only when somebody asks: appending stays cheap
                self._text[channel] = self._text.get(channel, "") + "".join(pieces)
                pieces.clear()
        return dict(self._text)

    def show(self, picture: Any, note: str) -> None:
        """Hand on an unfinished picture."""
        self.preview = (picture, note)
        self._tell("preview", picture, note)

    def draw(self, plot: Plot) -> None:
        """Hand on a chart of how it goes."""
        self.plots[plot.title] = plot
        self._tell("plot", plot)

    def prioritise(self, priority: Priority) -> None:
        """Belong to another class."""
        self.recipe = replace(self.recipe, priority=priority)

    def put_down(self) -> None:
        """Leave its inputs in the library until its turn comes: there may be many jobs."""
        if self.stored is None:
            inputs = self.recipe.inputs
            self.stored = {name: describe(data) for name, data in inputs.items()}
            self.recipe = replace(self.recipe, inputs={})

    def take_up(self, inputs: Mapping[str, Any]) -> None:
        """Have its inputs at hand again."""
        self.recipe, self.stored = replace(self.recipe, inputs=inputs), None

    def was(self, state: JobState, when: float, error: StudioError | None) -> None:
        """Restore the state from an earlier studio, without notifications."""
        self.state, self.error, self.finished = state, error, when

    def let_go(self) -> None:
        """Drop inputs and unsaved results from memory: there may be many jobs."""
        self.recipe = replace(self.recipe, inputs={})
        self.artifacts = [artifact for artifact in self.artifacts if artifact.id]

    def keep(self, artifact: SavedArtifact) -> None:
        """Hand on a result that is now in the library, to the caller, too."""
        self.artifacts.append(artifact)
        self._tell("artifact", artifact)
        if self.caller is not None and artifact.id:
            self.caller.keep(artifact)

    @property
    def hands_results(self) -> bool:
        """Whether an observer wants results that are not stored."""
        return bool(self._calls.get("handed"))

    def hand(self, kind: str, payload: bytes) -> None:
        """Hand a result to whoever asked for a private job."""
        self._tell("handed", kind, payload)

    def _add(self, event: str, call: Callable[..., None]) -> Self:
        self._calls.setdefault(event, []).append(call)
        return self

    def _tell(self, event: str, *arguments: Any) -> None:
        for call in list(self._calls.get(event, ())):
            self._run(event, call, *arguments)

    def _run(self, event: str, call: Callable[..., None], *arguments: Any) -> None:
        try:
            call(*arguments)
        except Exception as error:  # noqa: BLE001 - the border to a plugin's code
            self._on_fault(self.plugin, f"{event} callback of {self.task}", error)


_WORDS = {
    JobState.QUEUED: "Queued",
    JobState.WAITING: "Waiting",
    JobState.LOADING: "Loading",
    JobState.RUNNING: "Running",
    JobState.PAUSED: "Paused",
    JobState.DONE: "Done",
    JobState.CANCELLED: "Stopped",
    JobState.FAILED: "Failed",
    JobState.LOST: "Interrupted",
}
