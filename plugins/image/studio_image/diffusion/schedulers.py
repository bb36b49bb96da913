"""The schedulers a person can choose, by name. Holds no loop."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from studio.api import BadInput
from studio.api.worker.config_files import broken

CHOICES: Mapping[str, str] = {
    "euler": "EulerDiscreteScheduler",
    "euler-a": "EulerAncestralDiscreteScheduler",
    "dpm++": "DPMSolverMultistepScheduler",
    "ddim": "DDIMScheduler",
    "lms": "LMSDiscreteScheduler",
    "heun": "HeunDiscreteScheduler",
    "dpm++-sde": "DPMSolverMultistepScheduler",
    "dpm2": "KDPM2DiscreteScheduler",
    "dpm2-a": "KDPM2AncestralDiscreteScheduler",
    "unipc": "UniPCMultistepScheduler",
    "pndm": "PNDMScheduler",
    "lcm": "LCMScheduler",
}
_OF_THE_CHOICE: Mapping[str, Mapping[str, Any]] = {
    "ddim": {"clip_sample": False, "set_alpha_to_one": False},  # else latents bend like pixels
    "dpm++-sde": {"algorithm_type": "sde-dpmsolver++"},
    "pndm": {"skip_prk_steps": True},
}
_KARRAS = "use_karras_sigmas"

# What every scheduler here understands about the noise the weights were trained with. The rest of
# a config belongs to the scheduler it was written for.
_OF_THE_WEIGHTS = (
    "num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "trained_betas",
    "prediction_type", "timestep_spacing", "steps_offset", "rescale_betas_zero_snr",
)  # fmt: skip


def scheduler(
    own: tuple[str, Mapping[str, Any]], choice: str = "default", *, karras: bool = False
) -> Any:
    """Return a fresh scheduler: the weights' ``own`` class and config, or the chosen class.

    Args:
        karras: Space the noise levels as Karras et al. do, where the class can.

    Raises:
        BadInput: Something it needs is not installed.
        StudioError: The config of the weights cannot be used.
    """
    import diffusers

    kind, config = own
    more = {_KARRAS: True} if karras else {}
    if choice == "default":
        try:
            return make(getattr(diffusers, kind), {**config, **more})
        except (TypeError, ValueError, NotImplementedError, ImportError) as error:
            raise broken(kind, f"its config is invalid ({str(error)[:200]})") from error
    if choice == "lms" and not diffusers.utils.is_scipy_available():
        raise BadInput(
            "The scheduler “lms” needs the package scipy, which is not installed.",
            "Choose another scheduler.",
        )
    settings = {name: config[name] for name in _OF_THE_WEIGHTS if name in config}
    settings |= {**_OF_THE_CHOICE.get(choice, {}), **more}
    return make(getattr(diffusers, CHOICES[choice]), settings)


def has_karras(own: tuple[str, Mapping[str, Any]], choice: str = "default") -> bool:
    """Whether a scheduler can space its noise levels as Karras et al. do."""
    import diffusers

    kind = getattr(diffusers, CHOICES.get(choice, own[0]))
    return _KARRAS in inspect.signature(kind.__init__).parameters


def make(kind: Any, config: Mapping[str, Any]) -> Any:
    """Return ``kind`` built from the entries of ``config`` that it accepts."""
    accepted = inspect.signature(kind.__init__).parameters
    return kind(**{name: value for name, value in config.items() if name in accepted})
