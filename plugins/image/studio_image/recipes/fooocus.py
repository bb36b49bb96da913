"""The recipes of Fooocus in its own scheme: a table in ``parameters``. Plain data.

Its other scheme is the infotext of AUTOMATIC1111. Facts from the project's documentation of
``fooocus_scheme`` and from files it wrote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from studio_image.recipes import foreign
from studio_image.recipes.foreign import number, rows, said, table, words
from studio_image.recipes.recipe import Recipe, restored

PROGRAM = "Fooocus"
SCHEME = "fooocus_scheme"
_SIZE = re.compile(r"\(?\s*(\d{1,6})\s*[,x×]\s*(\d{1,6})\s*\)?")
_COMBINED = re.compile(r"lora_combined_\d{1,2}")
_NOTHING = ("", "None", "[]")


def read(text: str) -> Recipe:
    """Return what ``parameters`` says, where it is a table of Fooocus; else an empty recipe."""
    found = table(foreign.loaded(text))
    if "prompt" not in found or not {"base_model", "performance", "metadata_scheme"} & {*found}:
        return Recipe()
    chosen, rest = foreign.scheduler(words(found.get("sampler")), words(found.get("scheduler")))
    size = _SIZE.fullmatch(words(found.get("resolution")).strip())
    values = said(
        prompt=words(found.get("prompt")),
        negative=words(found.get("negative_prompt")),
        width=int(size[1]) if size else None,
        height=int(size[2]) if size else None,
        steps=found.get("steps"),
        guidance=found.get("guidance_scale"),
        seed=found.get("seed"),
        clip_skip=found.get("clip_skip"),
    )
    rest += [*_styles(found), *_beyond(found)]
    return restored(
        PROGRAM,
        values | chosen,
        model=foreign.file_title(words(found.get("base_model"))),
        digest=words(found.get("base_model_hash")),
        loras=_loras(found),
        left_out=rest,
    )


def _styles(found: Mapping[str, Any]) -> list[str]:
    """Return the styles, which are words that Fooocus adds to the prompt, as one remark."""
    styles = found.get("styles")
    names = ", ".join(map(str, styles[:20])) if isinstance(styles, list) else words(styles)
    names = names.strip("[]").replace("'", "")
    return [f"the styles {names}"[:120]] if names else []


def _beyond(found: Mapping[str, Any]) -> list[str]:
    rest = []
    if words(found.get("refiner_model")) not in _NOTHING:
        rest.append(f"the refiner {foreign.file_title(words(found['refiner_model']))}"[:80])
    for key, name in (("sharpness", "Sharpness"), ("adm_guidance", "ADM guidance")):
        if key in found:
            rest.append(f"{name} {found[key]}"[:60])
    return rest


def _loras(found: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Return the LoRAs, written as ``[name, strength, hash]`` or ``name : strength``."""
    pairs = [tuple(each[:2]) for each in rows(found.get("loras")) if isinstance(each, list)]
    pairs += [
        tuple(words(value).rsplit(":", 1)) for key, value in found.items() if _COMBINED.match(key)
    ]
    made: dict[str, float] = {}
    for pair in pairs[: 2 * foreign.MOST_LORAS]:
        if len(pair) != 2:
            continue
        name = foreign.file_title(words(pair[0]))
        strength = number(words(pair[1]).strip() or pair[1])
        if name not in _NOTHING and strength is not None:
            made.setdefault(name, float(strength))
    return list(made.items())[: foreign.MOST_LORAS]
