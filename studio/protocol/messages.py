"""The messages of the link, as msgspec structs. Data only: no behaviour, no arrays (see ``blobs``).

``Request`` goes from the studio to the runtime, ``Report`` comes back. A message that carries bulk
data names it by position: ``blob`` indexes the blobs that travel with the frame.
"""

from __future__ import annotations

from typing import Any

import msgspec

from studio.protocol.device_status import DeviceLost as DeviceLost
from studio.protocol.device_status import DevicesFound as DevicesFound
from studio.protocol.device_status import PoolEvent as PoolEvent
from studio.protocol.device_status import Slots as Slots
from studio.protocol.device_status import Status as Status
from studio.protocol.energy import Rates
from studio.protocol.errors import ErrorInfo
from studio.protocol.library_row import LibraryRow
from studio.protocol.message import Message as Message
from studio.protocol.states import JobState, Lane, Priority
from studio.protocol.trace import Span, Use

PROTOCOL_VERSION = 1


class BlobSpec(msgspec.Struct, frozen=True):
    """The declared form of a blob; checked against its bytes before use.

    Attributes:
        dtype: ``bytes`` or a numpy dtype name of the allow-list in ``blobs``.
        shape: Lengths of the axes; ``(n,)`` for bytes.
    """

    dtype: str
    shape: tuple[int, ...]


# --- both ways --------------------------------------------------------------------------------


class Hello(Message, frozen=True):
    """First message of either side; another ``protocol`` or major ``api`` is refused in words."""

    protocol: int
    api: str
    versions: dict[str, str] = {}
    pid: int = 0


class Goodbye(Message, frozen=True):
    """The sender is about to end, and says why; empty when all is well."""

    reason: str = ""


# --- studio → runtime -------------------------------------------------------------------------


class Permits(msgspec.Struct, frozen=True):
    """The permissions of a plugin in its own process, from its manifest."""

    network: bool = False
    files: bool = False
    """Files that the user picked are handed to it."""
    gpu: bool = False
    library: bool = False
    """It may read results in the library."""


class WorkerEntry(msgspec.Struct, frozen=True):
    """The worker half of one plugin, imported on its first task."""

    plugin: str
    module: str
    tasks: dict[str, str]
    """task id → ``module:Class`` of its params."""
    lanes: dict[str, Lane] = {}
    run_code: bool = False
    """Its tasks may run code in the sandbox: the manifest says so, and people have read it."""
    title: str = ""
    """What a person calls the plugin."""
    paths: tuple[str, ...] = ()
    """Folders that hold its packages."""
    lends: tuple[str, ...] = ()
    """Distributions of the studio that its own process finds, beside those that every one does."""
    isolated: bool = False
    """It runs in a process of its own, which finds its packages in ``paths`` and nowhere else."""
    permits: Permits = Permits()
    needs_sandbox: bool = True
    """Its process runs in the sandbox of this machine, or not at all."""
    uses: tuple[str, ...] = ()
    """Tasks of other plugins that its tasks may call."""
    kinds: dict[str, tuple[str, ...]] = {}
    """task id → the kinds that its results may be of; any where it is not named."""


class WeightsEntry(msgspec.Struct, frozen=True):
    """Weights that jobs may lease.

    Attributes:
        id: Stable name, ``smollm2-135m-instruct``.
        path: File or folder.
        family: Loader that is asked first; empty when it must be recognised.
        digest: SHA-256 of the file, hexadecimal, where known.
        capabilities: What it can do: ``text``, ``text-to-image``, …
        context_limit: Tokens that a text may have at most, as the user wishes; 0 for no wish.
    """

    id: str
    path: str
    family: str = ""
    digest: str = ""
    capabilities: tuple[str, ...] = ()
    title: str = ""
    context_limit: int = 0


class Configure(Message, frozen=True):
    """Which plugins and weights there are. Sent after ``Hello`` and again whenever that changes."""

    workers: tuple[WorkerEntry, ...] = ()
    weights: tuple[WeightsEntry, ...] = ()
    memory_limit: int = 0
    """Bytes the runtime may use; 0 for its own judgement."""
    pinned: tuple[str, ...] = ()
    """Weights that stay loaded once they are."""
    idle_seconds: float = 0.0
    """Weights that nobody used for so long are unloaded; 0 for never."""


