"""A terminal's side: the studio that is open elsewhere, as far as a command needs it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

import studio
from studio.api.jobs import JobRequest
from studio.api.params import File, Params
from studio.automation.workflows.results import Results, Source
from studio.base.paths import StudioPaths
from studio.jobs.job import Job, Recipe
from studio.jobs.picked_files import PickedFiles
from studio.library.library import Library
from studio.library.rows import Collection, Conversation, Message
from studio.library.workflow_runs import Run
from studio.models.manager import WeightsManager
from studio.plugins import PluginHost
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.states import Priority
from studio.runtimes.supervisor import Death, RuntimeState
from studio.terminals.connection import IS_THERE, Connection, place, reached
from studio.terminals.handed import GONE, Handed, HandedJob, HandedQueue, HandedRun
from studio.terminals.messages import (
    CHANGES,
    VERSION,
    Begun,
    Change,
    Changed,
    FromStudio,
    Greeting,
    LookAtPlugins,
    Queued,
    Refused,
    ResumeRun,
    RowWent,
    RunBegun,
    StartRun,
    Stop,
    Submit,
    WatchQueue,
)

A = TypeVar("A")

GREETING_SECONDS = 10.0
"""A window that is busy answers late."""
CHANGE_SECONDS = 600.0
_RETURNED: dict[str, Any] = {
    "collections.create": Collection,
    "conversations.restore": Conversation,
    "conversations.create": Conversation,
    "conversations.update": Conversation,
    "conversations.add_message": Message,
    "conversations.update_message": Message,
}


@dataclass
class _Runtime:
    """The runtime of the open studio: it is looked after there."""

    state: RuntimeState = RuntimeState.READY
    deaths: list[Death] = field(default_factory=list)


class OpenStudio:
    """What commands that make and change things need of a studio, done by the open one.

    Attributes:
        library: The same one, to read; what terminals may change in it is changed there.
        plugins: Those of this home.
        picked: The files that a person chose, which the open studio reads, too.
        runtime: Looked after by the open studio.
        program: For whom jobs are submitted, where that is another program: the user is asked.
    """

    def __init__(
        self,
        connection: Connection,
        library: Library,
        plugins: PluginHost,
        weights: WeightsManager,
        paths: StudioPaths,
    ) -> None:
        self._connection = connection
        self.paths = paths
        self.library: Library = _Changing(library, "", self._change)  # type: ignore[assignment]
        self.plugins, self.weights_manager = plugins, weights
        self.picked = PickedFiles(paths.picked_files)
        self.weights = weights.catalogue
        self.runtime = _Runtime()
        self.program = ""
        self._handed: Handed | None = None

    def submit(self, request: JobRequest) -> Job:
        """Have a task run; see ``Studio.submit``.

        Raises:
            StudioError: As there, or the open studio has gone.
        """
        _, entry = self.plugins.task(request.task)
        params = request.params
        plain = params.to_dict() if isinstance(params, Params) else dict(params)
        for param in self.plugins.params_class(entry.id).fields():
            if param.file != File() and isinstance(paths := plain.get(param.name), list):
                plain[param.name] = [str(Path(path).absolute()) for path in paths]
        inputs = {name: _sendable(data) for name, data in request.inputs.items()}
        order = Submit(
            entry.id,
            plain,
            inputs,
            request.title,
            request.whole,
            list(request.parents),
            request.keep,
            request.conversation,
            self.program,
            request.seed,
            request.anew,
            request.machine,
        )
        self._write(order)
        begun = self._answer(Begun)
        recipe = Recipe(
            begun.plugin, entry.id, plain, 0, begun.title, kind=begun.kind, priority=Priority.NORMAL
        )
        self._handed = job = HandedJob(begun.id, begun.record, recipe, self, lambda *_: None)
        return job

    def watch_queue(self, tell: Callable[[RowWent], None], *, retry: bool) -> HandedQueue:
        """Observe each job of the queue there, until none may go on.

        Args:
            retry: Restart failed jobs.
        """
        self._write(WatchQueue(retry))
        self._handed = queue = HandedQueue(tell)
        return queue

    def start_run(
        self, text: str, source: Source | None, *, params: Mapping[str, Any], seed: int, on: str
    ) -> HandedRun:
        """Have a workflow run there; see ``Workflows.start``.

        Raises:
            StudioError: As there, or the open studio has gone.
        """
        path = str(source.absolute()) if isinstance(source, Path) else ""
        results = source if isinstance(source, Results) else None
        return self._run(StartRun(text, path, results, dict(params), seed, on))

    def resume_run(self, run: Run, *, retry: bool, on: str) -> HandedRun:
        """Have a run go on there; see ``Workflows.resume``.

        Raises:
            StudioError: As there, or the open studio has gone.
        """
        return self._run(ResumeRun(run.id, retry, on))

    def _run(self, request: StartRun | ResumeRun) -> HandedRun:
        self._write(request)
        begun = self._answer(RunBegun)
        self._handed = run = HandedRun(begun.id, begun.title, self._stop)
        return run

    def pump(self, timeout: float = 0.0) -> bool:
        """Process events, waiting up to ``timeout`` seconds for the first."""
        try:
            message = self._connection.read(timeout)
        except EOFError:
            if self._handed is not None:
                self._handed.lost()
            return self._handed is not None
        if message is None or self._handed is None:
            return False
        self._handed.take(message)
        return True

    def close(self) -> None:
        """Let go: a job that is still at work is stopped."""
        self._connection.close()

    def cancel(self, job: Job) -> None:
        """Stop it at its next step."""
        self._stop()

    def _stop(self) -> None:
        with contextlib.suppress(StudioError):
            self._write(Stop())

    def pause(self, job: Job) -> None:
        """Nothing: that is for the window."""

    resume = promote = pause

    def change_queue(self, method: str, *arguments: Any) -> None:
        """Have the queue changed; it is in the library when this returns.

        Raises:
            StudioError: The job no longer waits, or the open studio has gone.
        """
        self._write(Queued(method, [msgspec.to_builtins(argument) for argument in arguments]))
        self._answer(Changed)

    def _change(self, method: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Request a change of the library; return its result."""
        plain = [msgspec.to_builtins(argument) for argument in arguments]
        self._write(Change(method, plain, msgspec.to_builtins(named)))
        value = self._answer(Changed).value
        kind = _RETURNED.get(method)
        return msgspec.convert(value, kind) if kind else value

    def _write(self, message: msgspec.Struct) -> None:
        try:
            self._connection.write(message)
        except OSError as error:
            raise GONE from error

    def _answer(self, kind: type[A]) -> A:
        """Return the answer to the request; process job messages meanwhile.

        Raises:
            StudioError: It was refused, or the open studio has gone.
        """
        while True:
            try:
                message = self._connection.read(CHANGE_SECONDS)
            except EOFError as error:
                raise GONE from error
            if isinstance(message, Refused):
                raise StudioError.from_info(message.error)
            if isinstance(message, kind):
                return message
            if message is None:
                raise StudioError(
                    ErrorCode.PROTOCOL, "The open studio does not answer.", "Restart it."
                )
            if self._handed is not None:
                self._handed.take(message)


