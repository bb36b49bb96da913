"""The bench ``tools``: sixty requests, the tools that a model chooses, and what it calls them with.

Nothing is made: a call is checked against the schema of its task, and its result is made up.
"""

from __future__ import annotations

import argparse
import importlib
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.api.artifacts import SavedArtifact
from studio.api.jobs import JobRequest
from studio.api.window.tools import Tool
from studio.cli.terminal import output
from studio.cli.terminal.job_progress import JobProgress
from studio.cli.terminal.studio_session import StudioSession
from studio.core.studio import Studio
from studio.core.tools.ranking import likely
from studio.core.tools.task_tools import TaskTool, request_of, task_tools
from studio.protocol.errors import ErrorCode, StudioError

REQUESTS = Path(__file__).with_name("requests.toml")
_FILES = {"image": ".png", "audio": ".wav", "score": ".mid", "text": ".txt"}
"""Kind → what a file of it is called; others are tables."""


@dataclass
class _Row:
    """What came of one request."""

    text: str
    wanted: list[str]
    named: list[str]
    right: bool
    valid: bool = False
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether the tools are right, and their arguments fit."""
        return self.right and (self.valid or not self.wanted)


@dataclass
class _Talk:
    """A conversation as far as it has come."""

    messages: list[dict[str, Any]]
    results: dict[str, Any] = field(default_factory=dict)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this bench takes."""
    parser.add_argument("--weights", default="", metavar="ID", help="weights that choose")
    parser.add_argument(
        "--every", type=int, default=1, metavar="N", help="only every Nth request of the sixty"
    )


def measure(session: StudioSession, arguments: argparse.Namespace) -> dict[str, Any]:
    """Put the requests to the weights as Chat does.

    ``right`` is the share of the requests that need tools of which all were named, in order, and
    all arguments fit their schemas; ``quiet`` the share of the others for which none was named.

    Raises:
        StudioError: There are no such weights, or the chat is switched off.
    """
    rows = tomllib.loads(REQUESTS.read_text("utf-8"))["requests"][:: max(1, arguments.every)]
    with session.studio() as studio:
        weights = arguments.weights or session.weights.default_for("text").id
        bench = _Bench(studio, weights)
        done = []
        for number, row in enumerate(rows, 1):
            done.append(bench.put(row))
            output.hint(f"{number} of {len(rows)}: {row['text']}")
    need = [row for row in done if row.wanted]
    rest = [row for row in done if not row.wanted]
    return {
        "right": _share([row.good for row in need]),
        "right_tools": _share([row.right for row in need]),
        "quiet": _share([row.good for row in rest]),
        **{
            f"right_{steps}_steps": _share([r.good for r in need if len(r.wanted) == steps])
            for steps in (1, 2, 3)
        },
        "requests": len(done),
        "weights": weights,
        "table": [
            {
                "REQUEST": row.text[:60],
                "NEEDS": ", ".join(row.wanted) or "none",
                "NAMED": ", ".join(row.named) or "none",
                "GOOD": "yes" if row.good else "no",
                "SECONDS": round(row.seconds, 1),
            }
            for row in done
        ],
    }


