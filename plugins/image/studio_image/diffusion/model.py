"""The loaded model: networks built from a plan, tensor by tensor. Knows no prompt and no noise."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from studio.api import ErrorCode, StudioError
from studio.api.worker.config_files import broken
from studio_image.diffusion.clip_tokenizer import tokenizer
from studio_image.diffusion.model_spec import ModelSpec, Part, Vocabulary
from studio_image.diffusion.schedulers import make, scheduler
from studio_image.diffusion_transformers import text_encoder
from studio_image.diffusion_transformers.families import family
from studio_image.diffusion_transformers.text_encoder import computed_buffer

if TYPE_CHECKING:
    import torch

_TEXT_KEYS = (
    "vocab_size", "hidden_size", "intermediate_size", "projection_dim", "num_hidden_layers",
    "num_attention_heads", "max_position_embeddings", "hidden_act", "layer_norm_eps",
    "bos_token_id", "eos_token_id", "pad_token_id",
)  # fmt: skip


_TIED = "encoder.embed_tokens.weight"
"""What T5 has twice, and files only once."""


class DiffusionModel:
    """A ``diffusers`` pipeline and its specification.

    Attributes:
        plan: Sizes and configs.
        pipe: The pipeline of ``diffusers``; its parts are used one by one, and its own scheduler
            never: each picture gets a fresh one.
        family: Interface to its transformer; None for a U-Net.
        tints: Colours of the latent channels, once the preview has measured them.
    """

    def __init__(self, plan: ModelSpec, pipe: Any) -> None:
        self.plan = plan
        self.pipe: Any = pipe
        self.family = family(plan.architecture, pipe)
        self.tints: Any = None
        self._layers: dict[str, Any] = {}

    @property
    def layers(self) -> dict[str, Any]:
        """The layers that LoRAs may change, by their names."""
        from studio_image.additions.lora import targets

        self._layers = self._layers or targets(self.pipe)
        return self._layers

    @property
    def network(self) -> Any:
        """The network that draws."""
        return self.pipe.transformer if self.family else self.pipe.unet

    @property
    def device(self) -> Any:
        """Where it computes."""
        return self.network.device

    @property
    def is_xl(self) -> bool:
        """Whether it is Stable Diffusion XL."""
        return self.plan.architecture == "sdxl"

    def close(self) -> None:
        """Let go of all tensors, whoever still holds the model."""
        self.pipe = self.tints = self.family = None
        self._layers.clear()


@contextmanager
def in_float32(network: Any) -> Iterator[Any]:
    """Lend ``network`` in float32; its numbers stay the same. Never held across a ``yield``."""
    import torch

    kind = network.dtype
    try:
        yield network.to(torch.float32)
    finally:
        network.to(kind)


@contextmanager
def by_block(network: Any) -> Iterator[None]:
    """Keep only the block of ``network`` on its device that computes; all of it is back then.

    The others wait in the memory of the processor meanwhile.
    """
    from diffusers.hooks import HookRegistry, apply_group_offloading

    device = network.device
    apply_group_offloading(network, device, offload_type="block_level", num_blocks_per_group=1)
    try:
        yield
    finally:
        for module in network.modules():
            registry = getattr(module, "_diffusers_hook", None)
            if isinstance(registry, HookRegistry):
                for name in list(registry.hooks):
                    registry.remove_hook(name, recurse=False)
        network.to(device)


def need_diffusers() -> None:
    """Check that the optional packages are there.

    Raises:
        StudioError: They are not; says how to add them.
    """
    from importlib.util import find_spec

    missing = [name for name in ("diffusers", "transformers") if find_spec(name) is None]
    if missing:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"Diffusion models need the package {' and '.join(missing)}, which is not installed.",
            "Install it with: pip install 'studio-plugin-image[diffusion]'",
        )


def native_dtype(device: str) -> torch.dtype:
    """Return the type to compute in: bfloat16 where the device has it, else float32."""
    import torch

    if device.startswith("cuda"):
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    has = getattr(torch.cpu, "_is_avx512_bf16_supported", bool)()
    return torch.bfloat16 if has else torch.float32


def build(
    plan: ModelSpec, device: str, dtype: torch.dtype
) -> Generator[float, None, DiffusionModel]:
    """Yield the share done between tensors; return the :class:`DiffusionModel`.

    Raises:
        StudioError: A package is missing, or the tensors do not fit the configs.
    """
    need_diffusers()
    import diffusers

    parts: dict[str, Any] = {
        name: _tokenizer(vocabulary) for name, vocabulary in plan.vocabularies.items()
    }
    for name, words in parts.items():
        size = plan.networks[name.replace("tokenizer", "text_encoder")].config.get("vocab_size")
        if len(words) > (size or len(words)):
            raise broken(f"{plan.path.name}: {name}", f"its text encoder has only {size} tokens")
    done = 0
    for name, part in plan.networks.items():
        steps = filled(part, name, f"{plan.path.name}: {name}", device, dtype)
        while True:
            try:
                done += next(steps)
            except StopIteration as end:
                parts[name] = end.value
                break
            yield min(1.0, done / max(1, plan.parameters))
    model: DiffusionModel = diffusers_model(plan, parts, diffusers)
    return model


def _tokenizer(vocabulary: Vocabulary) -> Any:
    if vocabulary.kind and vocabulary.folder:
        return text_encoder.tokenizer(vocabulary.folder, vocabulary.kind)
    return tokenizer(vocabulary)


def filled(
    part: Part, name: str, where: str, device: str, dtype: torch.dtype
) -> Generator[int, None, Any]:
    """Yield how many numbers each tensor had; return the network with its numbers.

    Raises:
        StudioError: The tensors do not fit the config.
    """
    network = _blank(part, name)
    expected = network.state_dict()
    state: dict[str, Any] = {}
    for key, tensor in part.tensors(expected):
        _check(where, key, tensor, expected)
        state[key] = tensor.to(device=device, dtype=dtype, copy=True)
        yield tensor.numel()
    return _filled(network, state, expected, where)


def diffusers_model(plan: ModelSpec, parts: Mapping[str, Any], diffusers: Any) -> Any:
    """Return the model of these parts."""
    rest = {"scheduler": scheduler(plan.scheduler), "feature_extractor": None, **plan.options}
    if plan.pipeline:
        absent = dict.fromkeys(plan.kind.optional)
        pipe = getattr(diffusers, plan.pipeline)(**{**absent, **parts}, scheduler=rest["scheduler"])
        return DiffusionModel(plan, pipe)
    if plan.architecture == "sdxl":
        pipe = diffusers.StableDiffusionXLPipeline(**parts, **rest, add_watermarker=False)
    else:
        rest |= {"safety_checker": None, "requires_safety_checker": False}
        rest.pop("force_zeros_for_empty_prompt", None)
        pipe = diffusers.StableDiffusionPipeline(**parts, **rest)
    return DiffusionModel(plan, pipe)


def _blank(part: Part, name: str) -> Any:
    """Return the network without numbers. Building it takes no memory."""
    import diffusers
    import torch
    import transformers

    try:
        with torch.device("meta"):
            if text_encoder.is_ours(part.kind):
                return text_encoder.network(part.kind, part.config)
            if name.startswith("text_encoder"):
                settings = {key: part.config[key] for key in _TEXT_KEYS if key in part.config}
                return getattr(transformers, part.kind)(transformers.CLIPTextConfig(**settings))
            return make(getattr(diffusers, part.kind), part.config)
    except (TypeError, ValueError, KeyError, IndexError, RuntimeError, ZeroDivisionError) as error:
        raise broken(name, f"its config is invalid ({str(error)[:200]})") from error


def _check(where: str, key: str, tensor: Any, expected: Mapping[str, Any]) -> None:
    if key not in expected:
        raise broken(where, f"its tensor {key[:80]} is unknown")
    if tensor.shape != expected[key].shape:
        shape, wanted = list(tensor.shape), list(expected[key].shape)
        raise broken(where, f"{key} has the shape {shape}, but its config says {wanted}")


def _filled(network: Any, state: Mapping[str, Any], expected: Mapping[str, Any], where: str) -> Any:
    import torch

    missing = sorted(expected.keys() - state.keys())
    if missing and missing[0] == _TIED and "shared.weight" in state:
        state = {**state, missing.pop(0): state["shared.weight"]}
    if missing:
        raise broken(where, f"its tensor {missing[0]} is missing")
    network.load_state_dict(state, assign=True)
    device = next(iter(state.values())).device
    for name, buffer in network.named_buffers():
        if buffer.is_meta and name.endswith("position_ids"):
            owner = network.get_submodule(name.rpartition(".")[0])
            owner.position_ids = torch.arange(buffer.shape[-1], device=device)[None]
        elif buffer.is_meta and not computed_buffer(network, name, device):
            raise broken(where, f"its {name} is missing")
    return network.eval().requires_grad_(False)
