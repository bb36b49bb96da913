"""An answer of a model that is scripted."""

from __future__ import annotations

from typing import Any

from studio.testing.scripted import Result, Tokens


def answer(desk: Any, text: str) -> None:
    desk.runtime.enqueue(Tokens(text), Result(tokens=1, prompt_tokens=10, context_length=100))
