"""Try a change of Python: run a short program that uses it on a copy in the sandbox.

A model writes the program, which may be wrong itself. So it counts against a change only where the
change itself breaks: an error from its new lines, or a module that can no longer be imported.
Failed expectations of the program are reported and have no other effect.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from studio.api import Event, TaskContext, TextEngine
from studio_code.execution import sandbox_run
from studio_code.execution.python_runner import parsed
from studio_code.execution.runners import RUNNERS
from studio_code.folder.outline import holds, outline, parts
from studio_code.generation import file_edit, llm_calls, plan_prompts
from studio_code.generation.answers import code_of, whole_part
from studio_code.generation.file_edit import Edited
from studio_code.generation.prompts import FENCE, STOP
from studio_code.source import Source

_TOKENS: Final = 200
_SECONDS: Final = 20.0
_MOST_CHARS: Final = 20_000_000
"""A folder with more is not copied."""
_FRAME: Final = re.compile(r'^\s*File "(?P<path>[^"\n]+)", line (?P<line>\d+)', re.MULTILINE)
_PACKAGE: Final = "__init__.py"


@dataclass(frozen=True)
class Trial:
    """Outcome of a trial program.

    Attributes:
        outcome: ``passed``, ``failed`` (an expectation), ``crashed`` (the change did),
            ``unusable`` (inconclusive), or ``not run``.
        told: The error in one line.
        path, line: Where the change crashed.
    """

    program: str = ""
    outcome: str = "not run"
    told: str = ""
    path: str = ""
    line: int = 0

    def row(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"outcome": self.outcome, "told": self.told, "program": self.program}


def program_for(
    ctx: TaskContext,
    engine: TextEngine,
    request: str,
    weights: str,
    edits: Sequence[Edited],
    texts: Mapping[str, str],
    program: str = "",
    trouble: str = "",
) -> Generator[Event, None, str]:
    """Have a program written that uses what Python files define anew; empty where none can be.

    Args:
        edits: The change; ``texts``: path → text of all files, with it.
        program, trouble: What was written before, and why it tells nothing.
    """
    new = {edit.path: names for edit in edits if (names := _new_names(edit))}
    if not new or sandbox_run.missing_sandbox(ctx) or sum(map(len, texts.values())) > _MOST_CHARS:
        return ""
    root = _root(next(iter(new)), texts)
    new = {path: names for path, names in new.items() if _root(path, texts) == root}
    begun = "".join(
        f"from {_module(path, root)} import {', '.join(names)}\n" for path, names in new.items()
    ) + _first_use(edits, new)
    shown = "\n\n".join(outline(Source(path, texts[path])) for path in new)
    messages = plan_prompts.trial(request, shown, begun)
    if trouble:
        messages = plan_prompts.correction(messages, program.removeprefix(begun), trouble)
    answer = yield from llm_calls.ask(
        ctx,
        engine,
        messages,
        llm_calls.sampling(_TOKENS, ctx.rng.seed, stop=[STOP]),
        weights=weights,
        channel="trial",
        message="Writing a trial",
    )
    path = next(iter(new))
    code = code_of(f"{FENCE}python\n{begun}{answer.text}", Source(path, "").language)
    return _called(whole_part(code) if answer.is_cut else code)


def _called(program: str) -> str:
    """Return a program so that it calls the tests it defines; empty for one that does nothing."""
    tree = parsed(program)
    body = tree.body if tree else []
    tests = [
        node.name
        for node in body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test")
    ]
    idle = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
    if all(isinstance(node, idle) for node in body):
        return program + "".join(f"\n{name}()" for name in tests) + "\n" if tests else ""
    return program


def _first_use(edits: Sequence[Edited], new: Mapping[str, Sequence[str]]) -> str:
    """Return the start of a first line that uses the new names, to keep programs short."""
    path, names = next(iter(new.items()))
    edit = next(item for item in edits if item.path == path)
    was_there = names[0] in {part.name for part in parts(edit.base, "python")}
    part = next(item for item in parts(edit.text, "python") if item.name == names[0])
    if holds(part):
        return f"\nit = {names[0]}(" if was_there else "\n"
    return f"\nassert {names[0]}("


def tried(
    ctx: TaskContext, program: str, edits: Sequence[Edited], texts: Mapping[str, str]
) -> Generator[Event, None, Trial]:
    """Run a program on a copy of all files; return the outcome for the change."""
    yield ctx.progress(0, 0, "Trying the change")
    root = _root(next(item.path for item in edits if _new_names(item)), texts)
    path = str(root / "_trial.py")
    ran = yield from RUNNERS["python"].program(
        ctx, {**texts, path: program}, path, seconds=_SECONDS
    )
    if ran.result.succeeded:
        return Trial(program, "passed")
    message = (ran.stderr.strip().splitlines() or [ran.ending])[-1][:300]
    frames = [(item["path"], int(item["line"])) for item in _FRAME.finditer(ran.stderr)]
    where = [
        (edit, line)
        for name, line in frames
        for edit in edits
        if name == edit.path or name.endswith(f"/{edit.path}")
    ]
    if not where or message.startswith("ModuleNotFoundError"):
        ours = frames and frames[-1][0].endswith("_trial.py")
        outcome = "failed" if ours and message.startswith("AssertionError") else "unusable"
        return Trial(program, outcome, message)
    edit, line = where[-1]
    text = edit.text.splitlines()[line - 1 : line]
    is_meant = bool(text) and text[0].lstrip().startswith(("raise", "assert"))
    if is_meant or line not in _new_lines(edit):
        return Trial(program, "unusable", message)
    return Trial(program, "crashed", f"`{text[0].strip()}` fails: {message}", edit.path, line)


def _new_names(edit: Edited) -> list[str]:
    """Return the public names of a module that are new or changed, or contain such."""
    if not edit.path.endswith(".py"):
        return []
    old, new = (
        {
            part.name: file_edit.part_text(Source(edit.path, text), part)
            for part in parts(text, "python")
        }
        for text in (edit.base, edit.text)
    )
    changed = [name for name, text in new.items() if text != old.get(name)]
    return list(dict.fromkeys(name.partition(".")[0] for name in changed))


def _new_lines(edit: Edited) -> set[int]:
    old, new = edit.base.splitlines(), edit.text.splitlines()
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return {
        line
        for tag, _i, _j, first, last in codes
        if tag != "equal"
        for line in range(first + 1, last + 1)
    }


def _root(path: str, texts: Mapping[str, str]) -> PurePosixPath:
    """Return the folder from which a file is imported: the first above it that is no package."""
    folder = PurePosixPath(path).parent
    while str(folder / _PACKAGE) in texts:
        folder = folder.parent
    return folder


def _module(path: str, root: PurePosixPath) -> str:
    names = PurePosixPath(path).relative_to(root).with_suffix("").parts
    return ".".join(names[:-1] if names[-1] == "__init__" else names)
