"""An adapter changes what its base writes, the same whatever file the base is in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import gguf
import pytest
import torch
from torch import Tensor

from studio.api import ErrorCode, StudioError, finished
from studio.api.worker.tuning import AdapterFacts, TunableEngine, write_adapter
from studio.runtime.engines.text.adapter_loader import AdapterLoader
from studio.runtime.engines.text.adapters.trainable import TrainableNetwork
from studio.runtime.engines.text.decoder.protocol import Passage
from studio.runtime.engines.text.engine import TextEngine, load_steps
from studio.runtime.engines.text.loader import TextLoader
from tests.runtime.engines import tiny_models

pytestmark = pytest.mark.torch

IDS = torch.tensor([(7 * i * i + 3) % 300 for i in range(24)])
Factors = dict[str, tuple[Tensor, Tensor]]


SETTINGS = {
    "llama": {},
    "phi3": {"pad_token_id": 0, "sliding_window": None},
    "gemma2": {
        "pad_token_id": 0,
        "head_dim": 32,
        "sliding_window": 16,
        "query_pre_attn_scalar": 32,
    },
}


@pytest.fixture(scope="module", params=SETTINGS)
def bases(request, tmp_path_factory) -> dict[str, Path]:
    """One model as a folder and as a GGUF file."""
    root = tmp_path_factory.mktemp(request.param)
    settings = {"initializer_range": 0.1, **SETTINGS[request.param]}
    model = tiny_models.reference(request.param, **settings)
    return {
        "folder": tiny_models.save_folder(model, root / "folder"),
        "gguf": tiny_models.save_gguf(model, root / "model.gguf"),
    }


def network(path: Path) -> TrainableNetwork:
    return finished(finished(load_steps(path)).network())


def factors(shapes: dict[str, tuple[int, int]], size: float = 0.2) -> Factors:
    drawn = torch.Generator().manual_seed(1)

    def some(*shape: int) -> Tensor:
        return torch.randn(shape, generator=drawn) * size

    return {name: (some(4, shape[1]), some(shape[0], 4)) for name, shape in shapes.items()}


def lent(adapter: Path, base: Path) -> TextEngine:
    loader = AdapterLoader()
    loader.find_base = lambda id, digest: base
    return finished(loader.load(adapter, "cpu"))


def scores(engine: TextEngine) -> Tensor:
    return engine.model.read([Passage(IDS, engine.model.new_cache(64), wanted=len(IDS))])


def apart(one: Tensor, other: Tensor) -> float:
    """How far the likelihoods of what comes next are apart, in nats."""
    first, second = one.log_softmax(1), other.log_softmax(1)
    return float((first.exp() * (first - second)).sum(1).abs().mean())


@pytest.mark.parametrize("kind", ["folder", "gguf"])
def test_a_network_reads_as_the_engine_does(bases: dict[str, Path], kind: str) -> None:
    floats = finished(load_steps(bases[kind], dtype=torch.float32))
    told = network(bases[kind]).scores([IDS[:9], IDS], [2, len(IDS)], {})
    assert torch.allclose(told[2:], scores(floats), atol=2e-4)
    assert torch.allclose(told[:2], scores(floats)[7:9], atol=2e-4)


def test_what_was_trained_on_one_file_fits_the_other_and_is_leased(
    bases: dict[str, Path], tmp_path: Path
) -> None:
    networks = {kind: network(path) for kind, path in bases.items()}
    adapter = factors(networks["folder"].products)
    told = {k: each.scores([IDS], [len(IDS)], adapter) for k, each in networks.items()}
    assert torch.allclose(told["folder"], told["gguf"], atol=1e-3)
    plain = networks["folder"].scores([IDS], [len(IDS)], {})
    change = apart(told["folder"], plain)
    assert change > 0.3
    path = tmp_path / "mine.safetensors"
    write_adapter(path, adapter, AdapterFacts("base"))
    for base in bases.values():
        assert apart(told["folder"], scores(lent(path, base))) < change / 50


def test_a_merged_model_needs_neither_base_nor_adapter(
    bases: dict[str, Path], tmp_path: Path
) -> None:
    one = network(bases["gguf"])
    pairs = dict(list(factors(one.products).items())[::2])
    write_adapter(tmp_path / "mine.safetensors", pairs, AdapterFacts("base"))
    merged = tmp_path / "merged.gguf"
    finished(finished(load_steps(bases["gguf"])).merge(tmp_path / "mine.safetensors", merged))
    told = one.scores([IDS], [len(IDS)], pairs)
    plain = one.scores([IDS], [len(IDS)], {})
    assert apart(told, scores(finished(load_steps(merged)))) < apart(told, plain) / 20
    read = {each.name: each for each in gguf.GGUFReader(merged).tensors}
    kinds = Counter(each.tensor_type.name for each in read.values())
    assert kinds["Q8_0"] == len(pairs)
    for each in gguf.GGUFReader(bases["gguf"]).tensors:
        if read[each.name].tensor_type == each.tensor_type:
            assert read[each.name].data.tobytes() == each.data.tobytes()


def test_a_model_folder_cannot_be_merged(bases: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="one GGUF file"):
        finished(load_steps(bases["folder"])).check_mergeable()


def test_gradients_flow_to_the_adapter_alone(bases: dict[str, Path]) -> None:
    one = network(bases["gguf"])
    adapter = factors(one.products)
    for pair in adapter.values():
        for each in pair:
            each.requires_grad_()
    one.scores([IDS, IDS[:5]], [3, 5], adapter).logsumexp(1).sum().backward()
    assert all(bool(t.grad is not None and t.grad.abs().sum()) for p in adapter.values() for t in p)


def test_a_reply_is_taught_to_end_as_the_template_ends_it(bases: dict[str, Path]) -> None:
    engine = finished(load_steps(bases["folder"]))
    assert isinstance(engine, TunableEngine)
    end = finished(engine.network()).ends[0]
    assert engine.tokenizer.vocabulary.tokens[end] == "<|im_end|>"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda pairs: {"model.layers.9.mlp.up_proj": next(iter(pairs.values()))}, "layers.9"),
        (lambda pairs: {n: (d, u[:-1]) for n, (d, u) in pairs.items()}, "does not fit"),
    ],
)
def test_an_adapter_of_another_model_is_a_sentence(
    bases: dict[str, Path], tmp_path: Path, change: Callable[[Factors], Factors], told: str
) -> None:
    pairs = change(factors(network(bases["folder"]).products))
    write_adapter(tmp_path / "mine.safetensors", pairs, AdapterFacts("base"))
    with pytest.raises(StudioError, match=told) as raised:
        lent(tmp_path / "mine.safetensors", bases["folder"])
    assert raised.value.code is ErrorCode.BAD_WEIGHTS


def test_a_base_that_is_gone_is_a_sentence(bases: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    write_adapter(path, factors({"a": (3, 3)}), AdapterFacts("base", base_title="Some model"))
    assert TextLoader().recognise(path) is None
    facts = AdapterLoader().recognise(path)
    assert facts is not None
    assert facts.facts["base"] == "base"
    with pytest.raises(StudioError, match="“mine” was fine-tuned from Some model"):
        finished(AdapterLoader().load(path, "cpu"))
