"""The bench of answerability judges by the field of the result; its questions are what it says."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks.chat import answerability

HELD_OUT = Path(answerability.__file__).with_name("answerability.toml")
TRAINING = Path("plugins/chat/training").resolve()
TUNING = TRAINING / "answerability_tuning.toml"
SEEN = TRAINING / "answerability_seen.toml"


class Bench:
    """Declines what asks for a colour when it may, and knows that the boat is 9 m long."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.asked: list[Mapping[str, Any]] = []

    def say(self, _text: str) -> None:
        pass

    def weights_for(self, _capability: str, _prefer: str = "") -> str:
        return "tiny"

    def run(self, task: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        assert task == "chat.reply"
        self.asked.append(params)
        if params["grounded"] and "colour" in params["prompt"]:
            return {"text": "The document does not say.", "declined": True, "sources": []}
        return {"text": "The document does not say 9.", "sources": []}


def test_only_the_field_of_the_result_declines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = tmp_path / "questions.toml"
    questions.write_text(
        '[[documents]]\nfile = "boat.txt"\ntext = "The boat is 9 m long."\n'
        "answered = [['How long is the boat?', '9'], ['What colour is long?', '9']]\n"
        "unanswered = ['What colour is the boat?', 'Who owns it?']\n"
    )
    log = tmp_path / "log.jsonl"
    monkeypatch.setenv("STUDIO_BENCH_ANSWERS", str(questions))
    monkeypatch.setenv("STUDIO_BENCH_ANSWERS_LOG", str(log))
    (tmp_path / "a").mkdir()
    bench = Bench(tmp_path / "a")
    figures = answerability.measure(bench)  # type: ignore[arg-type]  # all that it asks for is there
    assert (figures["declined"], figures["answered_right"]) == (0.5, 0.5)
    assert figures["answered_without"] == ["Who owns it?"]
    assert figures["declined_with"] == ["What colour is long?"]
    assert figures["plain_right"] == 1.0, "as far as its answers are asked for"
    assert len(bench.asked) == 9, "the document once, then each question twice"
    (tmp_path / "b").mkdir()
    again = Bench(tmp_path / "b")
    assert answerability.measure(again)["declined"] == 0.5  # type: ignore[arg-type]
    assert again.asked == [], "the log has all of it"


@pytest.mark.parametrize(("path", "least"), [(HELD_OUT, 60), (SEEN, 60), (TUNING, 25)])
def test_the_questions_are_answered_or_not_as_they_say(path: Path, least: int) -> None:
    documents = tomllib.loads(path.read_text("utf-8"))["documents"]
    everything = " ".join(each.get("text", "") for each in documents)
    for document in documents:
        text = " ".join((document.get("text") or everything).lower().split())
        assert all(re.search(answer, text) for _question, answer in document["answered"])
    for kind in ("answered", "unanswered"):
        assert sum(len(document[kind]) for document in documents) >= least


def test_no_document_was_tuned_on() -> None:
    held_out, seen, tuning = (
        {each.get("text", "") for each in tomllib.loads(path.read_text("utf-8"))["documents"]}
        for path in (HELD_OUT, SEEN, TUNING)
    )
    assert held_out & (seen | tuning) <= {""}, "that is the folder of all documents"