class _Bench:
    """The chat's way of asking, without its window."""

    def __init__(self, studio: Studio, weights: str) -> None:
        try:
            self._choice: Any = importlib.import_module("studio_chat.tools.choice")
            self._own: Any = importlib.import_module("studio_chat.tools.own")
            self._calls: Any = importlib.import_module("studio_chat.tools.calls")
        except ImportError as error:
            raise StudioError(
                ErrorCode.UNSUPPORTED, "The plugin Chat is not installed.", "Install it."
            ) from error
        self._studio, self._weights = studio, weights
        self._follower = JobProgress(studio, show_progress=False, show_text=False)
        self._tasks = {made.tool.name: made for made in task_tools(studio.plugins)}

    def put(self, row: dict[str, Any]) -> _Row:
        """Return what came of one request."""
        started = time.monotonic()
        text, wanted = str(row["text"]), [str(each) for each in row["steps"]]
        made, kinds = self._calls.Made, [str(kind) for kind in row.get("has", ())]
        talk = _Talk([{"role": "user", "content": text}])
        talk.results = {f"{kind}-1": made(f"{kind}-1", f"{kind}-1", kind) for kind in kinds}
        planning = self._choice.planning(text, self._offered, talk.results, kinds)
        named, known = self._plan(planning)
        right = len(named) == len(wanted) and all(
            name in each.split("|") for name, each in zip(named, wanted, strict=True)
        )
        done = _Row(text, wanted, named, right)
        if right and named:
            words = [str(word).lower() for word in row.get("holds", ())]
            done.valid = all(
                self._calls_well(
                    talk,
                    known[name],
                    self._choice.part_of(text, number, len(named)),
                    words[: len(words) if number == 0 else 0],
                )
                for number, name in enumerate(named)
            )
        done.seconds = time.monotonic() - started
        return done

    def _plan(self, planning: Any) -> tuple[list[str], dict[str, Tool]]:
        answer: str | None = None
        while True:
            try:
                asked = planning.send(answer)
            except StopIteration as end:
                named, known = end.value
                return named, known
            answer = self._ask(asked, "")

    def _offered(self, text: str) -> list[Tool]:
        own = self._own.offered({}, can_run=True)
        tools = [made.tool for made in self._tasks.values()]
        return [*own, *likely(text, tools, self._choice.MOST_TOLD)]

    def _calls_well(self, talk: _Talk, tool: Tool, part: str, words: Sequence[str]) -> bool:
        """Ask for the arguments of one call; note it as done. Returns whether they fit."""
        asked = self._choice.call_question(talk.messages, tool, talk.results, {}, part)
        arguments = self._choice.arguments_in(self._ask(asked, "call"))
        if arguments is None or not self._fits(tool, arguments):
            return False
        if words and not any(word in str(arguments).lower() for word in words):
            return False
        call = self._calls.Call(tool.name, tool.title, arguments, self._calls.DONE)
        if tool.produces or tool.name == self._own.SEARCH_LIBRARY.name:
            kind = tool.produces[0] if tool.produces else "image"
            word = self._calls.next_word(kind, talk.results)
            talk.results[word] = self._calls.Made(word, word, kind)
            call.results = (talk.results[word],)
        talk.messages += self._calls.messages_of({"calls": [call.plain()]})
        return True

    def _fits(self, tool: Tool, arguments: dict[str, Any]) -> bool:
        made = self._tasks.get(tool.name)
        if made is None:
            return set(tool.schema.get("required", ())) <= arguments.keys()
        return _fits(made, arguments)

    def _ask(self, asked: Any, channel: str) -> str:
        job = self._studio.submit(
            JobRequest(
                "chat.reply",
                {**asked.params, "weights": self._weights},
                inputs=asked.inputs(),
                keep=False,
                private=True,
            )
        )
        self._follower.follow(job)
        if job.error is not None:
            raise job.error
        texts = job.texts().items()
        return "".join(text for name, text in texts if name.partition(" ")[0] == channel)


def _fits(made: TaskTool, arguments: dict[str, Any]) -> bool:
    """Whether a call would be taken: its files are results that there are, the rest fits."""

    def artifact(word: str) -> SavedArtifact:
        kind = word.rpartition("-")[0]
        path = Path(f"{word}{_FILES.get(kind, '.csv')}")
        return SavedArtifact(word, kind, word, "", path)

    try:
        request = request_of(made, arguments, artifact)
        made.params.parse(dict(request.params))  # type: ignore[arg-type]  # it is no Params yet
    except StudioError:
        return False
    return True


def _share(good: Sequence[bool]) -> float | None:
    return sum(good) / len(good) if good else None
