"""The open studio's side: takes jobs of terminals, and tells them how these go."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

import studio
from studio.api.artifacts import SavedArtifact
from studio.api.jobs import JobRequest
from studio.library.rows import MessageState
from studio.plugins.discovery import SEARCH_PATH
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.states import JobState
from studio.terminals.connection import IS_THERE, Connection, Listener, place
from studio.terminals.messages import (
    CHANGES,
    QUEUE_CHANGES,
    VERSION,
    Begun,
    Change,
    Changed,
    Ended,
    FromTerminal,
    Greeting,
    LookAtPlugins,
    Made,
    Moved,
    Queued,
    QueueRests,
    Refused,
    ResumeRun,
    StartRun,
    Stop,
    Submit,
    WatchQueue,
    Went,
    Wrote,
)
from studio.terminals.program_requests import ProgramRequests
from studio.terminals.queue_changes import QueueChanges
from studio.terminals.queue_watch import QueueWatch
from studio.terminals.run_watch import RunWatch

if TYPE_CHECKING:
    from studio.jobs.job import Job
    from studio.studio import Studio

MOST_TERMINALS = 16
MOST_WAITING = 10_000
"""Messages that a terminal has not read: one that stands still is let go, nobody waits for it."""
GREETING_SECONDS = 5.0


class Terminals:
    """Listens while the studio is open. Close it before the studio."""

    def __init__(self, studio: Studio, *, lasting: bool = True) -> None:
        """Listen in the studio's home; where that is impossible terminals work alone, as ever.

        Args:
            lasting: Whether the studio stays open until its user closes it.
        """
        self._studio, self._lasting = studio, lasting
        self._home = studio.paths.home
        self._tries = os.environ.get(SEARCH_PATH, "")
        self._open: set[_Terminal] = set()
        self._listener: Listener | None = None
        if not IS_THERE or studio.library.read_only or studio.paths.temporary:
            return
        with contextlib.suppress(OSError):
            self._listener = Listener(place(self._home))
            threading.Thread(target=self._serve, name="terminals", daemon=True).start()

    @property
    def count(self) -> int:
        """How many terminals are connected."""
        return len(self._open)

    def stop_listening(self) -> None:
        """Take no more terminals; those that are connected stay."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def close(self) -> None:
        """Listen no more; jobs of terminals are stopped."""
        self.stop_listening()
        for terminal in list(self._open):
            terminal.close()

    def _serve(self) -> None:
        listener = self._listener
        while listener is not None:
            try:
                connection = listener.accept(FromTerminal)
            except OSError:
                return
            if connection is None:
                continue
            if len(self._open) >= MOST_TERMINALS:
                connection.close()
                continue
            terminal = _Terminal(
                self._studio, connection, self._open.discard, self._tries, self._lasting
            )
            self._open.add(terminal)
            terminal.start()


