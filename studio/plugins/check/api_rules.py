"""A plugin's use of the API: moved or missing names, undeclared calls.

Reads the files of both and imports neither, so that nothing has to be installed.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import studio
from studio.api.stability import CONTEXT, MOVED, RENAMED, WORKER
from studio.plugins.check.manifest_rules import known_icons, no_icon
from studio.plugins.check.project_rules import Sources
from studio.plugins.finding import Finding
from studio.protocol.regular_file import read_note

_ROOT = Path(studio.__file__).parent.parent
_METHOD = re.compile(r"\.[A-Z]\w+\.(\w+)$")
_ARGUMENT = re.compile(r"(\w+\(\w+\))$")


def api_findings(sources: Sources) -> Iterator[Finding]:
    """Yield what its author has to change for this version of the API, each with its line."""
    trees: dict[str, ast.Module] = {}
    for file in sources.python_files():
        with contextlib.suppress(SyntaxError, ValueError):  # the trial says so, with the line
            tree = ast.parse(read_note(file).decode("utf-8", "replace"))
            trees[sources.name_of(file)] = tree
    own = {
        node.name
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    methods = {old: new for old, new in _members(_METHOD) if old not in own}
    for name, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield from _names(node, name)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    yield from _module(alias.name, name, node.lineno)
            elif isinstance(node, ast.Call):
                yield from _call(node, name, sources)
                yield from _arguments(node, name)
                yield from _icon(node, name)
            elif isinstance(node, ast.Attribute) and node.attr in methods:
                yield _renamed(f".{node.attr}", f".{methods[node.attr]}", name, node.lineno)


def _members(form: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Yield (former, present) names of ``RENAMED`` with that form, without their path."""
    for old, new in RENAMED.items():
        if match := form.search(old):
            yield match[1], new


def _arguments(node: ast.Call, file: str) -> Iterator[Finding]:
    """Find arguments that are passed by a former name."""
    called = getattr(node.func, "attr", getattr(node.func, "id", ""))
    given = {f"{called}({keyword.arg})" for keyword in node.keywords}
    for old, new in _members(_ARGUMENT):
        if old in given:
            short = old.replace(")", "=)")
            yield _renamed(short, f"{called}({new}=)", file, node.lineno)


def _renamed(old: str, new: str, file: str, line: int) -> Finding:
    words = f"{old} has a new name. The old one works until the next major version of the API."
    return Finding("renamed", words, file, line, f"Use {new}.", is_advice=True)


def _names(node: ast.ImportFrom, file: str) -> Iterator[Finding]:
    module = node.module or ""
    yield from _module(module, file, node.lineno)
    there = _names_in(MOVED.get(module, module))
    for alias in node.names if there else ():
        if alias.name in there or alias.name == "*":
            continue
        if new := RENAMED.get(f"{module}.{alias.name}"):
            yield _renamed(f"{module}.{alias.name}", new, file, node.lineno)
            continue
        if f"{module}.{alias.name}" in MOVED:
            yield from _module(f"{module}.{alias.name}", file, node.lineno)
        elif module == WORKER and alias.name in _names_in(CONTEXT):
            yield _moved(f"{module}.{alias.name}", CONTEXT, file, node.lineno)
        else:
            near = difflib.get_close_matches(alias.name, there, n=1)
            cure = f"Did you mean “{near[0]}”?" if near else "API.md lists what there is."
            words = f"There is no “{alias.name}” in {module}."
            yield Finding("unknown-name", words, file, node.lineno, cure)


def _module(module: str, file: str, line: int) -> Iterator[Finding]:
    if module in MOVED:
        yield _moved(module, MOVED[module], file, line)
    elif module.startswith("studio.api.") and not _names_in(module):
        yield Finding(
            "unknown-name", f"There is no module {module}.", file, line, "API.md lists them."
        )


def _moved(old: str, here: str, file: str, line: int) -> Finding:
    words = f"{old} has moved. The old name works until the next major version of the API."
    return Finding("moved-name", words, file, line, f"Import it from {here}.", is_advice=True)


def _call(node: ast.Call, file: str, sources: Sources) -> Iterator[Finding]:
    """Find `ctx.call` of a task of another plugin that the manifest does not name."""
    function = node.func
    if not (isinstance(function, ast.Attribute) and function.attr == "call" and node.args):
        return
    whose = function.value
    if getattr(whose, "id", getattr(whose, "attr", "")).lstrip("_") != "ctx":
        return
    task, manifest = node.args[0], sources.manifest
    if not (isinstance(task, ast.Constant) and isinstance(task.value, str)):
        return
    plugin, _, rest = task.value.partition(".")
    is_task = plugin.isidentifier() and rest.isidentifier()
    if is_task and plugin != manifest.id and task.value not in manifest.uses:
        words = f"It calls {task.value}, which its manifest does not name: the call is refused."
        cure = f'Write uses = ["{task.value}"] into the manifest; people are asked about it.'
        yield Finding("uses", words, file, node.lineno, cure)


def _icon(node: ast.Call, file: str) -> Iterator[Finding]:
    """Find icons that are given by name: as `icon`, or as the fourth of a `PageAction`."""
    given = [value.value for value in node.keywords if value.arg == "icon"]
    if isinstance(node.func, ast.Name) and node.func.id == "PageAction":
        given += node.args[3:4]
    for value in given:
        icon = value.value if isinstance(value, ast.Constant) else ""
        if isinstance(icon, str) and icon and icon not in (icons := known_icons()):
            words, cure = no_icon(icon, icons)
            yield Finding("unknown-icon", words, file, value.lineno, cure)


@lru_cache
def _names_in(module: str) -> frozenset[str]:
    """Return the importable names of an API module; empty if there is none."""
    if module != "studio.api" and not module.startswith("studio.api."):
        return frozenset()
    place = _ROOT.joinpath(*module.split("."))
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    if not file.is_file():
        return frozenset()
    names = {path.stem for path in place.glob("*")} | {"__name__"}
    for node in ast.walk(ast.parse(read_note(file).decode("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return frozenset(names)
