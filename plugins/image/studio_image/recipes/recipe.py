"""Recipes of pictures as the studio's JSON, and the usable parts of any recipe. Opens no files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from studio.api import BadInput, Params
from studio_image.schema import Edit, Enlarge, Generate, Repair, Restyle

KEY = "offline-studio"
"""The text of a PNG file that holds the recipe as JSON."""
TASKS: Mapping[str, type[Params]] = {
    "image.generate": Generate,
    "image.restyle": Restyle,
    "image.enlarge": Enlarge,
    "image.repair": Repair,
    "image.edit": Edit,
}
_PATHS = ("image", "mask", "folder", "init", "styles", "prompt_file")


@dataclass(frozen=True)
class Recipe:
    """The usable parts of a recipe from a file.

    Attributes:
        task: Task that made the picture; empty if none of the studio's.
        params: Its parameters, those that the task takes.
        model: Another program's name of the weights; empty if missing.
        digest: That program's hash of the weights; empty if missing.
        loras: The applied LoRAs: name and strength.
        left_out: Unusable settings, each in a few words.
        program: Program that made it; empty for the studio.
    """

    task: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    model: str = ""
    left_out: tuple[str, ...] = ()
    digest: str = ""
    loras: tuple[tuple[str, float], ...] = ()
    program: str = ""


def to_json(recipe: Mapping[str, Any]) -> str:
    """Return a recipe for a file that may leave this machine: of paths only the names."""
    params = {name: _named(name, value) for name, value in recipe.get("params", {}).items()}
    shared = dict(recipe) | {"params": params}
    return json.dumps(shared, ensure_ascii=False, sort_keys=True)


def from_json(text: str) -> Recipe:
    """Return a recipe that we wrote; an empty one if this is something else."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):  # another program's text under the same name
        return Recipe()
    return from_plain(data)


def from_plain(data: Any) -> Recipe:
    """Return the recipe saved with a picture of the library, validated like one of a file."""
    is_recipe = isinstance(data, Mapping) and isinstance(data.get("params"), Mapping)
    if not is_recipe or data.get("task") not in TASKS:
        return Recipe()
    params, refused = _usable(data["task"], data["params"])
    return Recipe(data["task"], params, "", refused)


def restored(
    program: str,
    values: Mapping[str, Any],
    *,
    model: str = "",
    digest: str = "",
    loras: Iterable[tuple[str, float]] = (),
    left_out: Iterable[str] = (),
) -> Recipe:
    """Return the recipe of a picture that another program generated.

    Args:
        values: By our names; what the task does not take is told among what is left out.
    """
    params, refused = _usable("image.generate", values)
    rest = dict.fromkeys((*refused, *left_out))  # each once
    return Recipe(
        "image.generate", params, model[:200], tuple(rest), digest[:80], tuple(loras), program
    )


def _usable(task: str, data: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the parameters that the task takes, and the others in words."""
    kind, params, refused = TASKS[task], {}, []
    needed = {f.name: "x" for f in kind.fields() if f.required}
    titles = {f.name: f.title for f in kind.fields()}
    for name, value in data.items():
        try:
            parsed = kind.parse(needed | {name: value}).to_dict() if value != "" else {}
        except BadInput:
            refused.append(f"{titles.get(name, name)} {value}"[:60])
        else:
            params[name] = parsed.get(name, value)
    return params, tuple(refused)


def _named(name: str, value: Any) -> Any:
    if name not in _PATHS:
        return value
    if isinstance(value, list):
        return [PurePath(path).name for path in value]
    return PurePath(value).name
