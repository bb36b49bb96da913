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

FirstRowName = Literal["auto", "names", "data"]
ExtremesName = Literal["refuse", "limit"]

ARCHITECTURES = {
    "vae": "Autoencoder (VAE)",
    "gan": "GAN",
    "pixelcnn": "PixelCNN",
    "decoder_transformer": "Transformer",
    "recurrent": "Recurrent network",
    "classifier": "Classifier (baseline)",
}
"""The names of those that are no words."""

METHODS = {
    "weights": "Class weights",
    "smote": "SMOTE",
    "adasyn": "ADASYN",
    "copula": "Gaussian copula",
    "vae": "Variational autoencoder",
    "noise": "Noise",
    "independent": "Independent columns",
    "blocks": "Block bootstrap",
    "phases": "Phase randomisation",
    "recurrent": "Recurrent network",
    "shuffled": "Shuffling",
    "jitter": "Jitter",
    "scaling": "Scaling of values",
    "warping": "Time warping",
    "slicing": "Window slicing",
    "shift": "Shifting",
    "flip": "Shifting and mirroring",
    "turn": "Turning and zooming",
    "rewriting": "Rewriting",
    "words": "Word swapping",
    "ngrams": "N-gram model",
}
"""Ways to augment, as plots and reports call them."""
