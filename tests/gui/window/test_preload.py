"""What pages are made of is imported ahead, and what cannot be stops nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from studio.desktop.main_thread.preload import Preload
from studio.testing.plugins import importable


def test_modules_are_imported_and_a_broken_one_is_left_to_its_page(
    tmp_path: Path, qtbot: Any, caplog: pytest.LogCaptureFixture
) -> None:
    pages = tmp_path / "studio_warm" / "pages"
    pages.mkdir(parents=True)
    for name, text in (("a_broken", "import no_such_module"), ("b_whole", "READY = True")):
        (pages / f"{name}.py").write_text(text, "utf-8")
    (pages / "c_packed").mkdir()
    (pages / "c_packed" / "__init__.py").touch()
    (pages / "c_packed" / "inside.py").write_text("READY = True", "utf-8")
    with importable(tmp_path):
        warming = Preload(["studio_warm.none", "studio_warm.pages"], after_ms=0)
        qtbot.waitUntil(lambda: warming.done)
        assert sys.modules["studio_warm.pages.b_whole"].READY
        assert sys.modules["studio_warm.pages.c_packed.inside"].READY
    assert "studio_warm.pages.a_broken" in caplog.text
