"""A trained transformer as a language model: the text engine reads it as the lab does."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from studio.api import Kind, finished
from studio.runtime.engines.text.decoder.protocol import Passage
from studio.runtime.engines.text.engine import load_steps
from studio.runtime.engines.text.loader import TextLoader
from studio.testing.plugins import run_task
from studio_lab import weights
from studio_lab.datasets.tokens import encoded
from studio_lab.networks import language_model
from studio_lab.schema import Train
from studio_lab.tasks.train import train

pytestmark = pytest.mark.torch


@pytest.mark.slow
@pytest.mark.parametrize("tokens", ["characters", "byte_pairs"])
def test_the_text_engine_continues_what_the_lab_has_trained(tokens: str, tmp_path: Path) -> None:
    asked = {"architecture": "decoder_transformer", "steps": 3, "batch": 2, "tokens": tokens}
    made = run_task(train, Train.parse({**asked, "measured": 0, "precision": "float32"}), seed=1)
    files = {}
    for each in made.artifacts:
        if each.kind == Kind.WEIGHTS:
            files[each.suffix] = tmp_path / f"trained{each.suffix}"
            files[each.suffix].write_bytes(each.read())
    model = finished(weights.loader().load(files[".safetensors"], "cpu"))
    facts = TextLoader().recognise(files[".gguf"])
    assert facts is not None
    assert facts.family == "text"
    engine = finished(load_steps(files[".gguf"], device="cpu", dtype=torch.float32))

    text = "The studio is a "
    known = encoded(text, model.meta["vocabulary"])
    ids = engine.encode(text)
    assert ids[0] == model.network.start
    assert engine.tokenizer.decode(ids[1:]) == text
    if tokens == "characters":
        assert ids[1:] == known
    passage = Passage(torch.tensor(ids), engine.model.new_cache(len(ids)), len(ids))
    with torch.no_grad():
        told = engine.model.read([passage])
        own = model.network.logits(torch.tensor([ids]))[0]
    torch.testing.assert_close(told[:, : own.shape[1]], own, rtol=1e-4, atol=1e-4)
    assert (told[:, -1] < told[:, :-1].logsumexp(1) - 1).all(), "a text does not begin in its midst"
    assert engine.render([{"role": "user", "content": text}]) == ids, "a chat goes on in the text"
    engine.close()


def test_tokens_that_cannot_be_told_apart_are_no_vocabulary() -> None:
    assert language_model.can_be_written(["a", " ", "b c"])
    assert not language_model.can_be_written([" ", "▁"])
    assert not language_model.can_be_written(["", "a"])
