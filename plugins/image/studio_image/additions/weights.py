"""How what users add to diffusion weights is recognised, measured and loaded: safetensors only."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from studio.api import ErrorCode, Requirements, StudioError, WeightsFacts
from studio_image.additions import lora_keys
from studio_image.additions.control import Control
from studio_image.additions.inversion import Inversion
from studio_image.additions.lora import Layer, Lora
from studio_image.diffusion.folder import network_part, read_json
from studio_image.diffusion.model import filled, native_dtype, need_diffusers
from studio_image.diffusion.model_spec import Part, broken, count, shapes

LORA, INVERSION, CONTROL = "lora", "textual-inversion", "controlnet"
_PARTS = {"emb_params": "te1", "clip_l": "te1", "clip_g": "te2"}
_MOST_VECTORS = 75
_CONTROL_CLASS = "ControlNetModel"
_HIGHEST_RANK = 4096
_LONGEST_NOTE = 1 << 16


class LoraLoader:
    """The ``Loader`` of the family ``image-lora``.

    Attributes:
        family: ``image-lora``.
    """

    family = "image-lora"

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return what the header of ``path`` says, or None if it is no LoRA for pictures.

        Raises:
            StudioError: It is one of a kind that is not supported, or broken.
        """
        if path.suffix.lower() != ".safetensors" or not path.is_file():
            return None
        found = shapes(path)
        if not lora_keys.is_lora(found) or _is_for_text(found):
            return None
        _refuse_other_kinds(path, found)
        places = [lora_keys.place_of(name) for name in found]
        layers = {place.layer for place in places if place is not None}
        facts = {
            "base": lora_keys.base_of(found) or "unknown",
            "layers": len(layers),
            "parameters": count(found),
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

        found = shapes(path)
        _refuse_other_kinds(path, found)
        dtype = native_dtype(device)
        tensors: dict[str, dict[str, Any]] = {}
        with safe_open(path, framework="pt") as file:
            notes = file.metadata() or {}
            alphas = _noted_alphas(notes)
            for number, name in enumerate(found, 1):
                if place := lora_keys.place_of(name):
                    given = file.get_tensor(name)
                    is_scale = place.role == "alpha"
                    kept = float(given) if is_scale and given.numel() == 1 else given
                    kept = kept if is_scale else given.to(device, dtype)
                    tensors.setdefault(place.layer, {})[place.role] = kept
                yield number / len(found)
        base = notes.get("base", "")[:80] or lora_keys.base_of(found)
        lora = Lora(path.stem, _stamp(path), base)
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


class InversionLoader:
    """The ``Loader`` of the family ``image-inversion``.

    Attributes:
        family: ``image-inversion``.
    """

    family = "image-inversion"

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return what the header of ``path`` says, or None if it is no textual inversion."""
        if path.suffix.lower() != ".safetensors" or not path.is_file():
            return None
        vectors = _vectors(shapes(path))
        if not vectors:
            return None
        facts = {"tokens": max(size[0] for size in vectors.values()), "word": path.stem}
        return WeightsFacts(self.family, path.stem, (INVERSION,), facts)

    def measure(self, path: Path, device: str = "cpu") -> Requirements:
        """Return the memory its vectors take."""
        return Requirements(4 * count(shapes(path)), 0)

    def load(self, path: Path, device: str) -> Generator[float, None, Inversion]:
        """Yield once; return the inversion.

        Raises:
            StudioError: It has no vectors, or they have invalid numbers.
        """
        from safetensors.torch import load_file

        if not _vectors(shapes(path)):
            raise broken(path.name, "it has no vectors of words")
        tensors = {_part(name): value for name, value in load_file(path, device).items()}
        yield 1.0
        if not all(value.isfinite().all() for value in tensors.values()):
            raise broken(path.name, "it has invalid numbers")
        vectors = {part: v.reshape(-1, v.shape[-1]).float() for part, v in tensors.items()}
        if len({len(each) for each in vectors.values()}) > 1:
            raise broken(path.name, "its two parts have different lengths")
        return Inversion(path.stem, _stamp(path), vectors)

    def park(self, loaded: Inversion) -> None:
        """Move it to the memory of the processor."""
        loaded.to("cpu")

    def unpark(self, loaded: Inversion, device: str) -> None:
        """Move it back."""
        loaded.to(device)

    def unload(self, loaded: Inversion) -> None:
        """Let go of the vectors."""
        loaded.vectors.clear()


class ControlLoader:
    """The ``Loader`` of the family ``image-controlnet``: folders of ``diffusers``.

    Attributes:
        family: ``image-controlnet``.
    """

    family = "image-controlnet"

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return what the config in the folder ``path`` says, or None if it is no ControlNet.

        Raises:
            StudioError: It is one of which a part is missing.
        """
        if path.is_file() and path.suffix.lower() == ".safetensors":
            if "controlnet_cond_embedding.conv_in.weight" in shapes(path):
                raise StudioError(
                    ErrorCode.UNSUPPORTED,
                    f"“{path.name}” is a ControlNet without its config.json.",
                    "Add the whole folder that it comes from.",
                )
            return None
        if not _is_control(path):
            return None
        part = _control_part(path)
        facts = {
            "parameters": part.parameters,
            "cross_attention_dim": part.config.get("cross_attention_dim"),
        }
        return WeightsFacts(self.family, path.name, (CONTROL,), facts)

    def measure(self, path: Path, device: str = "cpu") -> Requirements:
        """Return the memory its numbers take, and about what it needs while it computes."""
        numbers = _control_part(path).parameters * native_dtype(device).itemsize
        return Requirements(numbers, numbers // 2)

    def load(self, path: Path, device: str) -> Generator[float, None, Control]:
        """Yield the share done between tensors; return the ControlNet."""
        need_diffusers()
        part, done = _control_part(path), 0
        steps = filled(part, "controlnet", path.name, device, native_dtype(device))
        while True:
            try:
                done += next(steps)
            except StopIteration as end:
                return Control(path.name, _stamp(path / "config.json"), end.value)
            yield min(1.0, done / max(1, part.parameters))

    def park(self, loaded: Control) -> None:
        """Move the network to the memory of the processor."""
        loaded.network.to("cpu")

    def unpark(self, loaded: Control, device: str) -> None:
        """Move it back."""
        loaded.network.to(device)

    def unload(self, loaded: Control) -> None:
        """Let go of the network."""
        loaded.network = None


def loaders() -> tuple[LoraLoader, InversionLoader, ControlLoader]:
    """Return the loaders of these families."""
    return LoraLoader(), InversionLoader(), ControlLoader()


def _stamp(path: Path) -> str:
    stat = path.stat()
    return f"{path}:{stat.st_size}:{stat.st_mtime_ns}"


def _part(name: str) -> str:
    return _PARTS.get(name, "te1")


def _vectors(found: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Return part → (tokens, width) of a textual inversion; empty for anything else."""
    alone = len(found) == 1 and next(iter(found)).startswith("<")  # how diffusers writes its word
    if not found or not (alone or found.keys() <= _PARTS.keys()):
        return {}
    sizes = {_part(name): ((1, *size) if len(size) == 1 else size) for name, size in found.items()}
    fitting = all(len(size) == 2 and 0 < size[0] <= _MOST_VECTORS for size in sizes.values())
    return sizes if fitting and len(sizes) == len(found) else {}


def _is_control(path: Path) -> bool:
    if not (path / "config.json").is_file():
        return False
    try:
        return read_json(path / "config.json").get("_class_name") == _CONTROL_CLASS
    except StudioError:  # a config of something else that cannot be read
        return False


def _control_part(path: Path) -> Part:
    return network_part(path, _CONTROL_CLASS)


def _is_for_text(found: Mapping[str, Any]) -> bool:
    """Whether it is for a language model: the names of those layers have no part of ours."""
    return not any(
        lora_keys.place_of(name) or name.startswith(lora_keys.OTHER_BASES) for name in found
    )


def _refuse_other_kinds(path: Path, found: Mapping[str, Any]) -> None:
    for mark, kind in lora_keys.OTHER_KINDS.items():
        if any(mark in name for name in found):
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"“{path.name}” is an adapter of the kind {kind}, which is not supported.",
                "Use a plain LoRA.",
            )
    base = lora_keys.base_of(found)
    if base.startswith("a transformer"):
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"“{path.name}” is a LoRA for {base}, which is not supported.",
            "Use a LoRA for Stable Diffusion 1, 2 or XL.",
        )


def _noted_alphas(metadata: Mapping[str, str]) -> dict[str, float]:
    """Return part → alpha, where the file's own notes have it, as ``diffusers`` writes them."""
    note = metadata.get("lora_adapter_metadata", "")
    try:
        said = json.loads(note) if len(note) < _LONGEST_NOTE else {}
    except (ValueError, RecursionError):
        return {}
    said = said if isinstance(said, dict) else {}
    parts = {"unet": "unet", "te1": "text_encoder", "te2": "text_encoder_2"}
    found = {part: said.get(f"{name}.lora_alpha") for part, name in parts.items()}
    return {
        part: float(alpha)
        for part, alpha in found.items()
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
