"""Messages between a terminal and the open studio. Plain data, validated when read."""

from __future__ import annotations

from typing import Any

import msgspec

from studio.api.artifacts import SavedArtifact
from studio.automation.workflows.results import Results
from studio.library.workflow_runs import RowState, RunState
from studio.protocol.errors import ErrorInfo

VERSION = 7
"""Of these messages."""
CHANGES = frozenset({
    "restore", "erase", "erase_leftovers", "rebuild", "tags.add", "tags.remove",
    "collections.create", "collections.put", "collections.take", "conversations.create",
    "conversations.restore",
    "conversations.update", "conversations.add_message", "conversations.update_message",
    "workflow_runs.forget",
})  # fmt: skip
"""What a terminal may ask of the library: its methods, and no others."""
QUEUE_CHANGES = frozenset({"pause", "resume", "move", "prioritise", "cancel"})
"""What a terminal may ask of the queue: methods of ``queue_changes.QueueChanges``."""


class Message(msgspec.Struct, tag=True, frozen=True):
    """Base of all."""


class Greeting(Message, frozen=True):
    """The first message of either side; both must say the same.

    Attributes:
        studio: Version of the studio.
        version: Of the messages.
        home: The home that is meant.
        tries: The folders with plugins under development that a command wants; empty for none.
        lasting: Whether it stays open until its user closes it: a command ends when it is done.
    """

    studio: str
    version: int
    home: str
    tries: str = ""
    lasting: bool = True


class Refused(Message, frozen=True):
    """The open studio does not do it, or could not."""

    error: ErrorInfo


class Submit(Message, frozen=True):
    """Run a task; the fields are those of ``JobRequest``.

    Attributes:
        program: What another program calls itself that wants it; the user is asked then.
    """

    task: str
    params: dict[str, Any]
    inputs: dict[str, Any] = {}
    title: str = ""
    whole: bool = False
    parents: list[str] = []
    keep: bool = True
    conversation: str = ""
    program: str = ""
    seed: int | None = None
    anew: bool = False
    machine: str = ""


class Stop(Message, frozen=True):
    """Stop the job that runs for this terminal."""


class Change(Message, frozen=True):
    """Call a method of the library, one of ``CHANGES``."""

    method: str
    arguments: list[Any]
    named: dict[str, Any] = {}


class Queued(Message, frozen=True):
    """Change the queue, by one of ``QUEUE_CHANGES``."""

    method: str
    arguments: list[Any]


class WatchQueue(Message, frozen=True):
    """Tell of the jobs of the queue until none may go on; ``retry``: begin those that failed."""

    retry: bool = False


class StartRun(Message, frozen=True):
    """Run a workflow; the fields are those of ``Workflows.start``.

    Attributes:
        path: A folder, a table or a list; or else
        results: those of the library. Without either, what the workflow names.
    """

    text: str
    path: str = ""
    results: Results | None = None
    params: dict[str, Any] = {}
    seed: int = 0
    on: str = ""


class ResumeRun(Message, frozen=True):
    """Go on with a run of a workflow; the fields are those of ``Workflows.resume``."""

    run: str
    retry: bool = False
    on: str = ""


class LookAtPlugins(Message, frozen=True):
    """Use the plugins as they are on the disk and in the settings now.

    Attributes:
        id: One that was enabled or disabled by the user, if so.
        on: Which of the two.
    """

    id: str = ""
    on: bool = False


class Changed(Message, frozen=True):
    """The return value, as plain data."""

    value: Any = None


class Begun(Message, frozen=True):
    """The job is there."""

    id: str
    record: str
    plugin: str
    title: str
    kind: str


class Moved(Message, frozen=True):
    """Its state, why, and the machine that has it; see ``JobState``."""

    state: str
    reason: str
    machine: str = ""


class Went(Message, frozen=True):
    """How far it is."""

    done: float
    total: float
    message: str
    seconds_left: float | None


class Wrote(Message, frozen=True):
    """New text of it."""

    text: str
    tokens: int
    channel: str


class Made(Message, frozen=True):
    """A result that is in the library now."""

    artifact: SavedArtifact


class Ended(Message, frozen=True):
    """The end of a job, after all its results."""

    state: str
    result: dict[str, Any]
    started: float | None
    finished: float | None
    error: ErrorInfo | None = None
    machine: str = ""


class RowWent(Message, frozen=True):
    """A job of the queue got on, or is over.

    Attributes:
        words: How far it is, while it is not over.
        error: What went wrong, in one or two sentences.
    """

    id: str
    title: str
    task: str
    state: str
    record: str
    is_over: bool
    words: str = ""
    artifacts: list[str] = []
    error: ErrorInfo | None = None
    seconds: float = 0.0


class QueueRests(Message, frozen=True):
    """Nothing of the queue is under way, and nothing may go; so many rows wait."""

    waiting: int


class RunBegun(Message, frozen=True):
    """The run is there, or goes on."""

    id: str
    title: str


class RunWent(Message, frozen=True):
    """How far a run is; the fields are those of ``Runner``."""

    state: RunState
    counts: dict[RowState, int]
    stopping: bool
    is_coming: bool
    seconds_left: float | None
    error: ErrorInfo | None = None


FromTerminal = (
    Greeting | Submit | Stop | Change | Queued | WatchQueue | StartRun | ResumeRun
    | LookAtPlugins
)  # fmt: skip
FromStudio = (
    Greeting | Refused | Changed | Begun | Moved | Went | Wrote | Made | Ended
    | RowWent | QueueRests | RunBegun | RunWent
)  # fmt: skip
