"""What all readers of other programs' recipes share: bounded JSON, values, words. No files."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from studio_image.recipes import samplers

MOST_LORAS = 32
_LORA = re.compile(r"<lora:([^:<>]{1,200}):(-?\d{1,3}(?:\.\d{1,6})?)(?::[^<>]{0,60})?>")


def loaded(text: str) -> Any:
    """Parse a JSON text; None if invalid or nested too deep."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def table(value: Any) -> Mapping[str, Any]:
    """Return a JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[Any]:
    """Return a JSON list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def words(value: Any) -> str:
    """Return a text; empty for anything else."""
    return value if isinstance(value, str) else ""


def number(value: Any) -> int | float | None:
    """Return a finite number, also one that is written as a text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and len(value) < 40:
        try:
            value = float(value) if set(value) & set(".eE") else int(value)
        except ValueError:
            return None
    if isinstance(value, int):
        return value if abs(value) < 1 << 64 else None
    return value if isinstance(value, float) and math.isfinite(value) else None


def file_title(name: str) -> str:
    """Return a display title for weights that a recipe names by their file."""
    bare = PurePosixPath(PureWindowsPath(name.strip()[:400]).as_posix()).name
    for suffix in (".safetensors", ".ckpt", ".gguf", ".pt", ".bin"):
        bare = bare.removesuffix(suffix)
    return bare


def without_loras(prompt: str) -> tuple[str, list[tuple[str, float]]]:
    """Return a prompt without its ``<lora:name:strength>``, and these."""
    loras = [(file_title(name), float(strength)) for name, strength in _LORA.findall(prompt)]
    bare = re.sub(r"[ \t]{2,}", " ", _LORA.sub("", prompt)).strip(" ,") if loras else prompt
    return bare, loras[:MOST_LORAS]


def present(**values: Any) -> dict[str, Any]:
    """Return those values that say something."""
    return {name: value for name, value in values.items() if value not in (None, "")}


def scheduler(name: str, schedule: str = "") -> tuple[dict[str, Any], list[str]]:
    """Return a sampler as our parameters, and what of it there is not here, in words."""
    if not name:
        return {}, []
    ours = samplers.named(name)
    if not ours:
        return {}, [f"Sampler {name}"[:60]]
    names = ("", "normal", "automatic", "simple", "karras")
    rest = [] if schedule.lower() in names else [f"Schedule type {schedule}"[:60]]
    karras = {"karras": True} if samplers.is_karras(name, schedule) else {}
    return {"scheduler": ours, **karras}, rest
