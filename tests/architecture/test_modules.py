"""What every module owes its reader: a purpose, a size one can hold, a name that says it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.architecture.source_tree import ROOT, name, product_files, python_files, source

LARGEST = 500
MOST_IN_A_FOLDER = 20
SHARE_OF_GERUNDS = 0.02
NOUNS_IN_ING = {"string", "ring", "embedding"}
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
    files = python_files()
    assert len(files) > 500, "the control: this checkout is looked at"
    lines = {name(file): len(file.read_text("utf-8").splitlines()) for file in files}
    # Too long: which two things is it?
    assert {file: count for file, count in lines.items() if count > LARGEST} == {}


def test_no_folder_holds_more_than_can_be_taken_in() -> None:
    files = [file for file in python_files() if file.stem != "__init__"]
    folders = Counter(Path(name(file)).parent for file in files)
    assert len(folders) > 100, "the control: this checkout is looked at"
    # Too many: which concerns divide them?
    assert {str(folder): n for folder, n in folders.items() if n > MOST_IN_A_FOLDER} == {}


def test_modules_are_named_by_nouns() -> None:
    words = [file.stem.rpartition("_")[2] for file in _modules()]
    gerunds = [word for word in words if word.endswith("ing") and word not in NOUNS_IN_ING]
    assert len(gerunds) <= SHARE_OF_GERUNDS * len(words), gerunds


def _modules() -> list[Path]:
    return [file for file in product_files() if file.stem != "__init__"]


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
    assert loose <= allowed, "studio/decisions/layers-and-top-level.md"
