"""The denoising loop, one step at a time, with the pipeline's own parts. Makes no picture files.

Classifier-free guidance: arXiv:2207.12598; picture to picture: arXiv:2108.01073.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from studio.api import ErrorCode, StudioError
from studio_image.additions import lora
from studio_image.diffusion.model import DiffusionModel, by_block, in_float32
from studio_image.diffusion.noise import slerp
from studio_image.diffusion.prompt_embeddings import encode
from studio_image.diffusion.regions import together
from studio_image.diffusion.schedulers import scheduler
from studio_image.diffusion.wish import Wish

if TYPE_CHECKING:
    from torch import Generator, Tensor

FREEU = {"sd": (0.9, 0.2, 1.5, 1.6), "sdxl": (0.9, 0.2, 1.3, 1.4)}
"""Scales of skipped and of deep features, s1, s2, b1, b2, as its authors say (arXiv:2309.11497)."""


@dataclass(frozen=True)
class Step:
    """Where the loop is: ``latents`` (1, c, h, w) after ``done`` of ``total`` steps."""

    done: int
    total: int
    latents: Tensor


def denoise(
    model: DiffusionModel, wish: Wish, generator: Generator, encoded: dict[str, Any] | None = None
) -> Iterator[Step]:
    """Yield after each step; the last one holds the finished latents.

    Args:
        encoded: Prompt embeddings in place of the words of ``wish``, as `encode` returns them.

    Raises:
        StudioError: The network answered with numbers that are none.
    """
    import torch

    noise_plan = scheduler(model.plan.scheduler, wish.scheduler, karras=wish.karras)
    _space(model, wish, noise_plan)
    with torch.no_grad():
        words = encode(model, wish) if encoded is None else encoded
        aside = _of_regions(model, wish)
        wish = _hinted(model, wish)
        begin = _first_step(noise_plan, wish)
        latents, unmasked = _begin(model, wish, noise_plan, begin, generator)
    times = noise_plan.timesteps[begin:]
    _begin_at(noise_plan, begin)
    yield Step(0, len(times), latents)
    extra = _understood(noise_plan.step, {"eta": 0.0, "generator": generator})
    scaled = getattr(noise_plan, "scale_model_input", _as_it_is)
    with by_block(model.network) if wish.by_block else nullcontext():
        for number, time in enumerate(times, 1):
            with torch.no_grad():
                told_now = [
                    _Told(condition, time, number / len(times)) for condition in (words, *aside)
                ]
                noise = _predict(model, wish, told_now, scaled(latents, time))
                latents = noise_plan.step(noise, time, latents, **extra, return_dict=False)[0]
                if unmasked is not None:
                    latents = unmasked.back_in(latents, noise_plan, times[number : number + 1])
            if not torch.isfinite(latents).all():
                raise StudioError(
                    ErrorCode.BAD_WEIGHTS,
                    f"The model produced invalid numbers at step {number} of {len(times)}.",
                    "Choose another scheduler, lower the guidance, or verify the model.",
                )
            yield Step(number, len(times), latents)


def _space(model: DiffusionModel, wish: Wish, noise_plan: Any) -> None:
    """Let the scheduler space its noise levels; those of a flow depend on the size."""
    import torch

    if model.family is None:
        noise_plan.set_timesteps(wish.steps, device=model.device)
    else:
        blank = torch.empty(_shape(model, wish), device=model.device)
        model.family.space(noise_plan, wish.steps, blank)


def _as_it_is(latents: Tensor, time: Any) -> Tensor:
    return latents


def _shape(model: DiffusionModel, wish: Wish) -> tuple[int, ...]:
    scale = model.plan.scale
    return (1, model.plan.channels, wish.height // scale, wish.width // scale)


@dataclass(frozen=True)
class _Told:
    """Conditioning of the network: text embeddings, timestep, and the share of finished steps."""

    words: dict[str, Any]
    time: Any
    share: float

    def half(self, number: int) -> _Told:
        """Return the words of the first or the second half of a batch."""
        return _Told(_half(self.words, number), self.time, self.share)


def _of_regions(model: DiffusionModel, wish: Wish) -> list[dict[str, Any]]:
    """Return the conditioning of each region, without the negative prompt."""
    return [
        encode(model, replace(wish, prompt=region.prompt, negative="", guidance=1.0))
        for region in wish.regions
    ]


def _predict(model: DiffusionModel, wish: Wish, conditions: list[_Told], latents: Tensor) -> Tensor:
    """Return the noise, guided, in float32: the scheduler works with small differences.

    Args:
        conditions: Of the whole picture, then of each region.
    """
    import torch

    whole, *aside = conditions
    guided = wish.guidance > 1 and (model.family is None or model.family.guided)
    with _changed(model, wish):
        if not guided:
            without, with_words = None, _answer(model, wish, latents, whole)
        elif wish.halves:
            without, with_words = (
                _answer(model, wish, latents, whole.half(number)) for number in (0, 1)
            )
        else:
            both = _answer(model, wish, torch.cat([latents] * 2), whole)
            without, with_words = both.chunk(2)
        if aside:
            answers = (_answer(model, wish, latents, condition) for condition in aside)
            with_words = together(with_words, answers, wish.regions)
    return with_words if without is None else without + wish.guidance * (with_words - without)


@contextmanager
def _changed(model: DiffusionModel, wish: Wish) -> Iterator[None]:
    """Let the network be as the picture wants it: with its LoRAs. Never held across a ``yield``."""
    if wish.freeu:
        model.network.enable_freeu(*FREEU[model.plan.architecture])
    try:
        with lora.added(model.layers if wish.loras else {}, wish.loras):
            yield
    finally:
        if wish.freeu:
            model.network.disable_freeu()


def _answer(model: DiffusionModel, wish: Wish, latents: Tensor, condition: _Told) -> Tensor:
    import torch

    network = model.network
    more = _led(model, wish, latents, condition)
    noise = _noise(model, wish, latents, condition, more)
    if network.dtype != torch.float32 and not torch.isfinite(noise).all():
        with in_float32(network):  # a step that half precision has no numbers for
            noise = _noise(model, wish, latents, condition, more)
    return noise


def _hinted(model: DiffusionModel, wish: Wish) -> Wish:
    """Return the wish with its control picture encoded for a transformer's ControlNet."""
    if wish.led is None or model.family is None:
        return wish
    return replace(wish, led=replace(wish.led, picture=model.family.hint(wish.led)))