class _Terminal:
    """One terminal, and the job that runs for it."""

    def __init__(
        self,
        studio: Studio,
        connection: Connection,
        gone: Callable[[_Terminal], None],
        tries: str = "",
        lasting: bool = True,
    ) -> None:
        self._studio, self._gone, self._tries = studio, gone, tries
        self._lasting = lasting
        self._connection = connection
        self._waiting: queue.Queue[msgspec.Struct | None] = queue.Queue(MOST_WAITING)
        self._job: Job | None = None
        self._programs = ProgramRequests(
            studio.notices, studio.tools.approvals, studio.runtime.later
        )
        self._watched: QueueWatch | None = None
        self._run: RunWatch | None = None
        self._withdraw: Callable[[], None] = lambda: None
        """Takes the question back whether the user allows what a program asked for."""

    def start(self) -> None:
        """Read and write, each on a thread of its own: the studio's never waits for a terminal."""
        for work in (self._read, self._write):
            threading.Thread(target=work, name="terminal", daemon=True).start()

    def close(self) -> None:
        """Let go of the terminal."""
        self._connection.close()

    def _tell(self, message: msgspec.Struct) -> None:
        try:
            self._waiting.put_nowait(message)
        except queue.Full:
            self.close()

    def _write(self) -> None:
        with contextlib.suppress(OSError):
            while (message := self._waiting.get()) is not None:
                self._connection.write(message)
        self.close()

    def _read(self) -> None:
        try:
            self._greet(self._connection.read(GREETING_SECONDS))
            while True:
                message = self._connection.read()
                self._studio.post(partial(self._do, message))
        except (EOFError, OSError):
            pass
        finally:
            self._studio.post(self._gone_away)
            with contextlib.suppress(queue.Full):
                self._waiting.put_nowait(None)
            self.close()
            self._gone(self)

    def _greet(self, greeting: object) -> None:
        """Answer the greeting.

        Raises:
            EOFError: It is none, or of another studio: that has been said.
        """
        own = Greeting(studio.__version__, VERSION, os.path.realpath(self._studio.paths.home))
        if (
            isinstance(greeting, Greeting) and greeting.tries
        ):  # else it takes the plugins that are here
            own = msgspec.structs.replace(own, tries=self._tries)
        if greeting == own:
            self._connection.write(msgspec.structs.replace(own, lasting=self._lasting))
            return
        if isinstance(greeting, Greeting):
            self._connection.write(Refused(mismatch(own, greeting).info()))
        raise EOFError

    # --- on the studio's thread ---------------------------------------------------------------

    def _do(self, message: object) -> None:
        try:
            if isinstance(message, Submit):
                self._submit(message)
            elif isinstance(message, Stop):
                self._stop()
            elif isinstance(message, Change):
                self._change(message)
            elif isinstance(message, Queued):
                self._change_queue(message)
            elif isinstance(message, WatchQueue):
                self._watch_queue(message)
            elif isinstance(message, LookAtPlugins):
                self._look_at_plugins(message)
            elif isinstance(message, StartRun | ResumeRun):
                self._run = RunWatch(self._studio, message, self._tell)
        except StudioError as error:
            self._tell(Refused(error.info()))
        except Exception:
            refusal = "The open studio could not do it: this is a fault in Offline Studio."
            self._tell(Refused(StudioError(ErrorCode.INTERNAL, refusal, "See its log.").info()))
            raise

    def _submit(self, request: Submit) -> None:
        if self._job is not None and self._job.is_live:
            raise StudioError(ErrorCode.BUSY, "The job before it is not over.", "Wait for it.")
        if not request.program:
            self._begin(request)
            return
        self._withdraw = self._programs.ask(
            request.program[:60],
            self._studio.tools.get(request.task.replace(".", "_")),
            request.params,
            lambda: self._begin_allowed(request),
            lambda error: self._tell(Refused(error.info())),
        )

    def _begin_allowed(self, request: Submit) -> None:
        try:
            self._begin(request)
        except StudioError as error:
            self._tell(Refused(error.info()))

    def _begin(self, request: Submit) -> None:
        job = self._studio.submit(
            JobRequest(
                request.task,
                request.params,
                title=request.title,
                inputs=dict(request.inputs),
                whole=request.whole,
                parents=request.parents,
                keep=request.keep,
                conversation=request.conversation,
                seed=request.seed,
                anew=request.anew,
                machine=request.machine,
            )
        )
        self._job = job
        self._tell(Begun(job.id, job.record, job.plugin, job.title, job.kind))
        job.on_progress(lambda *update: self._tell(Went(*update)))
        job.on_text(lambda *update: self._tell(Wrote(*update)))
        job.on_artifact(self._made)
        job.on_state(lambda state, reason: self._moved(job, state, reason))
        job.on_done(lambda _: self._ended(job))
        job.on_failed(lambda _: self._ended(job))
        job.on_cancelled(lambda: self._ended(job))

    def _made(self, artifact: SavedArtifact) -> None:
        if artifact.id:
            self._tell(Made(artifact))

    def _moved(self, job: Job, state: JobState, reason: str) -> None:
        if not state.is_terminal:
            self._tell(Moved(str(state), reason, job.machine))

    def _ended(self, job: Job) -> None:
        result = _plain(job.result)
        error = job.error.info() if job.error is not None else None
        message = Ended(str(job.state), result, job.started, job.finished, error, job.machine)
        self._tell(message)

    def _stop(self) -> None:
        self._withdraw()
        if self._job is not None and self._job.is_live:
            self._job.cancel()
        if self._run is not None:
            self._run.stop()

    def _gone_away(self) -> None:
        """Stop the terminal's own jobs; the queue goes on."""
        if self._watched is not None:
            self._watched.close()
        if self._run is not None:
            self._run.close()
            self._run = None
        self._stop()

    def _watch_queue(self, request: WatchQueue) -> None:
        self._watched = QueueWatch(self._studio, self._tell, self._rests)
        if request.retry:
            self._studio.jobs.queue.retry_failed()
        self._watched.look()

    def _rests(self, watch: QueueWatch) -> None:
        watch.close()
        self._tell(QueueRests(watch.waiting))

    def _change(self, request: Change) -> None:
        _check(request.method, CHANGES)
        library = self._studio.library
        named = dict(request.named)
        if "state" in named:
            named["state"] = MessageState(named["state"])
        method: Any = library
        for name in request.method.split("."):
            method = getattr(method, name)
        done = library.later(method, *request.arguments, **named)
        done.add_done_callback(lambda future: self._tell(_outcome(future)))

    def _look_at_plugins(self, request: LookAtPlugins) -> None:
        self._studio.settings.refresh()
        host = self._studio.plugins
        host.look_again()
        if request.id and request.on:
            host.switch_on(request.id)
        elif request.id:
            host.switch_off(request.id)
        plugins = {plugin.id: plugin for plugin in host.plugins}
        here = plugins.get(request.id)
        self._tell(Changed([here is not None and here.is_usable, here.reason if here else ""]))

    def _change_queue(self, request: Queued) -> None:
        _check(request.method, QUEUE_CHANGES)
        getattr(QueueChanges(self._studio), request.method)(*request.arguments)
        self._studio.jobs.queue.when_kept(lambda: self._tell(Changed()))


def _check(method: str, allowed: Collection[str]) -> None:
    if method not in allowed:
        raise StudioError(
            ErrorCode.UNSUPPORTED, f"“{method[:80]}” is nothing that a terminal may do."
        )


def _outcome(future: Any) -> msgspec.Struct:
    error = future.exception()
    if isinstance(error, StudioError):
        return Refused(error.info())
    if error is not None:
        failure = StudioError(
            ErrorCode.INTERNAL, "The library could not be changed.", details=repr(error)
        )
        return Refused(failure.info())
    return Changed(msgspec.to_builtins(future.result()))


def _plain(result: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(dict(result), enc_hook=str)
    return plain


def mismatch(own: Greeting, other: Greeting) -> StudioError:
    """Return why two of these cannot work together."""
    if own.home != other.home:
        return StudioError(ErrorCode.UNSUPPORTED, "The open studio has another data folder.")
    if (own.studio, own.version) == (other.studio, other.version):
        return StudioError(
            ErrorCode.UNSUPPORTED,
            "The open studio does not have the plugins that this command tries.",
            "They run beside it.",
        )
    return StudioError(
        ErrorCode.UNSUPPORTED,
        f"The open studio is version {own.studio}, this command is {other.studio}.",
        "Restart the studio, so that both are the same.",
    )
