"""Promises in prose that a test can hold: hooks, changes, licences, the page for builders."""

from __future__ import annotations

import ast
import inspect
import re

import pytest

from studio.api import hookspecs
from tests.architecture.source_tree import ROOT, product_files, python_files, tracked

HOOKS = [
    (name, list(inspect.signature(function).parameters)[1:])
    for owner in (hookspecs.WindowHooks, hookspecs.WorkerHooks)
    for name, function in vars(owner).items()
    if name.startswith("studio_")
]


@pytest.mark.parametrize(("hook", "arguments"), HOOKS, ids=[name for name, _ in HOOKS])
def test_hook_is_documented_with_its_arguments(hook: str, arguments: list[str]) -> None:
    text = (ROOT / "plugins/REFERENCE.md").read_text("utf-8")
    assert f"{hook}({', '.join(arguments)})" in text


@pytest.mark.parametrize("hook", [name for name, _ in HOOKS])
def test_hook_is_used_by_a_test(hook: str) -> None:
    tests = [file for file in tracked() if "tests" in file.parts and file.suffix == ".py"]
    assert any(hook in file.read_text("utf-8") for file in tests)


def test_the_change_log_is_one_that_somebody_reads() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "## Unreleased" in text
    assert len(text.splitlines()) <= 400
    areas = {line.removeprefix("### ") for line in text.splitlines() if line.startswith("### ")}
    assert {"Chat", "Pictures", "Molecules", "Code", "Lab", "Voice", "Plugins", "Window"} <= areas


ARCHITECTURE = (ROOT / "studio/ARCHITECTURE.md").read_text("utf-8")


def section(title: str) -> str:
    return ARCHITECTURE.partition(f"## {title}")[2].partition("\n## ")[0]


def rows(title: str) -> list[str]:
    return [line for line in section(title).splitlines() if line.startswith("| ")][1:]


def test_the_page_for_builders_is_short() -> None:
    assert len(ARCHITECTURE.splitlines()) <= 100
    assert len(rows("Glossary")) == 25
    assert 5 < len(rows("Where does X live?")) <= 15
    assert re.findall(r"^\d+", section("The life of a job"), re.MULTILINE)[-1] == "9"


def test_the_page_for_builders_names_real_files() -> None:
    paths = re.findall(r"`([a-z_/]+/(?:[a-z_-]+\.py|[a-z_-]+\.md|[a-z_]+\.toml)?)`", ARCHITECTURE)
    assert len(paths) > 30, "the control: there are paths"
    for path in paths:
        places = (ROOT / path, ROOT / "studio" / path, *ROOT.glob(f"plugins/*/studio_*/{path}"))
        assert any(place.exists() for place in places), f"ARCHITECTURE.md names {path}"


def test_every_package_of_the_studio_is_in_the_table_of_layers() -> None:
    packages = {file.parent.name for file in (ROOT / "studio").glob("*/__init__.py")}
    assert {name for name in packages if f"`{name}/`" not in section("Layers")} == set()


def test_a_package_that_says_where_things_are_names_real_files() -> None:
    openings = {
        file: file.read_text("utf-8").partition("Where things are:")[2]
        for pattern in ("studio/*/__init__.py", "plugins/*/studio_*/__init__.py")
        for file in ROOT.glob(pattern)
    }
    named = {
        (file, path)
        for file, text in openings.items()
        for path in re.findall(r"``(\w+(?:/\w+)*\.py)``", text)
    }
    assert len(named) > 50, "the control: there are paths"
    files = {path.relative_to(ROOT).as_posix() for path in python_files()}
    assert [
        (file.parent.name, path)
        for file, path in named
        if not any(f"/{name}".endswith(f"/{path}") for name in files)
    ] == []


def _documented_arguments(docstring: str) -> set[str]:
    section = re.split(r"\n\S", docstring.partition("Args:\n")[2])[0]
    entries = re.findall(r"^    (\*{0,2}\w+(?:, \*{0,2}\w+)*):", section, re.MULTILINE)
    return {name.strip(" *") for entry in entries for name in entry.split(",")}


def test_docstrings_name_arguments_that_exist() -> None:
    documented, wrong = 0, []
    for file in product_files():
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            names = _documented_arguments(ast.get_docstring(node) or "")
            parameters = {arg.arg for arg in ast.walk(node.args) if isinstance(arg, ast.arg)}
            documented += len(names)
            wrong += [(file.name, node.name, name) for name in names - parameters]
    assert documented > 500, "the control: there are arguments"
    assert wrong == []


def test_every_decision_names_what_it_costs_and_a_test_that_confirms_it() -> None:
    notes = sorted((ROOT / "studio/decisions").glob("*.md"))
    assert len(notes) > 10, "the control: there are notes"
    for note in notes:
        text = note.read_text("utf-8")
        confirmed = text.partition("**Confirmed by:**")[2]
        paths = re.findall(r"`([\w./-]+)`", confirmed)
        assert paths, note.name
        assert [path for path in paths if not (ROOT / path).exists()] == [], note.name


def test_a_work_around_names_whose_fault_it_is_about_and_when_it_may_go() -> None:
    files = [*python_files("studio"), *python_files("plugins"), ROOT / "pyproject.toml"]
    texts = {file: file.read_text("utf-8") for file in files}
    notes = [
        re.sub(r"[\s#]+", " ", text[found.start() : found.start() + 400])
        for text in texts.values()
        for found in re.finditer("WORKAROUND", text)
    ]
    assert len(notes) >= 4, "the control: there are some"
    pattern = r"WORKAROUND [A-Za-z]\w+ ?[\d.]*.*?(?:https://|#\d+|no report).*?[Mm]ay go"
    assert [note for note in notes if not re.match(pattern, note)] == []


def test_the_page_for_contributors_names_real_places() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    paths = re.findall(r"`((?:tests|studio|plugins|packaging)/[\w./-]*)`", text)
    assert len(paths) > 5
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_font_and_icon_set_has_its_licence() -> None:
    table = (ROOT / "resources/README.md").read_text("utf-8")
    named = re.findall(r"`(licences/[\w.-]+)`", table)
    assert len(named) >= 3
    for licence in named:
        assert (ROOT / "resources" / licence).stat().st_size > 500
    for font in (ROOT / "resources/fonts").glob("*.ttf"):
        family = font.name.partition("-")[0]
        assert f"fonts/{family}-" in table
