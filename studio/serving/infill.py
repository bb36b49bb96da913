"""``POST /infill``: what belongs between two texts, as editors ask llama.cpp's server for it.

Format: the README of llama.cpp's server. Other files that an editor sends along (``input_extra``)
are not read: a processor reads a few hundred tokens a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import msgspec

from studio.serving.bridge import Piece
from studio.serving.errors import Refusal

_TOKENS: Final = 128
_MOST_TOKENS: Final = 4096


class InfillRequest(msgspec.Struct, kw_only=True):
    """An infill request.

    Attributes:
        prompt: The beginning of the line with the gap; it follows ``input_prefix``.
        n_predict: Tokens, at most; 0 only asks to be ready.
        t_max_predict_ms: Writing ends after so long, once a line is whole.
        response_fields: Names of what the answer shall have; ``timings/predicted_n`` lies deeper.
    """

    input_prefix: str = ""
    input_suffix: str = ""
    prompt: str = ""
    model: str = ""
    n_predict: int = _TOKENS
    t_max_predict_ms: int = 0
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: list[str] = []
    stream: bool = False
    response_fields: list[str] = []

    def params(self, model: str) -> dict[str, Any]:
        """Return the parameters of ``chat.reply``.

        Raises:
            Refusal: Something is asked that is not to be had.
        """
        if self.stream:
            raise Refusal(400, "“stream” is not supported by /infill.", "unsupported")
        wanted = {
            "temperature": 0.0 if self.temperature is None else self.temperature,
            "top_k": self.top_k,
            "top_p": self.top_p,
            "seed": self.seed if self.seed is None or self.seed >= 0 else None,
        }
        return {
            "weights": model,
            "prompt": self.input_prefix + self.prompt,
            "raw": True,
            "max_tokens": _MOST_TOKENS if self.n_predict < 0 else min(self.n_predict, _MOST_TOKENS),
            "stop": self.stop,
            **{name: value for name, value in wanted.items() if value is not None},
        }

    def inputs(self) -> dict[str, Any]:
        """Return what ``chat.reply`` is handed beside them; a gap at the end has a suffix, too."""
        return {"suffix": self.input_suffix or "\n"}


async def written(
    events: AsyncIterator[Any], milliseconds: int
) -> tuple[str, Mapping[str, Any], bool]:
    """Return text and result of a job, and whether it was ended because its time was over."""
    pieces: list[str] = []
    until = 0.0
    async with contextlib.aclosing(events) as steps:  # type: ignore[type-var]
        async for event in steps:
            if not isinstance(event, Piece):
                return "".join(pieces), event, False
            pieces.append(event.text)
            until = until or time.monotonic() + milliseconds / 1000
            if milliseconds and time.monotonic() > until and "\n" in "".join(pieces).strip("\n"):
                return "".join(pieces), {"tokens": len(pieces)}, True
            await asyncio.sleep(0)
    raise Refusal(500, "The job ended without a result.", "internal")


def told(
    wish: InfillRequest, model: str, text: str, result: Mapping[str, Any], is_late: bool
) -> dict[str, Any]:
    """Return the answer, whole or those fields that were asked for."""
    read, written = int(result.get("prompt_tokens", 0)), int(result.get("tokens", 0))
    is_cut = is_late or result.get("finish_reason") in ("length", "context")
    whole: dict[str, Any] = {
        "content": text,
        "model": model,
        "stop": True,
        "stop_type": "limit" if is_cut else "eos",
        "tokens_evaluated": read,
        "tokens_predicted": written,
        "truncated": False,
        "timings": {"prompt_n": read, "predicted_n": written},
    }
    if not wish.response_fields:
        return whole
    flat = whole | {f"timings/{name}": value for name, value in whole["timings"].items()}
    return {name: flat[name] for name in wish.response_fields if name in flat}
