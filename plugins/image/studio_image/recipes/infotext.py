"""The "infotext" of AUTOMATIC1111's web UI, which most tools for Stable Diffusion read and write.

The prompt, a line of what it should not show, and a line of ``Name: value`` pairs. Plain data:
opens no files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from studio_image.diffusion import prompt_words
from studio_image.recipes import foreign, samplers
from studio_image.recipes.recipe import Recipe, restored

KEY = "parameters"
"""The text of a PNG file under which other programs look for it."""
PROGRAM = "AUTOMATIC1111"
_LONGEST_LINE = 50_000
_WITHOUT = "Negative prompt:"
_PAIR = re.compile(r'([A-Za-z][^:,"]{0,60}):\s*("(?:[^"\\]|\\.)*"|[^,]*)(?:,|$)')
_NAMES = {
    "Steps": "steps",
    "CFG scale": "guidance",
    "Seed": "seed",
    "Denoising strength": "strength",
    "Style": "style",
    "Clip skip": "clip_skip",
    "Variation seed": "variation_seed",
    "Variation seed strength": "variation",
}
_SAYS_NOTHING = ("Version", "Lora hashes", "TI hashes", "Hashes", "RNG")


def written(recipe: Mapping[str, Any], width: int, height: int) -> str:
    """Format a recipe for other programs; empty if they cannot express it."""
    if recipe.get("task") != "image.generate":
        return ""
    params = recipe["params"]
    pairs = {
        "Steps": params.get("steps"),
        "Sampler": samplers.INFOTEXT_NAMES.get(params.get("scheduler", "")),
        "Schedule type": "Karras" if params.get("karras") else None,
        "CFG scale": params.get("guidance"),
        "Seed": params.get("seed"),
        "Size": f"{width}x{height}",
        "Model": params.get("weights"),
        "Denoising strength": params.get("strength") if params.get("init") else None,
        "Clip skip": params.get("clip_skip") or None,
        "Variation seed": params.get("variation_seed") if params.get("variation") else None,
        "Variation seed strength": params.get("variation") or None,
        "Style": params.get("style"),
        "Version": "Offline Studio",
    }
    settings = [
        f"{name}: {_quoted(value)}" for name, value in pairs.items() if value not in (None, "")
    ]
    strengths = [*params.get("lora_strengths", ()), *[1.0] * len(params.get("loras", ()))]
    loras = [f" <lora:{name}:{share:g}>" for name, share in zip(params.get("loras", ()), strengths)]
    lines = [str(params.get("prompt", "")).strip() + "".join(loras)]
    if params.get("negative"):
        lines.append(f"{_WITHOUT} {params['negative'].strip()}")
    return "\n".join([*lines, ", ".join(settings)])


def read(text: str) -> Recipe:
    """Return what another program said about how it made a picture."""
    lines = text.strip().split("\n")
    pairs: dict[str, str] = {}
    if len(lines[-1]) <= _LONGEST_LINE:
        settings = {name.strip(): _unquoted(value) for name, value in _PAIR.findall(lines[-1])}
        if "Steps" in settings or "Seed" in settings:
            pairs, lines = settings, lines[:-1]
    prompt, _, negative = "\n".join(lines).partition(_WITHOUT)
    if not pairs and not negative:
        return Recipe()
    values, rest = _translated(pairs)
    model, digest = rest.pop("Model", ""), rest.pop("Model hash", "")
    bare, loras = foreign.without_loras(prompt.strip())
    others = [
        f"{name} {value}".strip()[:60] for name, value in rest.items() if name not in _SAYS_NOTHING
    ]
    program, negative = _program(rest.get("Version", "")), negative.strip()
    if program:  # ours has the weights of its words in numbers
        bare, negative = (prompt_words.explicit(words, square=True) for words in (bare, negative))
    return restored(
        program,
        {"prompt": bare, "negative": negative} | values,
        model=model,
        digest=digest,
        loras=loras,
        left_out=others,
    )


def _program(version: str) -> str:
    """Return who wrote it; most write what AUTOMATIC1111 does, and some say so."""
    if version == "Offline Studio":
        return ""
    return next((name for name in ("Fooocus", "ComfyUI") if version.startswith(name)), PROGRAM)


def _translated(pairs: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the pairs as our parameters, and those that are none of ours."""
    rest = dict(pairs)
    values: dict[str, Any] = {ours: rest.pop(name) for name, ours in _NAMES.items() if name in rest}
    size = re.fullmatch(r"(\d{1,6})x(\d{1,6})", rest.get("Size", ""))
    if size:
        del rest["Size"]
        values |= {"width": int(size[1]), "height": int(size[2])}
    sampler, schedule = rest.pop("Sampler", ""), rest.pop("Schedule type", "")
    chosen, unknown = foreign.scheduler(sampler, schedule)
    for words in unknown:
        name = next((key for key in ("Sampler", "Schedule type") if words.startswith(key)), "")
        rest[name] = words.removeprefix(name).strip()
    return values | chosen, rest


def _quoted(value: Any) -> str:
    words = f"{value:g}" if isinstance(value, float) else str(value)
    return json.dumps(words, ensure_ascii=False) if set(words) & set(',:\n"') else words


def _unquoted(value: str) -> str:
    value = value.strip()
    if value.startswith('"'):
        try:
            return str(json.loads(value))
        except ValueError:
            return value.strip('"')
    return value
