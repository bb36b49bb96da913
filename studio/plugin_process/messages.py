"""Messages between the runtime and the process of a plugin. Data only.

``ToPlugin`` goes in, ``FromPlugin`` comes out. Nothing that comes out is believed: every field has
its type, and what it asks for is looked at before it is done.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from studio.api.sandbox import SandboxLimits
from studio.api.worker.text import SamplingParams
from studio.protocol.connections.watch import Attempts
from studio.protocol.errors import ErrorInfo
from studio.protocol.messages import BlobSpec, Message

WINDOW = 16
"""Steps that a task may be ahead of what was heard of it."""
MOST_TEXTS = 4096
"""Texts that are embedded at once."""

Word = Annotated[str, msgspec.Meta(max_length=400)]
Ask = Annotated[int, msgspec.Meta(ge=0)]
"""Number of a question, by which its answers are known."""

# --- to the plugin ----------------------------------------------------------------------------


class Load(Message, frozen=True):
    """The first message: the modules to import."""

    plugin: str
    module: str
    tasks: dict[str, str]
    """task id → ``module:Class`` of its params."""
    may_start_programs: bool = False


class Describe(Message, frozen=True):
    """Answer with the schemas of these tasks, frozen: ``task id → module:Class``."""

    tasks: dict[str, str]


class FilePart(Message, frozen=True):
    """Some bytes of a file that the user picked, in order; for the job that begins next."""

    name: str


class Begin(Message, frozen=True):
    """Run a task."""

    job: str
    task: str
    params: dict[str, Any]
    seed: int
    device: str = "cpu"
    private: bool = False
    whole: bool = False
    blobs: dict[str, int] = {}
    specs: dict[str, BlobSpec] = {}
    files: dict[str, str] = {}
    """Name of a parameter → the file that came for it."""


class Go(Message, frozen=True):
    """So many more steps were heard."""

    steps: int


class Stop(Message, frozen=True):
    """The user stopped the job: end it at the next step."""


class Answer(Message, frozen=True):
    """An answer to a question; the last one unless it says otherwise."""

    ask: int
    value: Any = None
    error: ErrorInfo | None = None
    is_last: bool = True


ToPlugin = Load | Describe | FilePart | Begin | Go | Stop | Answer

# --- from the plugin: what becomes of the job ----------------------------------------------------


class Loaded(Message, frozen=True):
    """The worker is imported."""

    seconds: float


class Broken(Message, frozen=True):
    """The worker cannot be used."""

    where: Word
    error: ErrorInfo


class Described(Message, frozen=True):
    """Frozen schemas by task."""

    schemas: dict[str, Any]


class Step(Message, frozen=True):
    """A step without news."""


class Text(Message, frozen=True):
    text: str
    tokens: int = 0
    channel: Word = ""


class Progress(Message, frozen=True):
    """With a blob, the preview, if there is a ``spec``."""

    done: float
    total: float
    message: str = ""
    spec: BlobSpec | None = None
    plots: list[bytes] = []


class ArtifactPart(Message, frozen=True):
    """Some bytes, in order, of the file that is the payload of the next artifact."""


class Artifact(Message, frozen=True):
    """Its payload is the first blob, or the parts that came; its preview the last, if there is
    one."""

    kind: Word
    suffix: Word
    came_in_parts: bool = False
    title: str = ""
    text: str = ""
    verdict: dict[str, Any] | None = None
    meta: dict[str, Any] = {}


class Kept(Message, frozen=True):
    """An intermediate to store under this key; a blob."""

    key: Word


class Result(Message, frozen=True):
    values: dict[str, Any]


class Ended(Message, frozen=True):
    """The job is over, as the task sees it."""

    error: ErrorInfo | None = None
    stopped: bool = False
    connections: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Sockets of the network that were opened, or tried to be, as far as Python tells."""
    attempts: Attempts = ()
    """What they were to reach, but for this machine itself."""


# --- from the plugin: what its task asks for ------------------------------------------------------


