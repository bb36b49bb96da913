"""The networks: cached steps equal whole reading, files come back, samples repeat."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from studio.api import StudioError
from studio_molecules.smiles import weights
from studio_molecules.smiles.network import NETWORKS
from studio_molecules.smiles.sampler import sample
from studio_molecules.smiles.vocabulary import END, START, Vocabulary
from studio_molecules.smiles.weights import SmilesModel

VOCABULARY = Vocabulary.learned(["CCO", "c1ccccc1N", "CC(=O)Cl"])


def small(name: str) -> torch.nn.Module:
    torch.manual_seed(4)
    return NETWORKS[name](len(VOCABULARY), 32, 2).eval()


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_steps_with_a_state_equal_reading_at_once(name: str) -> None:
    network, tokens = small(name), torch.randint(3, len(VOCABULARY), (5, 12))
    with torch.inference_mode():
        whole = network(tokens)
        state = network.begin(5)
        parts = [network(part, state) for part in (tokens[:, :4], tokens[:, 4:5], tokens[:, 5:6])]
    torch.testing.assert_close(torch.cat(parts, 1), whole[:, :6], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_the_same_seed_writes_the_same(name: str) -> None:
    model = SmilesModel(small(name), VOCABULARY)

    def written(seed: int) -> list[str]:
        *_, strings = sample(model, 8, torch.Generator().manual_seed(seed))
        assert strings is not None
        return strings

    assert written(1) == written(1) != written(2)


def test_a_beginning_is_kept_and_continued() -> None:
    model = SmilesModel(small("recurrent"), VOCABULARY)
    *_, strings = sample(model, 3, torch.Generator().manual_seed(0), starts=["CC(=O)"] * 3)
    assert strings is not None
    assert all(text.startswith("CC(=O)") or not text for text in strings)


def test_a_file_comes_back(tmp_path: Path) -> None:
    network, path = small("transformer"), tmp_path / "model.safetensors"
    weights.save(
        path, "transformer", network.config, network.state_dict(), VOCABULARY.tokens, seen=7
    )
    facts = weights.loader().recognise(path)
    assert facts is not None
    assert facts.family == "smiles-lm"
    loading = weights.loader().load(path, "cpu")
    try:
        while True:
            assert 0 <= next(loading) <= 1
    except StopIteration as end:
        loaded = end.value
    assert loaded.vocabulary.tokens == VOCABULARY.tokens
    tokens = torch.tensor([[1, 4, 5, 6]])
    torch.testing.assert_close(loaded.network(tokens), network(tokens), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("fault", ["cut", "width", "no config"])
def test_a_damaged_file_is_told_in_a_sentence(tmp_path: Path, fault: str) -> None:
    network, path = small("transformer"), tmp_path / "model.safetensors"
    config = {
        "cut": network.config,
        "width": {**network.config, "width": 10**9},
        "no config": {"width": 32},
    }[fault]
    weights.save(path, "transformer", config, network.state_dict(), VOCABULARY.tokens, seen=7)
    if fault == "cut":
        path.write_bytes(path.read_bytes()[:-100])
        assert weights.loader().recognise(path) is None
    with pytest.raises(StudioError, match="cannot be used"):
        list(weights.loader().load(path, "cpu"))


class Hesitant(torch.nn.Module):
    """Likes one token after the start, and then the end, a little more than the others."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def begin(self, count: int) -> list[object]:
        return []

    def forward(self, tokens: torch.Tensor, state: list[object]) -> torch.Tensor:
        logits = torch.zeros(*tokens.shape, len(VOCABULARY))
        liked = torch.where(tokens == START, VOCABULARY.encode("C")[0], END)
        return logits.scatter(-1, liked[..., None], 1.0)


def test_less_freedom_writes_what_is_likeliest_and_more_writes_all_sorts() -> None:
    model = SmilesModel(Hesitant(), VOCABULARY)

    def written(temperature: float) -> set[str]:
        rng = torch.Generator().manual_seed(0)
        *_, strings = sample(model, 32, rng, temperature=temperature)
        assert strings is not None
        return set(strings)

    assert written(0.02) == {"C"}
    assert len(written(2.0)) > 10


def test_strings_that_are_done_stay_as_they_are_while_others_go_on() -> None:
    model = SmilesModel(Hesitant(), VOCABULARY)
    *_, strings = sample(model, 32, torch.Generator().manual_seed(0))
    assert strings is not None
    assert len({len(text) for text in strings}) > 3
    assert all(VOCABULARY.encode(text) is not None for text in strings)
