"""What the text engine's tests share: the starter model and its reference. Tests nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.tokenization.chat_template import end_renderer

STARTER = Path("resources/weights/starter/SmolLM2-135M-Instruct.Q4_1.gguf")


@pytest.fixture(scope="session")
def starter() -> Path:
    """The starter model's file."""
    path = Path(__file__).parents[3] / STARTER
    assert path.is_file(), f"{STARTER} is missing: run `make setup` to fetch the starter weights"
    return path


@pytest.fixture(scope="session")
def engine(starter: Path) -> TextEngine:
    """The starter model, loaded once."""
    return TextEngine.load(starter)


@pytest.fixture(scope="session")
def reference(starter: Path):
    """The starter model and its tokenizer as transformers reads them from the same file."""
    import gguf
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder, name = str(starter.parent), starter.name
    with pytest.MonkeyPatch.context() as patch:  # it makes these anew for each file and each module
        for maker in ("GGUFReader", "get_tensor_name_map"):
            patch.setattr(gguf, maker, functools.cache(getattr(gguf, maker)))
        tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
        model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
    return model.eval(), tokenizer


@pytest.fixture
def rows_read(monkeypatch: pytest.MonkeyPatch) -> Callable[[TextEngine], list[int]]:
    """Note, of an engine, how many tokens of each text it reads a step from now on."""

    def watch(engine: TextEngine) -> list[int]:
        sizes: list[int] = []
        read = type(engine.model).read

        def counted(self, passages):
            sizes.extend(len(passage.tokens) for passage in passages)
            return read(self, passages)

        monkeypatch.setattr(type(engine.model), "read", counted)
        return sizes

    return watch


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Two threads wait for each other at every product; on a busy machine that takes for ever."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True, scope="module")
def _renderer_ended() -> Iterator[None]:
    """The process that renders chat templates lives on between renders, but not between modules."""
    yield
    end_renderer()


@pytest.fixture(autouse=True)
def _torch_as_it_was() -> Iterator[None]:
    """Every test leaves torch's global generator and flags as they were."""
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    yield
    assert torch.equal(state, torch.random.get_rng_state()), "the global generator was used"
    assert torch.get_num_threads() == threads
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()
    assert torch.get_default_dtype() is torch.float32
