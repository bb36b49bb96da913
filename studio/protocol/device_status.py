"""What a status tells of devices and of the models on them. Data only."""

from __future__ import annotations

import msgspec


class LoadedWeights(msgspec.Struct, frozen=True):
    """One loaded model, for the memory bar.

    Attributes:
        users: Jobs that lease it now.
        working: Bytes that those jobs may take beside the weights.
        tier: Where it lies: ``device``, ``memory`` (parked in that of the processor until it is
            asked for) or ``split`` (some layers on the device, the others with the processor).
        aliases: Other names of the same file, which share this copy.
        measured: Bytes it was seen to take; 0 for not known.
    """

    weights: str
    bytes: int
    device: str
    users: tuple[str, ...] = ()
    idle_seconds: float = 0.0
    working: int = 0
    pinned: bool = False
    tier: str = "device"
    aliases: tuple[str, ...] = ()
    measured: int = 0


class DeviceEntry(msgspec.Struct, frozen=True):
    """One device that could compute.

    Attributes:
        id: What the setting ``runtime.device`` and ``STUDIO_DEVICE`` call it: ``cpu``, ``cuda:1``.
        kind: ``cpu``, ``cuda``, ``rocm``, ``mps`` or ``xpu``.
        memory_total: Bytes.
    """

    id: str
    kind: str
    name: str
    memory_total: int = 0
