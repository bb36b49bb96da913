"""What weights consist of, as their headers and configs say. Plain data: imports no torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.api import ErrorCode, StudioError
from studio.api.worker.config_files import broken
from studio_image.diffusion.pipelines import ARCHITECTURES, Architecture

LENGTH = 77
"""Tokens that the text encoders of Stable Diffusion read, first and last included."""

MAX_NUMBER = 1 << 20
MAX_LAYERS = 100
_NO_LIMIT = ("lambda_min_clipped", -math.inf)
"""What a scheduler's config may say."""


@dataclass(frozen=True)
class Part:
    """One network.

    Attributes:
        kind: Its class, one of :mod:`~studio_image.diffusion.pipelines`.
        parameters: How many numbers its tensors hold.
        tensors: Yields name and tensor, as the class calls them; opens the files when asked.
    """

    kind: str
    config: Mapping[str, Any]
    parameters: int
    tensors: Callable[[Mapping[str, Any]], Iterator[tuple[str, Any]]]


@dataclass(frozen=True)
class Vocabulary:
    """Source files of a tokenizer; ``folder`` None is the usual one of CLIP.

    Attributes:
        kind: Its class, unless CLIP's.
    """

    folder: Path | None
    pad: str = "<|endoftext|>"
    kind: str = ""


@dataclass(frozen=True)
class ModelSpec:
    """Weights as they lie on disk, checked as far as headers go.

    Attributes:
        architecture: A name of :data:`~studio_image.diffusion.pipelines.ARCHITECTURES`.
        networks: Part → network.
        scheduler: Class and config.
        options: What the pipeline itself is told, ``force_zeros_for_empty_prompt``.
        pipeline: The class of the pipeline, where a transformer draws.
    """

    path: Path
    architecture: str
    networks: Mapping[str, Part]
    vocabularies: Mapping[str, Vocabulary]
    scheduler: tuple[str, Mapping[str, Any]]
    options: Mapping[str, Any] = field(default_factory=dict)
    pipeline: str = ""

    @property
    def kind(self) -> Architecture:
        """What weights of its architecture have in common."""
        return ARCHITECTURES[self.architecture]

    @property
    def denoiser(self) -> Mapping[str, Any]:
        """The config of the network that draws."""
        return self.networks["transformer" if self.kind.is_transformer else "unet"].config

    @property
    def parameters(self) -> int:
        """All of its numbers."""
        return sum(part.parameters for part in self.networks.values())

    @property
    def scale(self) -> int:
        """Pixels of a side of the picture for one of the latent."""
        return int(2 ** (len(self._widths) - 1))

    @property
    def step(self) -> int:
        """Required multiple of a picture's sides: a transformer reads patches of latents."""
        if self.architecture == "flux":
            return 2 * self.scale
        patch = self.denoiser.get("patch_size", 1) if self.kind.is_transformer else 1
        return self.scale * int(patch)

    @property
    def channels(self) -> int:
        """Of the latents."""
        return int(self.networks["vae"].config.get("latent_channels", 4))

    @property
    def side(self) -> int:
        """Pixels of a side that the weights draw best."""
        usual = 128 if self.kind.is_transformer else 64
        sample = self.denoiser.get("sample_size", usual)
        return int(sample[0] if isinstance(sample, list) else sample or usual) * self.scale

    @property
    def _widths(self) -> list[int]:
        vae = self.networks["vae"].config
        widths: list[int] = vae.get("encoder_block_out_channels") or vae["block_out_channels"]
        return widths

    def working_bytes(self, width: int, height: int) -> int:
        """Memory of one picture while it is drawn and decoded, in float32, generously."""
        decoder = width * height * self._widths[0] * 4 * 5
        tokens = width * height // self.scale**2
        config = self.denoiser
        if self.kind.is_transformer:
            tokens //= (self.step // self.scale) ** 2
            channels = int(config["num_attention_heads"]) * int(config["attention_head_dim"])
        else:
            channels = config["block_out_channels"][0]
        return max(decoder, tokens * channels * 2 * 4 * 40)


