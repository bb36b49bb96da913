"""Calls of a reply as the thread keeps them, in ``Message.extra``. Plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ASKED, RUNNING, DONE = "asked", "running", "done"
FAILED, REFUSED, STOPPED = "failed", "refused", "stopped"
OVER = frozenset({DONE, FAILED, REFUSED, STOPPED})
_LONGEST_TOLD = 4000
"""Characters of one result that a model reads again with each later turn."""


@dataclass(frozen=True)
class Made:
    """A result that a call made or found, by the word that the model knows it by: ``image-1``."""

    word: str
    id: str
    kind: str
    title: str = ""
    found: bool = False


@dataclass
class Call:
    """One call of a tool.

    Attributes:
        name: Of the tool.
        arguments: As the model gave them, or a person changed them.
        state: ``asked`` (the user decides), ``running``, ``done``, ``failed``, ``refused``,
            ``stopped``.
        told: What the model is told came of it.
        results: In the library.
        done, total, message: How far it is; not kept.
    """

    name: str
    title: str
    arguments: dict[str, Any] = field(default_factory=dict)
    state: str = ASKED
    told: str = ""
    results: tuple[Made, ...] = ()
    done: float = 0.0
    total: float = 0.0
    message: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same call as another."""
        return self.name, repr(sorted(self.arguments.items()))

    def plain(self) -> dict[str, Any]:
        """Return it as the library keeps it."""
        return {
            "name": self.name,
            "title": self.title,
            "arguments": dict(self.arguments),
            "state": self.state,
            "told": self.told,
            "results": [
                {"word": m.word, "id": m.id, "kind": m.kind, "title": m.title, "found": m.found}
                for m in self.results
            ],
        }

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Call:
        """Return the call from the output of ``plain``; missing fields are empty."""
        results = row.get("results")
        rows = [item for item in results or () if isinstance(item, Mapping)]
        arguments = row.get("arguments")
        return cls(
            str(row.get("name", "")),
            str(row.get("title", "")),
            dict(arguments) if isinstance(arguments, Mapping) else {},
            str(row.get("state", STOPPED)),
            str(row.get("told", "")),
            tuple(
                Made(
                    str(item.get("word", "")),
                    str(item.get("id", "")),
                    str(item.get("kind", "")),
                    str(item.get("title", "")),
                    bool(item.get("found")),
                )
                for item in rows
            ),
        )


def calls_of(extra: Mapping[str, Any]) -> list[Call]:
    """Return the calls of a message."""
    rows = extra.get("calls")
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        return []
    return [Call.read(row) for row in rows if isinstance(row, Mapping)]


def made_by(calls: Sequence[Call]) -> list[Made]:
    """Return the artifacts that calls made, without those they only found."""
    return [result for call in calls for result in call.results if not result.found]


def known_results(extras: Sequence[Mapping[str, Any]]) -> dict[str, Made]:
    """Return word → result of all calls of a branch, oldest first."""
    results = [result for extra in extras for call in calls_of(extra) for result in call.results]
    return {result.word: result for result in results}


def next_word(kind: str, words: Iterable[str]) -> str:
    """Return the word for a further result of a kind."""
    numbers = [
        int(word.rpartition("-")[2])
        for word in words
        if word.rpartition("-")[0] == kind and word.rpartition("-")[2].isdigit()
    ]
    return f"{kind}-{max(numbers, default=0) + 1}"


def document_words(paths: Sequence[str], kind: str = "document") -> dict[str, Path]:
    """Return word → file of the documents, or pictures, that are attached."""
    return {f"{kind}-{number}": Path(path) for number, path in enumerate(paths, 1)}


def as_told(call: Call) -> str:
    """Return the outcome of a call as text for the model."""
    if call.state == REFUSED:
        return "The user did not allow this. Do without it."
    if call.state == STOPPED:
        return "The user stopped this."
    if call.state == FAILED:
        return f"It failed: {call.told}"
    words = [f"{m.word} ({m.title})" if m.title else m.word for m in call.results]
    text = f"Made {', '.join(words)}." if words and not call.results[0].found else ""
    return " ".join(filter(None, (text, call.told[:_LONGEST_TOLD]))) or "Done."


def messages_of(extra: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the calls of a message and their outcomes as messages for a model."""
    messages: list[dict[str, Any]] = []
    for call in calls_of(extra):
        if call.state not in OVER:
            continue
        function = {"name": call.name, "arguments": call.arguments}
        messages.append({"role": "assistant", "content": "", "calls": [function]})
        messages.append({"role": "tool", "content": as_told(call)})
    return messages
