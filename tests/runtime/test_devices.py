"""Finding the device: a failing card is passed over, threads obey limits, memory is plausible."""

from __future__ import annotations

import types
from typing import Any

import pytest
import torch

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime import devices
from studio.runtime.devices import Memory, find_device
from studio.runtime.memory import Budget, as_size, is_out_of_memory

pytestmark = pytest.mark.torch


def test_the_processor_is_found_and_has_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_DEVICE", "cpu")
    device = find_device()
    assert (device.kind, device.torch_name) == ("cpu", "cpu")
    assert device.name
    assert 1 <= device.threads <= torch.get_num_threads()
    memory = device.memory()
    assert 0 < memory.used < memory.total
    assert 0 < memory.free < memory.total
    device.settle()


def test_a_card_that_fails_when_put_to_work_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("STUDIO_DEVICE", raising=False)
    monkeypatch.setattr(devices, "_card", lambda torch: ("cuda", "no-such-card", "Card"))
    assert find_device().kind == "cpu"
    assert "cannot be used" in caplog.text


def test_a_card_that_works_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STUDIO_DEVICE", raising=False)
    monkeypatch.setattr(devices, "_card", lambda torch: ("rocm", "cpu", "Card"))
    assert find_device().kind == "rocm"


def test_without_torch_there_is_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(StudioError, match="PyTorch") as caught:
        find_device()
    assert caught.value.code is ErrorCode.NO_DEVICE


def test_memory_of_a_card_counts_what_torch_keeps_in_reserve(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    card = types.SimpleNamespace(
        mem_get_info=lambda: (100, 1000), memory_reserved=lambda: 600, memory_allocated=lambda: 400
    )
    monkeypatch.setattr(torch, "cuda", card)
    device: Any = devices.Device("cuda", "cuda", "Card", 1)
    assert device.memory() == Memory(used=600, free=300, total=1000)


def test_the_budget_is_the_smallest_of_limit_share_and_what_is_free() -> None:
    roomy = Memory(used=0, free=10**6, total=1000)
    assert Budget.of(roomy, 0, 0) == Budget(900, 900)
    assert Budget.of(roomy, 500, 200) == Budget(500, 300)
    assert Budget.of(roomy, 10**9, 0) == Budget(900, 900)
    assert Budget.of(Memory(0, 130, 1000), 0, 0) == Budget(900, 100)
    assert Budget.of(Memory(0, 0, 1000), 0, 950) == Budget(900, 0)


def test_amounts_in_words() -> None:
    said = [as_size(count) for count in (0, 999, 1000, 98_400_000, 1_234_000_000, 10**12)]
    assert said == ["0 bytes", "999 bytes", "1 kB", "98 MB", "1.2 GB", "1000.0 GB"]


def test_lack_of_memory_is_known_in_all_its_forms() -> None:
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**58)
    assert is_out_of_memory(caught.value)
    assert not is_out_of_memory(RuntimeError("shapes cannot be multiplied"))
    assert not is_out_of_memory(ValueError("out of memory"))
