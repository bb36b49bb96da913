"""What two machines say to each other beside the messages of the link. Data only."""

from __future__ import annotations

from typing import Any

import msgspec

from studio.protocol.errors import ErrorInfo
from studio.protocol.messages import Message

WIRE_VERSION = 1
MARK = b"OFFLINE-STUDIO-RUNTIME"
"""Begins the line before which whatever a shell prints at login is passed over."""
REATTACH_SECONDS = 60.0
"""A runtime whose studio is gone waits so long for it to come back."""


class Arrival(msgspec.Struct, frozen=True):
    """The line behind ``MARK``: the remote studio, or its error.

    Attributes:
        wire: ``WIRE_VERSION``.
        studio: Its version.
        trouble: Why it cannot go on, in a sentence.
        gone: Whether the session to reattach to has ended.
    """

    wire: int = WIRE_VERSION
    studio: str = ""
    trouble: str = ""
    gone: bool = False


class HeldPlugin(msgspec.Struct, frozen=True):
    """A plugin of that machine.

    Attributes:
        digest: Of its files: its lock.
        packages: Those of its own, with their versions, or those it takes from the studio.
    """

    version: str
    digest: str = ""
    packages: dict[str, str] = {}


class HeldWeights(msgspec.Struct, frozen=True):
    """Weights of that machine.

    Attributes:
        digest: SHA-256; empty where nobody knows it yet.
        is_read: Whether its bytes were read for it; else a sidecar promises it.
    """

    id: str
    title: str
    digest: str = ""
    is_read: bool = False
    bytes: int = 0
    capabilities: tuple[str, ...] = ()
    family: str = ""


class Holdings(Message, frozen=True):
    """The holdings of a machine; sent after the greeting and on changes."""

    studio: str
    plugins: dict[str, HeldPlugin] = {}
    weights: tuple[HeldWeights, ...] = ()
    free_bytes: int = 0
    """Of the disk where its weights go."""
    folder: str = ""
    """That place."""
    clock: float = 0.0
    """Seconds since 1970 there."""


class RuntimeEnded(Message, frozen=True):
    """The runtime there has ended, and with it the session."""

    code: int | None
    reason: str
    at_hand: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


class EndRuntime(Message, frozen=True):
    """End the runtime at once."""


class ReadWeights(Message, frozen=True):
    """Read weights from end to end; answered by ``WeightsRead``, with how far it is meanwhile."""

    id: str


class WeightsRead(Message, frozen=True):
    """How far weights were read, and in the end their digest or why there is none."""

    id: str
    done: int = 0
    total: int = 0
    digest: str = ""
    error: ErrorInfo | None = None


class WeightsFile(msgspec.Struct, frozen=True):
    """One file of weights, by its place below them."""

    name: str
    bytes: int


class OfferWeights(Message, frozen=True):
    """Weights that may be copied; answered by ``WeightsWanted``.

    Attributes:
        name: Of the file or folder.
        about: What a sidecar says of them beside that.
    """

    id: str
    name: str
    digest: str
    files: tuple[WeightsFile, ...]
    about: dict[str, Any]
    is_folder: bool = False


class WeightsWanted(Message, frozen=True):
    """Bytes present of each file of weights, and the problems of the others.

    Attributes:
        is_done: Whether all are present and verified.
    """

    id: str
    have: tuple[int, ...] = ()
    is_done: bool = False
    error: ErrorInfo | None = None


class WeightsPiece(Message, frozen=True):
    """The next bytes of a file of weights: the blob with the index 0."""

    id: str
    file: int
    at: int


ToStudio = Holdings | RuntimeEnded | WeightsRead | WeightsWanted
ToMachine = EndRuntime | ReadWeights | OfferWeights | WeightsPiece


class Label(msgspec.Struct, frozen=True):
    """The type of a message and its job, decoded without the rest."""

    type: str
    job: str = ""


_LABEL = msgspec.msgpack.Decoder(Label)


def label(body: bytes) -> Label:
    """Return what an encoded message is.

    Raises:
        msgspec.MsgspecError: It is none.
    """
    return _LABEL.decode(body)


def names(union: object) -> frozenset[str]:
    """Return the types of a union of messages as ``Label`` has them."""
    return frozenset(message.__name__ for message in union.__args__)  # type: ignore[attr-defined]
