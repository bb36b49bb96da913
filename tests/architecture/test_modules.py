"""What every module owes its reader: a purpose, a size one can hold, a name that says it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT, name, product_files, python_files, tree

LARGEST = 500
# Waiting to become two modules; this list may only get shorter, and its numbers smaller.
STILL_LARGER: dict[str, int] = {}
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "base", "misc", "stuff"}
SETUP = python_files("packaging")


@pytest.mark.parametrize("file", python_files(), ids=name)
def test_opens_with_a_sentence(file: Path) -> None:
    text = ast.get_docstring(tree(file))
    assert text, f"{name(file)} does not say what it is"
    first = text.split("\n\n")[0].strip()
    assert first.endswith((".", ":", ")", "?")), f"{name(file)}: {first!r} is not a sentence"


@pytest.mark.parametrize("file", [*product_files(), *SETUP], ids=name)
def test_can_be_held_in_the_head(file: Path) -> None:
    lines = len(file.read_text("utf-8").splitlines())
    assert lines <= LARGEST, f"{name(file)} has {lines} lines: which two things is it?"


def test_names_say_something() -> None:
    vague = [name(file) for file in python_files() if file.stem in SAYS_NOTHING]
    assert vague == []


def test_the_top_level_is_fixed() -> None:
    allowed = {"pyproject.toml", "README.md", "LICENSE", "Makefile"}
    folders = {"studio", "plugins", "resources", "tests", "packaging"}
    relative = [Path(name(file)) for file in python_files()]
    top = {path.parts[0] for path in relative if len(path.parts) > 1}
    assert {part for part in top if not part.startswith(".")} <= folders
    loose = {file.name for file in ROOT.iterdir() if file.is_file() and file.name[0] != "."}
    assert loose <= allowed, "DESIGN section 3: the top level holds nothing else"
