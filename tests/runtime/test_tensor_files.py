"""Weights of a plugin's own: known by their header, read whole, and damage is a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from studio.api import StudioError
from studio.api.worker.tensor_files import damage_told, read_header, read_tensors

pytestmark = pytest.mark.torch


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own.safetensors"
    tensors = {f"layer{n}": torch.full((2,), float(n), dtype=torch.half) for n in range(20)}
    save_file({**tensors, "rows": torch.tensor([1, 2])}, path, {"format": "own/1", "seen": "7"})
    return path


def test_only_its_own_form_is_known(file: Path, tmp_path: Path) -> None:
    assert read_header(file, "own/1") == {"format": "own/1", "seen": "7"}
    assert read_header(file, "own/2") is None
    assert read_header(tmp_path / "gone.safetensors", "own/1") is None
    assert read_header(file.rename(file.with_suffix(".bin")), "own/1") is None


def test_floats_come_in_full_precision_and_reading_can_be_stopped(file: Path) -> None:
    reading, shares = read_tensors(file, "cpu"), []
    try:
        while True:
            shares.append(next(reading))
    except StopIteration as end:
        state = end.value
    assert shares == [8 / 21, 16 / 21]
    assert (state["layer3"].dtype, state["rows"].dtype) == (torch.float32, torch.int64)
    assert state["layer3"].tolist() == [3.0, 3.0]


def test_damage_is_a_sentence_that_names_the_file(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-8])
    assert read_header(file, "own/1") is None
    with pytest.raises(StudioError, match=r"own\.safetensors cannot be used: "):
        list(read_tensors(file, "cpu"))
    with pytest.raises(StudioError, match="missing"), damage_told(file):
        raise KeyError("missing")
