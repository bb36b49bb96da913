"""Results as plugins see them: kinds, artifacts, verdicts. Data only; the library stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from studio.protocol.regular_file import read_result


class Kind(StrEnum):
    """The type of an artifact."""

    TEXT = "text"
    CONVERSATION = "conversation"
    IMAGE = "image"
    AUDIO = "audio"
    SCORE = "score"
    MOLECULES = "molecules"
    CODE = "code"
    TABLE = "table"
    PLOT = "plot"
    VIDEO = "video"
    WEIGHTS = "weights"


class Check(msgspec.Struct, frozen=True):
    """One thing that was verified about a result, with the evidence in words."""

    name: str
    passed: bool
    evidence: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """Outcome of a check of a result. Stored and searchable; no promise of quality."""

    checks: tuple[Check, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every check holds (and there was one)."""
        return bool(self.checks) and all(check.passed for check in self.checks)


@dataclass(frozen=True)
class NewArtifact:
    """A finished result that is not in the library yet.

    Attributes:
        payload: The bytes of the finished file, whose format ``suffix`` names; or a file: that of a
            task's result is moved, any other is copied.
        title: Of a task's result ``{parent}`` in it stands for the title of what it is made from.
        text: What it says, for search and cards.
        verdict: What was checked; of a task's result the plugin's own check gives one without.
        meta: Plain data that its viewer reads.
        preview: A small PNG for its card.
    """

    kind: str
    payload: bytes | Path
    suffix: str
    title: str = ""
    text: str = ""
    verdict: Verdict | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    preview: bytes = b""

    def read(self) -> bytes:
        """Return the payload; takes as long as the disk.

        Raises:
            OSError: It cannot be read.
        """
        return read_result(self.payload) if isinstance(self.payload, Path) else self.payload


class SavedArtifact(msgspec.Struct, frozen=True):
    """A result in the library.

    Attributes:
        record: Id of the record that made it.
        path: Its payload on disk, never to be written. Of a result that was not to be kept there
            is none, unless its task made a file: that is there until the next start.
        starred, binned: As they were when it was looked up.
        created: Seconds since 1970; 0 where that is not known.
        data: The payload of a result that was not to be kept.
    """

    id: str
    kind: str
    title: str
    record: str
    path: Path
    text: str = ""
    verdict: Verdict | None = None
    meta: dict[str, Any] = {}
    starred: bool = False
    binned: bool = False
    created: float = 0.0
    data: bytes = b""

    def read(self) -> bytes:
        """Return the payload; takes as long as the disk.

        Raises:
            OSError: It cannot be read.
        """
        return self.data if self.path == Path() else read_result(self.path)
