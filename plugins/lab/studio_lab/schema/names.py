"""Names of architectures, sizes and examples, as flags and fields say them."""

from __future__ import annotations

from typing import Literal

ArchitectureName = Literal[
    "vae",
    "gan",
    "diffusion",
    "flow_matching",
    "pixelcnn",
    "decoder_transformer",
    "recurrent",
    "normalising_flow",
    "vqvae",
    "encoder_decoder",
    "classifier",
]
SizeName = Literal["small", "medium", "large"]
ExampleName = Literal[
    "auto",
    "digits",
    "phantoms",
    "manual",
    "wine",
    "breast_cancer",
    "swaps",
    "chorales",
    "molecules",
]

ARCHITECTURES = {
    "vae": "Autoencoder (VAE)",
    "gan": "GAN",
    "pixelcnn": "PixelCNN",
    "decoder_transformer": "Transformer",
    "recurrent": "Recurrent network",
    "classifier": "Classifier (baseline)",
}
"""The names of those that are no words."""
