"""Pipelines of the diffusers library in which tiny transformers draw that have learned nothing."""

from __future__ import annotations

import diffusers
import torch
import transformers

from plugins.image.tests.diffusion.tiny_pipelines import NOISE, TEXT
from studio_image.diffusion.clip_tokenizer import tokenizer
from studio_image.diffusion.model_spec import Vocabulary

WORDS = ("a", "red", "fox", "rain", "owl", "s", "now")
_FLOW = diffusers.FlowMatchEulerDiscreteScheduler


def t5():
    torch.manual_seed(1)
    config = transformers.T5Config(
        vocab_size=64, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4,
        feed_forward_proj="gated-gelu",
    )  # fmt: skip
    return transformers.T5EncoderModel(config)


def t5_words():
    pieces = ["<pad>", "</s>", "<unk>", *(f"▁{word}" for word in WORDS), "▁", *"abcdefghijklmnop,"]
    vocabulary = [(piece, -float(number)) for number, piece in enumerate(pieces)]
    return transformers.T5Tokenizer(vocab=vocabulary, extra_ids=0)


def clip(kind):
    return kind(transformers.CLIPTextConfig(**TEXT))


def clip_words():
    return tokenizer(Vocabulary(None))


def autoencoder(channels, shift=None, widths=(32, 64)):
    count = len(widths)
    return diffusers.AutoencoderKL(
        block_out_channels=widths, latent_channels=channels, shift_factor=shift,
        down_block_types=("DownEncoderBlock2D",) * count,
        up_block_types=("UpDecoderBlock2D",) * count,
        use_quant_conv=shift is None, use_post_quant_conv=shift is None,
    )  # fmt: skip


def sd3(*, whole=True, **scheduler):
    torch.manual_seed(0)
    kind = transformers.CLIPTextModelWithProjection
    return diffusers.StableDiffusion3Pipeline(
        transformer=diffusers.SD3Transformer2DModel(
            sample_size=16, patch_size=2, in_channels=4, out_channels=4, num_layers=2,
            attention_head_dim=8, num_attention_heads=4, joint_attention_dim=64,
            caption_projection_dim=32, pooled_projection_dim=64, pos_embed_max_size=32,
        ),
        scheduler=_FLOW(**scheduler), vae=autoencoder(4, 0.06),
        text_encoder=clip(kind), tokenizer=clip_words(),
        text_encoder_2=clip(kind), tokenizer_2=clip_words(),
        text_encoder_3=_wide_t5() if whole else None, tokenizer_3=t5_words() if whole else None,
    )  # fmt: skip


def _wide_t5():
    torch.manual_seed(1)
    return transformers.T5EncoderModel(
        transformers.T5Config(vocab_size=64, d_model=64, d_kv=8, d_ff=37, num_layers=1, num_heads=4)
    )


def flux(*, told_guidance=True, widths=(32, 64)):
    torch.manual_seed(0)
    return diffusers.FluxPipeline(
        transformer=diffusers.FluxTransformer2DModel(
            patch_size=1, in_channels=16, num_layers=1, num_single_layers=2, attention_head_dim=16,
            num_attention_heads=2, joint_attention_dim=32, pooled_projection_dim=32,
            guidance_embeds=told_guidance, axes_dims_rope=(4, 4, 8),
        ),
        scheduler=_FLOW(use_dynamic_shifting=told_guidance),
        vae=autoencoder(4, 0.1, widths),
        text_encoder=clip(transformers.CLIPTextModel), tokenizer=clip_words(),
        text_encoder_2=t5(), tokenizer_2=t5_words(),
    )  # fmt: skip


def pixart(*, alpha=False):
    torch.manual_seed(0)
    kind = diffusers.PixArtAlphaPipeline if alpha else diffusers.PixArtSigmaPipeline
    return kind(
        transformer=diffusers.PixArtTransformer2DModel(
            sample_size=128 if alpha else 16, num_layers=2, patch_size=2, attention_head_dim=16,
            num_attention_heads=3, caption_channels=32, in_channels=4, out_channels=8,
            cross_attention_dim=48, norm_type="ada_norm_single",
        ),
        scheduler=diffusers.DPMSolverMultistepScheduler(**NOISE), vae=autoencoder(4),
        text_encoder=t5(), tokenizer=t5_words(),
    )  # fmt: skip


def sana():
    torch.manual_seed(0)
    config = transformers.Gemma2Config(
        vocab_size=64, hidden_size=32, intermediate_size=37, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=8, max_position_embeddings=512,
    )  # fmt: skip
    letters = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", *"abcdefghijklmnopqrstuvwxyz,.:"]
    words = transformers.GemmaTokenizer(
        vocab={piece: number for number, piece in enumerate(letters)}, merges=[]
    )
    return diffusers.SanaPipeline(
        transformer=diffusers.SanaTransformer2DModel(
            in_channels=4, out_channels=4, num_layers=2, num_attention_heads=2,
            attention_head_dim=16, num_cross_attention_heads=2, cross_attention_head_dim=16,
            cross_attention_dim=32, caption_channels=32, sample_size=8, patch_size=1,
        ),
        scheduler=_FLOW(shift=3.0),
        vae=diffusers.AutoencoderDC(
            latent_channels=4, attention_head_dim=8,
            encoder_block_types=("ResBlock", "EfficientViTBlock"),
            decoder_block_types=("ResBlock", "EfficientViTBlock"),
            encoder_block_out_channels=(8, 8), decoder_block_out_channels=(8, 8),
            encoder_layers_per_block=(1, 1), decoder_layers_per_block=(1, 1),
            encoder_qkv_multiscales=((), (5,)), decoder_qkv_multiscales=((), (5,)),
            scaling_factor=0.41, downsample_block_type="conv", upsample_block_type="interpolate",
            decoder_norm_types="rms_norm", decoder_act_fns="silu",
        ),
        text_encoder=transformers.Gemma2Model(config), tokenizer=words,
    )  # fmt: skip


KINDS = {
    "sd3": sd3,
    "sd3-small": lambda: sd3(whole=False, use_dynamic_shifting=True),
    "flux": flux,
    "flux-fast": lambda: flux(told_guidance=False),
    "pixart": pixart,
    "pixart-alpha": lambda: pixart(alpha=True),
    "sana": sana,
}


def make(name):
    """Return a pipeline that gives the same each time: nothing of it is dropped out."""
    return still(KINDS[name]())


def still(pipe):
    """Return a pipeline as it draws: nothing is dropped out, nothing printed."""
    pipe.set_progress_bar_config(disable=True)
    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module):
            part.eval()
    return pipe
