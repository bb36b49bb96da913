"""How a picture was made, in two spellings: our JSON, and the text that other programs read.

The other one is the "infotext" of AUTOMATIC1111's web UI, which most tools for Stable Diffusion
read: the prompt, a line of what it should not show, and a line of ``Name: value`` pairs. Plain
data: opens no files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from studio.api import BadInput, Params
from studio_image.schema import Enlarge, Generate, Restyle

KEY = "offline-studio"
"""The text of a PNG file that holds the recipe as JSON."""
FOREIGN_KEY = "parameters"
"""The text of a PNG file under which other programs look for it."""
TASKS: Mapping[str, type[Params]] = {
    "image.generate": Generate,
    "image.restyle": Restyle,
    "image.enlarge": Enlarge,
}
_PATHS = ("image", "folder", "init", "styles")
_SAMPLERS = {
    "euler": "Euler",
    "euler-a": "Euler a",
    "dpm++": "DPM++ 2M",
    "ddim": "DDIM",
    "lms": "LMS",
    "heun": "Heun",
}
_LONGEST_LINE = 50_000
_WITHOUT = "Negative prompt:"
_PAIR = re.compile(r'([A-Za-z][^:,"]{0,60}):\s*("(?:[^"\\]|\\.)*"|[^,]*)(?:,|$)')


@dataclass(frozen=True)
class Recipe:
    """What can be used of a recipe from a file.

    Attributes:
        task: Which task made it; empty if none of ours did.
        params: Its parameters, those that the task takes.
        model: What another program calls the weights; empty if it does not say.
        left_out: What else it says, each in a few words.
    """

    task: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    model: str = ""
    left_out: tuple[str, ...] = ()


def to_json(recipe: Mapping[str, Any]) -> str:
    """Return a recipe for a file that may leave this machine: of paths only the names."""
    params = {name: _named(name, value) for name, value in recipe.get("params", {}).items()}
    shared = dict(recipe) | {"params": params}
    return json.dumps(shared, ensure_ascii=False, sort_keys=True)


def to_foreign(recipe: Mapping[str, Any], width: int, height: int) -> str:
    """Return what other programs read; empty for what they have no words for."""
    if recipe.get("task") != "image.generate":
        return ""
    params = recipe["params"]
    pairs = {
        "Steps": params.get("steps"),
        "Sampler": _SAMPLERS.get(params.get("scheduler", "")),
        "CFG scale": params.get("guidance"),
        "Seed": params.get("seed"),
        "Size": f"{width}x{height}",
        "Model": params.get("weights"),
        "Denoising strength": params.get("strength") if params.get("init") else None,
        "Style": params.get("style"),
        "Version": "Offline Studio",
    }
    said = [f"{name}: {_quoted(value)}" for name, value in pairs.items() if value not in (None, "")]
    lines = [str(params.get("prompt", "")).strip()]
    if params.get("negative"):
        lines.append(f"{_WITHOUT} {params['negative'].strip()}")
    return "\n".join([*lines, ", ".join(said)])


def from_json(text: str) -> Recipe:
    """Return a recipe that we wrote; an empty one if this is something else."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):  # another program's text under the same name
        return Recipe()
    return from_plain(said)


def from_plain(said: Any) -> Recipe:
    """Return the recipe that is kept with a picture of the library, checked like one of a file."""
    known = isinstance(said, Mapping) and isinstance(said.get("params"), Mapping)
    if not known or said.get("task") not in TASKS:
        return Recipe()
    params, refused = _usable(said["task"], said["params"])
    return Recipe(said["task"], params, "", refused)


def from_foreign(text: str) -> Recipe:
    """Return what another program said about how it made a picture."""
    lines = text.strip().split("\n")
    pairs: dict[str, str] = {}
    if len(lines[-1]) <= _LONGEST_LINE:
        found = {name.strip(): _unquoted(value) for name, value in _PAIR.findall(lines[-1])}
        if "Steps" in found or "Seed" in found:
            pairs, lines = found, lines[:-1]
    prompt, _, negative = "\n".join(lines).partition(_WITHOUT)
    if not pairs and not negative:
        return Recipe()
    values, rest = _translated(pairs)
    model = rest.pop("Model", "")
    rest.pop("Version", None)
    said = {"prompt": prompt.strip(), "negative": negative.strip()} | values
    params, refused = _usable("image.generate", said)
    others = (f"{name} {value}".strip()[:60] for name, value in rest.items())
    return Recipe("image.generate", params, model, (*refused, *others))


def _translated(pairs: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the pairs as our parameters, and those that are none of ours."""
    rest = dict(pairs)
    values: dict[str, Any] = {}
    for name, ours in (
        ("Steps", "steps"),
        ("CFG scale", "guidance"),
        ("Seed", "seed"),
        ("Denoising strength", "strength"),
        ("Style", "style"),
    ):
        if name in rest:
            values[ours] = rest.pop(name)
    size = re.fullmatch(r"(\d{1,6})x(\d{1,6})", rest.get("Size", ""))
    if size:
        del rest["Size"]
        values |= {"width": int(size[1]), "height": int(size[2])}
    sampler = rest.get("Sampler", "").lower().removesuffix(" karras")
    for ours, theirs in _SAMPLERS.items():
        if sampler == theirs.lower():
            del rest["Sampler"]
            values["scheduler"] = ours
    return values, rest


def _usable(task: str, said: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the parameters that the task takes, and the others in words."""
    kind, params, refused = TASKS[task], {}, []
    needed = {f.name: "x" for f in kind.fields() if f.required}
    titles = {f.name: f.title for f in kind.fields()}
    for name, value in said.items():
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
        return [PurePath(each).name for each in value]
    return PurePath(value).name


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
