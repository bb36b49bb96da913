"""What every module owes its reader: a purpose, a size one can hold, a name that says it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from tests.architecture.source_tree import (
    ROOT,
    module,
    name,
    plugin_packages,
    product_files,
    python_files,
    source,
)

LARGE = 600
"""Lines above which a module needs a reason."""
LARGE_MODULES: dict[str, str] = {}
"""Why a module is larger: what it holds cannot be read apart."""
SHARE_WITH_ONE_IMPORTER = 0.41
"""May only fall."""
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


def test_a_large_module_has_a_reason() -> None:
    files = python_files()
    assert len(files) > 500, "the control: this checkout is looked at"
    lines = {name(file): len(file.read_text("utf-8").splitlines()) for file in files}
    # Too long: which two things is it?
    assert {file for file, count in lines.items() if count > LARGE} == set(LARGE_MODULES)


def test_most_modules_serve_more_than_one_other() -> None:
    """A part that one module alone imports belongs into that module, unless it is a border."""
    importers: dict[str, set[Path]] = defaultdict(set)
    bases = {ROOT / "studio": ROOT, **{folder: folder.parent for folder in plugin_packages()}}
    modules = {
        module(file, base): file
        for file in _modules()
        for folder, base in bases.items()
        if file.is_relative_to(folder)
    }
    for file in product_files():
        for imported in source(file).imports & modules.keys():
            if modules[imported] != file:
                importers[imported].add(file)
    assert len(modules) > 500, "the control: this checkout is looked at"
    alone = [imported for imported, files in importers.items() if len(files) == 1]
    assert len(alone) <= SHARE_WITH_ONE_IMPORTER * len(modules)


def _modules() -> list[Path]:
    return [file for file in product_files() if file.stem != "__init__"]


def test_names_say_something() -> None:
    vague = [name(file) for file in python_files() if file.stem in SAYS_NOTHING]
    assert vague == []


def test_the_top_level_is_fixed() -> None:
    allowed = {"pyproject.toml", "README.md", "LICENSE", "Makefile"}
    allowed |= {"CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"}
    folders = {"studio", "plugins", "resources", "tests", "packaging"}
    relative = [Path(name(file)) for file in python_files()]
    top = {path.parts[0] for path in relative if len(path.parts) > 1}
    assert {part for part in top if not part.startswith(".")} <= folders
    loose = {file.name for file in ROOT.iterdir() if file.is_file() and file.name[0] != "."}
    assert loose <= allowed, "studio/decisions/layers-and-top-level.md"
