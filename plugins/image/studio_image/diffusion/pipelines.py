"""The pipelines of ``diffusers`` that are known, with the classes of their parts. Plain data.

What a folder names beside these is refused: its code is never run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Classes = tuple[str, frozenset[str]]
"""A library, and the classes of it that a part may be of."""

_SAMPLERS = frozenset(
    {
        "DDIMScheduler",
        "DDPMScheduler",
        "DPMSolverMultistepScheduler",
        "EulerAncestralDiscreteScheduler",
        "EulerDiscreteScheduler",
        "HeunDiscreteScheduler",
        "LMSDiscreteScheduler",
        "PNDMScheduler",
        "UniPCMultistepScheduler",
    }
)
_FLOW = "FlowMatchEulerDiscreteScheduler"
_CLIP, _OPEN_CLIP, _T5 = "CLIPTextModel", "CLIPTextModelWithProjection", "T5EncoderModel"


def _of_diffusers(*names: str) -> Classes:
    return "diffusers", frozenset(names)


def _of_transformers(*names: str) -> Classes:
    return "transformers", frozenset(names)


_CLIP_WORDS = _of_transformers("CLIPTokenizer", "CLIPTokenizerFast")
_T5_WORDS = _of_transformers("T5Tokenizer", "T5TokenizerFast")
_GEMMA_WORDS = _of_transformers("GemmaTokenizer", "GemmaTokenizerFast")
_VAE = _of_diffusers("AutoencoderKL")


@dataclass(frozen=True)
class Architecture:
    """One kind of weights.

    Attributes:
        parts: Part → its classes; networks stand in the order in which they are loaded.
        optional: Parts that a folder may leave out.
        steps: How many are usual; ``guidance`` too.
        is_transformer: Whether a transformer draws; else it is a U-Net.
    """

    title: str
    parts: Mapping[str, Classes] = field(repr=False)
    steps: int = 30
    guidance: float = 7.5
    optional: frozenset[str] = frozenset()
    is_transformer: bool = True

    @property
    def networks(self) -> list[str]:
        """The parts that have numbers."""
        return [name for name in self.parts if not name.startswith(("tokenizer", "scheduler"))]


_SD_PARTS = {
    "text_encoder": _of_transformers(_CLIP),
    "tokenizer": _CLIP_WORDS,
    "unet": _of_diffusers("UNet2DConditionModel"),
    "vae": _VAE,
    "scheduler": _of_diffusers(*_SAMPLERS),
}
_SDXL_PARTS = {
    "text_encoder": _of_transformers(_CLIP),
    "text_encoder_2": _of_transformers(_OPEN_CLIP),
    "tokenizer": _CLIP_WORDS,
    "tokenizer_2": _CLIP_WORDS,
    "unet": _of_diffusers("UNet2DConditionModel"),
    "vae": _VAE,
    "scheduler": _of_diffusers(*_SAMPLERS),
}
_SD3_PARTS = {
    "text_encoder": _of_transformers(_OPEN_CLIP),
    "text_encoder_2": _of_transformers(_OPEN_CLIP),
    "text_encoder_3": _of_transformers(_T5),
    "tokenizer": _CLIP_WORDS,
    "tokenizer_2": _CLIP_WORDS,
    "tokenizer_3": _T5_WORDS,
    "transformer": _of_diffusers("SD3Transformer2DModel"),
    "vae": _VAE,
    "scheduler": _of_diffusers(_FLOW),
}
_FLUX_PARTS = {
    "text_encoder": _of_transformers(_CLIP),
    "text_encoder_2": _of_transformers(_T5),
    "tokenizer": _CLIP_WORDS,
    "tokenizer_2": _T5_WORDS,
    "transformer": _of_diffusers("FluxTransformer2DModel"),
    "vae": _VAE,
    "scheduler": _of_diffusers(_FLOW),
}
_PIXART_PARTS = {
    "text_encoder": _of_transformers(_T5),
    "tokenizer": _T5_WORDS,
    "transformer": _of_diffusers("PixArtTransformer2DModel", "Transformer2DModel"),
    "vae": _VAE,
    "scheduler": _of_diffusers(*_SAMPLERS),
}
_SANA_PARTS = {
    "text_encoder": _of_transformers("Gemma2Model"),
    "tokenizer": _GEMMA_WORDS,
    "transformer": _of_diffusers("SanaTransformer2DModel"),
    "vae": _of_diffusers("AutoencoderDC"),
    "scheduler": _of_diffusers(_FLOW, "DPMSolverMultistepScheduler"),
}

ARCHITECTURES: Mapping[str, Architecture] = {
    "sd": Architecture("Stable Diffusion", _SD_PARTS, is_transformer=False),
    "sdxl": Architecture("Stable Diffusion XL", _SDXL_PARTS, guidance=5.0, is_transformer=False),
    "sd3": Architecture(
        "Stable Diffusion 3",
        _SD3_PARTS,
        28,
        7.0,
        frozenset({"text_encoder_3", "tokenizer_3"}),
    ),
    "flux": Architecture("Flux", _FLUX_PARTS, 28, 3.5),
    "pixart": Architecture("PixArt", _PIXART_PARTS, 20, 4.5),
    "sana": Architecture("Sana", _SANA_PARTS, 20, 4.5),
}

PIPELINES: Mapping[str, str] = {
    "StableDiffusionPipeline": "sd",
    "StableDiffusionImg2ImgPipeline": "sd",
    "StableDiffusionXLPipeline": "sdxl",
    "StableDiffusionXLImg2ImgPipeline": "sdxl",
    "StableDiffusion3Pipeline": "sd3",
    "FluxPipeline": "flux",
    "PixArtAlphaPipeline": "pixart",
    "PixArtSigmaPipeline": "pixart",
    "SanaPipeline": "sana",
}
"""Pipelines that are known by name → architecture. Others are refused."""

LEFT_OUT = frozenset({"safety_checker", "feature_extractor", "image_encoder"})
"""Parts that a folder may name and that are not loaded."""
