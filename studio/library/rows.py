"""The rows of the library: frozen structs, and their mapping to columns. No queries, no files."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

import msgspec

from studio.base.energy.amount import Amount


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all rows; ``created`` is in seconds since 1970 (UTC)."""

    id: str
    created: float = 0.0


class Artifact(Row, frozen=True, kw_only=True):
    """A result in the library; its payload is a file, see ``Library.payload_path``.

    Attributes:
        kind: As ``studio.api.Kind``: ``text``, ``image``, …
        digest: SHA-256 of the payload, hexadecimal.
        bytes: Length of the payload.
        suffix: Of the payload's file name, with its dot.
        binned_at: When it went to the bin; None while it is not there.
        verdict: What was checked, as ``studio.api.Verdict`` in plain data; None when nothing was.
        preview: Digest of a small PNG; empty for none.
        record: Id of the record that made it; empty for what a person made by hand.
        text: Start of its text, for search and cards.
        prompt: What was asked for, for search.
    """

    kind: str
    title: str
    digest: str
    bytes: int
    suffix: str
    starred: bool = False
    binned_at: float | None = None
    verdict: dict[str, Any] | None = None
    preview: str = ""
    record: str = ""
    job: str = ""
    text: str = ""
    prompt: str = ""
    meta: dict[str, Any] = {}

    @property
    def said(self) -> tuple[str, str, str]:
        """The searchable texts."""
        return self.text, self.prompt, self.title

    @property
    def passed(self) -> bool | None:
        """Whether every check of the verdict holds; None without one."""
        checks = (self.verdict or {}).get("checks")
        return all(check.get("passed") for check in checks) if checks else None


class Record(Row, frozen=True, kw_only=True):
    """How results were made: all that a re-run needs.

    Attributes:
        params: Complete: defaults filled in, weights named.
        weights: Id of the weights → SHA-256.
        inputs: Name of the input → SHA-256.
        versions: What computed it: name of a package or a circumstance → version or value.
        files: Path of a file of the user's that ``params`` name → SHA-256, where it was read.
        specs: Name of an input that is an array → its ``dtype`` and ``shape``.
        device: What computed it.
        seconds: How long that took; None while it runs or if it never finished.
        conversation: Id of the one that it was said in; empty for none.
        caller: Id of the record whose job called for this one; empty for none.
        energy: What it took, but for what its job called for; None where that is not known.
        returned: Key of what its task returned → SHA-256; empty where it made an artifact.
        machine: Name of the user's machine that computed it; empty for the one it was asked on.
    """

    task: str
    params: dict[str, Any] = {}
    seed: int | None = None
    plugin: str = ""
    weights: dict[str, str] = {}
    inputs: dict[str, str] = {}
    versions: dict[str, str] = {}
    device: str = ""
    seconds: float | None = None
    conversation: str = ""
    files: dict[str, str] = {}
    specs: dict[str, dict[str, Any]] = {}
    caller: str = ""
    energy: Amount | None = None
    returned: dict[str, str] = {}
    machine: str = ""


class Family(NamedTuple):
    """The relatives of an artifact, nearest first."""

    ancestors: list[Artifact]
    descendants: list[Artifact]


