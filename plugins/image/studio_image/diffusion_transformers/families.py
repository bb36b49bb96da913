"""Code specific to Stable Diffusion 3, Flux, PixArt and Sana."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from studio_image.diffusion_transformers.family import Family, shift_for

if TYPE_CHECKING:
    from torch import Tensor

    from studio_image.additions.control import Led
    from studio_image.diffusion.wish import Wish

FEW_STEPS = 4
"""What weights want that were trained for few steps, such as “schnell”."""
_OF_ALPHA, _OF_SIGMA = 120, 300
_INSTRUCTION = "complex_human_instruction"


class StableDiffusion3(Family):
    """Stable Diffusion 3 and 3.5 (arXiv:2403.03206): CLIP twice, and T5 where it is there."""

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

    def answer(self, latents: Tensor, time: Any, prompt: dict[str, Any], guidance: float) -> Tensor:
        prediction: Tensor = self.pipe.transformer(
            hidden_states=latents, timestep=time.expand(len(latents)), **prompt, return_dict=False
        )[0]
        return prediction

    def hint(self, led: Led) -> Tensor:
        # Those that are told no prompt as a whole were trained on latents that are not shifted.
        return self.latents_of(led.picture, shifted=not _is_told_nothing(led))

    def lead(
        self, led: Led, latents: Tensor, time: Any, prompt: dict[str, Any], guidance: float
    ) -> dict[str, Any]:
        network, pooled = led.control.network, prompt["pooled_projections"]
        knows_words = network.config.joint_attention_dim is not None
        # Those of the large one have no places of their own.
        shown = latents if network.pos_embed else self.pipe.transformer.pos_embed(latents)
        added = network(
            hidden_states=shown,
            timestep=time.expand(len(latents)),
            encoder_hidden_states=prompt["encoder_hidden_states"] if knows_words else None,
            pooled_projections=pooled * 0 if _is_told_nothing(led) else pooled,
            controlnet_cond=led.picture.to(latents).expand(len(latents), -1, -1, -1),
            conditioning_scale=led.strength,
            return_dict=False,
        )[0]
        return {"block_controlnet_hidden_states": added}


def _is_told_nothing(led: Led) -> bool:
    return bool(led.control.network.config.force_zeros_for_pooled_projection)


class Flux(Family):
    """Flux: two by two pixels of latents are one token.

    Its guidance is distilled into the network, which is told how strong it is to be.
    """

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

    def answer(self, latents: Tensor, time: Any, prompt: dict[str, Any], guidance: float) -> Tensor:
        count, channels, height, width = latents.shape
        arguments = self._asked(self.pipe.transformer, latents, time, prompt, guidance)
        prediction = self.pipe.transformer(**arguments)[0]
        prediction = prediction.view(count, height // 2, width // 2, channels, 2, 2).permute(
            0, 3, 1, 4, 2, 5
        )
        whole: Tensor = prediction.reshape(latents.shape)
        return whole

    def hint(self, led: Led) -> Tensor:
        if led.control.network.input_hint_block is not None:
            return led.picture * 2 - 1  # it looks at the picture itself
        return _packed(self.latents_of(led.picture))

    def lead(
        self, led: Led, latents: Tensor, time: Any, prompt: dict[str, Any], guidance: float
    ) -> dict[str, Any]:
        network = led.control.network
        arguments = self._asked(network, latents, time, prompt, guidance)
        hint = led.picture.to(latents)
        of_blocks, of_single = network(
            **arguments, controlnet_cond=hint, conditioning_scale=led.strength
        )
        added = {
            "controlnet_block_samples": of_blocks,
            "controlnet_single_block_samples": of_single,
            "controlnet_blocks_repeat": network.input_hint_block is not None,
        }
        return {name: value for name, value in added.items() if value is not None}

    def _asked(
        self, network: Any, latents: Tensor, time: Any, prompt: dict[str, Any], guidance: float
    ) -> dict[str, Any]:
        """Return what Flux and its ControlNets are asked: tokens, places and words."""
        import torch

        count, _, height, width = latents.shape
        strength = None
        if network.config.guidance_embeds:
            strength = torch.full([count], guidance, device=latents.device, dtype=torch.float32)
        places = self.pipe._prepare_latent_image_ids(
            count, height // 2, width // 2, latents.device, prompt["txt_ids"].dtype
        )
        return {
            "hidden_states": _packed(latents),
            "timestep": time.expand(count).to(latents.dtype) / 1000,
            "guidance": strength,
            "img_ids": places,
            **prompt,
            "return_dict": False,
        }


def _packed(latents: Tensor) -> Tensor:
    """Return two by two pixels of latents as one token."""
    count, channels, height, width = latents.shape
    packed = latents.view(count, channels, height // 2, 2, width // 2, 2)
    return packed.permute(0, 2, 4, 1, 3, 5).reshape(count, -1, channels * 4)


class PixArt(Family):
    """PixArt alpha and sigma (arXiv:2310.00426, arXiv:2403.04692): alpha takes the size, too."""

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
        conditions = {"encoder_hidden_states": words, "encoder_attention_mask": mask}
        if self.pipe.transformer.use_additional_conditions:
            size = torch.tensor([[wish.height, wish.width]], device=words.device)
            conditions["resolution"] = size.repeat(len(words), 1)
            conditions["aspect_ratio"] = (size[:, :1] / size[:, 1:]).repeat(len(words), 1)
        return conditions

    def answer(self, latents: Tensor, time: Any, prompt: dict[str, Any], guidance: float) -> Tensor:
        network = self.pipe.transformer
        prompt = dict(prompt)
        size = {name: prompt.pop(name, None) for name in ("resolution", "aspect_ratio")}
        prediction: Tensor = network(
            latents,
            timestep=time.expand(len(latents)),
            added_cond_kwargs=size,
            **prompt,
            return_dict=False,
        )[0]
        # Some say beside the noise how much it varies.
        return (
            prediction if prediction.shape[1] == latents.shape[1] else prediction.chunk(2, dim=1)[0]
        )


class Sana(Family):
    """Sana (arXiv:2410.10629): Gemma 2 reads the prompt, with instructions before it."""

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

    def answer(self, latents: Tensor, time: Any, prompt: dict[str, Any], guidance: float) -> Tensor:
        network = self.pipe.transformer
        prediction: Tensor = network(
            latents,
            timestep=time.expand(len(latents)) * network.config.timestep_scale,
            **prompt,
            return_dict=False,
        )[0]
        return (
            prediction if prediction.shape[1] == latents.shape[1] else prediction.chunk(2, dim=1)[0]
        )

    def lead(
        self, led: Led, latents: Tensor, time: Any, prompt: dict[str, Any], guidance: float
    ) -> dict[str, Any]:
        added = led.control.network(
            latents,
            timestep=time.expand(len(latents)),
            controlnet_cond=led.picture.to(latents).expand(len(latents), -1, -1, -1),
            conditioning_scale=led.strength,
            **prompt,
            return_dict=False,
        )[0]
        return {"controlnet_block_samples": added}


_FAMILIES: dict[str, type[Family]] = {
    "sd3": StableDiffusion3,
    "flux": Flux,
    "pixart": PixArt,
    "sana": Sana,
}


def family(architecture: str, pipe: Any) -> Family | None:
    """Return how a transformer is asked; None for weights in which a U-Net draws."""
    kind = _FAMILIES.get(architecture)
    return kind(pipe) if kind else None
