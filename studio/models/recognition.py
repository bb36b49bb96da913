"""Recognises weights dropped in without a sidecar, by their first bytes or header."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from studio.api.manifest import FamilyEntry
from studio.models.families import of_family
from studio.models.safetensors_header import addition_of, capability_of
from studio.models.weights import Weights, slug
from studio.protocol.regular_file import open_regular, read_note
from studio.protocol.weights_files import name_of, parts_of, resolved

GGUF_MAGIC = b"GGUF"
DIFFUSERS_INDEX = "model_index.json"
MAX_CONFIG_BYTES = 1024 * 1024
MAX_DEPTH = 3
MIN_DRAWING_BYTES = 1 << 30
"""Larger files are whole checkpoints; of smaller ones the header says whether they are adapters."""
MAX_ENTRIES = 20_000
"""A folder with more is no weights folder; looking on would only keep people waiting."""

_PICKLES = frozenset({".bin", ".ckpt", ".pkl", ".pickle", ".pt", ".pth"})
_MUSIC_WRITERS = frozenset({"musicgen", "musicgen_melody"})
_TRANSCRIBER = "whisper"
SIGHT = "image-to-text"
"""Of language models that read pictures, too."""
_SIGHTED = frozenset({"llava", "qwen2_vl", "qwen2_5_vl", "gemma3", "smolvlm", "idefics3"})
"""Kinds that the runtime knows: its ``formats/transformers_folder.py`` has their classes."""
_SIGHTED_CLASS = "ForConditionalGeneration"
_EYES_ALONE = (
    "{name} is only the part of a model that sees (mmproj), which cannot be used with a GGUF file "
    "yet. To send pictures, get the model as a folder with safetensors."
)
_MADE_FOR_CODE = re.compile(r"coder|code-?llama|code-?gemma|codestral|devstral|-code-", re.I)


def recognise(folder: Path, families: Sequence[FamilyEntry] = ()) -> Iterator[Weights]:
    """Yield GGUF files, safetensors folders and files under ``folder``, ``MAX_DEPTH`` deep.

    Files of ``families``, those of plugins, are yielded too.
    Pickles are yielded too, with the reason why they are not used: who puts one there waits for it.
    """
    left = MAX_ENTRIES
    waiting: list[tuple[Path, int]] = [(folder, 0)]
    while waiting and left > 0:
        here, depth = waiting.pop()
        if (here / DIFFUSERS_INDEX).is_file():  # its parts are no weights of their own
            yield _picture_network(here, here.name, _of_pipeline(here))
            continue
        if is_model_folder(here):
            yield _model_folder(here)
            continue
        pickles = [entry for entry in _entries(here) if _is_pickle(entry)]
        if (here / "config.json").is_file() and pickles:
            yield _refused(here, pickles[0])
            continue
        for entry in _entries(here):
            left -= 1
            if entry.name.startswith("."):  # the bin, and what is not whole yet
                continue
            if entry.is_dir():
                if depth < MAX_DEPTH:
                    waiting.append((entry, depth + 1))
            elif (ours := of_family(entry, families)) is not None:
                yield ours
            elif entry.suffix.lower() == ".gguf" and entry.is_file() and stands_for_all(entry):
                yield _gguf(entry)
            elif entry.suffix.lower() == ".safetensors" and entry.is_file():
                yield from _safetensors_file(entry)
            elif _is_pickle(entry):
                yield _refused(entry, entry)


def at(path: Path, families: Sequence[FamilyEntry] = ()) -> Weights | None:
    """Return the weights that ``path`` itself is, by its first bytes or header; None if none."""
    if (ours := of_family(path, families)) is not None:
        return ours
    if path.is_dir():
        if (path / DIFFUSERS_INDEX).is_file():
            return _picture_network(path, path.name, _of_pipeline(path))
        if is_model_folder(path):
            return _model_folder(path)
        pickles = [entry for entry in _entries(path) if _is_pickle(entry)]
        return _refused(path, pickles[0]) if pickles and (path / "config.json").is_file() else None
    if path.suffix.lower() == ".safetensors":
        return next(_safetensors_file(path), _picture_network(path, path.stem, ""))
    if path.suffix.lower() == ".gguf" or starts_as_gguf(path):
        return _gguf(path)
    return _refused(path, path) if _is_pickle(path) else None


def starts_as_gguf(path: Path) -> bool:
    """Whether the file starts with the GGUF magic, whatever its name."""
    try:
        with open_regular(path) as file:
            return file.read(len(GGUF_MAGIC)) == GGUF_MAGIC
    except OSError:
        return False


def is_model_folder(folder: Path) -> bool:
    """Whether ``folder`` looks like a Hugging Face model: a ``config.json`` and safetensors."""
    return (folder / "config.json").is_file() and any(_safetensors(folder))


def size_of(path: Path) -> int:
    """Return the bytes of a file and those that belong to it, or of the weights in a folder."""
    try:
        if path.is_dir():
            is_whole = (path / DIFFUSERS_INDEX).is_file()
            files = path.glob("*/*.safetensors") if is_whole else _safetensors(path)
            return sum(file.stat().st_size for file in files)
        return sum(file.stat().st_size for file in parts_of(path) if file.exists())
    except OSError:
        return 0


def _gguf(path: Path) -> Weights:
    parts = parts_of(path)
    name = name_of(path)
    problem = _parts_problem(name, parts) or _gguf_problem(path)
    return Weights(
        id=slug(name),
        title=name,
        path=resolved(parts[0]),
        format="gguf",
        # Nearly every GGUF is a language model; the runtime looks closer before it loads one.
        capabilities=() if problem else of_a_writer(name),
        bytes=size_of(path),
        problem=problem,
    )


def of_a_writer(name: str) -> tuple[str, ...]:
    """Return the capabilities of a language model; only its name reveals a code model."""
    return ("text", "code") if _MADE_FOR_CODE.search(name) else ("text",)


def _safetensors_file(path: Path) -> Iterator[Weights]:
    is_large = size_of(path) > MIN_DRAWING_BYTES
    whole = "text-to-image" if is_large else capability_of(path)
    if capability := addition_of(path) or whole:
        yield _picture_network(path, path.stem, capability)


def _picture_network(path: Path, title: str, capability: str) -> Weights:
    """Return the most likely weights; the runtime inspects them before it loads them."""
    return Weights(
        id=slug(title),
        title=title,
        path=path.resolve(),
        format="safetensors",
        capabilities=(capability,) if capability else (),
        bytes=size_of(path),
    )


def _refused(weights: Path, pickle: Path) -> Weights:
    pickles = [pickle] if weights == pickle else filter(_is_pickle, _entries(weights))
    return Weights(
        id=slug(weights.stem if weights == pickle else weights.name),
        title=weights.name,
        path=weights.resolve(),
        bytes=sum(map(size_of, pickles)),
        format="pickle",
        problem=f"{pickle.name} is a pickle file, a format that can run code when opened. "
        "Convert it in a sandbox on the Models page or with `studio models convert`, or "
        "use a GGUF or safetensors version.",
    )


def _is_pickle(path: Path) -> bool:
    return path.suffix.lower() in _PICKLES and path.is_file()


def _parts_problem(name: str, parts: list[Path]) -> str:
    """Return the missing files of a model and the remedy; empty if none is missing."""
    missing = [part.name for part in parts if not part.exists()] if len(parts) > 1 else []
    if not missing:
        return ""
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return (
        f"{name} is split into {len(parts)} files, but {missing[0]}{more} is missing. Put all "
        f"parts into {parts[0].parent}."
    )


def _gguf_problem(path: Path) -> str:
    try:
        with open_regular(path) as file:
            magic = file.read(4)
    except OSError as error:
        return f"The file {path.name} cannot be read ({error.strerror})."
    if magic == GGUF_MAGIC:
        return _EYES_ALONE.format(name=path.name) if "mmproj" in path.name.lower() else ""
    return f"{path.name} is not a GGUF file, despite its extension. Replace or remove it."


def _model_folder(folder: Path) -> Weights:
    capabilities, problem = _config(folder / "config.json")
    if not capabilities and (
        added := next(filter(None, map(addition_of, _safetensors(folder))), "")
    ):
        capabilities = (added,)
    return Weights(
        id=slug(folder.name),
        title=folder.name,
        path=folder.resolve(),
        format="safetensors",
        capabilities=capabilities,
        bytes=size_of(folder),
        problem=problem,
    )


def _of_pipeline(folder: Path) -> str:
    """Return the output of a diffusers pipeline: pictures, unless its name says sound."""
    try:
        with open_regular(folder / DIFFUSERS_INDEX) as file:
            index = json.loads(file.read(MAX_CONFIG_BYTES))
        is_sound = "Audio" in str(index.get("_class_name"))
    except (OSError, ValueError, AttributeError, RecursionError):  # the runtime says what is wrong
        return "text-to-image"
    return "text-to-audio" if is_sound else "text-to-image"


def _config(path: Path) -> tuple[tuple[str, ...], str]:
    """Return what ``config.json`` says the network is for, or why it cannot be read."""
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise ValueError("larger than 1 MiB")
        config = json.loads(read_note(path).decode("utf-8"))
        names = config.get("architectures") or []
        is_text = any(str(name).endswith("ForCausalLM") for name in names)
        made_for = str(config.get("model_type"))
    except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
        return (), f"The config.json of {path.parent.name} is invalid ({error}). Copy it again."
    if made_for in _MUSIC_WRITERS:
        return ("text-to-audio",), ""
    if made_for == _TRANSCRIBER:
        return ("speech-to-text",), ""
    if made_for in _SIGHTED and any(str(name).endswith(_SIGHTED_CLASS) for name in names):
        return (*of_a_writer(path.parent.name), SIGHT), ""
    return (of_a_writer(path.parent.name) if is_text else ()), ""


def stands_for_all(path: Path) -> bool:
    """Whether no file of the same model comes before ``path``, which is there."""
    return path == next(part for part in parts_of(path) if part == path or part.exists())


def _safetensors(folder: Path) -> Iterator[Path]:
    return (entry for entry in _entries(folder) if entry.suffix.lower() == ".safetensors")


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())[:MAX_ENTRIES]
    except OSError:
        return []
