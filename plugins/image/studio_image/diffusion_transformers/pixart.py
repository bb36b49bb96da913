"""PixArt alpha and sigma (arXiv:2310.00426, arXiv:2403.04692)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio_image.diffusion_transformers.family import Family

if TYPE_CHECKING:
    from torch import Tensor

    from studio_image.diffusion.wish import Wish

_OF_ALPHA, _OF_SIGMA = 120, 300


class PixArt(Family):
    """A text encoder of T5; alpha is told the size of the picture, too."""

    @property
    def longest(self) -> int:  # type: ignore[override]  # of these very weights
        is_sigma = type(self.pipe).__name__ == "PixArtSigmaPipeline"
        return _OF_SIGMA if is_sigma else _OF_ALPHA

    def encode(self, wish: Wish, prompt: str, *, guided: bool) -> dict[str, Any]:
        import torch

        words, mask, without, mask_without = self.pipe.encode_prompt(
            prompt,
            guided,
            negative_prompt=wish.negative,
            device=self.pipe.transformer.device,
            max_sequence_length=self.longest,
        )
        if guided:
            words, mask = torch.cat([without, words]), torch.cat([mask_without, mask])
        told = {"encoder_hidden_states": words, "encoder_attention_mask": mask}
        if self.pipe.transformer.use_additional_conditions:
            size = torch.tensor([[wish.height, wish.width]], device=words.device)
            told["resolution"] = size.repeat(len(words), 1)
            told["aspect_ratio"] = (size[:, :1] / size[:, 1:]).repeat(len(words), 1)
        return told

    def answer(self, latents: Tensor, time: Any, told: dict[str, Any], guidance: float) -> Tensor:
        network = self.pipe.transformer
        told = dict(told)
        size = {name: told.pop(name, None) for name in ("resolution", "aspect_ratio")}
        made: Tensor = network(
            latents,
            timestep=time.expand(len(latents)),
            added_cond_kwargs=size,
            **told,
            return_dict=False,
        )[0]
        # Some say beside the noise how much it varies.
        return made if made.shape[1] == latents.shape[1] else made.chunk(2, dim=1)[0]
