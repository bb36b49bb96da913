"""The setting that says what computes language models."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api.params import Label, Params


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
