"""Models leave a card for the memory of the processor, and come back whole.

The card that keeps no numbers (``meta``) stands for any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from studio.api import Loader
from studio.api.worker.context import Parks
from studio.runtime.engines.embedding import loader as embedding
from studio.runtime.engines.embedding.encoder import Encoder, EncoderConfig
from studio.runtime.engines.embedding.engine import EmbeddingEngine
from studio.runtime.engines.embedding.model_file import Description
from studio_image.restyle import weights as features
from studio_image.restyle.features import LAYERS, Features
from studio_image.starter import weights as starter_weights
from studio_molecules.admet import layout
from studio_molecules.admet import weights as admet
from studio_molecules.admet.network import Ensemble
from studio_molecules.smiles import weights as smiles
from studio_molecules.smiles.network import Recurrent
from studio_molecules.smiles.vocabulary import Vocabulary
from studio_music.compose.chorales import weights as chorales
from studio_music.compose.chorales.network import ChoraleNetwork
from studio_music.compose.tunes import weights as tunes
from studio_music.compose.tunes.network import TuneNetwork

pytestmark = pytest.mark.torch


def _features() -> Features:
    tensors, inputs = {}, 3
    for name in LAYERS:
        tensors |= {f"{name}.weight": torch.ones(2, inputs, 3, 3), f"{name}.bias": torch.ones(2)}
        inputs = 2
    return Features(tensors, "cpu", torch.float32)


def _ensemble() -> Ensemble:
    shapes = layout.shapes(dict.fromkeys(layout.HEADS, 1))
    return Ensemble({name: torch.ones(shape) for name, shape in shapes.items()}, ["a", "b"])


def _embedding() -> EmbeddingEngine:
    words = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a")
    config = EncoderConfig(len(words), 8, 4, 1, 2, 8)
    return EmbeddingEngine(Description("Tiny", config, 8, True, words), Encoder(config).eval())


def _starter() -> starter_weights.Starter:
    networks = (nn.Linear(2, 2) for _ in range(3))
    return starter_weights.Starter(*networks, captions=frozenset(), words=frozenset())


MODELS: dict[str, tuple[Callable[[], Loader], Callable[[], Any]]] = {
    "tunes": (tunes.loader, lambda: tunes.Tunes(TuneNetwork("gru", 8, 1), {})),
    "chorales": (chorales.loader, lambda: chorales.Chorales(ChoraleNetwork("gru", 8, 1))),
    "smiles": (smiles.loader, lambda: smiles.SmilesModel(Recurrent(4, 8, 1), Vocabulary("abcd"))),
    "admet": (admet.loader, _ensemble),
    "features": (features.loader, _features),
    "starter": (starter_weights.loader, _starter),
    "embedding": (embedding.EmbeddingLoader, _embedding),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_parked_and_comes_back_whole(name: str) -> None:
    make_loader, make_model = MODELS[name]
    loader, model = make_loader(), make_model()
    assert isinstance(loader, Parks)
    before = [each.clone() for each in tensors_of(model)]
    assert before
    loader.park(model)
    loader.unpark(model, "cpu")
    after = list(tensors_of(model))
    assert all(map(torch.equal, before, after))
    loader.unpark(model, "meta")
    assert all(each.is_meta for each in tensors_of(model))
    assert len(list(tensors_of(model))) == len(before)


def tensors_of(thing: Any) -> Iterator[Tensor]:
    """Yield every tensor that ``thing`` holds, however deep."""
    if isinstance(thing, Tensor):
        yield thing
    elif isinstance(thing, nn.Module):
        yield from thing.parameters()
        yield from thing.buffers()
    elif isinstance(thing, dict):
        for each in thing.values():
            yield from tensors_of(each)
    elif isinstance(thing, list | tuple):
        for each in thing:
            yield from tensors_of(each)
    elif hasattr(thing, "__dict__"):
        yield from tensors_of(vars(thing))
