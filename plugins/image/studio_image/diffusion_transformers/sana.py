"""Sana (arXiv:2410.10629): a small language model reads the prompt, with instructions before it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from studio_image.diffusion_transformers.family import Family

if TYPE_CHECKING:
    from torch import Tensor

    from studio_image.diffusion.wish import Wish

_INSTRUCTION = "complex_human_instruction"


class Sana(Family):
    """Gemma 2 reads, and an autoencoder of scale 32 makes the pixels."""

    longest = 300

    def encode(self, wish: Wish, prompt: str, *, guided: bool) -> dict[str, Any]:
        import torch

        usual = inspect.signature(type(self.pipe).__call__).parameters[_INSTRUCTION].default
        words, mask, without, mask_without = self.pipe.encode_prompt(
            prompt,
            guided,
            negative_prompt=wish.negative,
            device=self.pipe.transformer.device,
            max_sequence_length=self.longest,
            complex_human_instruction=usual,
        )
        if guided:
            words, mask = torch.cat([without, words]), torch.cat([mask_without, mask])
        return {"encoder_hidden_states": words, "encoder_attention_mask": mask}

    def answer(self, latents: Tensor, time: Any, told: dict[str, Any], guidance: float) -> Tensor:
        network = self.pipe.transformer
        made: Tensor = network(
            latents,
            timestep=time.expand(len(latents)) * network.config.timestep_scale,
            **told,
            return_dict=False,
        )[0]
        return made if made.shape[1] == latents.shape[1] else made.chunk(2, dim=1)[0]
