"""Texts written without chance, and the questions that start them."""

from __future__ import annotations

from studio.api.worker.text import SamplingParams, TextStep
from studio.runtime.engines.text.engine import TextEngine

GREEDY = SamplingParams(temperature=0, repetition_penalty=1, max_tokens=12)


def write(engine: TextEngine, ids, params=GREEDY) -> list[TextStep]:
    return list(engine.generate(ids, params))


def text_of(steps: list[TextStep]) -> str:
    return "".join(step.text for step in steps)