class MessageState(StrEnum):
    """How far a message got."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    """It is being written now."""
    INTERRUPTED = "interrupted"
    """It was stopped, or the studio ended while it was written; what there was is kept."""


class Message(Row, frozen=True, kw_only=True):
    """One node of a conversation's tree.

    Attributes:
        parent: The message it follows; empty for a first one.
        role: ``user``, ``assistant``, ``system``, ``tool``.
        artifacts: Ids of artifacts it shows.
        record: Id of the record that made it.
        extra: Whatever else the page keeps: speed, finish reason.
    """

    conversation: str
    role: str
    content: str = ""
    parent: str = ""
    state: MessageState = MessageState.COMPLETE
    artifacts: tuple[str, ...] = ()
    record: str = ""
    extra: dict[str, Any] = {}
    binned_at: float | None = None


class Conversation(Row, frozen=True, kw_only=True):
    """A tree of messages.

    Attributes:
        head: The leaf that is shown; empty while there is no message.
        system: The system prompt.
        settings: Sampling and whatever else the page keeps.
        updated: When it was last said something in.
    """

    title: str = ""
    pinned: bool = False
    folder: str = ""
    head: str = ""
    system: str = ""
    settings: dict[str, Any] = {}
    updated: float = 0.0
    binned_at: float | None = None


class Siblings(NamedTuple):
    """The versions of one message: ``position`` (from 0) of ``total``, all ids oldest first."""

    position: int
    total: int
    ids: list[str]


class Found(NamedTuple):
    """A message that a search met; ``snippet`` marks the words with ``[`` and ``]``."""

    conversation: Conversation
    message: Message
    snippet: str


class JobEntry(Row, frozen=True, kw_only=True):
    """One line of the job journal.

    Attributes:
        state: A ``JobState`` value.
        params: Its recipe, unless ``record`` holds it.
        starts: How often it began to run.
        error: ``ErrorInfo`` in plain data.
        place: Where it stands in the queue, within its class; 0 if it does not.
        held: Whether the user lets it wait.
        request: What else it takes to run it, now or once more; None if it is no row of the queue,
            or no longer.
        machine: Name of the user's machine that it is sent to; empty for this one.
    """

    task: str
    state: str = "queued"
    plugin: str = ""
    title: str = ""
    record: str = ""
    params: dict[str, Any] = {}
    priority: str = ""
    starts: int = 0
    error: dict[str, Any] | None = None
    updated: float = 0.0
    place: int = 0
    held: bool = False
    request: dict[str, Any] | None = None
    machine: str = ""


class Collection(Row, frozen=True, kw_only=True):
    """A named set of artifacts, in the order they were put in."""

    title: str


AnyRow = TypeVar("AnyRow", bound=Row)


def to_columns(row: Row) -> dict[str, Any]:
    """Return the row as column → value that SQLite stores; nested data becomes JSON."""
    return {name: _stored(value) for name, value in msgspec.structs.asdict(row).items()}


def from_columns(kind: type[AnyRow], columns: sqlite3.Row) -> AnyRow:
    """Return the row that lies in ``columns``; columns it does not know are left out.

    Raises:
        DAMAGE: Some of them cannot be read.
    """
    raw = {name: columns[name] for name in _known(kind, columns)}
    for name in _JSON_FIELDS.intersection(raw):
        raw[name] = msgspec.json.decode(raw[name]) if raw[name] is not None else None
    return msgspec.convert(raw, kind, strict=False)


def readable(kind: type[AnyRow], columns: sqlite3.Row) -> AnyRow:
    """Return the row in ``columns``, salvaging the readable fields of a damaged one."""
    try:
        return from_columns(kind, columns)
    except DAMAGE:
        fields = {field.name: field for field in msgspec.structs.fields(kind)}
        parts = {name: _part(fields[name], columns[name]) for name in _known(kind, columns)}
        if "title" in parts:
            parts["title"] = "Damaged entry: rebuild the library to repair it"
        return kind(**{name: value for name, value in parts.items() if value is not msgspec.UNSET})


def is_damaged(kind: type[AnyRow], columns: sqlite3.Row) -> bool:
    """Whether something in ``columns`` cannot be read."""
    try:
        from_columns(kind, columns)
    except DAMAGE:
        return True
    return False


def whole(kind: type[AnyRow], rows: Iterable[sqlite3.Row]) -> list[AnyRow]:
    """Return the rows that can be read, of a kind of which a part would mislead."""
    intact = []
    for row in rows:
        with suppress(*DAMAGE):
            intact.append(from_columns(kind, row))
    return intact


def _known(kind: type[AnyRow], columns: sqlite3.Row) -> list[str]:
    present = set(columns.keys())
    return [name for name in kind.__struct_fields__ if name in present]


def _part(field: msgspec.structs.FieldInfo, value: Any) -> Any:
    """Return the value of one column of a damaged row; ``UNSET`` where the default takes over."""
    try:
        if field.name in _JSON_FIELDS and value is not None:
            value = msgspec.json.decode(value)
        return msgspec.convert(value, field.type, strict=False)
    except DAMAGE:
        return str(value) if field.required else msgspec.UNSET


def plain(row: Row) -> dict[str, Any]:
    """Return the row as plain data, for sidecars and the history."""
    data: dict[str, Any] = msgspec.to_builtins(row)
    return data


def from_plain(kind: type[AnyRow], data: Mapping[str, Any]) -> AnyRow:
    """Return the row that ``plain`` made ``data`` of.

    Raises:
        msgspec.ValidationError: ``data`` is something else.
    """
    return msgspec.convert(data, kind)


DAMAGE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError)
_JSON_FIELDS = frozenset(
    {
        "verdict",
        "meta",
        "params",
        "weights",
        "inputs",
        "versions",
        "files",
        "specs",
        "artifacts",
        "extra",
        "settings",
        "error",
        "request",
        "energy",
        "returned",
    }
)


def _stored(value: Any) -> Any:
    if isinstance(value, dict | list | tuple | msgspec.Struct):
        return msgspec.json.encode(value).decode()
    return str(value) if isinstance(value, StrEnum) else value
