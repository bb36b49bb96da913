"""Catalogues of translations hold the texts of today, whole, and are compiled."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import translations

CATALOGUES = translations.catalogues()


def test_texts_of_code_of_forms_and_of_manifests_are_collected() -> None:
    found = translations.texts()
    assert len(found) > 1000, "the control: this checkout is looked at"
    assert any(path.endswith("settings.py") for path in found["Appearance"])
    assert "plugins/chat/studio_chat/manifest.toml" in found["Chat"]
    assert "plugins/chat/studio_chat/manifest.toml" in found["Temperature"]


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.name)
def test_a_catalogue_keeps_every_place_for_a_value(path: Path) -> None:
    catalogue = translations.read(path)
    wrong = [
        message.id
        for message in catalogue
        if message.id and message.string and _places(message.id) != _places(message.string)
    ]
    assert wrong == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.name)
def test_every_text_is_translated(path: Path) -> None:
    assert CATALOGUES, "the control: there is one"
    assert translations.missing(path) == [], "make translations, then fill them in"


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.name)
def test_what_is_compiled_is_what_is_written(path: Path) -> None:
    catalogue = translations.read(path)
    assert path.read_bytes() == translations.written(catalogue), "make translations"
    assert path.with_suffix(".mo").read_bytes() == translations.compiled(catalogue)


def _places(text: str) -> list[str]:
    return sorted(re.findall(r"\{\w*(?:[:!][^}]*)?\}", text))
