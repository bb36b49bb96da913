"""Pipelines of the diffusers library with tiny networks that have learned nothing."""

from __future__ import annotations

from types import MappingProxyType

import diffusers
import torch
import transformers

from studio_image.diffusion.clip_tokenizer import tokenizer
from studio_image.diffusion.model_spec import Vocabulary

TEXT = MappingProxyType(
    {
        "hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 3,
        "num_attention_heads": 4, "vocab_size": 49408, "projection_dim": 32,
    }
)  # fmt: skip
NOISE = MappingProxyType(
    {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
)


def parts(is_xl: bool):
    torch.manual_seed(0)
    unet = {
        "block_out_channels": (32, 64), "layers_per_block": 1, "sample_size": 16,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "cross_attention_dim": 64 if is_xl else 32, "attention_head_dim": 4,
    }  # fmt: skip
    if is_xl:
        unet |= {
            "addition_embed_type": "text_time", "addition_time_embed_dim": 8,
            "projection_class_embeddings_input_dim": 80, "use_linear_projection": True,
            "transformer_layers_per_block": (1, 2),
        }  # fmt: skip
    return {
        "unet": diffusers.UNet2DConditionModel(**unet),
        "vae": diffusers.AutoencoderKL(
            block_out_channels=(32, 64), latent_channels=4,
            down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
        ),
        "text_encoder": transformers.CLIPTextModel(transformers.CLIPTextConfig(**TEXT)),
        "tokenizer": tokenizer(Vocabulary(None)),
        "scheduler": diffusers.PNDMScheduler(**NOISE, skip_prk_steps=True, steps_offset=1),
    }  # fmt: skip


def pipeline(is_xl: bool):
    if not is_xl:
        return diffusers.StableDiffusionPipeline(
            **parts(False), safety_checker=None, feature_extractor=None,
            requires_safety_checker=False,
        )  # fmt: skip
    second = transformers.CLIPTextModelWithProjection(transformers.CLIPTextConfig(**TEXT))
    return diffusers.StableDiffusionXLPipeline(
        **parts(True), text_encoder_2=second, tokenizer_2=tokenizer(Vocabulary(None, "!")),
        add_watermarker=False,
    )  # fmt: skip
