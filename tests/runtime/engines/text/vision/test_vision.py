"""Weights that see write, token by token, what the library's own processor and loop write."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from studio.api.worker.text import ChatMessage, SamplingParams
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.loader import TextLoader
from studio.runtime.engines.text.vision.picture_ids import PICTURE
from tests.runtime.engines import tiny_models
from tests.runtime.engines.text.vision import tiny_seeing

pytestmark = [pytest.mark.torch, pytest.mark.slow]

GREEDY = SamplingParams(temperature=0, repetition_penalty=1, max_tokens=10)


@pytest.fixture(scope="module", params=tiny_seeing.KINDS)
def both(request: pytest.FixtureRequest, tmp_path_factory: Any) -> tuple[Any, TextEngine]:
    model, folder = tiny_seeing.saved(request.param, tmp_path_factory.mktemp(request.param))
    return model, TextEngine.load(folder)


def asked(text: str, *pictures: bytes) -> ChatMessage:
    return {"role": "user", "content": text, "pictures": list(pictures)}


def written(engine: TextEngine, messages: list[ChatMessage]) -> tuple[list[int], list[int]]:
    ids = list(engine.fit(messages, 20).ids)
    return ids, [step.token for step in engine.generate(ids, GREEDY) if step.kind == "token"]


def of_library(model: Any, engine: TextEngine, text: str, pictures: list[bytes]) -> list[int]:
    """Return what the library writes after a prompt that its processor made."""
    images = [Image.open(io.BytesIO(each)) for each in pictures]
    processor = engine.model.sight._processor  # type: ignore[attr-defined]  # it sees
    made = processor(text=[text], images=[images], return_tensors="pt", add_special_tokens=False)
    with torch.inference_mode():
        out = model.generate(**made, max_new_tokens=10, do_sample=False, eos_token_id=999)
    return list(out[0, made["input_ids"].shape[1] :].tolist())


def test_one_picture_and_two_are_read_as_the_library_reads_them(both: Any) -> None:
    model, engine = both
    shown = next(k.shown for n, k in tiny_seeing.KINDS.items() if n == engine.info.architecture)
    first, second = tiny_seeing.picture(1), tiny_seeing.picture(2, 60, 80)
    lengths = []
    for pictures in ([first], [first, second], [second]):
        ids, tokens = written(engine, [asked("What is it?", *pictures)])
        text = (
            f"<|im_start|>user\n{shown * len(pictures)}What is it?<|im_end|>\n"
            "<|im_start|>assistant\n"
        )
        theirs = of_library(model, engine, text, pictures)
        assert any(id >= PICTURE for id in ids)
        ends = engine.tokenizer.vocabulary.ends
        until = next((at for at, token in enumerate(theirs) if token in ends), len(theirs))
        assert tokens == theirs[:until]
        lengths.append(until)
    assert sum(lengths) > 10


def test_the_pixels_matter_and_two_texts_at_once_do_not_disturb_each_other(both: Any) -> None:
    _, engine = both
    one = [asked("Hi", tiny_seeing.picture(1))]
    two = [asked("Hi", tiny_seeing.picture(7, 120, 40))]
    alone = [written(engine, messages)[1] for messages in (one, two)]
    runs = [engine.generate(engine.fit(messages, 20).ids, GREEDY) for messages in (one, two)]
    mixed: list[list[int]] = [[], []]
    for _ in range(14):
        for run, tokens in zip(runs, mixed, strict=True):
            step = next(run, None)
            tokens += [step.token] if step is not None and step.kind == "token" else []
    assert mixed == alone
    scores = [engine.model.read([_passage(engine, m)]) for m in (one, two)]
    assert not torch.equal(*scores)


def _passage(engine: TextEngine, messages: list[ChatMessage]) -> Any:
    from studio.runtime.engines.text.decoder.protocol import Passage

    ids = torch.tensor(engine.fit(messages, 20).ids)
    return Passage(ids, engine.model.new_cache(len(ids)))


def test_it_writes_without_pictures_too_and_penalties_pass_them_by(both: Any) -> None:
    _, engine = both
    assert written(engine, [{"role": "user", "content": "Hello"}])[1]
    ids = engine.fit([asked("Hi", tiny_seeing.picture(1))], 20).ids
    punished = SamplingParams(temperature=0, repetition_penalty=1.3, max_tokens=4)
    assert list(engine.generate(ids, punished))[-1].kind == "end"
    assert engine.can_see


def test_folders_that_see_are_recognised(tmp_path: Path) -> None:
    _, folder = tiny_seeing.saved("smolvlm", tmp_path / "model")
    facts = TextLoader().recognise(folder)
    assert facts is not None
    assert facts.capabilities == ("text", "image-to-text")


def test_a_file_that_is_no_picture_and_rules_that_are_absurd_are_refused(tmp_path: Path) -> None:
    _, folder = tiny_seeing.saved("llava", tmp_path / "model")
    engine = TextEngine.load(folder)
    with pytest.raises(StudioError, match="picture cannot be read"):
        engine.fit([asked("What?", b"no picture")], 20)
    rules = folder / "preprocessor_config.json"
    rules.write_text('{"size": {"shortest_edge": 1000000000}}')
    with pytest.raises(StudioError, match="limit"):
        TextEngine.load(folder)


def test_weights_without_eyes_say_so(tmp_path: Path) -> None:
    engine = TextEngine.load(tiny_models.save_folder(tiny_models.Plain(), tmp_path / "tiny"))
    assert not engine.can_see
    with pytest.raises(StudioError, match="reads text only") as caught:
        engine.fit([asked("What?", tiny_seeing.picture())], 20)
    assert caught.value.code is ErrorCode.UNSUPPORTED
