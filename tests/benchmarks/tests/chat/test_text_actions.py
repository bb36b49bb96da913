"""The bench of writing runs every change and tells apart what was done from what was copied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.chat import text_actions


class Bench:
    """Answers each task with a text; the last that was asked is kept."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def say(self, _text: str) -> None:
        pass

    def weights_for(self, _capability: str) -> str:
        return "tiny"

    def run(self, task: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append(params.get("change") or params["form"])
        return {"text": self.answer or params["text"]}


def test_a_model_that_copies_has_done_nothing() -> None:
    bench = Bench("")
    figures = text_actions.measure(bench)  # type: ignore[arg-type]  # all that it asks for is there
    assert figures["done"] == "2 of 12", "figures are kept, that is all"
    assert figures["faults_mended"] == "0 of 5"
    assert len(bench.asked) == 11


def test_german_is_known_by_its_small_words() -> None:
    assert text_actions.is_german("Die Sitzung mit Frau Weber ist am 14. März um 9:30.")
    assert not text_actions.is_german("The meeting with Ms Weber is on 14 March.")
