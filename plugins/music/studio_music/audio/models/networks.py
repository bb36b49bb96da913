"""Builds the networks of an audio model, tensor by tensor. Knows no prompt and no sound.

The libraries get checked configs and tensors, never a path: they read no file of the folder but
the vocabulary, unpickle nothing and ask nobody.
"""

from __future__ import annotations

import inspect
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.api import ErrorCode, StudioError
from studio.api.worker.config_files import broken
from studio_music.audio.models.model_spec import ModelSpec, Part

if TYPE_CHECKING:
    import torch

_FAULTS = (
    TypeError, ValueError, KeyError, IndexError, RuntimeError, ZeroDivisionError, AttributeError,
    OSError, ImportError,
)  # fmt: skip


@dataclass
class AudioModel:
    """Loaded networks and the spec they were built from.

    Attributes:
        networks: Part name → network, as ``spec.parts``.
        tokenizers: Name → tokenizer, as ``spec.tokenizers``.
    """

    spec: ModelSpec
    networks: dict[str, Any]
    tokenizers: dict[str, Any]

    @property
    def device(self) -> Any:
        """Where it computes."""
        return next(next(iter(self.networks.values())).parameters()).device

    def to(self, device: str) -> None:
        """Move the networks to ``device``."""
        for network in self.networks.values():
            network.to(device)

    def close(self) -> None:
        """Let go of all tensors, whoever still holds the model."""
        self.networks.clear()


def native_dtype(device: str) -> torch.dtype:
    """Return the type to compute in: half precision on a card, as the libraries' examples do."""
    import torch

    return torch.float16 if device.startswith("cuda") else torch.float32


def need_libraries(spec: ModelSpec) -> None:
    """Check that the optional packages are there.

    Raises:
        StudioError: They are not; says how to add them.
    """
    from importlib.util import find_spec

    names = ["transformers"] if spec.is_musicgen else ["transformers", "diffusers"]
    if "DPMSolver" in spec.scheduler[0] and spec.architecture == "stable-audio":
        names.append("torchsde")  # its noise
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"{spec.title} needs the package {' and '.join(missing)}, which is not installed.",
            "Install it with: pip install 'studio-plugin-music[models]'",
        )


def build(spec: ModelSpec, device: str, dtype: torch.dtype) -> Generator[float, None, AudioModel]:
    """Yield the share done between tensors; return the model.

    Raises:
        StudioError: A package is missing, or the tensors do not fit the configs.
    """
    need_libraries(spec)
    tokenizers = {
        name: _tokenizer(spec, kind, str(folder))
        for name, (kind, folder) in spec.tokenizers.items()
    }
    networks: dict[str, Any] = {}
    done = 0
    for name, part in spec.parts.items():
        state: dict[str, Any] = {}
        for numbers in _read(part, state, dtype):
            done += numbers
            yield min(1.0, done / max(1, spec.parameters))
        where = spec.path.name if name == "model" else f"{spec.path.name}: {name}"
        fill = _of_transformers if part.library == "transformers" else _of_diffusers
        networks[name] = fill(part, state, dtype, where).to(device)
        state.clear()
    return AudioModel(spec, networks, tokenizers)


def _read(part: Part, state: dict[str, Any], dtype: torch.dtype) -> Generator[int, None, None]:
    """Yield how many numbers each tensor had, which is then in ``state``."""
    from safetensors import safe_open

    for path in part.files:
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118
                tensor = file.get_tensor(name)
                is_float = tensor.is_floating_point()
                state[name] = tensor.to(dtype, copy=True) if is_float else tensor.clone()
                yield tensor.numel()


def _of_transformers(part: Part, state: Mapping[str, Any], dtype: torch.dtype, where: str) -> Any:
    import torch
    import transformers

    kind = getattr(transformers, part.kind)
    try:
        config = kind.config_class.from_dict(dict(part.config))
        with torch.random.fork_rng(devices=[]):  # it draws what it then overwrites
            network, loading = kind.from_pretrained(
                None, config=config, state_dict=dict(state), dtype=dtype, output_loading_info=True,
                trust_remote_code=False, local_files_only=True, use_safetensors=True,
            )  # fmt: skip
    except _FAULTS as error:
        raise broken(where, f"its tensors do not fit its config ({_brief(error)})") from error
    for key in ("missing_keys", "mismatched_keys", "error_msgs"):
        if keys := sorted(map(str, loading.get(key) or ())):
            raise broken(where, f"its tensor {keys[0][:80]} is missing or has another shape")
    return network.eval().requires_grad_(False)


def _of_diffusers(part: Part, state: Mapping[str, Any], _dtype: torch.dtype, where: str) -> Any:
    import diffusers
    import torch

    kind = getattr(diffusers, part.kind)
    parameters = inspect.signature(kind.__init__).parameters
    config = {name: value for name, value in part.config.items() if name in parameters}
    try:
        with torch.device("meta"):
            network = kind(**config)
        network.load_state_dict(dict(state), assign=True)
    except _FAULTS as error:
        raise broken(where, f"its tensors do not fit its config ({_brief(error)})") from error
    empty = [name for name, buffer in network.named_buffers() if buffer.is_meta]
    if empty:
        raise broken(where, f"its {empty[0]} is missing")
    return network.eval().requires_grad_(False)


def _tokenizer(spec: ModelSpec, kind: str, folder: str) -> Any:
    import transformers

    try:
        return getattr(transformers, kind).from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # the libraries' readers of vocabularies raise what they like
        raise broken(spec.path.name, f"its vocabulary cannot be read ({_brief(error)})") from error


def _brief(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
