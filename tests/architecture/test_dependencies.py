"""What is imported is declared: a clean installation has nothing that tests happen to bring."""

from __future__ import annotations

import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT, name, product_files, source


def canonical(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


@cache
def declared(pyproject: Path) -> frozenset[str]:
    table = tomllib.loads(pyproject.read_text("utf-8"))["project"]
    # An import that an extra brings is for who asked for it; the extra `test` is no product's.
    extras = table.get("optional-dependencies", {}).items()
    optional = [line for extra, lines in extras if extra != "test" for line in lines]
    lines = [*table.get("dependencies", []), *optional]
    names = (re.match(r"[\w.-]+", line) for line in lines)
    return frozenset(canonical(found.group()) for found in names if found)


@cache
def providers() -> dict[str, list[str]]:
    """Importable name → distributions that bring it."""
    found = {top: [canonical(d) for d in dists] for top, dists in packages_distributions().items()}
    # The two halves of one binding: always installed together, at the same version.
    found["shiboken6"] = found["PySide6"]
    found.setdefault("c2pa", ["c2pa-python"])
    found.setdefault("nacl", ["pynacl"])  # environments may be older than this dependency
    return found


def allowed(file: Path) -> frozenset[str]:
    own = declared(ROOT / "pyproject.toml")
    project = next(folder for folder in file.parents if (folder / "pyproject.toml").exists())
    return own | declared(project / "pyproject.toml")


def undeclared(file: Path) -> set[str]:
    """Top-level packages that a file imports and nothing it may count on brings."""
    tops = {full.partition(".")[0] for full in source(file).imports}
    outside = {top for top in tops if top not in sys.stdlib_module_names}
    foreign = {top for top in outside if not top.startswith("studio")}
    # The test kit may use what the extra `test` brings.
    foreign -= {"pytest", "pytestqt"} if name(file).startswith("studio/testing/") else set()
    return {
        top for top in foreign if not allowed(file) & {canonical(top), *providers().get(top, ())}
    }


def test_every_import_is_declared() -> None:
    files = product_files()
    assert len(files) > 500, "the control: this checkout is looked at"
    assert {name(file): found for file in files if (found := undeclared(file))} == {}


def test_what_nobody_declares_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the studio's engine imports torch, so it must be declared."""
    engine = ROOT / "studio/runtime/devices/device.py"
    assert undeclared(engine) == set()
    monkeypatch.setattr(f"{__name__}.declared", lambda pyproject: frozenset())
    assert "torch" in undeclared(engine)
