"""What of a drawing's settings some weights have no use for, and how that is said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from studio_image.diffusion import prompt_words, schedulers
from studio_image.diffusion.model_spec import ModelSpec
from studio_image.diffusion_transformers.families import FEW_STEPS

if TYPE_CHECKING:
    from studio_image.diffusion.model import DiffusionModel
    from studio_image.schema import Generate


def usual_steps(plan: ModelSpec) -> int:
    """Return how many steps the weights want."""
    is_fast = plan.architecture == "flux" and not plan.denoiser.get("guidance_embeds")
    return FEW_STEPS if is_fast else plan.kind.steps


def takes_schedulers(plan: ModelSpec) -> bool:
    """Whether another scheduler can be chosen: none of ours knows how to follow a flow."""
    name, config = plan.scheduler
    return "Flow" not in name and config.get("prediction_type") != "flow_prediction"


def unused(model: DiffusionModel, params: Generate) -> str:
    """Return a remark on settings without effect for these weights; mostly empty."""
    return " ".join(_unused(model, params))


def _unused(model: DiffusionModel, params: Generate) -> Iterator[str]:
    plan, title, family = model.plan, model.plan.kind.title, model.family
    if takes_schedulers(plan):
        if params.karras and not schedulers.has_karras(plan.scheduler, params.scheduler):
            yield "This scheduler has no Karras noise levels, so its own are used."
    elif params.karras or params.scheduler != "default":
        yield f"{title} follows a flow with its own scheduler, so the chosen one is not used."
    if family is None:
        return
    if params.negative.strip() and not family.guided:
        yield f"{title} has no use for a negative prompt, so yours is ignored."
    if params.guidance and plan.architecture == "flux" and not plan.denoiser.get("guidance_embeds"):
        yield "This model was trained for few steps without guidance, so yours is ignored."
    if params.freeu or params.clip_skip:
        yield f"FreeU and clip skip do not apply to {title}."
    if any(weight != 1 for _, weight in prompt_words.weighed(params.prompt)):
        yield f"{title} does not weigh words, so the weights in the prompt are ignored."
    if params.inversions:
        yield f"{title} can't use textual inversions, so their names are read as plain words."
    if count := family.beyond(params.prompt):
        yield f"The last {count} tokens of the prompt are ignored because it is too long."
