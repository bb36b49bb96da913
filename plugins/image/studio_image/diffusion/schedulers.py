"""The schedulers a person can choose, by name. Holds no loop."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from studio.api import BadInput
from studio_image.diffusion.model_spec import broken

CHOICES: Mapping[str, str] = {
    "euler": "EulerDiscreteScheduler",
    "euler-a": "EulerAncestralDiscreteScheduler",
    "dpm++": "DPMSolverMultistepScheduler",
    "ddim": "DDIMScheduler",
    "lms": "LMSDiscreteScheduler",
    "heun": "HeunDiscreteScheduler",
}

# What every scheduler here understands about the noise the weights were trained with. The rest of
# a config belongs to the scheduler it was written for.
_OF_THE_WEIGHTS = (
    "num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "trained_betas",
    "prediction_type", "timestep_spacing", "steps_offset", "rescale_betas_zero_snr",
)  # fmt: skip


def scheduler(own: tuple[str, Mapping[str, Any]], choice: str = "default") -> Any:
    """Return a fresh scheduler: the weights' ``own`` class and config, or the chosen class.

    Raises:
        BadInput: Something it needs is not installed.
        StudioError: The config of the weights cannot be used.
    """
    import diffusers

    kind, config = own
    if choice == "default":
        try:
            return make(getattr(diffusers, kind), config)
        except (TypeError, ValueError, NotImplementedError, ImportError) as error:
            raise broken(kind, f"its config is invalid ({str(error)[:200]})") from error
    if choice == "lms" and not diffusers.utils.is_scipy_available():
        raise BadInput(
            "The scheduler “lms” needs the package scipy, which is not installed.",
            "Choose another scheduler.",
        )
    kept = {name: config[name] for name in _OF_THE_WEIGHTS if name in config}
    if choice == "ddim":  # its own default bends latents as if they were pixels
        kept |= {"clip_sample": False, "set_alpha_to_one": False}
    return make(getattr(diffusers, CHOICES[choice]), kept)


def make(kind: Any, config: Mapping[str, Any]) -> Any:
    """Return ``kind`` made with what it knows of ``config``."""
    known = inspect.signature(kind.__init__).parameters
    return kind(**{name: value for name, value in config.items() if name in known})
