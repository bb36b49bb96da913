"""The files of this checkout as the architecture tests see them. Imports nothing it looks at."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that is or could be committed."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        out = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive: no git, no leftovers
        found = [file for file in ROOT.rglob("*") if file.is_file()]
        return tuple(file for file in found if not _is_hidden(file.relative_to(ROOT)))
    found = [ROOT / name for name in out.split("\0") if name]
    return tuple(sorted(file for file in found if file.is_file()))


def _is_hidden(relative: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in relative.parts)


def python_files(*folders: str) -> list[Path]:
    """Python files below some folders of the checkout, or in all of it."""
    roots = [ROOT / folder for folder in folders] or [ROOT]
    return [
        file
        for file in tracked()
        if file.suffix == ".py" and any(file.is_relative_to(root) for root in roots)
    ]


def product_files() -> list[Path]:
    """Python files that a user gets: the studio and the plugins, without tests and training."""
    return [
        file
        for file in python_files("studio", "plugins")
        if not {"tests", "training"} & set(file.relative_to(ROOT).parts)
    ]


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def module(file: Path, base: Path = ROOT) -> str:
    """Dotted name of a module file below `base`."""
    parts = file.relative_to(base).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def plugin_packages() -> Iterator[Path]:
    """Package folders of the plugins that can be installed."""
    for pyproject in sorted(ROOT.glob("plugins/*/pyproject.toml")):
        yield from sorted(pyproject.parent.glob("studio_*"))


@dataclass(frozen=True)
class Source:
    """What the tests want to know of a Python file; its tree is not kept, it is a million objects.

    Attributes:
        opening: its docstring.
        imports: dotted names it imports, anywhere in it.
        strings: lines and strings but docstrings, with ``{}`` for fields of f-strings.
        translated: calls of ``tr``.
    """

    opening: str
    imports: frozenset[str]
    strings: tuple[tuple[int, str], ...]
    translated: tuple[ast.Call, ...]


@cache
def source(file: Path) -> Source:
    return of_text(file.read_text("utf-8"))


def of_text(text: str) -> Source:
    """Look at each node of a module once."""
    tree = ast.parse(text)
    imports: set[str] = set()
    strings: list[tuple[int, str]] = []
    translated: list[ast.Call] = []
    passed: set[int] = set()  # parts of f-strings, and strings that stand alone
    for node in ast.walk(tree):  # breadth first: parents come before their parts
        match node:
            case ast.JoinedStr():
                passed.update(map(id, node.values))
                if id(node) not in passed:
                    strings.append((node.lineno, "".join(map(_in_words, node.values))))
            case ast.Expr():
                passed.add(id(node.value))
            case ast.Constant(value=str(value)) if id(node) not in passed:
                strings.append((node.lineno, value))
            case ast.Call() if node.args and _called(node.func) in ("tr", "_tr"):
                translated.append(node)
            case ast.Import():
                imports.update(alias.name for alias in node.names)
            case ast.ImportFrom() if node.module:
                imports.add(node.module)
                imports.update(f"{node.module}.{alias.name}" for alias in node.names)
    opening = ast.get_docstring(tree) or ""
    return Source(opening, frozenset(imports), tuple(strings), tuple(translated))


def _in_words(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else "{}"


def _called(function: ast.expr) -> str:
    return str(getattr(function, "attr", getattr(function, "id", "")))
