"""Exporting trained weights: the sidecar says what the new file is."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "training/export.py"


@pytest.fixture(scope="module")
def export() -> ModuleType:
    spec = importlib.util.spec_from_file_location("training_export", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_sidecar_gets_the_new_facts_and_keeps_the_rest(
    export: ModuleType, tmp_path: Path
) -> None:
    sidecar = tmp_path / "weights.toml"
    sidecar.write_text('id = "mine"  # a remark\nbytes = 1_000\nsha256 = "old"\n')
    export.update_sidecar(sidecar, bytes=29_111_388, sha256="new")
    assert sidecar.read_text() == 'id = "mine"  # a remark\nbytes = 29_111_388\nsha256 = "new"\n'
    assert tomllib.loads(sidecar.read_text())["bytes"] == 29_111_388


def test_a_sidecar_without_such_a_line_is_not_changed_silently(
    export: ModuleType, tmp_path: Path
) -> None:
    sidecar = tmp_path / "weights.toml"
    sidecar.write_text('id = "mine"\n')
    with pytest.raises(ValueError, match="0 lines for bytes"):
        export.update_sidecar(sidecar, bytes=1)
    assert sidecar.read_text() == 'id = "mine"\n'
