"""The recipes of InvokeAI: three generations of them. Plain data: opens no files.

Version 3 and later write ``invokeai_metadata``, a table of what was set; version 2 ``sd-metadata``,
a table with another one, ``image``; the first versions ``Dream``, a command line. Facts from the
project's documentation of its metadata and from files it wrote.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from studio_image.recipes import foreign
from studio_image.recipes.foreign import number, present, rows, table, words
from studio_image.recipes.recipe import Recipe, restored

PROGRAM = "InvokeAI"
METADATA, OLDER, OLDEST = "invokeai_metadata", "sd-metadata", "Dream"
_LONGEST_COMMAND = 20_000
_NOT_WANTED = re.compile(r"\[([^\[\]]{1,4000})\]")
_FLAGS = {"s": "steps", "S": "seed", "W": "width", "H": "height", "C": "guidance", "A": "sampler"}
_BEYOND = {
    "controlnets": "ControlNet", "ipAdapters": "an IP-Adapter", "t2iAdapters": "a T2I-Adapter",
    "refiner_model": "the refiner", "regions": "regional prompts",
    "positive_style_prompt": "the style prompt", "seamless_x": "seamless tiling",
    "hrf_enabled": "the high-resolution fix",
}  # fmt: skip


def read(text: str) -> Recipe:
    """Return what ``invokeai_metadata`` says."""
    settings = table(foreign.loaded(text))
    if "positive_prompt" not in settings:
        return Recipe()
    chosen, rest = foreign.scheduler(words(settings.get("scheduler")))
    rest += [name for key, name in _BEYOND.items() if settings.get(key)]
    begins = bool(settings.get("init_image"))
    if begins:
        rest.append("the starting image")
    values = present(
        prompt=words(settings.get("positive_prompt")),
        negative=words(settings.get("negative_prompt")),
        strength=number(settings.get("strength")) if begins else None,
        **_numbers(settings, steps="steps", seed="seed", width="width", height="height"),
        **_numbers(settings, guidance="cfg_scale"),
    )
    if skip := number(settings.get("clip_skip")):
        values["clip_skip"] = skip + 1  # it counts layers left out; others name the last one used
    model, digest = _model(settings.get("model"))
    return restored(
        PROGRAM, values | chosen, model=model, digest=digest, loras=_loras(settings), left_out=rest
    )


def read_older(text: str) -> Recipe:
    """Return what ``sd-metadata`` says."""
    whole = table(foreign.loaded(text))
    settings = table(whole.get("image"))
    prompt = settings.get("prompt")
    if isinstance(prompt, list):  # parts with weights
        prompt = ", ".join(words(table(part).get("prompt")) for part in prompt[:100])
    if not words(prompt):
        return Recipe()
    chosen, rest = foreign.scheduler(words(settings.get("sampler")))
    wanted, negative = _parted(words(prompt))
    if settings.get("variations"):
        rest.append("variations of the seed")
    if settings.get("postprocessing"):
        rest.append("what was done to the picture afterwards")
    names = {"steps": "steps", "seed": "seed", "width": "width", "height": "height"}
    values = present(
        prompt=wanted, negative=negative, **_numbers(settings, **names, guidance="cfg_scale")
    )
    model = foreign.file_title(words(whole.get("model_weights")))
    digest = words(whole.get("model_hash"))
    return restored(PROGRAM, values | chosen, model=model, digest=digest, left_out=rest)


def read_oldest(text: str) -> Recipe:
    """Return what ``Dream`` says: ``"a fox [snow]" -s 50 -S 42 -W 512 -H 512 -C 7.5 -A k_lms``."""
    try:
        parts = shlex.split(text[:_LONGEST_COMMAND])
    except ValueError:  # a quote that is never closed
        return Recipe()
    prompt, settings = parts[0] if parts else "", {}
    place = 1
    while place < len(parts):
        flag = re.fullmatch(r"-([sSWHCA])(.*)", parts[place])
        if flag and not flag[2] and place + 1 < len(parts):
            place += 1
        if flag:
            settings[_FLAGS[flag[1]]] = flag[2] or parts[place]
        place += 1
    if not prompt or not settings:
        return Recipe()
    chosen, rest = foreign.scheduler(settings.pop("sampler", ""))
    wanted, negative = _parted(prompt)
    values = present(prompt=wanted, negative=negative, **settings)
    return restored(PROGRAM, values | chosen, left_out=rest)


def _numbers(settings: Mapping[str, Any], **names: str) -> dict[str, Any]:
    """Return our names with the numbers that theirs have; other values are shown to be refused."""
    return {ours: settings[theirs] for ours, theirs in names.items() if theirs in settings}


def _parted(prompt: str) -> tuple[str, str]:
    """Return the prompt, and what its square brackets say is not wanted."""
    negative = ", ".join(part.strip() for part in _NOT_WANTED.findall(prompt))
    return re.sub(r"\s{2,}", " ", _NOT_WANTED.sub(" ", prompt)).strip(), negative


def _model(value: Any) -> tuple[str, str]:
    entry = table(value)
    name = words(entry.get("name")) or words(entry.get("model_name")) or words(value)
    return foreign.file_title(name), words(entry.get("hash"))


def _loras(settings: Mapping[str, Any]) -> list[tuple[str, float]]:
    loras = []
    for row in rows(settings.get("loras"))[: foreign.MOST_LORAS]:
        name, _ = _model(table(row).get("model") or table(row).get("lora"))
        strength = number(table(row).get("weight"))
        if name:
            loras.append((name, 1.0 if strength is None else float(strength)))
    return loras
