"""What the runtime's tests share: a runtime inside the test's process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A runtime that has found its device; it must have ended well after the test."""
    desk = Desk(tmp_path)
    yield desk
    desk.close()
