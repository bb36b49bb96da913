"""The page of molecules, open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins.molecules.tests.pages.page_desk import Desk
from studio.desktop.appearance.appearance import Appearance


@pytest.fixture
def desk(
    qtbot: Any, look: Appearance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    with Desk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
        yield desk
