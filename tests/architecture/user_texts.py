"""The texts of this checkout that a person reads: string constants, manifests, cards and prose."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.architecture.source_tree import ROOT, name, product_files, python_files, tracked

_PROSE = ("README.md", "plugins/AUTHORING.md", "packaging/news/", "resources/weights/cards/")
_SETTINGS = ("manifest.toml", "resources/weights/")


@dataclass(frozen=True)
class UserText:
    """A text and where it is; ``{}`` stands for what a program fills in."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text[:100]}"


def all_texts() -> Iterator[UserText]:
    """Yield the texts of the window, the terminal, the set-up and the documents."""
    for file in (*product_files(), *python_files("packaging")):
        if not name(file).startswith("studio/testing/"):
            yield from of_python(name(file), file.read_text("utf-8"))
    for file in tracked():
        path = name(file)
        if path.endswith(".toml") and any(part in path for part in _SETTINGS):
            if "tests/" not in path:
                yield from of_toml(file)
        elif path.endswith(".md") and path.startswith(_PROSE):
            for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
                yield UserText(path, number, line)


def of_python(path: str, source: str) -> Iterator[UserText]:
    """Yield the strings of a module but its docstrings, with ``{}`` for fields of f-strings."""
    passed: set[int] = set()  # parts of f-strings, and strings that stand alone
    for node in ast.walk(ast.parse(source)):  # breadth first: parents come before their parts
        if isinstance(node, ast.JoinedStr):
            passed.update(map(id, node.values))
        elif isinstance(node, ast.Expr):
            passed.add(id(node.value))
        if id(node) in passed:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield UserText(path, node.lineno, node.value)
        elif isinstance(node, ast.JoinedStr):
            yield UserText(path, node.lineno, "".join(map(_in_words, node.values)))


def of_toml(file: Path) -> Iterator[UserText]:
    """Yield the strings of a manifest or of a description of weights."""
    for text in _strings(tomllib.loads(file.read_text("utf-8"))):
        yield UserText(file.relative_to(ROOT).as_posix(), 0, text)


def _in_words(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else "{}"


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)
