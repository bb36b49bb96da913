"""What there is to see inside a network of each architecture."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

import torch

from studio.api import BadInput
from studio_lab.datasets.tokens import tokens_of
from studio_lab.networks.architecture import Network
from studio_lab.networks.decoder_transformer import DecoderTransformer
from studio_lab.networks.diffusion import Diffusion
from studio_lab.networks.encoder_decoder import EncoderDecoder
from studio_lab.networks.flow_matching import FlowMatching
from studio_lab.networks.gan import Gan
from studio_lab.networks.normalising_flow import NormalisingFlow
from studio_lab.networks.pixelcnn import PixelCnn
from studio_lab.networks.text import Writer
from studio_lab.networks.vae import Vae
from studio_lab.networks.vqvae import VqVae
from studio_lab.training.samples import drawn
from studio_lab.views import attention, generation, predictions
from studio_lab.views.view import Ask, View


def views(
    network: Network, meta: Mapping[str, Any], ask: Ask
) -> Generator[float, None, list[View]]:
    """Yield the share done; return what there is to see.

    Args:
        meta: As weights have it: the vocabulary of texts, the columns of tables.

    Raises:
        BadInput: There is nothing to see in networks of this architecture, or nothing of the text
            is known.
    """
    columns = meta.get("columns", ())
    if isinstance(network, Writer):
        return (yield from _of_a_writer(network, meta, ask))
    if isinstance(network, EncoderDecoder):
        return (yield from _of_a_pair(network, meta, ask))
    if isinstance(network, Vae | Gan):
        yield 0.0
        return [generation.latent_walk(network, ask.count, ask.seed, columns)]
    if isinstance(network, Diffusion | FlowMatching):
        return [(yield from generation.denoising(network, ask.count, ask.seed, columns))]
    if isinstance(network, PixelCnn):
        rows = yield from drawn(network, ask.count, ask.seed)
        return [generation.drawing(rows, network.shape)]
    if isinstance(network, NormalisingFlow):
        yield 0.0
        return [generation.unfolding(network, ask.count, ask.seed, columns)]
    if isinstance(network, VqVae):
        return [(yield from generation.codes(network, ask.count, ask.seed))]
    raise BadInput(
        "There is nothing to see inside a model of this architecture.",
        "Choose a model that generates.",
    )


def _of_a_writer(
    network: Writer, meta: Mapping[str, Any], ask: Ask
) -> Generator[float, None, list[View]]:
    vocabulary = meta["vocabulary"]
    most = min(predictions.MOST, network.shape.length - 1)
    if ask.text:
        tokens = predictions.tokens_of(ask.text, vocabulary, most)
    else:
        row = (yield from drawn(network, 1, ask.seed))[0]
        tokens = torch.from_numpy(row[: max(1, min(most, len(tokens_of(row, vocabulary))))])
    yield 1.0
    plots = predictions.expectations(network, tokens, vocabulary)
    if isinstance(network, DecoderTransformer):
        plots += attention.heads(network, tokens, vocabulary, ask.block)
        plots.append(predictions.positions(network.places))
    return plots


def _of_a_pair(
    network: EncoderDecoder, meta: Mapping[str, Any], ask: Ask
) -> Generator[float, None, list[View]]:
    vocabulary, length = meta["vocabulary"], network.shape.length
    if ask.text:
        tokens = predictions.tokens_of(" ".join(ask.text.split()), vocabulary, length - 1)
        source = torch.zeros(length, dtype=torch.long)  # the first of the vocabulary is the end
        source[: len(tokens)] = tokens
    else:
        source = network.sources[0].cpu()
    answering = network.answer(source.to(network.sources.device)[None])
    written = None
    while written is None:
        with torch.no_grad():  # not held while others compute
            try:
                share = next(answering)
            except StopIteration as end:
                written = end.value[0].cpu()
                break
        yield share
    plot = attention.looks_back(network, source, written, vocabulary, ask.block)
    return [*plot, predictions.positions(network.places)]
