"""The family of weights: a file is written, recognised, loaded and used."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.api import finished
from studio.testing.plugins import run_task
from studio_example.schema import Rate
from studio_example.weights import LOADER, rate, write_weights


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "vowels.safetensors"
    write_weights(path, {"a": 1.0, "e": 0.5})
    return path


def test_a_file_is_recognised_and_rates_a_text(file: Path) -> None:
    facts = LOADER.recognise(file)
    assert facts is not None
    assert facts.facts == {"letters": 26}
    network = finished(LOADER.load(file, "cpu"))
    params = Rate.parse({"text": "A tree", "weights": "vowels"})
    assert run_task(rate, params, models={"vowels": network}).result == {"rating": 2.0}


def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "other.safetensors").write_bytes(b"nothing of ours")
    assert LOADER.recognise(tmp_path / "other.safetensors") is None
