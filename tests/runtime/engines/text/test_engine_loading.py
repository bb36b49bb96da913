"""Weights are loaded step by step: stoppable, and with nothing left of them."""

from __future__ import annotations

import gc
import weakref

import psutil
import pytest

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.engine import TextEngine, load_steps
from tests.runtime.engines import tiny_models
from tests.runtime.engines.text.greedy_text import write


def test_loading_goes_in_steps_up_to_one(tiny_folder) -> None:
    shares = list(load_steps(tiny_folder))
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert shares == sorted(shares)
    assert len(shares) > 20


def test_loading_can_be_stopped_and_lets_go(starter) -> None:
    process = psutil.Process()
    open_before = len(process.open_files())
    steps = load_steps(starter)
    for _ in range(10):
        next(steps)
    assert len(process.open_files()) > open_before, "control"
    steps.close()
    gc.collect()
    assert len(process.open_files()) == open_before


def test_a_closed_engine_gives_its_memory_back(tiny_folder) -> None:
    engine = TextEngine.load(tiny_folder)
    weight = weakref.ref(engine.model.norm.weight)
    engine.close()
    gc.collect()
    assert weight() is None


def test_no_memory_is_a_sentence(tiny_folder, monkeypatch) -> None:
    from studio.runtime.engines.text.decoder import llama

    def full(*_, **__) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate")

    monkeypatch.setattr(llama.Llama, "allocate_packed", full)
    with pytest.raises(StudioError) as caught:
        TextEngine.load(tiny_folder)
    assert caught.value.code is ErrorCode.OUT_OF_MEMORY


def test_weights_that_are_no_numbers_are_told(tmp_path) -> None:
    model = tiny_models.reference()
    model.model.norm.weight.data[3] = float("nan")
    engine = TextEngine.load(tiny_models.save_folder(model, tmp_path))
    with pytest.raises(StudioError, match="invalid numbers"):
        write(engine, [5, 6])
