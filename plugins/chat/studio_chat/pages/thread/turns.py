"""Content of a thread: turns, and the reply that is being written.

Plain data, no Qt, no library.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from studio.api import ErrorCode, JobHandle, JobState, StudioError
from studio_chat.documents.passages import MAX_DOCUMENTS
from studio_chat.tools.calls import Call, Made, calls_of, made_by, messages_of

TITLE_CHARACTERS = 48
MAX_PICTURES = 16
"""Of a conversation that a model looks at: those that came last."""
SENDING = "sending"
PARTIAL = "partial"
INTERRUPTED = "interrupted"
COMPLETE = "complete"


class MessageRow(Protocol):
    """A message as the library hands it out."""

    @property
    def id(self) -> str: ...

    @property
    def role(self) -> str: ...

    @property
    def content(self) -> str: ...

    @property
    def parent(self) -> str: ...

    @property
    def state(self) -> str: ...

    @property
    def extra(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Turn:
    """One message of the branch in view.

    Attributes:
        id: In the library; empty while it is being saved.
        state: ``complete``, ``partial`` (being written), ``interrupted`` or ``sending``.
        versions: Ids of all versions of this message, itself among them, oldest first.
        extra: Figures of a reply (``tokens_per_second``, …); ``weights``; ``stopped``; ``error``;
            ``documents`` and ``pictures`` of what a person wrote; ``sources`` that a reply drew on,
            or ``declined`` and the ``closest`` passages where they do not answer;
            ``starred``; ``calls`` of tools, the ``plan`` of those that were to follow,
            ``run_note``, ``undone``.
    """

    id: str
    role: str
    content: str
    parent: str = ""
    state: str = COMPLETE
    versions: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_row(cls, row: MessageRow, versions: Sequence[str] = ()) -> Turn:
        """Return the turn of a library's message."""
        return cls(
            row.id,
            row.role,
            row.content,
            row.parent,
            str(row.state),
            tuple(versions) or (row.id,),
            row.extra,
        )

    @property
    def mine(self) -> bool:
        """Whether a person wrote it."""
        return self.role == "user"

    @property
    def starred(self) -> bool:
        """Whether it has a star."""
        return bool(self.extra.get("starred"))

    @property
    def documents(self) -> list[str]:
        """Paths of the documents that came with it."""
        paths = self.extra.get("documents")
        return [p for p in paths if isinstance(p, str)] if isinstance(paths, list) else []

    @property
    def calls(self) -> list[Call]:
        """Tool calls of the turn."""
        return calls_of(self.extra)

    @property
    def made(self) -> list[Made]:
        """The results that its calls made."""
        return made_by(self.calls)

    @property
    def undone(self) -> bool:
        """Whether what its calls made is in the bin."""
        return bool(self.extra.get("undone"))

    @property
    def pictures(self) -> list[str]:
        """Paths of the pictures that it shows."""
        paths = self.extra.get("pictures")
        return [p for p in paths if isinstance(p, str)] if isinstance(paths, list) else []

    @property
    def attached(self) -> dict[str, list[str]]:
        """Attachments by kind, as in ``extra``."""
        kinds = {"documents": self.documents, "pictures": self.pictures}
        return {name: paths for name, paths in kinds.items() if paths}

    @property
    def place(self) -> int:
        """Which of the versions it is, from 0."""
        return self.versions.index(self.id) if self.id in self.versions else 0

    @property
    def stopped(self) -> bool:
        """Whether the user ended it."""
        return bool(self.extra.get("stopped"))

    @property
    def error(self) -> StudioError | None:
        """Why it failed."""
        fields = self.extra.get("error")
        if not isinstance(fields, Mapping):
            return None
        code = str(fields.get("code", ""))
        is_valid = code in ErrorCode.__members__.values()
        return StudioError(
            ErrorCode(code) if is_valid else ErrorCode.INTERNAL,
            str(fields.get("message", "")),
            str(fields.get("hint", "")),
            str(fields.get("details", "")),
        )


