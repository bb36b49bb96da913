"""The sentences in German. There is no studio yet whose catalogues could be asked."""

from __future__ import annotations

import json
import locale
import os
from pathlib import Path

GERMAN: dict[str, str] = json.loads(Path(__file__).with_name("german.json").read_text("utf-8"))


def tr(text: str) -> str:
    """Return a text in the user's language; places in it are filled in afterwards."""
    return GERMAN.get(text, text) if is_german() else text


def is_german() -> bool:
    """Whether the user's settings ask for German first."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return value.startswith("de")
    return (locale.getlocale()[0] or "").startswith("de")
