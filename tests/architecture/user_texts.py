"""The texts of this checkout that a person reads: string constants, manifests, cards and prose."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.architecture.source_tree import (
    ROOT,
    Source,
    name,
    product_files,
    python_files,
    source,
    tracked,
)

_PROSE = (
    "README.md",
    "plugins/AUTHORING.md",
    "plugins/REFERENCE.md",
    "CHANGELOG.md",
    "resources/weights/cards/",
    "resources/guide/",
)
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
            yield from of_python(name(file), source(file))
    for file in tracked():
        path = name(file)
        if path.endswith(".toml") and any(part in path for part in _SETTINGS):
            if "tests/" not in path:
                yield from of_toml(file)
        elif path.endswith(".md") and path.startswith(_PROSE):
            for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
                yield UserText(path, number, line)


def of_python(path: str, source: Source) -> Iterator[UserText]:
    """Yield the strings of a module but its docstrings, with ``{}`` for fields of f-strings."""
    for line, text in source.strings:
        yield UserText(path, line, text)


def of_toml(file: Path) -> Iterator[UserText]:
    """Yield the strings of a manifest or of a description of weights."""
    for text in _strings(tomllib.loads(file.read_text("utf-8"))):
        yield UserText(file.relative_to(ROOT).as_posix(), 0, text)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)