def _sendable(data: Any) -> Any:
    """Return an input as it crosses: plain data is, a buffer becomes bytes."""
    return data if isinstance(data, str | list | dict) else bytes(data)


class _Changing:
    """The library to read, or a part of it, whose changes are made by the open studio."""

    def __init__(self, part: Any, name: str, change: Any) -> None:
        self._part, self._name, self._change = part, name, change

    def __getattr__(self, name: str) -> Any:
        full = f"{self._name}.{name}" if self._name else name
        if full == "read_only":
            return False  # what is made comes into it
        if full in CHANGES:
            return lambda *arguments, **named: self._change(full, arguments, named)
        value = getattr(self._part, name)
        inside = any(change.startswith(f"{full}.") for change in CHANGES)
        return _Changing(value, full, self._change) if inside else value


def tell_plugins(connection: Connection, id: str = "", on: bool = False) -> tuple[bool, str]:
    """Have the open studio use the plugins as they are now.

    Args:
        id: One that the user has enabled or disabled; ``on`` says which.

    Returns:
        Whether the plugin ``id`` takes part there, and what is to be known of that.

    Raises:
        StudioError: It could not, or does not answer.
    """
    try:
        connection.write(LookAtPlugins(id, on))
        answer = connection.read(GREETING_SECONDS)
    except (OSError, EOFError) as error:
        raise GONE from error
    if isinstance(answer, Refused):
        raise StudioError.from_info(answer.error)
    if not isinstance(answer, Changed):
        raise StudioError(ErrorCode.PROTOCOL, "The open studio does not answer.", "Restart it.")
    is_usable, reason = answer.value
    return bool(is_usable), str(reason)


def connected(paths: StudioPaths, tries: str = "", *, lasting: bool = False) -> Connection | None:
    """Return a connection to the studio that is open on this home; None where there is none.

    Args:
        tries: The folders with plugins under development that it must have, too.
        lasting: One that ends as soon as it has done its own job will not do.

    Raises:
        StudioError: It is of another version.
    """
    path = place(paths.home)
    if not IS_THERE or not path.exists():
        return None
    own = Greeting(studio.__version__, VERSION, os.path.realpath(paths.home), tries)
    if (connection := reached(path, FromStudio)) is None:
        return None
    try:
        connection.write(own)
        greeting = connection.read(GREETING_SECONDS)
    except (OSError, EOFError):  # it is just closing
        greeting = None
    if isinstance(greeting, Greeting) and msgspec.structs.replace(greeting, lasting=True) == own:
        if greeting.lasting or not lasting:
            return connection
        greeting = None
    connection.close()
    if isinstance(greeting, Refused):
        raise StudioError.from_info(greeting.error)
    return None