class Submit(Message, frozen=True):
    """Run a task.

    ``params`` is complete: defaults filled in, the seed a number, the weights named.
    """

    job: str
    task: str
    params: dict[str, Any]
    seed: int
    priority: Priority = Priority.NORMAL
    blobs: dict[str, int] = {}
    """Name of an input → index of the blob that carries it."""
    specs: dict[str, BlobSpec] = {}
    """Name of an input → what its blob is; ``blobs.shaped`` gives it back its type and shape."""
    private: bool = False
    """Nothing of it may be written, not even to a cache."""
    whole: bool = False
    """Its result is wanted whole, also what its texts and artifacts say already."""
    files: tuple[str, ...] = ()
    """Parameters that name a file which the user picked, and not the plugin by its defaults."""
    caller: str = ""
    """Id of the job that called for it, which waits for it; empty for none."""
    call: int = 0
    """The number of the call among those of the caller."""
    checkpoint: str = ""
    """Folder that outlives a kill, for all jobs of this recipe; empty where nothing may be kept."""
    rates: Rates | None = None
    """By which a task is told what it used in joules; None where nobody knows."""


class CallEnded(Message, frozen=True):
    """What ``job`` called for is over, and all that is left of it in the library.

    Attributes:
        number: Of the call.
        artifacts: Ids in the library of what it made, in order; empty ones for what is not kept.
        files: Where each of them lies; empty for what lies nowhere.
    """

    job: str
    number: int
    state: JobState
    error: ErrorInfo | None = None
    artifacts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


class LibraryFound(Message, frozen=True):
    """The answer to ``LibraryQuery``: rows newest first, or why there are none."""

    job: str
    ask: int
    rows: tuple[LibraryRow, ...] = ()
    error: ErrorInfo | None = None


class Cancel(Message, frozen=True):
    """Stop the job at its next step. Unknown or finished jobs are ignored."""

    job: str


class Pause(Message, frozen=True):
    """Hold the job at its next step until ``Resume``."""

    job: str


class Resume(Message, frozen=True):
    """Go on with a paused job."""

    job: str


class Promote(Message, frozen=True):
    """Put a queued job before all others of its lane."""

    job: str


class Arrange(Message, frozen=True):
    """Let jobs that have not begun follow each other so: (id, class); others are ignored."""

    jobs: tuple[tuple[str, Priority], ...]


class Unload(Message, frozen=True):
    """Drop loaded weights as soon as no job leases them."""

    weights: str


class Prepare(Message, frozen=True):
    """Load weights that will soon be asked for, if nothing else is loaded and no job is there."""

    weights: str


class Pin(Message, frozen=True):
    """Keep weights in memory once loaded, whatever else needs it; or no longer."""

    weights: str
    pinned: bool = True


class Inspect(Message, frozen=True):
    """Read the headers of a weights file or folder; answered by ``Inspected`` with the same
    ``request``.
    """

    request: str
    path: str
    full: bool = False
    """Also read every byte and compute the digest."""
    context_limit: int = 0
    """What ``WeightsEntry`` says of it: memory is told for so much."""


class WantTrace(Message, frozen=True):
    """Request the trace of the last hour; answered by ``Trace`` with the same ``request``."""

    request: str


class Shutdown(Message, frozen=True):
    """Finish the step at hand and end."""


# --- runtime → studio -------------------------------------------------------------------------


class JobChanged(Message, frozen=True):
    """The job moved to ``state``; ``reason`` is its wait reason, in words.

    Of a cluster it names the ``machine`` that has the job.
    """

    job: str
    state: JobState
    reason: str = ""
    machine: str = ""


class Progress(Message, frozen=True):
    """How far a job is. May be dropped or merged on the way; never the last word.

    ``plots`` are encoded ones; of each title the last one counts.
    """

    job: str
    done: float
    total: float
    message: str = ""
    seconds_left: float | None = None
    plots: list[bytes] = []


class TextDelta(Message, frozen=True):
    """New text of a job, in order; never dropped. ``tokens`` counts those generated so far."""

    job: str
    text: str
    tokens: int = 0
    channel: str = ""


