"""Memory runs out while a prompt is read: smaller pieces are read, and the reply is the same."""

from __future__ import annotations

import pytest
import torch

from studio.api.worker.text import SamplingParams, TextStep
from studio.runtime.engines.text.decoder.llama import Llama
from studio.runtime.engines.text.engine import TextEngine
from tests.runtime.engines import tiny_models

pytestmark = pytest.mark.torch

PROMPT = [(7 * i * i + 3) % 300 for i in range(100)]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> TextEngine:
    folder = tmp_path_factory.mktemp("tiny")
    return TextEngine.load(tiny_models.save_folder(tiny_models.reference(), folder))


def write(engine: TextEngine) -> list[TextStep]:
    engine.prefixes.clear()
    return list(engine.generate(PROMPT, SamplingParams(max_tokens=5, temperature=0)))


def narrow(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Let the decoder read at most so many tokens at once."""
    read = Llama.read

    def reading(self, passages):
        if sum(len(passage.tokens) for passage in passages) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return read(self, passages)

    monkeypatch.setattr(Llama, "read", reading)


def test_the_prompt_is_read_in_smaller_pieces_and_the_user_is_told_once(
    engine: TextEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = write(engine)
    narrow(monkeypatch, 40)
    steps = write(engine)
    reading = [step.done for step in steps if step.kind == "prefill"]
    assert reading == [33, 66, 99, 100]
    assert [step.reduced for step in steps if step.reduced] == ["33 tokens of the prompt at a time"]
    assert [step.token for step in steps if step.kind == "token"] == [
        step.token for step in whole if step.kind == "token"
    ]


def test_without_memory_for_the_smallest_piece_it_is_lack_of_memory(
    engine: TextEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow(monkeypatch, 8)
    with pytest.raises(torch.OutOfMemoryError):
        write(engine)
    monkeypatch.undo()
    assert write(engine)[-1].kind == "end", "the next one is written as ever"
