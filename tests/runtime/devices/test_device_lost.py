"""A card that stops answering in the middle of the work: a sentence, no more leases, a message."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from studio.protocol.errors import ErrorCode
from studio.protocol.messages import DeviceLost, DevicesFound
from studio.protocol.states import JobState
from studio.runtime.devices.device import Device
from studio.runtime.jobs.runner import is_device_lost
from tests.runtime.desk import Card, Desk, Toy, small_machine

pytestmark = pytest.mark.torch

LAUNCH = "CUDA error: unspecified launch failure\nCUDA kernel errors might be reported later"


def fall(ctx: Any, params: Toy) -> Iterator[Any]:
    with ctx.lease(params.weights):
        yield None
        raise torch.AcceleratorError(LAUNCH)


def use(ctx: Any, params: Toy) -> Iterator[Any]:
    with ctx.lease(params.weights):
        yield None


def free(ctx: Any, params: Toy) -> Iterator[Any]:
    yield ctx.result(done=True)


def test_a_card_that_is_gone_ends_its_job_in_words_and_lends_nothing_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small_machine(monkeypatch)
    Card.put_in(monkeypatch)
    desk = Desk(tmp_path)
    desk.plugin("toy", {"fall": fall, "use": use, "free": free})
    desk.weights("model", 100)
    assert desk.wait(lambda each: isinstance(each, DevicesFound)).devices[0].name == "Toy card"
    error = desk.run("toy.fall", weights="model").error
    assert error is not None
    assert error.code is ErrorCode.NO_DEVICE
    assert error.message == "Toy card stopped responding."
    assert "Use the processor" in error.hint
    lost = desk.wait(lambda each: isinstance(each, DeviceLost))
    assert lost.error.message == error.message
    again = desk.run("toy.use", weights="model").error
    assert again is not None
    assert again.message == error.message
    assert desk.run("toy.free").state is JobState.DONE, "what needs no card goes on"
    desk.close()


@pytest.mark.parametrize(
    ("error", "is_lost"),
    [
        (torch.AcceleratorError(LAUNCH), True),
        (RuntimeError("CUDA error: device-side assert triggered"), True),
        (RuntimeError("HIP error: the operation cannot be performed"), True),
        (RuntimeError("CUDNN_STATUS_EXECUTION_FAILED"), True),
        (
            RuntimeError("level_zero backend failed with error: 20"),
            True,
        ),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), False),
        (RuntimeError("CUDA error: out of memory"), False),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("CUDA error: of a plugin"), False),
    ],
)
def test_the_ways_in_which_drivers_say_it(error: Exception, is_lost: bool) -> None:
    assert is_device_lost(error, Device("cuda", "cuda:0", "Card", 1)) is is_lost
    assert not is_device_lost(error, Device("cpu", "cpu", "Processor", 1))
    assert not is_device_lost(error, None)