def check_config(config: Mapping[str, Any], where: str) -> None:
    """Refuse sizes that no such network has, before anything of that size is built.

    Raises:
        StudioError: A number is absurd, or one that is needed is missing.
    """
    for name, value in config.items():
        if (name, value) == _NO_LIMIT:
            continue
        values = value if isinstance(value, list) else [value]
        limit = MAX_LAYERS if "layers" in name else MAX_NUMBER
        for number in values:
            if isinstance(number, int | float) and not abs(number) <= limit:
                raise broken(where, f"its config says {name} = {str(value)[:40]}")
        if len(values) > MAX_LAYERS:
            raise broken(where, f"its config lists {len(values)} values of {name}")


def check_unet(config: Mapping[str, Any], path: Path) -> None:
    """Refuse networks that draw with more than words.

    Raises:
        StudioError: They are made for inpainting, upscaling or another sort of guidance.
    """
    channels = config.get("in_channels", 4)
    if channels != config.get("out_channels", 4):
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"“{path.name}” takes {channels} channels: it is made for editing pictures, not "
            "generating them.",
            "Use the text-to-image version.",
        )
    for name in ("time_cond_proj_dim", "class_embed_type", "encoder_hid_dim_type"):
        if config.get(name) is not None:
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"“{path.name}” uses an unsupported kind of conditioning ({name}).",
                "Use Stable Diffusion 1.x, 2.x or XL.",
            )


def check_fit(plan: ModelSpec) -> None:
    """Refuse networks that do not fit together, before any of them is loaded.

    Raises:
        StudioError: Says which number of which config is wrong.
    """
    if plan.kind.is_transformer:
        _check_transformer(plan)
        return
    unet, vae = plan.networks["unet"].config, plan.networks["vae"].config
    texts = [part.config for name, part in plan.networks.items() if name.startswith("text")]
    sides = unet.get("sample_size")
    sides = sides if isinstance(sides, list) else [sides or 64]
    words = sum(_whole(text, "hidden_size", 512) for text in texts)
    wrong = {
        "sample_size": not sides or not all(type(side) is int and side > 0 for side in sides),
        "in_channels": unet.get("in_channels", 4) != vae.get("latent_channels", 4),
        "cross_attention_dim": unet.get("cross_attention_dim", 1280) != words,
        "scaling_factor": not _is_scale(vae.get("scaling_factor", 0.18215)),
        "max_position_embeddings": any(
            _whole(text, "max_position_embeddings", LENGTH) < LENGTH for text in texts
        ),
    }
    if plan.architecture == "sdxl":
        width = 6 * _whole(unet, "addition_time_embed_dim", 0)
        pooled = _whole(texts[-1], "projection_dim", 512)
        size = unet.get("projection_class_embeddings_input_dim")
        wrong["addition_embed_type"] = unet.get("addition_embed_type") != "text_time"
        wrong["projection_class_embeddings_input_dim"] = size != width + pooled
    _refuse_first(plan, wrong)


def _check_transformer(plan: ModelSpec) -> None:
    config, vae = plan.denoiser, plan.networks["vae"].config
    packed = 4 if plan.architecture == "flux" else 1
    sizes = ("patch_size", "sample_size", "num_attention_heads", "attention_head_dim")
    wrong = {name: not _whole(config, name, 1) > 0 for name in sizes} | {
        "in_channels": config.get("in_channels") != packed * plan.channels,
        "scaling_factor": not _is_scale(vae.get("scaling_factor", 0.18215)),
        "shift_factor": not isinstance(vae.get("shift_factor") or 0, int | float),
    }
    for name in sizes[2:]:
        wrong[name] |= name not in config
    _refuse_first(plan, wrong)


def _refuse_first(plan: ModelSpec, wrong: Mapping[str, bool]) -> None:
    if names := [name for name, is_wrong in wrong.items() if is_wrong]:
        raise broken(plan.path.name, f"its networks do not fit together ({names[0]})")


def _whole(config: Mapping[str, Any], name: str, default: int) -> int:
    value = config.get(name, default)
    return value if type(value) is int else -1


def _is_scale(value: object) -> bool:
    return isinstance(value, int | float) and value > 0


def count(sizes: Mapping[str, tuple[int, ...]]) -> int:
    """Return how many numbers tensors of these sizes hold."""
    return sum(math.prod(shape) for shape in sizes.values())
