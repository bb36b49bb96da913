"""The examples that come along can run with the plugins that do, and so can that of the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.automation.workflows.check import checked
from studio.base.paths import resources
from studio.plugins import PluginHost
from studio.testing.plugins import MemorySettings

FOLDER = resources() / "workflows"
EXAMPLES = {path.name: path.read_text() for path in sorted(FOLDER.glob("*.toml"))}
PAGE = (FOLDER / "README.md").read_text().partition("```toml\n")[2].partition("```")[0]


@pytest.mark.parametrize("name", [*EXAMPLES, "README.md"])
def test_an_example_can_run(name: str, tmp_path: Path) -> None:
    host = PluginHost(MemorySettings(), tmp_path / "journal")
    assert checked(EXAMPLES.get(name, PAGE), host).about


def test_names_of_parameters_of_earlier_versions_are_understood(tmp_path: Path) -> None:
    text = EXAMPLES["tunes-in-four-voices.toml"]
    former = text.replace("prompt =", "ask =").replace("score =", "melody =")
    assert former != text
    assert checked(former, PluginHost(MemorySettings(), tmp_path / "journal")).about
