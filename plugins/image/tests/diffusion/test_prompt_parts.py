"""Long prompts, and prompts of regions: latents equal those of the library's own parts."""

from __future__ import annotations

import io
from dataclasses import replace

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from plugins.image.tests.diffusion.test_additions import last
from plugins.image.tests.diffusion.tiny_pipelines import NOISE
from studio.api import BadInput
from studio_image.diffusion.prompt_embeddings import encode
from studio_image.diffusion.regions import Region
from studio_image.diffusion.wish import Wish

pytestmark = [
    pytest.mark.slow,
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # diffusers
]


def read_alone(pipe, words, number):
    """Return what a text encoder makes of 75 tokens between its first and its last."""
    reader = pipe.tokenizer if number == 1 else pipe.tokenizer_2
    encoder = pipe.text_encoder if number == 1 else pipe.text_encoder_2
    ids = reader(words, add_special_tokens=False, verbose=False).input_ids
    ends = reader.bos_token_id, reader.eos_token_id
    ids = [ends[0], *ids, ends[1], *[reader.pad_token_id] * (75 - len(ids))]
    with torch.no_grad():
        found = encoder(torch.tensor([ids]), output_hidden_states=True)
    is_xl = hasattr(pipe, "text_encoder_2")
    return found.hidden_states[-2] if is_xl else found[0], found[0]


@pytest.mark.parametrize("which", ["sd", "sdxl"])
def test_a_long_prompt_is_read_in_chunks_and_drawn_as_from_all_of_them(models, pipes, which):
    pipe, more = pipes[which], {}
    first = "fox " * 74  # and one more word of two tokens, that is not cut
    prompt, negative = f"{first}watercolourish, snow at night", "rain"
    numbers = (1, 2) if which == "sdxl" else (1,)

    def told(*parts):
        read = [[read_alone(pipe, part, number) for number in numbers] for part in parts]
        return torch.cat([torch.cat([each[0] for each in part], 2) for part in read], 1), read[0]

    embeds, begun = told(first, "watercolourish, snow at night")
    against, unsaid = told(negative, "")
    if which == "sdxl":
        more = {
            "pooled_prompt_embeds": begun[-1][1],
            "negative_pooled_prompt_embeds": unsaid[-1][1],
        }
    before, pipe.scheduler = (
        pipe.scheduler,
        diffusers.EulerDiscreteScheduler(**NOISE, steps_offset=1, timestep_spacing="leading"),
    )
    try:
        plain = pipe(
            prompt_embeds=embeds, negative_prompt_embeds=against, **more, width=32, height=32,
            num_inference_steps=3, guidance_scale=5.0, output_type="latent",
            generator=torch.Generator().manual_seed(7),
        ).images  # fmt: skip
    finally:
        pipe.scheduler = before
    wish = Wish(prompt, negative, 32, 32, 3, 5.0, "euler")
    ours = last(models[which], wish)
    assert torch.allclose(ours, plain, atol=1e-5)
    short = last(models[which], Wish(first, negative, 32, 32, 3, 5.0, "euler"))
    assert not torch.allclose(ours, short, atol=1e-3), "the end of the prompt counts"
    words = encode(models[which], Wish("fox", "", 32, 32), 3)["encoder_hidden_states"]
    assert words.shape[1] == 3 * 77, "as long as the longest of a film"


def test_a_prompt_for_each_region_counts_where_it_is_painted(models, pipes, draw):
    """Against the loop of the library's parts: its answers are put together by hand."""
    pipe, model = pipes["sd"], models["sd"]
    steps = diffusers.EulerDiscreteScheduler(**NOISE, steps_offset=1, timestep_spacing="leading")
    left = torch.zeros(1, 1, 16, 16)
    left[..., :8] = 1
    steps.set_timesteps(3)
    latents = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(7))
    latents = latents * steps.init_noise_sigma
    words = [pipe.encode_prompt(each, "cpu", 1, False)[0] for each in ("rain", "fox", "owl")]
    with torch.no_grad():
        for time in steps.timesteps:
            seen = steps.scale_model_input(latents, time)
            none, fox, owl = (pipe.unet(seen, time, each)[0] for each in words)
            both = left * owl + (1 - left) * fox
            latents = steps.step(none + 5.0 * (both - none), time, latents)[0]
    wish = Wish("fox", "rain", 32, 32, 3, 5.0, "euler", regions=(Region("owl", left),))
    assert torch.allclose(last(model, wish), latents, atol=1e-4)
    everywhere = replace(wish, regions=(Region("owl", torch.ones_like(left)),))
    alone = last(model, replace(wish, prompt="owl", regions=()))
    assert torch.allclose(last(model, everywhere), alone, atol=1e-4)

    def picture(*colours):
        stream = io.BytesIO()
        Image.fromarray(np.array([colours], np.uint8).repeat(20, 1)).save(stream, "PNG")
        return {"regions": stream.getvalue()}

    red, green, white = (250, 20, 10), (0, 200, 0), (255, 255, 255)
    made = draw(inputs=picture(red, white), regions="an owl").artifacts[0]
    assert made.payload != draw().artifacts[0].payload
    assert made.meta["params"]["regions"] == "an owl"
    for asked, why in (
        ({"regions": "an owl"}, "no picture with painted"),
        ({"regions": "an owl", "inputs": picture(red, green)}, "painted green"),
        ({"regions": "an owl\na fox", "inputs": picture(red, white)}, "Nothing is painted green"),
    ):
        with pytest.raises(BadInput, match=why):
            draw(**asked)
