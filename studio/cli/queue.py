"""``studio queue``: the jobs that wait in the library, ordered, and run without a window."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.interrupt import on_interrupt
from studio.cli.terminal.job_progress import PUMP_SECONDS
from studio.cli.terminal.studio_session import StudioSession, must_be_alone
from studio.jobs.checkpoints import Checkpoints
from studio.jobs.durations import estimate
from studio.jobs.job_queue import fitting
from studio.library.library import Library
from studio.library.rows import JobEntry
from studio.library.storage.writer_lock import WriterLock
from studio.plugins import PluginHost
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.states import JobState, Priority
from studio.runtimes.supervisor import RuntimeState
from studio.studio import Studio
from studio.terminals import OpenStudio
from studio.terminals.handed import HandedQueue
from studio.terminals.messages import RowWent
from studio.terminals.queue_watch import QueueWatch

_PRIORITIES = {
    "high": Priority.INTERACTIVE,
    "normal": Priority.NORMAL,
    "low": Priority.BACKGROUND,
}
_OPEN = (
    "manages the queue",
    "Change the queue in its window (Ctrl+J), or close it and try again.",
)
_SHORT_ID = 6
"""Characters of an id that a list shows: the last ones, which differ."""


def main(argv: Sequence[str], session: StudioSession) -> int:
    """List, pause, resume, move, cancel, retry or run."""
    arguments = _parser().parse_args(argv)
    if arguments.command == "run":
        return _run(arguments, session)
    writes = arguments.command != "list"
    with session.open_studio() if writes else nullcontext() as open_studio:
        if open_studio is not None:
            _change_there(open_studio, arguments)
            _list(open_studio.library, session.plugins, arguments, ())
            return ExitCode.OK
    is_alone = writes or not WriterLock(session.paths.library / "lock").is_held()
    with Library.open(session.paths, read_only=not writes) as library:
        if writes:
            must_be_alone(library, *_OPEN)
            _COMMANDS[arguments.command](library, arguments)
        interrupted = list(_interrupted(session, library)) if is_alone else ()
        _list(library, session.plugins, arguments, interrupted)
    return ExitCode.OK


def _interrupted(session: StudioSession, library: Library) -> Iterator[JobEntry]:
    """Yield jobs interrupted by the kill of their studio: queue rows, and resumable ones.

    Nobody writes into the library now, so nothing runs; the next start says so in it.
    """
    places = Checkpoints(session.paths.home / "checkpoints")
    for entry in library.jobs.unfinished():
        try:
            record = library.record(entry.record)
        except StudioError:
            continue
        place = places.place(entry.task, record.params, record.seed, record.inputs)
        if entry.request is not None or place.exists():
            yield entry


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="studio queue", description="Jobs that wait in the library, in the order they run."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, text: str, ids: str = "") -> ArgumentParser:
        command: ArgumentParser = commands.add_parser(name, help=text, description=text)
        command.add_argument("--json", action="store_true", help="print one JSON object")
        if ids:
            command.add_argument("id", nargs=ids, metavar="ID", help="the end of an id is enough")
        return command

    add("list", "list the queue, and what failed and can be retried")
    add("pause", "pause these jobs; without an ID the whole queue", "*")
    add("resume", "resume these jobs; without an ID the whole queue", "*")
    move = add("move", "move a job to another position in the queue")
    move.add_argument("id", metavar="ID", help="the end of an id is enough")
    move.add_argument("place", type=int, metavar="POSITION", help="1 is the front")
    prioritise = add("prioritise", "let a job go before others, or after them")
    prioritise.add_argument("id", metavar="ID", help="the end of an id is enough")
    prioritise.add_argument("priority", choices=_PRIORITIES, help="it goes behind others of that")
    add("cancel", "remove jobs from the queue", "+")
    run = add("run", "run the queue without a window, until nothing is left to run")
    run.add_argument("--retry", action="store_true", help="retry what failed, too")
    return parser


# --- changing it, in the open studio or while none is open ------------------------------------


def _change_there(studio: OpenStudio, arguments: Namespace) -> None:
    """Have the open studio change it: there it is in memory, too."""
    given = arguments.id if isinstance(arguments.id, list) else [arguments.id]
    ids = [_found(studio.library, id).id for id in given]
    match arguments.command:
        case "move":
            studio.change_queue("move", ids[0], max(0, arguments.place - 1))
        case "prioritise":
            studio.change_queue("prioritise", ids[0], str(_PRIORITIES[arguments.priority]))
        case command:
            studio.change_queue(command, ids)


def _pause(library: Library, arguments: Namespace, paused: bool = True) -> None:
    if arguments.id:
        library.jobs.hold([_found(library, id).id for id in arguments.id], paused)
    else:
        library.jobs.pause(paused)


def _resume(library: Library, arguments: Namespace) -> None:
    _pause(library, arguments, paused=False)


def _move(library: Library, arguments: Namespace) -> None:
    waiting = library.jobs.waiting()
    entry = _found(library, arguments.id)
    order = [(job.id, Priority(job.priority)) for job in waiting if job.id != entry.id]
    place = max(0, min(arguments.place - 1, len(order)))
    priority = fitting(Priority(entry.priority), [job for _, job in order], place)
    library.jobs.arrange([*order[:place], (entry.id, priority), *order[place:]])


def _prioritise(library: Library, arguments: Namespace) -> None:
    entry = _found(library, arguments.id)
    others = [job for job in library.jobs.waiting() if job.id != entry.id]
    order = [(job.id, Priority(job.priority)) for job in others]
    library.jobs.arrange([*order, (entry.id, _PRIORITIES[arguments.priority])])


def _cancel(library: Library, arguments: Namespace) -> None:
    for entry in [_found(library, id) for id in arguments.id]:
        library.jobs.journal_state(entry.id, JobState.CANCELLED)
        library.kept_inputs.release(entry.record)


_COMMANDS: dict[str, Callable[[Library, Namespace], None]] = {
    "pause": _pause,
    "resume": _resume,
    "move": _move,
    "prioritise": _prioritise,
    "cancel": _cancel,
}


def _found(library: Library, id: str) -> JobEntry:
    """Return the row that waits and whose id ends so."""
    matches = [job for job in library.jobs.waiting() if job.id.lower().endswith(id.lower())]
    if len(matches) != 1:
        what = "More than one job" if matches else "No job"
        raise StudioError(
            ErrorCode.BAD_INPUT if matches else ErrorCode.NOT_FOUND,
            f"{what} in the queue has an id that ends with “{id}”.",
            "`studio queue list` shows them.",
        )
    return matches[0]


def _list(
    library: Library, plugins: PluginHost, arguments: Namespace, interrupted: Sequence[JobEntry]
) -> None:
    waiting, failed = library.jobs.waiting(), library.jobs.failed()
    paused = library.jobs.paused
    left = estimate(_usually(library, plugins, entry) for entry in waiting if not entry.held)
    if arguments.json:
        output.print_json(
            {
                "paused": paused,
                "seconds": left.seconds if left else None,
                "seconds_unknown": left.unknown if left else len(waiting),
                "waiting": [_as_json(entry) for entry in waiting],
                "interrupted": [_as_json(entry) for entry in interrupted],
                "failed": [_as_json(entry) for entry in failed],
            }
        )
        return
    if not waiting and not failed and not interrupted:
        output.say("The queue is empty." + (" It is paused." if paused else ""))
        return
    rows = [
        (str(number), _state(entry, paused), entry.title, entry.task, entry.id[-_SHORT_ID:])
        for number, entry in enumerate(waiting, start=1)
    ]
    rows += [
        ("", "interrupted", entry.title, entry.task, entry.id[-_SHORT_ID:]) for entry in interrupted
    ]
    rows += [("", entry.state, _why(entry), entry.task, entry.id[-_SHORT_ID:]) for entry in failed]
    output.print_table(rows, ("", "STATE", "JOB", "TASK", "ID"))
    for entry in interrupted:
        if entry.request is None:
            seed = library.record(entry.record).seed
            output.hint(
                f"{entry.title} was interrupted: `studio run {entry.task}` with the same settings "
                f"and --seed {seed} continues it."
            )
    held = [entry.id[-_SHORT_ID:] for entry in waiting if entry.held]
    if held and arguments.command == "resume" and not arguments.id:
        output.hint(
            "Jobs that were paused one by one stay paused; "
            f"`studio queue resume {' '.join(held)}` resumes them."
        )
    if left:
        more = "more than" if left.unknown else "about"
        output.hint(f"It will take {more} {_minutes(left.seconds)}.")
    if paused:
        output.hint("The queue is paused: `studio queue resume` resumes it.")


def _usually(library: Library, plugins: PluginHost, entry: JobEntry) -> float | None:
    """Return the seconds that a job like this has taken before; None for the first of its kind."""
    try:
        params = library.record(entry.record).params
    except StudioError:  # damaged: running it says so
        return None
    weights = params.get("weights")
    named = (weights,) if isinstance(weights, str) else ()
    grows_with = {task.id: task.grows_with for _, task in plugins.tasks()}.get(entry.task, ())
    return library.records.typical_seconds(entry.task, named, params, grows_with)


def _minutes(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _state(entry: JobEntry, paused: bool) -> str:
    return "paused" if paused or entry.held else "waiting"


def _why(entry: JobEntry) -> str:
    error = (entry.error or {}).get("message", "")
    return f"{entry.title}: {error}" if error else entry.title


def _as_json(entry: JobEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "title": entry.title,
        "task": entry.task,
        "plugin": entry.plugin,
        "state": entry.state,
        "held": entry.held,
        "priority": entry.priority,
        "record": entry.record,
        "error": entry.error,
    }


# --- running it -------------------------------------------------------------------------------


def _run(arguments: Namespace, session: StudioSession) -> int:
    """Run the queue until no job may go on; paused ones stay paused.

    An open studio runs its queue itself: this tells of it until it is done.
    """
    tale = _Tale(quiet=arguments.json)
    with session.at_work(passing=False) as studio:
        if isinstance(studio, OpenStudio):
            watch: QueueWatch | HandedQueue = studio.watch_queue(tale.add, retry=arguments.retry)
        else:
            must_be_alone(studio.library, *_OPEN)
            watch = _taken_up(studio, tale.add, retry=arguments.retry)
        code = tale.follow(studio, watch)
        if isinstance(watch, HandedQueue) and watch.error:
            raise watch.error
        waiting = watch.waiting
    if arguments.json:
        output.print_json({"jobs": tale.told, "waiting": waiting})
    elif code == ExitCode.INTERRUPTED and isinstance(watch, HandedQueue):
        output.hint("The open studio continues the queue.")
    elif not tale.told:
        output.say("Nothing in the queue can run." if waiting else "The queue is empty.")
    elif waiting:
        output.hint(f"Still in the queue: {waiting}.")
    return code


def _taken_up(studio: Studio, tell: Callable[[RowWent], None], *, retry: bool) -> QueueWatch:
    """Restore the queue; return once its content is known."""
    restored: list[None] = []
    studio.weights.entries()  # recipes name them
    watch = QueueWatch(studio, tell)
    studio.jobs.queue.restore(lambda rows: restored.append(None))
    while not restored:
        studio.pump(PUMP_SECONDS)
    if retry:
        studio.jobs.queue.retry_failed()
    return watch


class _Tale:
    """Tells of each job of the queue.

    Attributes:
        told: What came of each, as plain data.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.told: list[dict[str, Any]] = []
        self._line = None if quiet else output.ProgressLine()
        self._interrupted = False

    def follow(self, studio: Studio | OpenStudio, watch: QueueWatch | HandedQueue) -> ExitCode:
        """Return when nothing is under way and nothing may go."""
        with on_interrupt(self._interrupt):
            while watch.is_busy and not self._interrupted:
                studio.pump(PUMP_SECONDS)
                if studio.runtime.state is RuntimeState.GIVEN_UP:
                    break
        if self._line:
            self._line.clear()
        if self._interrupted:
            return ExitCode.INTERRUPTED
        failed = any(each["state"] in (JobState.FAILED, JobState.LOST) for each in self.told)
        return ExitCode.FAILED if failed else ExitCode.OK

    def add(self, row: RowWent) -> None:
        """Print the progress of a job, or its outcome."""
        if not row.is_over:
            if self._line:
                self._line.show(f"{row.title}: {row.words}")
            return
        error = row.error
        self.told.append(
            {
                "id": row.id,
                "title": row.title,
                "task": row.task,
                "state": row.state,
                "record": row.record,
                "artifacts": row.artifacts,
                "error": error.message if error else None,
            }
        )
        if self._line:
            self._line.clear()
            took = f"  ({row.seconds:.1f} s)" if row.seconds else ""
            output.say(f"{row.state:<9} {row.title}{took}")
            if error:
                output.hint(f"          {error.message} {error.hint}".rstrip())

    def _interrupt(self) -> None:
        """End the run: running jobs are aborted, waiting ones stay."""
        self._interrupted = True
