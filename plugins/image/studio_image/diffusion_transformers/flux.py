"""Flux: its guidance is distilled into the network, which is told how strong it is to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio_image.diffusion_transformers.family import Family, shift_for

if TYPE_CHECKING:
    from torch import Tensor

    from studio_image.diffusion.wish import Wish

FEW_STEPS = 4
"""What weights want that were trained for few steps, such as “schnell”."""


class Flux(Family):
    """The latents are packed: two by two pixels of them are one token."""

    longest = 512
    reader = "tokenizer_2"

    @property
    def guided(self) -> bool:
        return False

    def encode(self, wish: Wish, prompt: str, *, guided: bool) -> dict[str, Any]:
        words, pooled, places = self.pipe.encode_prompt(
            prompt=prompt, prompt_2=None, device=self.pipe.transformer.device
        )
        return {"encoder_hidden_states": words, "pooled_projections": pooled, "txt_ids": places}

    def space(self, noise_plan: Any, steps: int, latents: Tensor) -> None:
        import numpy as np

        tokens = latents.shape[-2] // 2 * (latents.shape[-1] // 2)
        own = noise_plan.config.get("use_flow_sigmas")
        levels: dict[str, Any] = {"num_inference_steps": steps}
        if not own:
            levels = {"sigmas": np.linspace(1.0, 1 / steps, steps)}
        shift = shift_for(noise_plan, tokens, 1.15)
        noise_plan.set_timesteps(**levels, mu=shift, device=latents.device)

    def answer(self, latents: Tensor, time: Any, told: dict[str, Any], guidance: float) -> Tensor:
        import torch

        network = self.pipe.transformer
        count, channels, height, width = latents.shape
        packed = latents.view(count, channels, height // 2, 2, width // 2, 2)
        packed = packed.permute(0, 2, 4, 1, 3, 5).reshape(count, -1, channels * 4)
        places = self.pipe._prepare_latent_image_ids(
            count, height // 2, width // 2, latents.device, told["txt_ids"].dtype
        )
        strength = None
        if network.config.guidance_embeds:
            strength = torch.full([count], guidance, device=latents.device, dtype=torch.float32)
        made = network(
            hidden_states=packed,
            timestep=time.expand(count).to(latents.dtype) / 1000,
            guidance=strength,
            img_ids=places,
            **told,
            return_dict=False,
        )[0]
        made = made.view(count, height // 2, width // 2, channels, 2, 2).permute(0, 3, 1, 4, 2, 5)
        whole: Tensor = made.reshape(latents.shape)
        return whole
