"""Stable Diffusion 3 and 3.5 (arXiv:2403.03206)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio_image.diffusion_transformers.family import Family, shift_for

if TYPE_CHECKING:
    from torch import Tensor

    from studio_image.diffusion.wish import Wish


class StableDiffusion3(Family):
    """Two text encoders of CLIP, and T5 where it is there."""

    reader = "tokenizer_3"

    def encode(self, wish: Wish, prompt: str, *, guided: bool) -> dict[str, Any]:
        import torch

        words, without, pooled, pooled_without = self.pipe.encode_prompt(
            prompt=prompt,
            prompt_2=None,
            prompt_3=None,
            negative_prompt=wish.negative or None,
            do_classifier_free_guidance=guided,
            device=self.pipe.transformer.device,
        )
        if guided:
            words = torch.cat([without, words])
            pooled = torch.cat([pooled_without, pooled])
        return {"encoder_hidden_states": words, "pooled_projections": pooled}

    def space(self, noise_plan: Any, steps: int, latents: Tensor) -> None:
        more = {}
        if noise_plan.config.get("use_dynamic_shifting"):
            patch = self.pipe.transformer.config.patch_size
            height, width = latents.shape[-2:]
            more["mu"] = shift_for(noise_plan, (height // patch) * (width // patch), 1.16)
        noise_plan.set_timesteps(steps, device=latents.device, **more)

    def answer(self, latents: Tensor, time: Any, told: dict[str, Any], guidance: float) -> Tensor:
        made: Tensor = self.pipe.transformer(
            hidden_states=latents, timestep=time.expand(len(latents)), **told, return_dict=False
        )[0]
        return made
