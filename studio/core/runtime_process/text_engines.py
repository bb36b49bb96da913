"""The setting that says what computes language models. Starts nothing."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api.params import Label, Params


class TextEngineSettings(Params, frozen=True):
    """Kept below ``runtime``; the runtime hears of it when it starts."""

    text_engine: Annotated[
        Literal["auto", "torch", "llamacpp"],
        Label(
            "Language models are computed by",
            "auto: PyTorch, or llama.cpp where that is installed and was measured to be faster. "
            "Counts from the next start of the runtime.",
        ),
    ] = "auto"
