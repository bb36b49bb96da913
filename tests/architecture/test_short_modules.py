"""A short module that only one other imports goes into that one, unless a rule lets it stand."""

from __future__ import annotations

import ast
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from tests.architecture.source_tree import (
    ROOT,
    module,
    name,
    plugin_packages,
    product_files,
    source,
)

SHORT = 60
ROOM = 350
"""Lines of a module that can still be taken in."""
A_FILE_EACH = {"tasks", "schema"}
"""Folders of plugins where each task has a file of its own."""


@dataclass(frozen=True)
class Module:
    """A module of the product."""

    file: Path
    name: str

    @cached_property
    def text(self) -> str:
        return self.file.read_text("utf-8")

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @property
    def layer(self) -> tuple[str, ...]:
        parts = self.name.split(".")
        return tuple(parts[:2]) if parts[0] == "studio" else (parts[0],)

    @cached_property
    def at_once(self) -> set[str]:
        """What is imported when this is: not what a function imports, or what types are for."""
        return set(_at_once(ast.parse(self.text)))

    @property
    def packages(self) -> set[str]:
        """What of that is neither Python's nor ours."""
        roots = {each.partition(".")[0] for each in self.at_once} - sys.stdlib_module_names
        return {root for root in roots if not root.startswith("studio")}


def _at_once(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Import():
                yield from (alias.name for alias in child.names)
            case ast.ImportFrom(module=str(origin)):
                yield origin
                yield from (f"{origin}.{alias.name}" for alias in child.names)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                continue
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                continue
            case _:
                yield from _at_once(child)


@cache
def modules() -> dict[str, Module]:
    bases = {ROOT / "studio": ROOT, **{package: package.parent for package in plugin_packages()}}
    found = [
        Module(file, module(file, base))
        for file in product_files()
        for package, base in bases.items()
        if file.is_relative_to(package)
    ]
    return {each.name: each for each in found}


def short_with_one_importer() -> list[tuple[Module, Module]]:
    known, importers = modules(), defaultdict(list)
    for each in known.values():
        for imported in source(each.file).imports & known.keys() - {each.name}:
            importers[imported].append(each)
    return [
        (known[imported], found[0])
        for imported, found in importers.items()
        if len(found) == 1
        and known[imported].file.stem != "__init__"
        and known[imported].lines < SHORT
    ]


def why(short: Module, importer: Module) -> str:
    """Return the rule that lets a module stand beside its only importer; empty if none does."""
    stem, folder = short.file.stem, short.file.parent
    if short.layer[0] != "studio" and (stem in _roles() or folder.name in A_FILE_EACH):
        return "role"
    if importer.file.stem == "__init__" and folder.is_relative_to(importer.file.parent):
        return "handed out"
    if short.layer != importer.layer:
        return "layer"
    if short.name not in importer.at_once or short.packages - importer.packages:
        return "import"
    if '__name__ == "__main__"' in short.text:
        return "program"
    if f"{stem}.py" in _documents() or f"test_{stem}" in _tests():
        return "noun"
    return "room" if short.lines + importer.lines > ROOM else ""


@cache
def _roles() -> set[str]:
    """Return the file names that plugins have in common."""
    names = {(each.layer, each.file.stem) for each in modules().values()}
    counts = Counter(stem for layer, stem in names if layer[0] != "studio")
    return {stem for stem, count in counts.items() if count > 1}


@cache
def _documents() -> str:
    documents = [ROOT / "studio/ARCHITECTURE.md", *ROOT.glob("studio/decisions/*.md")]
    return "\n".join(document.read_text("utf-8") for document in documents)


@cache
def _tests() -> set[str]:
    places = ("tests/**/test_*.py", "plugins/*/tests/**/test_*.py")
    return {file.stem for place in places for file in ROOT.glob(place)}


def test_a_short_module_with_one_importer_is_part_of_it() -> None:
    assert len(modules()) > 500, "the control: this checkout is looked at"
    rules = {pair: why(*pair) for pair in short_with_one_importer()}
    assert len(set(rules.values())) > 3, "the control: each rule is for some"
    alone = {name(short.file): name(into.file) for (short, into), rule in rules.items() if not rule}
    # What may stand is said in CONTRIBUTING.md, "Rename or move a module".
    assert alone == {}
