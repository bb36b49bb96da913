"""The settings of the runtime: their keys in the settings file, and their types."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api.params import Label, Params

MEMORY_LIMIT = "runtime.memory_limit"
"""Setting: bytes that loaded weights may take; 0 leaves it to the runtime."""
IDLE_MINUTES = "runtime.idle_minutes"
"""Setting: weights that nobody used for so long are unloaded; 0 for never."""
DEVICE = "runtime.device"
"""Setting: id of the device that computes (``cpu``, ``cuda:1``); empty for the best."""
TEXT_ENGINE = "runtime.text_engine"
"""Setting: what computes language models: ``torch``, ``llamacpp``, or ``auto`` for the faster."""
PINNED = "runtime.pinned"
"""Setting: ids of the weights that stay loaded once they are."""
DEFAULT_IDLE_MINUTES = 30


class TextEngineSettings(Params, frozen=True):
    """Kept below ``runtime``; the runtime hears of it when it starts."""

    text_engine: Annotated[
        Literal["auto", "torch", "llamacpp"],
        Label(
            "Text engine",
            "auto: PyTorch, or llama.cpp where it is installed and measured to be faster. Takes "
            "effect when the runtime restarts.",
        ),
    ] = "auto"
