"""Text, definitions, references and problems in the files of a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.api import StudioError
from studio_code.pages.editor.text_search import Query
from studio_code.pages.navigation import places
from studio_code.pages.navigation.problems import problems

SHOP = """import os

LIMIT: int = 3


@staticmethod
def total(cart):
    # total of a cart
    return sum(cart) + LIMIT


class Shop:
    def total(self):
        return total([])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/cart.js").write_text("// ü\nexport function total(x) { return 'total' }\n")
    (tmp_path / "lib/odd.bin").write_bytes(b"total\0\xff")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules/a.js").write_text("total")
    return tmp_path


def at(found: places.Found) -> list[tuple[str, int]]:
    return [(place.path, place.line) for place in found.places]


def test_text_is_found_in_files_that_are_text_and_in_what_is_open(folder: Path) -> None:
    found = places.search(folder, Query("TOTAL OF"), {})
    assert at(found) == [("shop.py", 8)]
    assert found.places[0].words == "# total of a cart"
    assert at(places.search(folder, Query("TOTAL OF", case=True), {})) == []
    assert at(places.search(folder, Query(r"^(def|export).*total", pattern=True), {})) == [
        ("shop.py", 7), ("lib/cart.js", 2)
    ]  # fmt: skip
    opened = {"shop.py": "nothing", "new.py": "total"}
    assert at(places.search(folder, Query("total", whole=True), opened)) == [
        ("lib/cart.js", 2), ("lib/cart.js", 2), ("new.py", 1)
    ]  # fmt: skip


def test_a_pattern_holds_nothing_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StudioError, match="not a regular expression"):
        places.search(folder, Query("(", pattern=True), {})
    monkeypatch.setattr(places, "SECONDS", 0.05)
    (folder / "a.txt").write_text("a" * 60_000 + "b")
    with pytest.raises(StudioError, match="takes too long"):
        places.search(folder, Query(r"(a|a)*$", pattern=True), {})
    monkeypatch.setattr(places, "MOST", 2)
    assert places.search(folder, Query("t"), {}).cut


def test_a_name_leads_to_its_definitions_those_of_the_file_first(folder: Path) -> None:
    found = places.definitions(folder, "total", {}, "lib/cart.js")
    assert at(found) == [("lib/cart.js", 2), ("shop.py", 7), ("shop.py", 13)]
    assert found.places[1].words == "def total(cart):"
    assert at(places.definitions(folder, "LIMIT", {})) == [("shop.py", 3)]
    assert at(places.definitions(folder, "cart", {})) == []


def test_references_are_names_of_code_not_words(folder: Path) -> None:
    assert at(places.references(folder, "total", {})) == [
        ("shop.py", 7), ("shop.py", 13), ("shop.py", 14), ("lib/cart.js", 2)
    ]  # fmt: skip


def test_problems_are_those_of_ruff_and_of_the_syntax_of_other_languages(folder: Path) -> None:
    (folder / "lib/bad.js").write_text("let a = 1;\nlet b = (;\n")
    (folder / "ruff.py").write_text("raise SystemExit('it was run')\n")
    found = problems(folder, {})
    assert at(found) == [("lib/bad.js", 2), ("shop.py", 1)]
    assert found.places[1].words == "F401 `os` imported but unused"
    # What is open counts more than the disk; settings of another Ruff do not stop it.
    (folder / "ruff.toml").write_text('required-version = "==0.0.1"\n')
    found = problems(folder, {"shop.py": "x = undefined\n"})
    assert at(found) == [("lib/bad.js", 2), ("shop.py", 1)]
    assert "F821" in found.places[1].words
    assert not (folder / ".ruff_cache").exists()
