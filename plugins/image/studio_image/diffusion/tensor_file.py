"""Tensors in safetensors files: their shapes by the header, and floats of eight bits made wider.

Files that were shrunk to eight bits are read as what they were shrunk from: some only cut their
numbers short, others (as ComfyUI writes them) also have a scale beside each tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api.worker.config_files import broken

if TYPE_CHECKING:
    from torch import Tensor

_SCALE = ".scale_weight"
_STORAGE = (_SCALE, ".scale_input", "scaled_fp8")
"""How the names of tensors end that say how others are stored."""


def shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the tensors in a safetensors file, from its header alone.

    Raises:
        StudioError: It is no complete safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            names = (name for name in file.keys() if not name.endswith(_STORAGE))  # noqa: SIM118
            return {name: tuple(file.get_slice(name).get_shape()) for name in names}
    except (SafetensorError, OSError, UnicodeDecodeError) as error:
        raise broken(path.name, f"it is not a complete safetensors file ({error})") from error


@contextmanager
def opened(path: Path) -> Iterator[Callable[[str], Tensor]]:
    """Lend what returns the tensor of a name; floats of eight bits come with sixteen."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        names = frozenset(file.keys())

        def tensor(name: str) -> Tensor:
            loaded: Tensor = file.get_tensor(name)
            if loaded.element_size() > 1 or not loaded.is_floating_point():
                return loaded
            scale = name.removesuffix(".weight") + _SCALE
            return widened(loaded, file.get_tensor(scale) if scale in names else None)

        yield tensor


def widened(tensor: Tensor, scale: Any = None) -> Tensor:
    """Return floats of eight bits with sixteen, times their scale: one number, or one a row."""
    import torch

    if scale is None:
        return tensor.to(torch.float16)  # each of them is a number there, too
    rows = scale.float().reshape(-1, *[1] * (tensor.dim() - 1))
    wide: Tensor = tensor.float() * rows
    return wide.to(torch.bfloat16)
