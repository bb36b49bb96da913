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
    """

    opening: str
    imports: frozenset[str]


@cache
def source(file: Path) -> Source:
    tree = ast.parse(file.read_text("utf-8"), str(file))
    return Source(ast.get_docstring(tree) or "", frozenset(_imports(tree)))


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
