"""Folders of other architectures run through transformers: same scores, nothing trusted."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
import torch

from studio.api.worker.text import SamplingParams
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.decoder.protocol import Passage
from studio.runtime.engines.text.engine import TextEngine, load_steps
from studio.runtime.engines.text.formats import transformers_folder
from studio.runtime.engines.text.loader import TextLoader
from tests.runtime.engines import tiny_models

pytestmark = pytest.mark.torch

OTHERS = {
    "gpt_neox": {},
    "olmo2": {"pad_token_id": 0},
    "gpt2": {"n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 256},
    "mamba": {"state_size": 4, "num_hidden_layers": 2, "pad_token_id": 0},
}
GREEDY = SamplingParams(temperature=0, repetition_penalty=1, max_tokens=12)
PROMPT = [(7 * i * i + 3) % 300 for i in range(40)]


@pytest.fixture(scope="module")
def reference():
    return tiny_models.reference("gpt_neox")


@pytest.fixture(scope="module")
def sound(reference, tmp_path_factory) -> Path:
    return tiny_models.save_folder(reference, tmp_path_factory.mktemp("neox"))


@pytest.fixture
def folder(sound, tmp_path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "model"))


def change(folder: Path, **values) -> None:
    path = folder / "config.json"
    changed = json.loads(path.read_text("utf-8")) | values
    path.write_text(json.dumps({k: v for k, v in changed.items() if v is not ...}), "utf-8")


def refusal(folder: Path) -> StudioError:
    with pytest.raises(StudioError) as caught:
        TextEngine.load(folder)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("kind", ["gpt_neox", "olmo2", "gpt2"])
def test_scores_and_text_are_those_of_the_library(tmp_path, kind) -> None:
    model = tiny_models.reference(kind, **OTHERS[kind])
    engine = TextEngine.load(tiny_models.save_folder(model, tmp_path))
    with torch.inference_mode():
        theirs = model(torch.tensor([PROMPT])).logits[0]
        written = model.generate(
            torch.tensor([PROMPT]), max_new_tokens=12, do_sample=False, pad_token_id=2
        )[0, 40:].tolist()
    cache = engine.model.new_cache(40)
    parts = [
        engine.model.read([Passage(torch.tensor(PROMPT[a:b]), cache, b - a)])
        for a, b in ((0, 25), (25, 26), (26, 40))
    ]
    torch.testing.assert_close(torch.cat(parts), theirs, atol=1e-4, rtol=1e-4)
    ours = [step.token for step in engine.generate(PROMPT, GREEDY) if step.kind == "token"]
    ended = engine.tokenizer.vocabulary.ends
    assert ours == [token for token in written if token not in ended][: len(ours)]
    assert ours


def test_a_folder_says_that_it_is_slower(sound, reference) -> None:
    facts = TextLoader().recognise(sound)
    assert facts is not None
    assert facts.facts["architecture"] == "gpt_neox"
    assert facts.facts["parameters"] == reference.num_parameters()
    assert facts.facts["runs_through"].startswith("transformers: slower")
    engine = TextEngine.load(sound)
    assert engine.engine.startswith("transformers ")
    assert engine.context_length == 256
    assert TextLoader().measure(sound).weights_bytes <= engine.weights_bytes * 1.05


def test_what_ours_does_not_vary_runs_through_the_library(tmp_path) -> None:
    model = tiny_models.reference("llama", attention_bias=True)
    engine = TextEngine.load(tiny_models.save_folder(model, tmp_path))
    assert engine.engine.startswith("transformers ")
    with torch.inference_mode():
        theirs = model(torch.tensor([PROMPT])).logits[0, -1]
    ours = engine.model.read([Passage(torch.tensor(PROMPT), engine.model.new_cache(40))])[0]
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_loading_goes_in_steps_and_can_be_stopped(sound) -> None:
    steps = load_steps(sound)
    shares = [next(steps) for _ in range(6)]
    assert shares == sorted(shares)
    assert shares[-1] < 1
    steps.close()


def test_writing_can_be_stopped_between_tokens(sound) -> None:
    engine = TextEngine.load(sound)
    steps = engine.generate(PROMPT, GREEDY)
    seen = [next(steps).kind for _ in range(3)]
    steps.close()
    assert "token" in seen
    assert len(list(engine.generate(PROMPT, GREEDY))) > 3, "and the next one can be written"


def test_without_the_library_a_sentence_says_how_to_get_it(sound, monkeypatch) -> None:
    monkeypatch.setattr(transformers_folder, "version", lambda: "")
    error = refusal(sound)
    assert error.code is ErrorCode.UNSUPPORTED
    assert "“GPTNeoXForCausalLM”" in error.message
    assert "pip install 'offline-studio[transformers]'" in error.hint


def test_what_asks_to_run_code_has_no_effect(folder) -> None:
    canary = folder / "canary"
    (folder / "modeling_evil.py").write_text(f"open({str(canary)!r}, 'w')")
    change(
        folder,
        auto_map={"AutoModelForCausalLM": "modeling_evil.Evil", "AutoConfig": "modeling_evil.C"},
        _attn_implementation="evil/kernel",
        attn_implementation="evil/kernel",
    )
    engine = TextEngine.load(folder)
    assert "auto_map" in engine.info.blocked
    assert not canary.exists()
    assert not [name for name in sys.modules if "evil" in name]


def test_pickled_weights_are_refused(folder) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "pickle file" in refusal(folder).message


WRONG = {
    "another class of the same kind": {"architectures": ["GPTNeoXForTokenClassification"]},
    "a class of another kind": {"model_type": "gpt2"},
    "no class at all": {"architectures": ["EvilForCausalLM"], "model_type": "evil"},
    "a kind that is not a text": {"model_type": ["gpt_neox"]},
    "packed": {"quantization_config": {"quant_method": "gptq", "bits": 4}},
    "too many layers": {"num_hidden_layers": 1_000_000_000},
    "another number of layers": {"num_hidden_layers": 2},
    "another size": {"hidden_size": 128},
    "an absurd size": {"hidden_size": 1 << 40},
    "a size that is none": {"hidden_size": "64"},
    "a negative size": {"vocab_size": -5},
    "no heads": {"num_attention_heads": 0},
    "an activation that is none": {"hidden_act": "os.system"},
    "a rule that is none": {"rope_parameters": {"rope_type": "alien"}},
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused(folder, case) -> None:
    change(folder, **WRONG[case])
    assert refusal(folder).code in (ErrorCode.BAD_WEIGHTS, ErrorCode.UNSUPPORTED)


def test_a_kind_that_cannot_go_on_from_what_it_read_is_refused(tmp_path) -> None:
    model = tiny_models.reference("mamba", **OTHERS["mamba"])
    assert "no usable key-value cache" in refusal(tiny_models.save_folder(model, tmp_path)).message
