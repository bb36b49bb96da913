"""Two homes with one folder of weights: each has what the other added."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.models.manager import WeightsManager

SIDECAR = 'id = "tiny"\ntitle = "Tiny"\nfile = "tiny.gguf"\nformat = "gguf"\nfamily = "llama"\n'


def test_what_one_home_has_removed_is_in_the_bin_of_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    monkeypatch.setenv("STUDIO_WEIGHTS_HOME", str(shared))
    (shared / "tiny.toml").write_text(f'{SIDECAR}capability = ["text"]\n')
    (shared / "tiny.gguf").write_bytes(b"GGUF" + bytes(28))
    one, other = (
        WeightsManager(StudioPaths.default(home), Settings(home / "settings.json"))
        for home in (tmp_path / "one", tmp_path / "other")
    )
    row = one.catalogue.get("tiny")
    one.remove(row)
    other.catalogue.rescan()
    assert "tiny" not in {each.id for each in other.catalogue.list()}
    other.restore("tiny")
    one.catalogue.rescan()
    assert one.catalogue.get("tiny").path == row.path
