"""The sentence encoder: equal to the reference, sure of its file, done in steps."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import torch
from safetensors.torch import load_file, save_file

from studio.api import StudioError
from studio.runtime.engines import loaders
from studio.runtime.engines.embedding.convert import convert
from studio.runtime.engines.embedding.encoder import Encoder
from studio.runtime.engines.embedding.engine import STEP_TOKENS, EmbeddingEngine, Pieces, steps
from studio.runtime.engines.embedding.loader import EmbeddingLoader
from studio.runtime.engines.embedding.model_file import FORMAT, config_from_json, describe

pytestmark = pytest.mark.torch

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "cat", "sat", "##s", "na", "##ive", "!", "mat"]
SIZES = {
    "vocab_size": len(WORDS),
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 40,
    "max_position_embeddings": 40,
    "initializer_range": 0.3,
}
LONGEST = 24
TEXTS = [
    "The cat sat!",
    "mats",
    "NAÏVE cats, unknown words",
    "the " * 60,
    "",
    "cat \ud800",
    "x" * 300,
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the carrier has: a BERT with random weights, made by transformers."""
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("bert")
    with torch.random.fork_rng():
        torch.manual_seed(5)
        model = BertModel(BertConfig(**SIZES))
        for name, value in model.named_parameters():
            if name.endswith(("bias", "LayerNorm.weight")):
                value.data += 0.3 * torch.randn_like(value)
        # The file is in half precision: let the reference have the same numbers.
        model.half().float().save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", "utf-8")
    (folder / "sentences.json").write_text(f'{{"max_seq_length": {LONGEST}}}')
    return folder


@pytest.fixture(scope="module")
def file(folder: Path) -> Path:
    return converted(folder, folder / "tiny.safetensors")


@pytest.fixture(scope="module")
def engine(file: Path) -> EmbeddingEngine:
    return load(file)


def converted(folder: Path, target: Path) -> Path:
    names = ("model.safetensors", "config.json", "sentences.json", "vocab.txt")
    convert(*(folder / name for name in names), target)
    return target


def load(file: Path) -> EmbeddingEngine:
    reading = EmbeddingLoader().load(file, "cpu")
    try:
        while True:
            assert 0 <= next(reading) <= 1
    except StopIteration as end:
        return end.value


def vectors(engine: EmbeddingEngine, texts: list[str]) -> torch.Tensor:
    found = torch.full((len(texts), engine.width), torch.nan)
    for indices, rows in engine.embed(texts):
        found[list(indices)] = rows
    return found


