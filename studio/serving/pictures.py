"""Pictures for OpenAI clients: their requests as parameters of ``image.generate``.

Format: OpenAI's API reference, ``images/generations``.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from studio.serving.errors import Refusal

MOST_PICTURES = 10
"""Of one request, as at OpenAI."""
_SIZE = re.compile(r"(\d{2,4})x(\d{2,4})")


class PictureRequest(msgspec.Struct, kw_only=True):
    """``POST /v1/images/generations``; quality and style are remarks to models of OpenAI's."""

    prompt: str
    model: str | None = None
    n: int | None = None
    size: str | None = None
    response_format: str | None = None
    output_format: str | None = None
    background: str | None = None
    stream: bool | None = None
    seed: int | None = None
    negative_prompt: str | None = None

    def params(self) -> dict[str, Any]:
        """Return the parameters of ``image.generate``.

        Raises:
            Refusal: Something is asked that is not to be had.
        """
        if not self.prompt.strip():
            raise Refusal(400, "The prompt is empty.", "bad_input")
        if not 1 <= (1 if self.n is None else self.n) <= MOST_PICTURES:
            raise Refusal(400, f"“n” must be 1 to {MOST_PICTURES}.", "bad_input")
        if self.response_format not in (None, "b64_json"):
            message = "“response_format” must be b64_json: pictures have no address here."
            raise Refusal(400, message, "unsupported")
        if self.output_format not in (None, "png") or self.stream:
            raise Refusal(400, "Pictures come as PNG, and all at once.", "unsupported")
        wanted = {
            "weights": self.model,
            "seed": self.seed,
            "negative": self.negative_prompt,
            "transparent": True if self.background == "transparent" else None,
        }
        given = {name: value for name, value in wanted.items() if value is not None}
        return {"prompt": self.prompt, "count": self.n or 1, **self._size(), **given}

    def _size(self) -> dict[str, int]:
        if self.size in (None, "auto"):
            return {}
        match = _SIZE.fullmatch(self.size or "")
        if not match:
            message = "“size” must be auto, or a width and a height such as 512x512."
            raise Refusal(400, message, "bad_input")
        return {"width": int(match[1]), "height": int(match[2])}


def pictures(payloads: Sequence[bytes]) -> dict[str, Any]:
    """Return the answer: each picture as base64."""
    data = [{"b64_json": base64.b64encode(picture).decode()} for picture in payloads]
    return {"created": int(time.time()), "data": data, "output_format": "png"}
