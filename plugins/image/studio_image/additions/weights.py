"""How LoRAs are recognised, measured and loaded: safetensors only."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from studio.api import ErrorCode, Requirements, StudioError, WeightsFacts
from studio.api.worker.config_files import broken
from studio_image.additions import lora_keys
from studio_image.additions.lora import PARTS, Layer, Lora
from studio_image.diffusion.model import native_dtype, need_diffusers
from studio_image.diffusion.model_spec import count
from studio_image.diffusion.tensor_file import shapes

LORA = "lora"
_HIGHEST_RANK = 4096
_LONGEST_NOTE = 1 << 16


class LoraLoader:
    """The ``Loader`` of the family ``image-lora``.

    Attributes:
        family: ``image-lora``.
    """

    family = "image-lora"

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return facts from the header of ``path``, or None if it is no LoRA for pictures.

        Raises:
            StudioError: The LoRA is of an unsupported kind, or broken.
        """
        if path.suffix.lower() != ".safetensors" or not path.is_file():
            return None
        sizes = shapes(path)
        if not lora_keys.is_lora(sizes) or _is_for_text(sizes):
            return None
        _refuse_other_kinds(path, sizes)
        places = [lora_keys.place_of(name) for name in sizes]
        layers = {place.layer for place in places if place is not None}
        if lora_keys.is_first_flux(sizes):
            layers = {name.partition(".lora_")[0] for name in sizes if ".lora_" in name}
        facts = {
            "base": lora_keys.base_of(sizes) or "unknown",
            "layers": len(layers),
            "parameters": count(sizes),
        }
        return WeightsFacts(self.family, path.stem, (LORA,), facts)

    def measure(self, path: Path, device: str = "cpu") -> Requirements:
        """Return the memory its matrices take."""
        return Requirements(count(shapes(path)) * native_dtype(device).itemsize, 0)

    def load(self, path: Path, device: str) -> Generator[float, None, Lora]:
        """Yield the share done between tensors; return the LoRA.

        Raises:
            StudioError: A matrix is missing or has no numbers.
        """
        from safetensors import safe_open

        sizes = shapes(path)
        _refuse_other_kinds(path, sizes)
        dtype = native_dtype(device)
        tensors: dict[str, dict[str, Any]] = {}
        with safe_open(path, framework="pt") as file:
            notes = file.metadata() or {}
            alphas = _noted_alphas(notes)
            is_first_flux = lora_keys.is_first_flux(sizes)
            given_all = _renamed(path, file, sizes) if is_first_flux else _as_named(file, sizes)
            for number, (name, given) in enumerate(given_all, 1):
                if place := lora_keys.place_of(name):
                    is_scale = place.role == "alpha"
                    value = float(given) if is_scale and given.numel() == 1 else given
                    value = value if is_scale else given.to(device, dtype)
                    tensors.setdefault(place.layer, {})[place.role] = value
                yield min(1.0, number / len(sizes))
        base = notes.get("base", "")[:80] or lora_keys.base_of(sizes)
        lora = Lora(path.stem, stamp(path), base)
        for layer, parts in tensors.items():
            lora.layers[layer] = _layer(path, layer, parts, alphas)
        return lora

    def park(self, loaded: Lora) -> None:
        """Move it to the memory of the processor."""
        loaded.to("cpu")

    def unpark(self, loaded: Lora, device: str) -> None:
        """Move it back."""
        loaded.to(device)

    def unload(self, loaded: Lora) -> None:
        """Let go of the matrices, whoever still holds it."""
        loaded.layers.clear()


def loader() -> LoraLoader:
    """Return the loader of this family."""
    return LoraLoader()


def stamp(path: Path) -> str:
    """Return an identifier of the file, used in cache keys of pictures made with it."""
    stat = path.stat()
    return f"{path}:{stat.st_size}:{stat.st_mtime_ns}"


def _is_for_text(sizes: Mapping[str, Any]) -> bool:
    """Whether it is for a language model: the names of those layers have no part of ours."""
    return not any(
        lora_keys.place_of(name) or name.startswith(lora_keys.OTHER_BASES) for name in sizes
    )


def _refuse_other_kinds(path: Path, sizes: Mapping[str, Any]) -> None:
    for mark, kind in lora_keys.OTHER_KINDS.items():
        if any(mark in name for name in sizes):
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"“{path.name}” is an adapter of the kind {kind}, which is not supported.",
                "Use a plain LoRA.",
            )
    if lora_keys.is_first_flux(sizes):
        return
    if any(name.startswith(lora_keys.OTHER_BASES) for name in sizes):
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"“{path.name}” is a LoRA for a network that is not supported.",
            "Use a LoRA for Stable Diffusion, Flux, PixArt or Sana.",
        )


def _as_named(file: Any, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    for name in names:
        yield name, file.get_tensor(name)


def _renamed(path: Path, file: Any, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Yield the matrices of a LoRA for Flux as ``diffusers`` calls and divides its layers."""
    need_diffusers()
    from diffusers import FluxPipeline

    try:
        tensors = FluxPipeline.lora_state_dict(dict(_as_named(file, names)))
    except (AssertionError, ValueError, KeyError, RuntimeError, NotImplementedError) as error:
        why = str(error)[:120] or "its layers have other sizes than those of Flux"
        raise broken(path.name, why) from error
    yield from tensors.items()


def _noted_alphas(metadata: Mapping[str, str]) -> dict[str, float]:
    """Return part → alpha, where the file's own notes have it, as ``diffusers`` writes them."""
    note = metadata.get("lora_adapter_metadata", "")
    try:
        noted = json.loads(note) if len(note) < _LONGEST_NOTE else {}
    except (ValueError, RecursionError):
        return {}
    noted = noted if isinstance(noted, dict) else {}
    alphas = {part: noted.get(f"{name}.lora_alpha") for part, name in PARTS.items()}
    return {
        part: float(alpha)
        for part, alpha in alphas.items()
        if isinstance(alpha, int | float) and 0 < alpha < 1e6
    }


def _layer(path: Path, name: str, parts: Mapping[str, Any], alphas: Mapping[str, float]) -> Layer:
    import math

    down, up = parts.get("down"), parts.get("up")
    where = name.partition(":")[2][:80]
    if down is None or up is None or down.ndim not in (2, 4) or up.ndim not in (2, 4):
        raise broken(path.name, f"a matrix of its layer {where} is missing")
    rank = down.shape[0]
    if up.shape[1] != rank or not 0 < rank <= _HIGHEST_RANK or up.shape[2:].numel() > 1:
        raise broken(path.name, f"the matrices of its layer {where} do not fit together")
    if not (down.isfinite().all() and up.isfinite().all()):
        raise broken(path.name, f"its layer {where} has invalid numbers")
    alpha = parts.get("alpha", alphas.get(name.partition(":")[0], float(rank)))
    if not isinstance(alpha, float) or not math.isfinite(alpha):
        raise broken(path.name, f"the scale of its layer {where} is not a number")
    return Layer(down, up, alpha / rank)
