"""Stable Audio, AudioLDM 1 and 2: the library's pipelines, decoded by hand. Keeps no state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.api.worker.config_files import broken
from studio_music.audio.models.networks import AudioModel

if TYPE_CHECKING:
    import numpy as np
    from torch import Generator, Tensor

STEPS = {"stable-audio": 100, "audioldm": 200, "audioldm2": 200}
GUIDANCE = {"stable-audio": 7.0, "audioldm": 2.5, "audioldm2": 3.5}


@dataclass(frozen=True)
class Wish:
    """Prompt for a diffusion pipeline.

    Attributes:
        negative: Negative prompt; empty for none.
    """

    prompt: str
    negative: str
    seconds: float
    steps: int
    guidance: float


def denoised(
    model: AudioModel, wish: Wish, generator: Generator, tell: Callable[[int], None]
) -> Tensor:
    """Return the latents of a sound.

    Args:
        generator: On the processor whatever the device: the same noise everywhere.
        tell: Called after each step with how many there were.
    """
    pipe = pipeline(model)
    more: dict[str, Any] = {}
    if model.spec.architecture == "stable-audio":
        more["audio_end_in_s"] = wish.seconds
    else:
        more["audio_length_in_s"] = wish.seconds
    if model.spec.architecture == "audioldm":  # it always decodes, and hands that over as it is
        pipe.decode_latents = pipe.mel_spectrogram_to_waveform = lambda latents: latents
        more["output_type"] = "pt"
    else:
        more["output_type"] = "latent"
    latents: Tensor = pipe(
        wish.prompt, negative_prompt=wish.negative or None, num_inference_steps=wish.steps,
        guidance_scale=wish.guidance, generator=generator,
        callback=lambda step, _time, _latents: tell(step + 1), callback_steps=1, **more,
    ).audios  # fmt: skip
    return latents


def decoded(model: AudioModel, latents: Tensor, seconds: float, device: str = "") -> np.ndarray:
    """Return the sound, (frames, channels) float32.

    Args:
        device: Where the decoder computes, if not where it lies: it needs the most memory.
    """
    import torch

    names = ("vae",) if model.spec.architecture == "stable-audio" else ("vae", "vocoder")
    networks = [model.networks[name] for name in names]
    was = networks[0].device, networks[0].dtype
    try:
        if device:
            for network in networks:
                network.to(device, torch.float32)
            latents = latents.to(device, torch.float32)
        with torch.no_grad():
            sound = _decoded(model, latents)
    finally:
        if device:
            for network in networks:
                network.to(*was)
    frames = int(seconds * model.spec.rate)
    result: np.ndarray = sound[0, :, :frames].T.float().cpu().numpy()
    return result


def _decoded(model: AudioModel, latents: Tensor) -> Tensor:
    """Return (1, channels, samples), as the end of the library's pipeline computes it."""
    vae = model.networks["vae"]
    if model.spec.architecture == "stable-audio":
        stereo: Tensor = vae.decode(latents).sample
        return stereo
    spectrum = vae.decode(1 / vae.config.scaling_factor * latents).sample
    mono: Tensor = pipeline(model).mel_spectrogram_to_waveform(spectrum)
    return mono[:, None]


def pipeline(model: AudioModel) -> Any:
    """Return a pipeline of the loaded networks with a fresh scheduler: jobs take turns.

    Raises:
        StudioError: The config of the scheduler cannot be used.
    """
    import diffusers

    kind, config = model.spec.scheduler
    parts = {**model.networks, **model.tokenizers}
    try:
        scheduler = getattr(diffusers, kind).from_config(dict(config))
    except (TypeError, ValueError, NotImplementedError, ImportError) as error:
        raise broken(kind, f"its config is invalid ({str(error)[:200]})") from error
    if model.spec.architecture == "stable-audio":
        pipe = diffusers.StableAudioPipeline(**parts, scheduler=scheduler)
    elif model.spec.architecture == "audioldm":
        pipe = diffusers.AudioLDMPipeline(**parts, scheduler=scheduler)
    else:
        pipe = diffusers.AudioLDM2Pipeline(**parts, scheduler=scheduler, feature_extractor=None)
    pipe.set_progress_bar_config(disable=True)
    return pipe
