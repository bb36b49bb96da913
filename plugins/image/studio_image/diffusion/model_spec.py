"""What weights consist of, as their headers and configs say. Plain data: imports no torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.api import ErrorCode, StudioError

PIPELINES: Mapping[str, str] = {
    "StableDiffusionPipeline": "sd",
    "StableDiffusionImg2ImgPipeline": "sd",
    "StableDiffusionXLPipeline": "sdxl",
    "StableDiffusionXLImg2ImgPipeline": "sdxl",
}
"""Pipelines that are known by name → architecture. Others are refused."""

CLASSES: Mapping[str, tuple[str, frozenset[str]]] = {
    "unet": ("diffusers", frozenset({"UNet2DConditionModel"})),
    "vae": ("diffusers", frozenset({"AutoencoderKL"})),
    "text_encoder": ("transformers", frozenset({"CLIPTextModel"})),
    "text_encoder_2": ("transformers", frozenset({"CLIPTextModelWithProjection"})),
    "tokenizer": ("transformers", frozenset({"CLIPTokenizer", "CLIPTokenizerFast"})),
    "tokenizer_2": ("transformers", frozenset({"CLIPTokenizer", "CLIPTokenizerFast"})),
    "scheduler": (
        "diffusers",
        frozenset(
            {
                "DDIMScheduler",
                "DDPMScheduler",
                "DPMSolverMultistepScheduler",
                "EulerAncestralDiscreteScheduler",
                "EulerDiscreteScheduler",
                "HeunDiscreteScheduler",
                "LMSDiscreteScheduler",
                "PNDMScheduler",
                "UniPCMultistepScheduler",
            }
        ),
    ),
}
"""Part → the library and the classes it may be of. A ``model_index.json`` chooses among these."""

LEFT_OUT = frozenset({"safety_checker", "feature_extractor", "image_encoder"})
"""Parts that a folder may name and that are not loaded."""

NETWORKS = ("text_encoder", "text_encoder_2", "unet", "vae")

PARTS: Mapping[str, tuple[str, ...]] = {
    "sd": ("text_encoder", "tokenizer", "unet", "vae", "scheduler"),
    "sdxl": (
        "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "unet", "vae", "scheduler",
    ),
}  # fmt: skip

LENGTH = 77
"""Tokens that the text encoders of Stable Diffusion read, first and last included."""

MAX_NUMBER = 1 << 20
MAX_LAYERS = 100


@dataclass(frozen=True)
class Part:
    """One network.

    Attributes:
        kind: Its class, a name of :data:`CLASSES`.
        parameters: How many numbers its tensors hold.
        tensors: Yields name and tensor, as the class calls them; opens the files when asked.
    """

    kind: str
    config: Mapping[str, Any]
    parameters: int
    tensors: Callable[[Mapping[str, Any]], Iterator[tuple[str, Any]]]


@dataclass(frozen=True)
class Vocabulary:
    """What a tokenizer is built from; ``folder`` None is the usual one of CLIP."""

    folder: Path | None
    pad: str = "<|endoftext|>"


@dataclass(frozen=True)
class ModelSpec:
    """Weights as they lie on disk, checked as far as headers go.

    Attributes:
        architecture: ``sd`` or ``sdxl``.
        networks: Part → network.
        scheduler: Class and config.
        options: What the pipeline itself is told, ``force_zeros_for_empty_prompt``.
    """

    path: Path
    architecture: str
    networks: Mapping[str, Part]
    vocabularies: Mapping[str, Vocabulary]
    scheduler: tuple[str, Mapping[str, Any]]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """All of its numbers."""
        return sum(part.parameters for part in self.networks.values())

    @property
    def scale(self) -> int:
        """Pixels of a side of the picture for one of the latent."""
        return int(2 ** (len(self.networks["vae"].config["block_out_channels"]) - 1))

    @property
    def side(self) -> int:
        """Pixels of a side that the weights draw best."""
        sample = self.networks["unet"].config.get("sample_size", 64)
        return int(sample[0] if isinstance(sample, list) else sample or 64) * self.scale

    def working_bytes(self, width: int, height: int) -> int:
        """Memory of one picture while it is drawn and decoded, in float32, generously."""
        first: int = self.networks["vae"].config["block_out_channels"][0]
        decoder = width * height * first * 4 * 5
        channels: int = self.networks["unet"].config["block_out_channels"][0]
        denoiser = width * height // self.scale**2 * channels * 2 * 4 * 40
        return max(decoder, denoiser)


def check_config(config: Mapping[str, Any], where: str) -> None:
    """Refuse sizes that no such network has, before anything of that size is built.

    Raises:
        StudioError: A number is absurd, or one that is needed is missing.
    """
    for name, value in config.items():
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
        told = 6 * _whole(unet, "addition_time_embed_dim", 0)
        pooled = _whole(texts[-1], "projection_dim", 512)
        size = unet.get("projection_class_embeddings_input_dim")
        wrong["addition_embed_type"] = unet.get("addition_embed_type") != "text_time"
        wrong["projection_class_embeddings_input_dim"] = size != told + pooled
    if names := [name for name, is_wrong in wrong.items() if is_wrong]:
        raise broken(plan.path.name, f"its networks do not fit together ({names[0]})")


def _whole(config: Mapping[str, Any], name: str, default: int) -> int:
    value = config.get(name, default)
    return value if type(value) is int else -1


def _is_scale(value: object) -> bool:
    return isinstance(value, int | float) and value > 0


def broken(name: str, why: str) -> StudioError:
    """Return the error for weights that cannot be used as they are."""
    return StudioError(
        ErrorCode.BAD_WEIGHTS, f"“{name}” cannot be used: {why}.", "Download it again."
    )


def shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the tensors in a safetensors file, from its header alone.

    Raises:
        StudioError: It is no complete safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, UnicodeDecodeError) as error:
        raise broken(path.name, f"it is not a complete safetensors file ({error})") from error


def count(sizes: Mapping[str, tuple[int, ...]]) -> int:
    """Return how many numbers tensors of these sizes hold."""
    return sum(math.prod(shape) for shape in sizes.values())