def test_what_is_only_measured_draws_no_first_values(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw(*_: object) -> None:
        raise AssertionError("on the device “meta” this imports torch's compiler")

    monkeypatch.setattr(torch.nn.init, "normal_", draw)
    assert EmbeddingLoader().measure(file).weights_bytes > 0
    about = describe(file)
    assert about is not None
    with pytest.raises(AssertionError, match="compiler"):
        Encoder(about.config)


def test_vectors_equal_those_of_the_reference(folder: Path, engine: EmbeddingEngine) -> None:
    from transformers import BertModel, BertTokenizer

    cut = BertTokenizer(vocab=str(folder / "vocab.txt"), do_lower_case=True)
    model = BertModel.from_pretrained(folder).eval()
    texts = [text.replace("\ud800", "?") for text in TEXTS]
    batch = cut(texts, padding=True, truncation=True, max_length=LONGEST, return_tensors="pt")
    with torch.inference_mode():
        states = model(**batch).last_hidden_state
    there = batch["attention_mask"][..., None]
    wanted = torch.nn.functional.normalize((states * there).sum(1) / there.sum(1), dim=-1)
    torch.testing.assert_close(vectors(engine, TEXTS), wanted, rtol=0, atol=2e-6)


def test_a_text_has_the_same_vector_alone_and_among_others(engine: EmbeddingEngine) -> None:
    together = vectors(engine, TEXTS)
    alone = torch.cat([vectors(engine, [text]) for text in TEXTS])
    torch.testing.assert_close(together, alone, rtol=0, atol=2e-6)
    torch.testing.assert_close(together.norm(dim=1), torch.ones(len(TEXTS)))


def test_only_the_beginning_of_a_long_text_counts(engine: EmbeddingEngine) -> None:
    long = "the cat sat " * 50
    assert engine.count(long) > engine.longest == LONGEST
    assert torch.equal(vectors(engine, [long]), vectors(engine, [long + "mats!"]))
    assert not torch.equal(vectors(engine, ["the cat"]), vectors(engine, ["the cat sat"]))


def test_steps_are_short_and_leave_nothing_out() -> None:
    lengths = [3, 200, 7, 256, 256, 256, 5, 9] * 5
    seen = list(steps(lengths))
    assert sorted(index for step in seen for index in step) == list(range(len(lengths)))
    assert all(len(s) * max(lengths[i] for i in s) <= STEP_TOKENS for s in seen)
    assert len(seen) < len(lengths)
    assert list(steps([])) == []
    assert list(steps([9_999])) == [(0,)]


def test_it_is_recognised_and_measured_by_its_header(file: Path, engine: EmbeddingEngine) -> None:
    known = [found for loader in loaders() if (found := loader.recognise(file))]
    assert [(facts.family, facts.capabilities) for facts in known] == [
        ("embedding", ("embedding",))
    ]
    needs = EmbeddingLoader().measure(file)
    assert needs.weights_bytes == 4 * sum(v.numel() for v in load_file(file).values())
    assert EmbeddingLoader().recognise(file.with_name("model.safetensors")) is None


def test_the_same_source_makes_the_same_bytes(folder: Path, file: Path) -> None:
    again = converted(folder, folder / "again.safetensors")
    assert again.read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda about: about["config"].update(layers=10**9), "layers"),
        (lambda about: about["config"].update(heads=5), "heads do not divide"),
        (lambda about: about["config"].update(width="24"), "width"),
        (lambda about: about.update(longest=4_000), "reads 4000 tokens but has only 40"),
        (lambda about: about["vocabulary"].pop(), "11 entries, but its embedding has 12"),
        (lambda about: about.update(code="import os"), "code"),
    ],
)
def test_a_header_that_lies_is_refused_in_a_sentence(
    file: Path, tmp_path: Path, change, said: str
) -> None:
    about = msgspec.json.decode(msgspec.json.encode(describe(file)))
    change(about)
    broken = tmp_path / "broken.safetensors"
    save_file(load_file(file), broken, {FORMAT: msgspec.json.encode(about).decode()})
    with pytest.raises(StudioError, match=said):
        EmbeddingLoader().recognise(broken)


def test_a_layer_that_is_missing_is_a_sentence(file: Path, tmp_path: Path) -> None:
    tensors = load_file(file)
    del tensors["encoder.layer.1.output.dense.weight"]
    broken = tmp_path / "broken.safetensors"
    save_file(tensors, broken, {FORMAT: msgspec.json.encode(describe(file)).decode()})
    with pytest.raises(StudioError, match="tensors cannot be used"):
        load(broken)


def test_a_vocabulary_without_its_frame_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[SEP\]"):
        Pieces(["[CLS]", "[UNK]", "a"])
    with pytest.raises(ValueError, match="twice"):
        Pieces(["[CLS]", "[SEP]", "[UNK]", "a", "a"])


def test_other_kinds_of_bert_are_refused() -> None:
    with pytest.raises(ValueError, match="relative_key"):
        config_from_json({**SIZES, "position_embedding_type": "relative_key"})


def test_the_weights_that_come_along_know_what_is_alike() -> None:
    from studio.base.paths import resources

    file = resources() / "weights" / "starter" / "all-minilm-l6-v2.safetensors"
    if not file.exists():
        pytest.skip("the starter weights are not here")
    texts = ["How do I save a picture?", "Exporting images to a file", "The recipe needs two eggs"]
    alike = (found := vectors(load(file), texts)) @ found.T
    # Of the original in float32 these are 0.69 and below 0.1.
    assert alike[0, 1] > 0.5 > 0.2 > alike[0, 2]