class Preview(Message, frozen=True):
    """An unfinished picture (or sound) to look at while the job runs. May be dropped."""

    job: str
    blob: int
    spec: BlobSpec
    kind: str = "image"
    note: str = ""


class Produced(Message, frozen=True):
    """A finished result; its payload travels as a blob, or as a file, and is saved by the studio's
    side."""

    job: str
    kind: str
    suffix: str
    blob: int
    spec: BlobSpec
    title: str = ""
    text: str = ""
    verdict: dict[str, Any] = {}
    meta: dict[str, Any] = {}
    preview: int = -1
    """Index of the blob with a small PNG; -1 for none."""
    is_text: bool = False
    """Its text is its payload, and does not travel twice."""
    file: str = ""
    """Instead of a blob (then -1): its payload is this file, see ``protocol.result_files``."""


class Call(Message, frozen=True):
    """A job wants a task to be run for it: a job of its own, answered by ``CallEnded``.

    Attributes:
        number: Of the call among those of ``job``, from 1.
        params: What of the parameters the caller says; the studio fills in the rest.
        blobs, specs: As in ``Submit``.
        title: What lists call it; empty for the title of the task.
        parents: Ids of the artifacts that its results are made from.
        keep: Whether its results go to the library, if those of the caller do.
    """

    job: str
    number: int
    task: str
    params: dict[str, Any]
    blobs: dict[str, int] = {}
    specs: dict[str, BlobSpec] = {}
    title: str = ""
    parents: tuple[str, ...] = ()
    keep: bool = True


class LibraryQuery(Message, frozen=True):
    """A job asks for results in the library: the one with ``id``, else those that fit."""

    job: str
    ask: int
    id: str = ""
    query: str = ""
    kinds: tuple[str, ...] = ()
    limit: int = 100
    kept: str = ""
    """Instead: the intermediate that its plugin keeps under this key."""


class Keep(Message, frozen=True):
    """Keep a blob under a key of the plugin's, as a hidden child of the job's last result."""

    job: str
    key: str
    blob: int


class Finished(Message, frozen=True):
    """The last message of a job. ``result`` holds the task's own keys (plain data)."""

    job: str
    state: JobState
    result: dict[str, Any] = {}
    error: ErrorInfo | None = None
    seconds: float = 0.0
    weights: dict[str, str] = {}
    """Weights leased → SHA-256, for the record."""
    reduced: tuple[str, ...] = ()
    """What was made smaller because memory ran out, in words, for the record."""
    engines: dict[str, str] = {}
    """Weights leased → what computed with them, where that is a choice: for the record."""
    use: Use = Use()


class Trace(Message, frozen=True):
    """The trace of the last hour, oldest first."""

    request: str
    spans: tuple[Span, ...]


class Needs(msgspec.Struct, frozen=True):
    """Bytes that weights take when they are loaded, and that a typical job takes beside them."""

    weights_bytes: int = 0
    working_bytes: int = 0

    @property
    def bytes(self) -> int:
        """Of both."""
        return self.weights_bytes + self.working_bytes


class Inspected(Message, frozen=True):
    """The metadata of a weights file, or the reason why it is unusable."""

    request: str
    facts: dict[str, Any] = {}
    error: ErrorInfo | None = None
    needs: Needs = Needs()
    """From the headers alone: nothing was loaded to know it."""


class PluginFault(Message, frozen=True):
    """A plugin's worker half raised where it may not (import, hook); it is named and the rest goes
    on.
    """

    plugin: str
    where: str
    error: ErrorInfo


Request = (
    Hello
    | Goodbye
    | Configure
    | Submit
    | CallEnded
    | LibraryFound
    | Cancel
    | Pause
    | Resume
    | Promote
    | Arrange
    | Unload
    | Prepare
    | Pin
    | Inspect
    | WantTrace
    | Shutdown
)
Report = (
    Hello
    | Goodbye
    | JobChanged
    | Progress
    | TextDelta
    | Preview
    | Produced
    | Call
    | Keep
    | LibraryQuery
    | Finished
    | Status
    | PoolEvent
    | DevicesFound
    | DeviceLost
    | Slots
    | Inspected
    | Trace
    | PluginFault
)