def _led(model: DiffusionModel, wish: Wish, latents: Tensor, condition: _Told) -> dict[str, Any]:
    """Return the ControlNet's residuals; empty where it is inactive."""
    led = wish.led
    if led is None or condition.share > led.end:
        return {}
    if model.family is None:
        return led.residuals(latents, condition.time, condition.words)
    dtype = led.control.network.dtype
    words = _in(condition.words, dtype)
    return model.family.lead(led, latents.to(dtype), condition.time, words, wish.guidance)


def _half(words: Any, number: int) -> Any:
    """Return the words of the first or the second half of a batch."""
    if isinstance(words, dict):
        return {name: _half(value, number) for name, value in words.items()}
    return words.chunk(2)[number]


def _noise(
    model: DiffusionModel, wish: Wish, latents: Tensor, condition: _Told, more: dict[str, Any]
) -> Tensor:
    network = model.network
    dtype = network.dtype
    fitting = _in(condition.words, dtype) | _in(more, dtype)
    if model.family is None:
        prediction = network(latents.to(dtype), condition.time, **fitting, return_dict=False)[0]
    else:
        prediction = model.family.answer(latents.to(dtype), condition.time, fitting, wish.guidance)
    noise: Tensor = prediction.float()
    return noise


def _in(words: Any, dtype: Any) -> Any:
    """Return the same words, or tensors within tensors' tables, in another precision."""
    if isinstance(words, dict):
        return {name: _in(value, dtype) for name, value in words.items()}
    if isinstance(words, list | tuple):
        return [_in(value, dtype) for value in words]
    return words.to(dtype) if hasattr(words, "to") else words


def _first_step(noise_plan: Any, wish: Wish) -> int:
    if wish.start is None:
        return 0
    remaining = max(1, min(int(wish.steps * wish.strength), wish.steps))
    return (wish.steps - remaining) * int(noise_plan.order)


@dataclass(frozen=True)
class _Kept:
    """What stays of the picture to begin with: ``seen``, its latents, where ``mask`` is 0."""

    seen: Tensor
    noise: Tensor
    mask: Tensor

    def back_in(self, latents: Tensor, noise_plan: Any, time: Tensor) -> Tensor:
        """Return the latents with that put back, as noisy as they are at ``time``; none: clean."""
        stays = _noised(noise_plan, self.seen, self.noise, time) if len(time) else self.seen
        put: Tensor = (1 - self.mask) * stays + self.mask * latents
        return put


def _begin(
    model: DiffusionModel, wish: Wish, noise_plan: Any, begin: int, generator: Generator
) -> tuple[Tensor, _Kept | None]:
    """Return pure noise, or the picture to begin with under as much noise as ``begin`` means.

    And what of it has to stay; None for nothing.
    """
    import torch
    from diffusers.utils.torch_utils import randn_tensor

    shape, seen = _shape(model, wish), None
    if wish.start is not None:
        seen = _seen(model, wish.start, generator)
    noise = randn_tensor(shape, generator=generator, device=model.device, dtype=torch.float32)
    seed, share = wish.variation
    if share > 0:
        other = torch.Generator().manual_seed(seed)
        towards = randn_tensor(shape, generator=other, device=model.device, dtype=torch.float32)
        noise = slerp(noise, towards, share)
    unmasked = None
    if seen is not None and wish.mask is not None:
        unmasked = _Kept(seen, noise, wish.mask.to(noise))
    if seen is None or (unmasked is not None and begin == 0):
        return noise * getattr(noise_plan, "init_noise_sigma", 1.0), unmasked
    _begin_at(noise_plan, begin)
    return _noised(noise_plan, seen, noise, noise_plan.timesteps[begin : begin + 1]), unmasked


def _seen(model: DiffusionModel, start: Tensor, generator: Generator) -> Tensor:
    """Return the latents of a picture."""
    vae = model.pipe.vae
    encoded = vae.encode((start * 2 - 1).to(vae.device, vae.dtype))
    latents = (
        encoded.latent_dist.sample(generator) if hasattr(encoded, "latent_dist") else encoded.latent
    )
    shift = vae.config.get("shift_factor") or 0.0
    scaled: Tensor = (latents.float() - shift) * vae.config.scaling_factor
    return scaled


def _noised(noise_plan: Any, seen: Tensor, noise: Tensor, time: Tensor) -> Tensor:
    """Return latents as noisy as they are at ``time``; a flow goes straight to the noise."""
    add = getattr(noise_plan, "scale_noise", None)
    noisy: Tensor = add(seen, time, noise) if add else noise_plan.add_noise(seen, noise, time)
    return noisy


def _begin_at(noise_plan: Any, begin: int) -> None:
    if hasattr(noise_plan, "set_begin_index"):  # PNDM finds its place by itself
        noise_plan.set_begin_index(begin)


def _understood(call: Any, extra: dict[str, Any]) -> dict[str, Any]:
    accepted = inspect.signature(call).parameters
    return {name: value for name, value in extra.items() if name in accepted}
