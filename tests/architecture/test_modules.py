"""What every module owes its reader: a purpose, a size one can hold, a name that says it."""

from __future__ import annotations

from pathlib import Path

from tests.architecture.source_tree import ROOT, name, product_files, python_files, source

LARGEST = 500
SENTENCE_ENDS = (".", ":", ")", "?")
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "base", "misc", "stuff"}
SETUP = python_files("packaging")


def test_every_module_opens_with_a_sentence() -> None:
    files = python_files()
    assert len(files) > 500, "the control: this checkout is looked at"
    openings = {name(file): source(file).opening.split("\n\n")[0].strip() for file in files}
    # A file that does not say what it is has an empty opening, and that is no sentence either.
    wrong = [(file, text) for file, text in openings.items() if not text.endswith(SENTENCE_ENDS)]
    assert wrong == []


def test_every_module_can_be_held_in_the_head() -> None:
    files = [*product_files(), *SETUP]
    assert len(files) > 500, "the control: this checkout is looked at"
    lines = {name(file): len(file.read_text("utf-8").splitlines()) for file in files}
    # Too long: which two things is it?
    assert {file: count for file, count in lines.items() if count > LARGEST} == {}


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
