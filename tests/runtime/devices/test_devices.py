"""Finding the device: a failing card is passed over, threads obey limits, memory is plausible."""

from __future__ import annotations

import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.devices import discovery
from studio.runtime.devices.device import CAPTURING, Device, Memory
from studio.runtime.devices.discovery import find_devices
from studio.runtime.devices.memory import Budget, as_size, is_out_of_memory

pytestmark = pytest.mark.torch


@pytest.fixture(autouse=True)
def no_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asked for a device, and there is no card but those of the test."""
    monkeypatch.delenv("STUDIO_DEVICE", raising=False)
    monkeypatch.setattr(discovery, "_KINDS", {})


def cards(monkeypatch: pytest.MonkeyPatch, kind: str, *found: tuple[str, str]) -> None:
    monkeypatch.setitem(discovery._KINDS, kind, lambda torch: iter(found))


def test_the_processor_is_found_and_has_memory() -> None:
    found = find_devices()
    device = found.chosen
    assert found.devices == (device,)
    assert not found.note
    assert (device.kind, device.torch_name) == ("cpu", "cpu")
    assert device.name
    assert 1 <= device.threads <= torch.get_num_threads()
    memory = device.memory()
    assert 0 < memory.used < memory.total
    assert 0 < memory.free < memory.total
    assert not device.has_own_memory
    device.settle()


def test_a_card_that_fails_when_put_to_work_is_passed_over_and_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cards(monkeypatch, "cuda", ("no-such-card", "Broken card"))
    cards(monkeypatch, "rocm", ("cpu", "Good card"))
    found = find_devices()
    assert (found.chosen.kind, found.chosen.name) == ("rocm", "Good card")
    assert [device.kind for device in found.devices] == ["cuda", "rocm", "cpu"]
    assert "Broken card cannot be used" in found.note
    assert "cannot be used" in caplog.text


def test_one_of_several_cards_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    cards(monkeypatch, "cuda", ("cpu", "First"), ("meta", "Second"))
    monkeypatch.setattr(discovery, "_works", lambda torch, card: None)
    assert find_devices().chosen.name == "First"
    assert find_devices("meta").chosen.name == "Second"
    assert find_devices("cuda").chosen.name == "First"
    monkeypatch.setenv("STUDIO_DEVICE", "meta")
    assert find_devices().chosen.name == "Second"
    found = find_devices("cuda:7")
    assert found.chosen.name == "First"
    assert found.note == "There is no working device “cuda:7”, so First is used instead."


def test_the_processor_can_be_wished_for(monkeypatch: pytest.MonkeyPatch) -> None:
    cards(monkeypatch, "cuda", ("cpu", "Card"))
    found = find_devices("cpu")
    assert (found.chosen.kind, found.note) == ("cpu", "")


@pytest.mark.parametrize(
    ("warning", "says"),
    [
        (
            (
                "CUDA initialization: The NVIDIA driver on your system is too old (found version "
                "11040). Please update your GPU driver (Triggered internally at Functions.cpp:1)"
            ),
            (
                "The graphics card cannot be used: its driver is too old for PyTorch. "
                "Update the driver."
            ),
        ),
        (
            (
                "CUDA initialization: CUDA unknown error - this may be due to an incorrectly set "
                "up environment. (Triggered internally at CUDAFunctions.cpp:88)"
            ),
            (
                "The graphics card cannot be used: CUDA initialization: CUDA unknown error - this "
                "may be due to an incorrectly set up environment."
            ),
        ),
        ("CUDA initialization: Found no NVIDIA driver on your system. Please check", ""),
        ("an old function will go", ""),
    ],
)
def test_what_the_driver_complains_of_is_told(
    monkeypatch: pytest.MonkeyPatch, warning: str, says: str
) -> None:
    def look(torch: Any) -> Iterator[tuple[str, str]]:
        warnings.warn(warning, UserWarning, stacklevel=1)
        yield from ()

    monkeypatch.setitem(discovery._KINDS, "cuda", look)
    found = find_devices()
    assert found.chosen.kind == "cpu"
    assert found.note == says


def test_without_torch_there_is_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(StudioError, match="PyTorch") as caught:
        find_devices()
    assert caught.value.code is ErrorCode.NO_DEVICE


def test_memory_of_a_card_counts_what_torch_keeps_in_reserve(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def of(value: Any) -> Any:
        return lambda name: asked.append(name) or value

    card = types.SimpleNamespace(
        mem_get_info=of((100, 1000)), memory_reserved=of(600), memory_allocated=of(400)
    )
    monkeypatch.setattr(torch, "cuda", card)
    device = Device("cuda", "cuda:1", "Card", 1)
    assert device.memory() == Memory(used=600, free=300, total=1000)
    assert device.held() == 400
    assert set(asked) == {"cuda:1"}
    assert device.has_own_memory


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux alone can say")
def test_the_peak_of_the_processors_memory_is_seen_after_it_is_gone() -> None:
    device = Device("cpu", "cpu", "Processor", 1)
    peak = device.watch_peak()
    before = device.held()
    filled = torch.ones(50_000_000, dtype=torch.uint8)
    del filled
    assert (peak() or 0) >= before + 40_000_000


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


def test_nobody_waits_for_all_of_a_card_while_a_graph_is_captured(monkeypatch) -> None:
    """The driver would end the capture, and refuse to wait."""
    held = []
    monkeypatch.setattr("torch.cuda.synchronize", lambda name: held.append(CAPTURING.locked()))
    Device("cuda", "cuda:1", "A card", 1).settle()
    assert held == [True]
    assert not CAPTURING.locked()
