"""Models of the hub that were chosen by hand, for Models › Download. Data only; asks nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from studio.base.paths import resources
from studio.models.catalogue import EASE
from studio.models.download.hub import Address
from studio.protocol.regular_file import read_note

Task = Literal["chat", "code", "pictures", "additions", "search"]
FILE = "recommended.toml"
_OVERHEAD = 1.15
_CONTEXT_BYTES = 300_000_000
"""What reading and writing takes beside the weights, roughly."""


class Recommended(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of them.

    Attributes:
        task: What it is for.
        repository: ``owner/name`` on the hub.
        file: The file that is the model; empty for a folder.
        bytes: Of the download.
    """

    task: Task
    title: str
    repository: Annotated[str, msgspec.Meta(pattern=r"^[\w.-]+/[\w.-]+$")]
    bytes: Annotated[int, msgspec.Meta(gt=0)]
    licence: str
    summary: str
    file: str = ""

    @property
    def memory(self) -> int:
        """Bytes that it takes when it is loaded, about; for those that go with others, of those."""
        return int(self.bytes * _OVERHEAD) + _CONTEXT_BYTES

    @property
    def address(self) -> Address:
        """Where it lies on the hub."""
        owner, name = self.repository.split("/")
        return Address(owner, name, file=self.file)

    @property
    def here(self) -> str:
        """The local file or folder name after the download."""
        return self.file or self.repository.replace("/", "--")

    def matches(self, text: str) -> bool:
        """Whether each word of ``text`` occurs in the searchable texts."""
        texts = (self.title, self.repository, self.licence, self.summary, self.task)
        hay = " ".join(texts).casefold()
        return all(word in hay for word in text.casefold().split())


class Shelf(msgspec.Struct, forbid_unknown_fields=True):
    """All of them.

    Attributes:
        model: Smallest first within a task, tasks in the order of the file.
        checked: When names, sizes and licences were last compared with what others publish.
    """

    model: list[Recommended]
    checked: date

    def __post_init__(self) -> None:
        tasks = list(dict.fromkeys(row.task for row in self.model))
        self.model.sort(key=lambda row: (tasks.index(row.task), row.bytes))


def shelf(path: Path | None = None) -> Shelf:
    """Read them."""
    return msgspec.toml.decode(read_note(path or resources() / FILE), type=Shelf)


def best_first(models: Sequence[Recommended], memory: int) -> list[Recommended]:
    """Return models for a computer: those that run well, largest first; then by what they need.

    Args:
        memory: Bytes that a model may take.
    """
    tasks = list(dict.fromkeys(row.task for row in models))

    def rank(row: Recommended) -> tuple[int, int, int]:
        task = tasks.index(row.task)
        if EASE * row.bytes <= memory:
            return 0, task, -row.bytes
        return (1, task, row.memory) if row.memory <= memory else (2, row.memory, task)

    return sorted(models, key=rank)
