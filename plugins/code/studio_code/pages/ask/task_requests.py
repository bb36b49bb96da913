"""Requests of the dock: task, parameters and label. Runs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from studio.api.window.language import tr
from studio_code.pages.editor.open_file import OpenFile
from studio_code.pages.run.failure import RunFailure
from studio_code.pages.run.files import run_path
from studio_code.pages.workspace import Workspace

CONTEXT_CHARS = 200_000
"""Of other files that are sent along; a task takes of them what fits its model."""
_MAX_TURNS = 20


@dataclass(frozen=True)
class Request:
    """One thing to ask for.

    Attributes:
        inputs: What is handed in beside them: texts, files, turns.
        words: What it is called in the list of turns.
        path: The file that it is about; empty for none.
        before: The text of that file as it was then.
        language: Of the code that comes back.
        names: What an open file is called in it → what it is called here.
        seen: Open files as the model was shown them, by what they are called here.
    """

    task: str
    params: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""
    path: str = ""
    before: str = ""
    language: str = "python"
    names: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)

    def base_of(self, path: str) -> str | None:
        """Return the text that an answer about a file was made from; None if it was not shown."""
        return self.before if path == self.path and self.before else self.seen.get(path)


def ask(workspace: Workspace, question: str, past: Sequence[tuple[str, str]]) -> Request:
    """Return a question about the open files.

    Args:
        past: (question, answer) of the turns before, oldest first.
    """
    messages = []
    for earlier, answered in past[-_MAX_TURNS:]:
        messages += [
            {"role": "user", "content": earlier},
            {"role": "assistant", "content": answered},
        ]
    file = workspace.current
    params = {"open_path": run_path(file.path) if file is not None else ""}
    inputs = {
        "messages": [*messages, {"role": "user", "content": question}],
        "context": _context(workspace),
        "selection": file.selection()[0] if file is not None else "",
    }
    order = sorted(
        workspace.files, key=lambda source: source is file
    )  # of two the one in view counts
    names = {run_path(source.path): source.path for source in order}
    seen = {source.path: source.text() for source in order if source.path in names.values()}
    about = file.path if file else ""
    return Request("code.ask", params, inputs, question, about, names=names, seen=seen)


def explain(workspace: Workspace) -> Request | None:
    """Return a request to explain the selection, or the whole current file."""
    file = workspace.current
    if file is None:
        return None
    selected, first, last = file.selection()
    words = tr("Explain {name}").format(name=file.name)
    if selected.strip():
        words = tr("Explain {name}, lines {first}–{last}").format(
            name=file.name, first=first, last=last
        )
    inputs = {"text": file.text(), "selection": selected}
    return _about(file, "code.explain", words, inputs)


def fix(workspace: Workspace, fault: RunFailure | None = None) -> Request | None:
    """Return a request to correct the file of a fault, or the one in view, which is run first."""
    file = workspace.find(fault.path) if fault is not None else workspace.current
    if file is None:
        return None
    inputs = {"text": file.text(), "context": _context(workspace, run_path(file.path))}
    words = tr("Fix {name}").format(name=file.name)
    extra = {"error": fault.error, "tests": fault.tests} if fault is not None else {}
    return _about(file, "code.fix", words, inputs, extra)


def tests(workspace: Workspace) -> Request | None:
    """Return a request for tests of the file in view."""
    file = workspace.current
    if file is None:
        return None
    inputs = {"text": file.text(), "context": _context(workspace, run_path(file.path))}
    words = tr("Write tests for {name}").format(name=file.name)
    return _about(file, "code.tests", words, inputs)


def document(workspace: Workspace) -> Request | None:
    """Return a request for docstrings in the file in view."""
    file = workspace.current
    if file is None:
        return None
    words = tr("Document {name}").format(name=file.name)
    return _about(file, "code.document", words, {"text": file.text()})


def _about(
    file: OpenFile,
    task: str,
    words: str,
    inputs: Mapping[str, Any],
    extra: Mapping[str, Any] | None = None,
) -> Request:
    params = {"path": run_path(file.path), **(extra or {})}
    return Request(task, params, inputs, words, file.path, file.text(), file.language)


def with_code(text: str, code: str, first: int, last: int) -> str:
    """Return a text with whole lines of code in the place of some of its own.

    Args:
        first, last: The lines that go, from 1; ``last`` before ``first`` for none: the code comes
            before line ``first``.
    """
    lines = text.split("\n")
    return "\n".join([*lines[: first - 1], *code.rstrip("\n").split("\n"), *lines[last:]])


def _context(workspace: Workspace, but: str = "") -> list[dict[str, str]]:
    """Return the open files, the one in view first; those of elsewhere go by their name."""
    texts: dict[str, str] = {}
    for source in workspace.context(CONTEXT_CHARS):
        texts.setdefault(run_path(source["path"]), source["text"])
    return [{"path": path, "text": text} for path, text in texts.items() if path != but]
