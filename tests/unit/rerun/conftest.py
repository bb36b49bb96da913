"""One studio for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from studio.testing.plugins import importable
from tests.unit.rerun.rerun_desk import PLUGINS, Desk


@pytest.fixture(scope="module")
def shared_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One studio for all tests: each makes a result of its own."""
    with pytest.MonkeyPatch.context() as patch, importable(PLUGINS):
        patch.setenv("STUDIO_PLUGIN_PATH", str(PLUGINS))
        desk = Desk(tmp_path_factory.mktemp("rerun") / "home")
        yield desk
        desk.studio.close()
