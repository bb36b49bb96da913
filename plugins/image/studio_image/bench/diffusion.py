"""A small Stable Diffusion with random numbers: drawn by the studio, and by the plain pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from studio.api import finished
from studio_image.diffusion.denoiser import denoise
from studio_image.diffusion.model import build
from studio_image.diffusion.model_spec import ModelSpec, Part, Vocabulary
from studio_image.diffusion.wish import Wish

SIDE = 256
"""Pixels of a side; an eighth of it for the latents."""
STEPS = 2
PROMPT = "a red fox in the snow"
WORDS = 256
"""Width of the text encoder."""

_UNET: Mapping[str, Any] = {
    "block_out_channels": [160, 320, 640, 640],  # half the width of Stable Diffusion 1.5
    "layers_per_block": 2,
    "sample_size": SIDE // 8,
    "cross_attention_dim": WORDS,
    "attention_head_dim": 4,  # means the number of heads, which are as wide as those of 1.5
}
_VAE: Mapping[str, Any] = {
    "block_out_channels": [32, 32, 32, 32],
    "latent_channels": 4,
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
}
_TEXT: Mapping[str, Any] = {
    "vocab_size": 49408,
    "hidden_size": WORDS,
    "intermediate_size": 4 * WORDS,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "projection_dim": WORDS,
}
_NOISE: Mapping[str, Any] = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "clip_sample": False,
    "steps_offset": 1,
}


def networks() -> dict[str, tuple[nn.Module, Mapping[str, Any]]]:
    """Return part → network in float32 and its config, always with the same numbers."""
    import diffusers
    import transformers

    text = transformers.CLIPTextModel(transformers.CLIPTextConfig(**_TEXT))
    parts: dict[str, tuple[nn.Module, Mapping[str, Any]]] = {
        "text_encoder": (text, _TEXT),
        "unet": (diffusers.UNet2DConditionModel(**_UNET), _UNET),
        "vae": (diffusers.AutoencoderKL(**_VAE), _VAE),
    }
    rng = torch.Generator().manual_seed(0)
    for network, _ in parts.values():
        _fill(network.eval().requires_grad_(False), rng)
    return parts


def _fill(network: nn.Module, rng: torch.Generator) -> None:
    for name, parameter in network.named_parameters():
        if parameter.ndim > 1:
            parameter.normal_(std=parameter[0].numel() ** -0.5, generator=rng)
        elif name.endswith("bias"):
            parameter.zero_()


class Pair:
    """The same networks twice: as the studio loads them in ``dtype``, and as they are."""

    def __init__(self, dtype: torch.dtype) -> None:
        import diffusers

        by_name = networks()
        plan = ModelSpec(
            path=Path("random weights"),
            architecture="sd",
            networks={name: _part(*parts) for name, parts in by_name.items()},
            vocabularies={"tokenizer": Vocabulary(None)},
            scheduler=("DDIMScheduler", _NOISE),
        )
        self._model = finished(build(plan, "cpu", dtype))
        self._plain = diffusers.StableDiffusionPipeline(
            **{name: network for name, (network, _) in by_name.items()},
            tokenizer=self._model.pipe.tokenizer,
            scheduler=diffusers.DDIMScheduler(**_NOISE),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
        self._plain.set_progress_bar_config(disable=True)

    def ours(self) -> Tensor:
        """Return the latents after ``STEPS`` steps of the studio's loop."""
        wish = Wish(PROMPT, "", SIDE, SIDE, STEPS)
        *_, last = denoise(self._model, wish, torch.Generator().manual_seed(7))
        return last.latents

    def plain(self) -> Tensor:
        """Return those of the pipeline of ``diffusers``, in float32."""
        latents: Tensor = self._plain(
            PROMPT,
            width=SIDE,
            height=SIDE,
            num_inference_steps=STEPS,
            guidance_scale=7.5,
            output_type="latent",
            generator=torch.Generator().manual_seed(7),
        ).images
        return latents


def _part(network: nn.Module, config: Mapping[str, Any]) -> Part:
    def tensors(expected: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        yield from network.state_dict().items()

    count = sum(parameter.numel() for parameter in network.parameters())
    return Part(type(network).__name__, config, count, tensors)