@dataclass
class Reply:
    """A reply that is being written.

    Attributes:
        turn: Id of its message; empty while that is being made.
        journal: Where the library keeps its text until it is finished.
        prefix: Text that was there before, when an answer is continued.
        state: Where its job is; None while the messages are being saved.
        reason: What it waits for or does, in words; may be empty.
        share: How much of that is done, 0–1; None while unknown.
        stopping: Whether the user asked to end it.
        first: When the first text came, in seconds of ``time.monotonic``; 0 before.
        calls: Of tools, so far.
        plan: Names of the tools that are to follow.
        waits_for_plan: The user is asked whether the plan is right.
        asks: The user is asked whether the last call may be made.
        note: Why a run of tools ended, in words.
        settings: What it is written with; None: as the conversation is set.
    """

    weights: str
    turn: str = ""
    journal: Any = None
    job: JobHandle | None = None
    prefix: str = ""
    pieces: list[str] = field(default_factory=list)
    tokens: int = 0
    state: JobState | None = None
    reason: str = ""
    share: float | None = None
    stopping: bool = False
    started: float = field(default_factory=time.monotonic)
    first: float = 0.0
    calls: list[Call] = field(default_factory=list)
    plan: list[str] = field(default_factory=list)
    waits_for_plan: bool = False
    asks: bool = False
    note: str = ""
    settings: Mapping[str, Any] | None = None

    @property
    def text(self) -> str:
        """All of it so far."""
        return self.prefix + "".join(self.pieces)

    @property
    def tokens_per_second(self) -> float:
        """Measured here, since the first text; 0 while unknown."""
        elapsed = time.monotonic() - self.first if self.first else 0.0
        return (self.tokens - 1) / elapsed if elapsed > 0.5 and self.tokens > 1 else 0.0

    def figures(self) -> dict[str, Any]:
        """Return the locally measured figures, for replies without a result of their own."""
        if not self.tokens:
            return {}
        return {
            "tokens": self.tokens,
            "tokens_per_second": round(self.tokens_per_second, 2),
            "first_token_seconds": round(self.first - self.started, 4),
        }

    def run_facts(self) -> dict[str, Any]:
        """Return the facts to save of a tool run; empty where there was none."""
        if not (self.calls or self.plan or self.note):
            return {}
        return {
            "calls": [call.plain() for call in self.calls],
            "plan": list(self.plan),
            "run_note": self.note,
        }

    def add(self, text: str, tokens: int) -> None:
        """Take new text."""
        self.first = self.first or time.monotonic()
        self.pieces.append(text)
        self.tokens = max(self.tokens, tokens)
        self.reason, self.share = "", None


def title_of(text: str) -> str:
    """Return a title from the first words of a message."""
    words = " ".join(text[:400].split())
    if len(words) <= TITLE_CHARACTERS:
        return words
    cut = words[: TITLE_CHARACTERS + 1].rsplit(" ", 1)[0]
    return f"{cut[:TITLE_CHARACTERS].rstrip('.,;:')}…"


def as_messages(turns: Sequence[Turn], pictures: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the turns as a model reads them; replies that came to nothing are left out.

    Args:
        pictures: Paths of all that are handed on: a message says at which places its own are.
    """
    messages: list[dict[str, Any]] = []
    for turn in turns:
        messages += messages_of(turn.extra)
        if turn.content.strip() and turn.role in ("user", "assistant"):
            messages.append({"role": turn.role, "content": turn.content})
            shown = [pictures.index(path) for path in turn.pictures if path in pictures]
            if shown and turn.mine:
                messages[-1]["pictures"] = shown
    return messages


def pictures_of(turns: Sequence[Turn]) -> list[str]:
    """Return the pictures of a branch, each once; of too many the latest."""
    paths = [path for turn in turns if turn.mine for path in turn.pictures]
    return list(dict.fromkeys(reversed(paths)))[:MAX_PICTURES][::-1]


def documents_of(turns: Sequence[Turn]) -> list[str]:
    """Return the documents of a branch, each once; of too many the latest."""
    paths = [path for turn in turns if turn.mine for path in turn.documents]
    return list(dict.fromkeys(reversed(paths)))[:MAX_DOCUMENTS][::-1]


def tokens_in(turns: Sequence[Turn]) -> int:
    """Return about how many tokens a branch is: counted up to the last reply that says so."""
    guessed = 0
    for turn in reversed(turns):
        prompt, reply = turn.extra.get("prompt_tokens"), turn.extra.get("tokens")
        if isinstance(prompt, int) and isinstance(reply, int) and prompt:
            return prompt + reply + guessed
        guessed += len(turn.content) // 4 + 4
    return guessed


class Deeds(Protocol):
    """Actions of a conversation that a card may trigger."""

    @property
    def busy(self) -> bool: ...

    def edit(self, turn: Turn, text: str) -> None: ...

    def edit_answer(self, turn: Turn, text: str, *, go_on: bool) -> None: ...

    def regenerate(self, turn: Turn) -> None: ...

    def answer_anyway(self, turn: Turn) -> None: ...

    def go_on(self, turn: Turn) -> None: ...

    def switch(self, turn: Turn, step: int) -> None: ...

    def star(self, turn: Turn) -> None: ...

    def read_aloud(self, turn: Turn) -> None: ...

    def delete(self, turn: Turn) -> None: ...

    def allow(self, turn: Turn, arguments: Mapping[str, Any], *, always: bool) -> None: ...

    def refuse(self, turn: Turn, *, never: bool) -> None: ...

    def begin_plan(self, turn: Turn, steps: Sequence[str]) -> None: ...

    def undo_run(self, turn: Turn) -> None: ...
