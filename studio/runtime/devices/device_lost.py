"""A card that stops answering: how it is known, and what to say. Restarts nothing.

What a driver reports of a card that failed holds for the whole process: nothing more can be
computed on it, nor can its memory be freed, until the process has ended.
"""

from __future__ import annotations

from studio.protocol.errors import ErrorCode, StudioError, brief
from studio.runtime.devices.device import Device
from studio.runtime.devices.memory import is_out_of_memory

_SIGNS = (
    "CUDA error",
    "HIP error",
    "cuBLAS error",
    "CUBLAS_STATUS_",
    "CUDNN_STATUS_",
    "device-side assert",
    "GPU is lost",
    "DEVICE_LOST",
    "Level-Zero error",
    "level_zero backend failed",
)
"""What the texts of such errors begin with or hold; torch has a class for only some of them."""


def is_device_lost(error: BaseException, device: Device | None) -> bool:
    """Whether ``error`` says that the card can no longer be used by this process."""
    if device is None or device.kind == "cpu" or not isinstance(error, RuntimeError):
        return False
    return not is_out_of_memory(error) and any(sign in str(error) for sign in _SIGNS)


def device_lost(device: Device, error: BaseException) -> StudioError:
    """Return what to say of it."""
    return StudioError(
        ErrorCode.NO_DEVICE,
        f"{device.name} stopped responding.",
        "Use the processor, or try the card again. If this repeats, check its driver and cooling.",
        brief(error),
    )
