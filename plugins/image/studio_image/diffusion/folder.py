"""Reads a diffusers folder: names and numbers only, checked against our table. Runs none of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from studio.api import ErrorCode, StudioError
from studio.api.worker.config_files import broken, read_json
from studio_image.diffusion.model_spec import (
    ModelSpec,
    Part,
    Vocabulary,
    check_config,
    check_unet,
    count,
)
from studio_image.diffusion.pipelines import ARCHITECTURES, LEFT_OUT, PIPELINES, Architecture
from studio_image.diffusion.tensor_file import opened, shapes

INDEX = "model_index.json"
MAX_VOCABULARY_BYTES = 16 << 20
PICKLES = frozenset({".bin", ".ckpt", ".pt", ".pth", ".pkl"})

_RENAMED = {"Transformer2DModel": "PixArtTransformer2DModel"}
"""Classes that have another name now."""

# Early autoencoders call the four projections of their attention otherwise.
_OLD_NAMES = {
    ".query.": ".to_q.",
    ".key.": ".to_k.",
    ".value.": ".to_v.",
    ".proj_attn.": ".to_out.0.",
}


def read_folder(path: Path) -> ModelSpec:
    """Return the parts of the diffusers folder at ``path``.

    Raises:
        StudioError: It names a class that is not in the table, has pickles instead of safetensors,
            or is broken; says which.
    """
    index = read_json(path / INDEX)
    pipeline = str(index.get("_class_name"))
    architecture = PIPELINES.get(pipeline)
    if architecture is None:
        raise _refused(path, "pipeline", index.get("_class_name"))
    kind = ARCHITECTURES[architecture]
    for name, value in index.items():
        if not name.startswith("_") and isinstance(value, list) and name not in LEFT_OUT:
            _check_class(path, kind, name, value)
    there = [name for name in kind.parts if isinstance(index.get(name), list) and index[name][1]]
    missing = [name for name in kind.parts if name not in there and name not in kind.optional]
    if missing:
        raise broken(path.name, f"its {INDEX} names no {missing[0]}")
    networks = {
        name: network_part(path / name, _RENAMED.get(index[name][1], index[name][1]))
        for name in kind.networks
        if name in there
    }
    if not kind.is_transformer:
        check_unet(networks["unet"].config, path)
    scheduler = read_json(path / "scheduler" / "scheduler_config.json")
    check_config(scheduler, f"{path.name}/scheduler")
    return ModelSpec(
        path=path,
        architecture=architecture,
        networks=networks,
        vocabularies={
            name: _vocabulary(path / name, index[name][1])
            for name in there
            if name.startswith("tokenizer")
        },
        scheduler=(index["scheduler"][1], scheduler),
        options={
            name: value
            for name, value in index.items()
            if name == "force_zeros_for_empty_prompt" and isinstance(value, bool)
        },
        pipeline=pipeline if kind.is_transformer else "",
    )


def _vocabulary(folder: Path, kind: str) -> Vocabulary:
    if kind.startswith("CLIP"):
        return Vocabulary(folder, _pad(folder))
    return Vocabulary(folder, kind=kind)


def _check_class(path: Path, kind: Architecture, name: str, value: list[Any]) -> None:
    if value == [None, None]:
        return
    library, kinds = kind.parts.get(name, ("", frozenset()))
    if len(value) != 2 or value[0] != library or value[1] not in kinds:
        raise _refused(path, name, ".".join(map(str, value)))


def _refused(path: Path, part: str, name: object) -> StudioError:
    return StudioError(
        ErrorCode.UNSUPPORTED,
        f"“{path.name}” uses “{str(name)[:80]}” as its {part[:40]}, which is not supported; "
        "code from a model folder is never run.",
        "Use Stable Diffusion, Flux, PixArt or Sana as a diffusers folder, or Stable Diffusion "
        "1.x, 2.x or XL as one safetensors file.",
    )


def network_part(folder: Path, kind: str) -> Part:
    """Return the network in a folder, whose class is ``kind``.

    Raises:
        StudioError: Its config or its tensors are missing or broken.
    """
    config = {k: v for k, v in read_json(folder / "config.json").items() if not k.startswith("_")}
    check_config(config, f"{folder.parent.name}/{folder.name}")
    widths = config.get("encoder_block_out_channels") or config.get("block_out_channels")
    if folder.name in ("unet", "vae") and not _is_list_of_sizes(widths):
        raise broken(f"{folder.parent.name}/{folder.name}", "its config has no block_out_channels")
    files = _weight_files(folder)
    parameters = sum(count(shapes(file)) for file in files)
    return Part(kind, config, parameters, _reader(files))


def _is_list_of_sizes(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(type(v) is int and v > 0 for v in value)


def _weight_files(folder: Path) -> list[Path]:
    """Return the safetensors of a network: whole, else in half precision, else in shards."""
    stem = "model" if folder.name.startswith("text_encoder") else "diffusion_pytorch_model"
    for pattern in (".safetensors", ".fp16.safetensors", "-*-of-*.safetensors"):
        if files := sorted(folder.glob(stem + pattern)):
            return files
    if any(file.suffix in PICKLES for file in folder.glob("*")):
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"“{folder.parent.name}” stores its {folder.name} as a pickle file, a format that "
            "can run code when opened.",
            "Use a safetensors version of this model.",
        )
    raise broken(f"{folder.parent.name}/{folder.name}", f"there is no {stem}.safetensors")


def _reader(files: list[Path]) -> Callable[[Mapping[str, Any]], Iterator[tuple[str, Any]]]:
    def tensors(expected: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for path in files:
            names = shapes(path)
            with opened(path) as tensor:
                for name in names:
                    key = known_as(name, expected)
                    if not key.endswith("position_ids"):
                        yield key, tensor(name)

    return tensors


def known_as(name: str, expected: Mapping[str, Any]) -> str:
    """Return the name of a tensor in the current class for ``name``."""
    if name in expected:
        return name
    for old, new in _OLD_NAMES.items():
        name = name.replace(old, new)
    # Some versions of the text encoder say text_model. before every name, others do not.
    bare = name.removeprefix("text_model.").removeprefix("model.")
    return next(
        (candidate for candidate in (name, bare, f"text_model.{bare}") if candidate in expected),
        name,
    )


def _pad(folder: Path) -> str:
    """Return the token that a tokenizer fills up with: Stable Diffusion 2 and XL use “!”."""
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        if (folder / name).is_file():
            pad = read_json(folder / name).get("pad_token")
            pad = pad.get("content") if isinstance(pad, dict) else pad
            if isinstance(pad, str):
                return pad
    return "<|endoftext|>"
