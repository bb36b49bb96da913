"""Flux in one file: a tiny one in the first layout draws as its pipeline."""

from __future__ import annotations

import diffusers
import pytest
import torch
from diffusers.loaders.single_file_utils import convert_flux_transformer_checkpoint_to_diffusers
from safetensors.torch import save_file

from plugins.image.tests.diffusion.test_single_file import old_vae, text
from plugins.image.tests.diffusion.tiny_transformers import clip_words, still, t5, t5_words
from studio.api import StudioError, finished
from studio_image.diffusion.denoiser import denoise
from studio_image.diffusion.model import build
from studio_image.diffusion.weights import loader, read_plan
from studio_image.diffusion.wish import Wish
from studio_image.diffusion_transformers import flux_file
from studio_image.diffusion_transformers.flux_file import TOKENIZER, cut, renamed

pytestmark = [pytest.mark.slow, pytest.mark.torch]
PUBLISHED = 3072
"""The width for which the library cuts tensors."""


def first_names(double: int, single: int) -> list[str]:
    """Return all names of the first code, with so many blocks of each kind."""
    stems = list(flux_file._ENDS)
    for kind, count in {"double_blocks": double, "single_blocks": single}.items():
        layers = flux_file._BLOCKS[kind][1]
        stems += [f"{kind}.{number}.{layer}" for number in range(count) for layer in layers]
    return [
        f"{stem}.{last}"
        for stem in stems
        for last in (["scale"] if stem.endswith("_norm") else ["weight", "bias"])
    ]


def test_tensors_are_cut_and_named_as_the_library_does_it():
    rows = {"qkv": 3 * PUBLISHED, "linear1": 7 * PUBLISHED}
    first = {}
    for number, name in enumerate(first_names(1, 1)):
        count = next((n for part, n in rows.items() if f".{part}." in name), 4)
        first[name] = torch.arange(count).float() + number / 1000
    expected = convert_flux_transformer_checkpoint_to_diffusers(dict(first))
    ours = dict(part for name, tensor in first.items() for part in cut(name, tensor, PUBLISHED))
    assert ours.keys() == expected.keys()
    assert all(torch.equal(ours[name], tensor) for name, tensor in expected.items())


def pipeline(guided: bool):
    torch.manual_seed(0)
    flow = flux_file._FLOW if guided else flux_file._OF_FEW_STEPS
    pipe = diffusers.FluxPipeline(
        transformer=diffusers.FluxTransformer2DModel(
            patch_size=1, in_channels=16, num_layers=1, num_single_layers=2, attention_head_dim=32,
            num_attention_heads=2, joint_attention_dim=32, pooled_projection_dim=32,
            guidance_embeds=guided, axes_dims_rope=(4, 14, 14),
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(**flow),
        vae=diffusers.AutoencoderKL(
            block_out_channels=(32, 64), latent_channels=4, scaling_factor=0.3611,
            shift_factor=0.1159, down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2, use_quant_conv=False,
            use_post_quant_conv=False,
        ),
        text_encoder=text(), tokenizer=clip_words(), text_encoder_2=t5(), tokenizer_2=t5_words(),
    )  # fmt: skip
    return still(pipe)


def first_layout(pipe) -> dict:
    state, made = pipe.transformer.state_dict(), {}
    names = first_names(1, 2)
    if "time_text_embed.guidance_embedder.linear_1.weight" not in state:
        names = [name for name in names if not name.startswith("guidance")]
    for name in names:
        whole = torch.cat([state[each] for each in renamed(name)])
        if "adaLN" in name:
            whole = torch.cat(whole.chunk(2)[::-1])
        made[f"model.diffusion_model.{name}"] = whole
    for name, tensor in pipe.vae.state_dict().items():
        is_attention = "attentions" in name and "weight" in name and "norm" not in name
        made[f"vae.{old_vae(name)}"] = tensor[..., None, None] if is_attention else tensor
    for name, tensor in pipe.text_encoder.state_dict().items():
        known = name if name.startswith("text_") else f"text_model.{name}"
        made[f"text_encoders.clip_l.transformer.{known}"] = tensor
    for name, tensor in pipe.text_encoder_2.state_dict().items():
        if "embed_tokens" not in name:  # it is the same as shared
            made[f"text_encoders.t5xxl.transformer.{name}"] = tensor
    return {name: tensor.contiguous().clone() for name, tensor in made.items()}


@pytest.mark.parametrize("guided", [True, False], ids=["dev", "schnell"])
def test_it_draws_as_the_pipeline_it_was_written_from(tmp_path, guided):
    pipe, file = pipeline(guided), tmp_path / "mine.safetensors"
    whole = first_layout(pipe)
    save_file(whole, file)
    with pytest.raises(StudioError, match="lacks the vocabulary of T5") as refused:
        loader().recognise(file)
    assert TOKENIZER in refused.value.hint
    pipe.tokenizer_2.save_pretrained(tmp_path / TOKENIZER)
    facts = loader().recognise(file).facts
    assert (facts["architecture"], facts["layout"]) == ("Flux", "single file")
    model = finished(build(read_plan(file), "cpu", torch.float32))
    plain = pipe(
        "a red fox", width=32, height=32, num_inference_steps=2, guidance_scale=4.0,
        output_type="latent", generator=torch.Generator().manual_seed(7),
    ).images  # fmt: skip
    plain = pipe._unpack_latents(plain, 32, 32, pipe.vae_scale_factor)
    wish = Wish("a red fox", "", 32, 32, 2, 4.0)
    ours = list(denoise(model, wish, torch.Generator().manual_seed(7)))[-1].latents
    assert torch.allclose(ours, plain, atol=1e-5)
    pixels = [each.decode(plain, return_dict=False)[0] for each in (model.pipe.vae, pipe.vae)]
    assert torch.allclose(*pixels, atol=1e-5)
    save_file(whole | {"model.diffusion_model.other.weight": torch.ones(1)}, file)
    with pytest.raises(StudioError, match=r"other\.weight"):
        loader().recognise(file)
