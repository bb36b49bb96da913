"""The bench ``tools``: sixty requests, the tools that a model chooses, and what it calls them with.

Nothing is made: a call is checked against the schema of its task, and its result is made up.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import time
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from studio.api.artifacts import SavedArtifact
from studio.api.errors import BadInput
from studio.api.jobs import JobRequest
from studio.api.window.tools import Tool
from studio.automation.tools.catalogue import likely
from studio.automation.tools.task_tools import TaskTool, request_of, task_tools
from studio.cli.terminal import output
from studio.cli.terminal.job_progress import JobProgress
from studio.cli.terminal.studio_session import StudioSession
from studio.protocol.errors import StudioError
from studio.studio import Studio
from studio_chat.tools import calls, choice, own, plan

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
    parser.add_argument(
        "--requests", type=Path, default=REQUESTS, metavar="FILE", help="other requests (TOML)"
    )
    parser.add_argument(
        "--notes", type=Path, metavar="FILE", help="keep answers there, and resume from those in it"
    )


def measure(session: StudioSession, arguments: argparse.Namespace) -> dict[str, Any]:
    """Put the requests to the weights as Chat does.

    ``right`` is the share of the requests that need tools of which all were named, in order, and
    all arguments fit their schemas; ``quiet`` the share of the others for which none was named.

    Raises:
        StudioError: There are no such weights, or the chat is switched off.
    """
    rows = _requests(arguments.requests)[:: max(1, arguments.every)]
    with session.studio() as studio:
        weights = arguments.weights or session.weights.default_for("text").id
        bench, notes = _Bench(studio, weights), _Notes(arguments.notes, weights)
        done = []
        for number, row in enumerate(rows, 1):
            if (came := notes.of(row)) is None:
                notes.add(came := bench.put(row))
            done.append(came)
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


class _Notes:
    """What came of requests in a run before that was ended; of other weights nothing counts."""

    def __init__(self, file: Path | None, weights: str) -> None:
        self._file, self._weights = file, weights
        self._rows: dict[str, _Row] = {}
        for line in file.read_text("utf-8").splitlines() if file and file.exists() else ():
            with contextlib.suppress(ValueError, TypeError):  # the last one may be torn
                kept = json.loads(line)
                if kept.pop("weights") == weights:
                    self._rows[kept["text"]] = _Row(**kept)

    def of(self, request: dict[str, Any]) -> _Row | None:
        row = self._rows.get(str(request["text"]))
        return row if row is not None and row.wanted == request["steps"] else None

    def add(self, row: _Row) -> None:
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as file:
                line = json.dumps({"weights": self._weights, **asdict(row)}, ensure_ascii=False)
                file.write(f"{line}\n")


def _requests(file: Path) -> list[dict[str, Any]]:
    try:
        rows: list[dict[str, Any]] = tomllib.loads(file.read_text("utf-8"))["requests"]
    except (OSError, ValueError, KeyError) as error:
        raise BadInput(f"{file} has no requests.", "See requests.toml beside the bench.") from error
    return rows


class _Bench:
    """The chat's way of asking, without its window."""

    def __init__(self, studio: Studio, weights: str) -> None:
        self._studio, self._weights = studio, weights
        self._follower = JobProgress(studio, show_progress=False, show_text=False)
        there = {each.name for each in studio.tools.all()}
        made = task_tools(studio.plugins)
        self._tasks = {each.tool.name: each for each in made if each.tool.name in there}

    def put(self, row: dict[str, Any]) -> _Row:
        """Return what came of one request."""
        started = time.monotonic()
        text, wanted = str(row["text"]), [str(each) for each in row["steps"]]
        made, kinds = calls.Made, [str(kind) for kind in row.get("has", ())]
        talk = _Talk([{"role": "user", "content": text}])
        talk.results = {f"{kind}-1": made(f"{kind}-1", f"{kind}-1", kind) for kind in kinds}
        tools = [*own.offered({}, can_run=True), *(t.tool for t in self._tasks.values())]
        most = choice.MOST_RANKED
        planning = plan.planning(
            text, tools, lambda part: likely(part, tools, most), list(talk.results), kinds
        )
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
                    choice.part_of(text, number, len(named)),
                    words[: len(words) if number == 0 else 0],
                )
                for number, name in enumerate(named)
            )
        done.seconds = time.monotonic() - started
        return done

    def _plan(self, planning: Any) -> tuple[list[str], dict[str, Tool]]:
        answer: Any = None
        while True:
            try:
                asked = planning.send(answer)
            except StopIteration as end:
                named, known = end.value
                return named, known
            if isinstance(asked, plan.Comparison):
                answer = plan.similarity_in(self._run("chat.rank", asked.params).result)
            else:
                answer = self._ask(asked, "")

    def _calls_well(self, talk: _Talk, tool: Tool, part: str, words: Sequence[str]) -> bool:
        """Ask for the arguments of one call; note it as done. Returns whether they fit."""
        arguments, wrong = self._arguments(talk.messages, talk, tool, part)
        has_files = bool(arguments and set(tool.files) & set(arguments))
        if arguments and wrong and tool.name in self._tasks and not has_files:
            # As in Chat: what does not fit goes back to the model once, before anybody is asked.
            tried = calls.Call(tool.name, tool.title, arguments, calls.FAILED, wrong)
            again = [*talk.messages, *calls.messages_of({"calls": [tried.plain()]})]
            arguments, wrong = self._arguments(again, talk, tool, part)
        if arguments is None or wrong:
            return False
        if words and not any(word in str(arguments).lower() for word in words):
            return False
        call = calls.Call(tool.name, tool.title, arguments, calls.DONE)
        if tool.produces or tool.name == own.SEARCH_LIBRARY.name:
            kind = tool.produces[0] if tool.produces else "image"
            word = calls.next_word(kind, talk.results)
            talk.results[word] = calls.Made(word, word, kind)
            call.results = (talk.results[word],)
        talk.messages += calls.messages_of({"calls": [call.plain()]})
        return True

    def _arguments(
        self, messages: Sequence[dict[str, Any]], talk: _Talk, tool: Tool, part: str
    ) -> tuple[dict[str, Any] | None, str]:
        """Return the arguments that the model writes, and what is wrong with them."""
        asked = choice.call_question(messages, tool, talk.results, {}, part)
        arguments = choice.arguments_in(self._ask(asked, "call"))
        return arguments, "" if arguments is None else self._wrong(tool, arguments)

    def _wrong(self, tool: Tool, arguments: dict[str, Any]) -> str:
        """Return what is wrong with a call; empty for one that would be taken."""
        made = self._tasks.get(tool.name)
        if made is None:
            lacks = set(tool.schema.get("required", ())) - arguments.keys()
            return f"These are missing: {', '.join(sorted(lacks))}." if lacks else ""
        return _wrong(made, arguments)

    def _ask(self, asked: Any, channel: str) -> str:
        params = {**asked.params, "weights": self._weights}
        texts = self._run("chat.reply", params, asked.inputs()).texts().items()
        return "".join(text for name, text in texts if name.partition(" ")[0] == channel)

    def _run(self, task: str, params: dict[str, Any], inputs: Any = None) -> Any:
        """Return a job that is over, with its result."""
        request = JobRequest(task, params, inputs=inputs or {}, keep=False, private=True)
        job = self._studio.submit(request)
        self._follower.follow(job)
        if job.error is not None:
            raise job.error
        return job


def _wrong(made: TaskTool, arguments: dict[str, Any]) -> str:
    """Return what is wrong with a call of a task: its files are results that there are."""

    def artifact(word: str) -> SavedArtifact:
        kind = word.rpartition("-")[0]
        path = Path(f"{word}{_FILES.get(kind, '.csv')}")
        return SavedArtifact(word, kind, word, "", path)

    try:
        request = request_of(made, arguments, artifact)
        made.params.parse(dict(request.params))  # type: ignore[arg-type]  # it is no Params yet
    except StudioError as error:
        return f"{error.message} {error.hint}".strip()
    return ""


def _share(good: Sequence[bool]) -> float | None:
    return sum(good) / len(good) if good else None
