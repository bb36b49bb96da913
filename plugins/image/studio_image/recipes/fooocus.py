"""The recipes of Fooocus in its own scheme: a table in ``parameters``. Plain data.

Its other scheme is the infotext of AUTOMATIC1111. Facts from the project's documentation of
``fooocus_scheme`` and from files it wrote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from studio_image.recipes import foreign
from studio_image.recipes.foreign import number, present, rows, table, words
from studio_image.recipes.recipe import Recipe, restored

PROGRAM = "Fooocus"
SCHEME = "fooocus_scheme"
_SIZE = re.compile(r"\(?\s*(\d{1,6})\s*[,x×]\s*(\d{1,6})\s*\)?")
_COMBINED = re.compile(r"lora_combined_\d{1,2}")
_NOTHING = ("", "None", "[]")


def read(text: str) -> Recipe:
    """Return what ``parameters`` says, where it is a table of Fooocus; else an empty recipe."""
    settings = table(foreign.loaded(text))
    if "prompt" not in settings or not {"base_model", "performance", "metadata_scheme"} & {
        *settings
    }:
        return Recipe()
    chosen, rest = foreign.scheduler(
        words(settings.get("sampler")), words(settings.get("scheduler"))
    )
    size = _SIZE.fullmatch(words(settings.get("resolution")).strip())
    values = present(
        prompt=words(settings.get("prompt")),
        negative=words(settings.get("negative_prompt")),
        width=int(size[1]) if size else None,
        height=int(size[2]) if size else None,
        steps=settings.get("steps"),
        guidance=settings.get("guidance_scale"),
        seed=settings.get("seed"),
        clip_skip=settings.get("clip_skip"),
    )
    rest += [*_styles(settings), *_beyond(settings)]
    return restored(
        PROGRAM,
        values | chosen,
        model=foreign.file_title(words(settings.get("base_model"))),
        digest=words(settings.get("base_model_hash")),
        loras=_loras(settings),
        left_out=rest,
    )


def _styles(settings: Mapping[str, Any]) -> list[str]:
    """Return the styles, which are words that Fooocus adds to the prompt, as one remark."""
    styles = settings.get("styles")
    names = ", ".join(map(str, styles[:20])) if isinstance(styles, list) else words(styles)
    names = names.strip("[]").replace("'", "")
    return [f"the styles {names}"[:120]] if names else []


def _beyond(settings: Mapping[str, Any]) -> list[str]:
    rest = []
    if words(settings.get("refiner_model")) not in _NOTHING:
        rest.append(f"the refiner {foreign.file_title(words(settings['refiner_model']))}"[:80])
    for key, name in (("sharpness", "Sharpness"), ("adm_guidance", "ADM guidance")):
        if key in settings:
            rest.append(f"{name} {settings[key]}"[:60])
    return rest


def _loras(settings: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Return the LoRAs, written as ``[name, strength, hash]`` or ``name : strength``."""
    pairs = [tuple(entry[:2]) for entry in rows(settings.get("loras")) if isinstance(entry, list)]
    pairs += [
        tuple(words(value).rsplit(":", 1))
        for key, value in settings.items()
        if _COMBINED.match(key)
    ]
    strengths: dict[str, float] = {}
    for pair in pairs[: 2 * foreign.MOST_LORAS]:
        if len(pair) != 2:
            continue
        name = foreign.file_title(words(pair[0]))
        strength = number(words(pair[1]).strip() or pair[1])
        if name not in _NOTHING and strength is not None:
            strengths.setdefault(name, float(strength))
    return list(strengths.items())[: foreign.MOST_LORAS]