class Question(Message, frozen=True):
    """Base of messages that get an answer."""

    ask: Ask


class Lease(Question, frozen=True):
    """Answered with the lease: ``{"lease": …, "kind": "text" | "embedding", …}``."""

    weights: Word
    working_bytes: Annotated[int, msgspec.Meta(ge=0)] = 0


class Reserve(Question, frozen=True):
    """Answered with ``{"lease": …}``: the process may hold so many bytes more."""

    bytes: Annotated[int, msgspec.Meta(ge=0)]


class Release(Question, frozen=True):
    lease: int


class Fit(Question, frozen=True):
    lease: int
    messages: list[dict[str, str]]
    reserve: Annotated[int, msgspec.Meta(ge=0)]


class Encode(Question, frozen=True):
    """``after``: what stands behind a gap at the end of ``text``, which is to be filled in."""

    lease: int
    text: str
    after: str | None = None
    reserve: int = 0


class Count(Question, frozen=True):
    lease: int
    text: str


class MoreBytes(Question, frozen=True):
    lease: int
    tokens: int
    texts: int


class Write(Question, frozen=True):
    """Answered step by step with ``(index, TextStep)``."""

    lease: int
    ids: list[int]
    samplings: Annotated[tuple[SamplingParams, ...], msgspec.Meta(min_length=1, max_length=16)]


class Score(Question, frozen=True):
    """Answered step by step with logarithms of probabilities."""

    lease: int
    ids: list[int]
    start: int


class Embed(Question, frozen=True):
    """Answered step by step with the indices, and their vectors as a blob."""

    lease: int
    texts: Annotated[list[str], msgspec.Meta(max_length=MOST_TEXTS)]


class CheckForm(Question, frozen=True):
    kind: Word
    text: str


class Reduced(Question, frozen=True):
    words: Word


class AskEnergy(Question, frozen=True):
    """Answered with an ``EnergyUse``, or nothing where nobody knows."""


class SandboxTier(Question, frozen=True):
    """Answered with the tier of the sandbox and the reason for it, if the plugin may run code."""


class RunCode(Question, frozen=True):
    """Answered step by step; the files to put come as blobs, in the order of ``files``."""

    command: tuple[str, ...]
    files: tuple[str, ...] = ()
    stdin: bytes = b""
    packages: tuple[str, ...] = ()
    collect: tuple[str, ...] = ()
    limits: SandboxLimits = SandboxLimits()


class CallTask(Question, frozen=True):
    """Run a task of another plugin; the inputs come as blobs, in the order of their names.

    Answered with what came of it, and then with each artifact, its payload as a blob.
    """

    task: Word
    params: dict[str, Any] = {}
    inputs: tuple[Word, ...] = ()
    specs: tuple[BlobSpec, ...] = ()
    title: Word = ""
    parents: tuple[Word, ...] = ()
    keep: bool = True
    units: float = 1.0


class FindArtifacts(Question, frozen=True):
    """Answered with the facts of results in the library: of the one with ``id``, else of those
    that fit."""

    id: Word = ""
    query: Word = ""
    kinds: tuple[Word, ...] = ()
    limit: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 100


class ReadArtifact(Question, frozen=True):
    """Answered with a payload of the library as a blob."""

    id: Word


class FindKept(Question, frozen=True):
    """Answered with the intermediate under the key, as a blob; without one if it is gone."""

    key: Word


class Enough(Question, frozen=True):
    """End the answers to the question ``ask``."""


Questions = (
    Lease
    | Reserve
    | Release
    | Fit
    | Encode
    | Count
    | MoreBytes
    | Write
    | Score
    | Embed
    | CheckForm
    | Reduced
    | AskEnergy
    | SandboxTier
    | RunCode
    | CallTask
    | FindArtifacts
    | ReadArtifact
    | FindKept
    | Enough
)
Events = Step | Text | Progress | ArtifactPart | Artifact | Kept | Result
FromPlugin = Loaded | Broken | Described | Ended | Events | Questions
