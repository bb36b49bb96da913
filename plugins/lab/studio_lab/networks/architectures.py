"""Every architecture, by name."""

from __future__ import annotations

from collections.abc import Mapping

from studio_lab.networks import (
    classifier,
    decoder_transformer,
    diffusion,
    encoder_decoder,
    flow_matching,
    gan,
    normalising_flow,
    pixelcnn,
    recurrent,
    vae,
    vqvae,
)
from studio_lab.networks.architecture import Architecture

ARCHITECTURES: Mapping[str, Architecture] = {
    module.ARCHITECTURE.name: module.ARCHITECTURE
    for module in (
        vae,
        gan,
        diffusion,
        flow_matching,
        pixelcnn,
        decoder_transformer,
        recurrent,
        normalising_flow,
        vqvae,
        encoder_decoder,
        classifier,
    )
}
