"""The chat's own tools: they read and calculate, and one runs code in the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from studio.api import BadInput, JobRequest, PluginContext, SavedArtifact, finished
from studio.api.window.tools import Tool, ToolEffects
from studio_chat.documents import ranking
from studio_chat.documents.passages import PASSAGE_CHARACTERS, passages, read
from studio_chat.tools.arithmetic import calculate

GROUP = "chat"
MOST_FOUND = 8
MOST_READ = 3600
"""Characters of a document that a model is told at once."""
_KINDS = ("image", "audio", "score", "text", "code", "molecules", "table", "video", "plot")


def _tool(
    name: str, title: str, description: str, needed: Mapping[str, Any], more: Mapping[str, Any] = {}
) -> Tool:
    schema = {
        "type": "object",
        "properties": {**needed, **more},
        "required": list(needed),
        "additionalProperties": False,
    }
    return Tool(name, title, description, schema, group=GROUP)


def _text(description: str, most: int = 500) -> dict[str, Any]:
    return {"type": "string", "description": description, "maxLength": most}


CALCULATE = _tool(
    "calculate",
    "Calculate",
    "Calculate an expression exactly: arithmetic, percent, powers, roots, of numbers.",
    {"expression": _text("The expression, such as 15% * 240 or sqrt(2).")},
)
CURRENT_TIME = _tool(
    "current_time",
    "Date and time",
    "Tell the current date, time and weekday: what time is it, which day is today.",
    {},
)
SEARCH_LIBRARY = _tool(
    "search_library",
    "Search the library",
    "Look among the results that the user made earlier and has in the library: find my old "
    "pictures, my tunes, my molecules.",
    {"query": _text("Words that the result has in its title or text.", 200)},
    {"kind": {"type": "string", "enum": [*_KINDS, "any"], "description": "What it is."}},
)
READ_DOCUMENT = _tool(
    "read_document",
    "Read a document",
    "Read a document that is attached to the conversation, or the part of it about something.",
    {"document": _text("Its word.", 40)},
    {"about": _text("What to look for in it.", 200)},
)
RUN_CODE = Tool(
    "run_code",
    "Run Python",
    "Run a short Python program in the sandbox and tell what it prints: simulate, count, test, "
    "compute step by step.",
    {
        "type": "object",
        "properties": {"code": _text("The program. It prints its results.", 8000)},
        "required": ["code"],
        "additionalProperties": False,
    },
    group=GROUP,
    effects=ToolEffects(runs_code=True),
)
TOOLS = (CALCULATE, CURRENT_TIME, SEARCH_LIBRARY, READ_DOCUMENT, RUN_CODE)
BY_NAME = {tool.name: tool for tool in TOOLS}
HARMLESS = frozenset({"calculate", "current_time", "search_library", "read_document"})
"""They change nothing and start nothing: no one is asked."""
RUN_TASK = "code.run"


@dataclass(frozen=True)
class Found:
    """Outcome of one of the chat's own tools."""

    text: str
    results: tuple[SavedArtifact, ...] = ()


def offered(documents: Mapping[str, Path], *, can_run: bool) -> list[Tool]:
    """Return those that can be used now."""
    tools = [CALCULATE, CURRENT_TIME, SEARCH_LIBRARY]
    if documents:
        tools.append(READ_DOCUMENT)
    return [*tools, RUN_CODE] if can_run else tools


def answer(
    ctx: PluginContext, name: str, arguments: Mapping[str, Any], documents: Mapping[str, Path]
) -> Found:
    """Run a harmless tool. Blocks on the disk: call it off the GUI thread.

    Raises:
        StudioError: The call failed; its sentence suits the model, too.
    """
    handlers: Callable[[], Found] = {
        "calculate": lambda: Found(calculate(str(arguments.get("expression", "")))),
        "current_time": lambda: Found(now()),
        "search_library": lambda: search(ctx, arguments),
        "read_document": lambda: Found(document(ctx, arguments, documents)),
    }[name]
    return handlers()


def now() -> str:
    """Return date and time as this machine has them."""
    return datetime.now().astimezone().strftime("%A, %d %B %Y, %H:%M (%Z)")


def search(ctx: PluginContext, arguments: Mapping[str, Any]) -> Found:
    """Search the library."""
    query, kind = str(arguments.get("query", "")), str(arguments.get("kind", "any"))
    kinds = [kind] if kind in _KINDS else []
    artifacts = ctx.library.find(query, kinds, MOST_FOUND)
    if not artifacts:
        return Found(f"The library has nothing for “{query}”.")
    return Found(f"Found {len(artifacts)}.", tuple(artifacts))


def document(
    ctx: PluginContext, arguments: Mapping[str, Any], documents: Mapping[str, Path]
) -> str:
    """Return the text of a document: all of a short one, else what fits best.

    Raises:
        StudioError: It is not attached, or cannot be read.
    """
    word = str(arguments.get("document", ""))
    if word not in documents:
        words = ", ".join(documents) or "none"
        raise BadInput(f"There is no document “{word}”.", f"Attached: {words}.")
    content = finished(read(str(documents[word]), ctx.file_sandbox))
    if len(content.text) <= MOST_READ:
        return content.text
    about, texts = str(arguments.get("about", "")), passages(content)
    if about:
        scores = ranking.by_words(texts, about)
        ranked = sorted(range(len(texts)), key=lambda at: -scores[at])
        places = sorted(ranked[: max(1, MOST_READ // PASSAGE_CHARACTERS)])
    else:
        places = list(range(max(1, MOST_READ // PASSAGE_CHARACTERS)))
    parts = [
        f"[{content.unit} {texts[at].first}] {texts[at].text}" for at in places if at < len(texts)
    ]
    return "\n".join(parts)[:MOST_READ]


def run_request(code: str, conversation: str) -> JobRequest:
    """Return the job that runs a program in the sandbox."""
    files = [{"path": "main.py", "text": code}]
    return JobRequest(
        RUN_TASK,
        {"path": "main.py"},
        title="Python",
        inputs={"files": files},
        conversation=conversation,
    )


def fault_of(result: Mapping[str, Any]) -> str:
    """Return why a program did not end well, as the model reads it; empty for one that did."""
    if not result.get("note"):
        return ""
    if "time" in str(result.get("ended")):
        return "It was too slow: use a loop, and keep what was computed instead of recursion."
    return "Correct the program."


def printed(result: Mapping[str, Any]) -> str:
    """Return the output of a run as text for the model."""
    parts = [str(result.get(name) or "").strip() for name in ("stdout", "stderr", "note")]
    return "\n".join(part for part in parts if part)[:MOST_READ] or "It printed nothing."
