"""Discovery never imports, never raises, and never takes one package for another."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from studio.plugins import discover
from studio.plugins.discovery import search_path_of_environment

MANIFEST = """
id = "{id}"
title = "T"
version = "1"
api = ">=1,<2"
plugin = "{package}.plugin"
isolation = "studio"
"""


def package(folder: Path, name: str, id: str = "t", code: str = "") -> Path:
    made = folder / name
    made.mkdir(parents=True)
    (made / "__init__.py").write_text(code, "utf-8")
    (made / "manifest.toml").write_text(MANIFEST.format(id=id, package=name), "utf-8")
    return made


def install(site: Path, distribution: str, entry: str) -> None:
    info = site / f"{distribution}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[studio.plugins]\n{entry}\n", "utf-8")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    return site


def test_installed_plugin_is_found_by_its_entry_point_and_not_imported(site: Path) -> None:
    folder = package(site, "t_found_pkg", "found", code="raise RuntimeError")
    install(site, "t-found", "found = t_found_pkg")
    (found,) = [each for each in discover() if each.name == "found"]
    assert (found.package, found.folder, found.distribution) == ("t_found_pkg", folder, "t-found")
    assert found.manifest is not None
    assert "t_found_pkg" not in sys.modules


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("gone = t_gone_pkg", "the package is missing"),
        ("gone = os.path", "not the name of a top-level package"),
        ("gone = json", "a Python standard module"),
        ("gone = t_single", "the package is missing"),
    ],
)
def test_entry_point_that_leads_nowhere_is_a_row_with_a_reason(
    site: Path, entry: str, words: str
) -> None:
    (site / "t_single.py").write_text("raise RuntimeError", "utf-8")
    install(site, "t-gone", entry)
    (found,) = [each for each in discover() if each.distribution == "t-gone"]
    assert found.manifest is None
    assert words in str(found.error)


def test_damaged_metadata_of_a_stranger_hides_nobody(site: Path) -> None:
    package(site, "t_found_pkg", "found")
    install(site, "t-found", "found = t_found_pkg")
    install(site, "t-damaged", "[[[\x00\xff = = =")
    assert "found" in {each.name for each in discover()}


def test_folders_of_the_search_path_are_looked_into_one_level_deep(tmp_path: Path) -> None:
    package(tmp_path, "t_near", "near")
    package(tmp_path / "deeper", "t_far", "far")
    names = {each.name for each in discover([tmp_path, tmp_path / "missing"])}
    assert "near" in names
    assert "far" not in names


def test_package_cannot_stand_in_for_another(tmp_path: Path) -> None:
    package(tmp_path, "msgspec", "impostor")
    package(tmp_path, "json", "impostor2")
    found = {each.package: each for each in discover([tmp_path])}
    assert "another package named “msgspec”" in str(found["msgspec"].error)
    assert "a Python standard module" in str(found["json"].error)


def test_search_path_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", os.pathsep.join([str(tmp_path), ""]))
    assert search_path_of_environment() == [tmp_path.resolve()]
    monkeypatch.delenv("STUDIO_PLUGIN_PATH")
    assert search_path_of_environment() == []


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "\x00", "id = 5", "", "a.b = 1\na = 2"])
def test_hostile_manifest_is_a_row_and_the_next_plugin_is_found(tmp_path: Path, text: str) -> None:
    bad = package(tmp_path, "t_bad", "bad")
    (bad / "manifest.toml").write_text(text, "utf-8")
    package(tmp_path, "t_near", "near")
    found = {each.package: each for each in discover([tmp_path]) if not each.distribution}
    assert found["t_bad"].error is not None
    assert found["t_near"].manifest is not None
