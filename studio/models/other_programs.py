"""Stores of other programs, read in place: LM Studio, Ollama, ComfyUI, … Changes none.

None is looked into before the user switches it on; until then only whether its folder exists is
known.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from studio.models import recognition
from studio.models.weights import Weights, slug
from studio.protocol.regular_file import read_note
from studio.protocol.weights_files import parts_of

MAX_MANIFEST_BYTES = 1 << 20
MAX_MANIFESTS = 2_000
_OLLAMA_MODEL = "application/vnd.ollama.image.model"
_OLLAMA_HOME = ("registry.ollama.ai", "library")
_WHOLE = ("checkpoints", "Stable-diffusion")
"""Folders of ComfyUI and AUTOMATIC1111."""
_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})")

Finder = Callable[[Path], Iterator[Weights]]


@dataclass(frozen=True)
class OtherProgram:
    """Another program that keeps weights.

    Attributes:
        id: ``ollama``; what the setting calls it.
        folders: Where its store may lie.
        find: Yields the weights in one of them.
    """

    id: str
    title: str
    folders: tuple[Path, ...]
    find: Finder

    @property
    def stores(self) -> list[Path]:
        """Those of its folders that exist."""
        return [folder for folder in self.folders if folder.is_dir()]

    def rows(self) -> Iterator[Weights]:
        """Yield all its weights, by names that say whose they are."""
        for folder in self.stores:
            for row in self.find(folder):
                yield replace(row, id=f"{self.id}-{row.id}", origin=self.title)


def other_programs(
    home: Path | None = None, environment: Mapping[str, str] = os.environ
) -> tuple[OtherProgram, ...]:
    """Return the programs whose stores are known, whether they are here or not."""
    home = home or Path.home()
    data = _data_folder(home, environment)
    hub = environment.get("HF_HUB_CACHE") or os.path.join(
        environment.get("HF_HOME") or str(home / ".cache" / "huggingface"), "hub"
    )
    ollama = environment.get("OLLAMA_MODELS")
    return (
        OtherProgram(
            "lmstudio",
            "LM Studio",
            (home / ".lmstudio" / "models", home / ".cache" / "lm-studio" / "models"),
            recognition.recognise,
        ),
        OtherProgram(
            "ollama",
            "Ollama",
            (Path(ollama) if ollama else home / ".ollama" / "models",
             Path("/usr/share/ollama/.ollama/models")),
            _of_ollama,
        ),
        OtherProgram("huggingface", "Hugging Face cache", (Path(hub),), _of_hub_cache),
        OtherProgram("gpt4all", "GPT4All", (data / "nomic.ai" / "GPT4All",), recognition.recognise),
        OtherProgram(
            "jan",
            "Jan",
            (home / "jan" / "models", data / "Jan" / "data" / "llamacpp" / "models",
             data / "Jan" / "data" / "models"),
            _of_jan,
        ),
        OtherProgram(
            "comfyui", "ComfyUI", _models_below(home, "ComfyUI", "comfy/ComfyUI"), _of_pictures
        ),
        OtherProgram(
            "a1111",
            "AUTOMATIC1111",
            _models_below(home, "stable-diffusion-webui", "stable-diffusion-webui-forge"),
            _of_pictures,
        ),
    )  # fmt: skip


def _models_below(home: Path, *names: str) -> tuple[Path, ...]:
    """Return where programs that people unpack themselves keep models: at home, in Documents."""
    places = (home, home / "Documents")
    return tuple(place / name / "models" for place in places for name in names)


def _data_folder(home: Path, environment: Mapping[str, str]) -> Path:
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local")
    return Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")


# --- Ollama: a manifest names the layers of a model, and they lie in ``blobs`` -----------------


class _Layer(msgspec.Struct, frozen=True):
    mediaType: str = ""
    digest: str = ""


class _Manifest(msgspec.Struct, frozen=True):
    layers: tuple[_Layer, ...] = ()


def _of_ollama(store: Path) -> Iterator[Weights]:
    manifests = store / "manifests"
    for number, path in enumerate(sorted(manifests.glob("*/*/*/*"))):
        if number >= MAX_MANIFESTS:
            return
        if path.is_file() and (row := _of_manifest(store, path, _ollama_name(path, manifests))):
            yield row


def _ollama_name(path: Path, manifests: Path) -> str:
    """Return the name for ``ollama run``: ``llama3.2:1b``, ``somebody/model:tag``."""
    host, owner, name, tag = path.relative_to(manifests).parts
    before = [part for part, usual in zip((host, owner), _OLLAMA_HOME) if part != usual]
    return "/".join([*before, f"{name}:{tag}"])


def _of_manifest(store: Path, path: Path, name: str) -> Weights | None:
    unreadable = Weights(slug(name), name, path, problem=_no_manifest(path))
    try:
        if path.stat().st_size > MAX_MANIFEST_BYTES:
            return unreadable
        manifest = msgspec.json.decode(read_note(path), type=_Manifest)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return unreadable
    models = [layer for layer in manifest.layers if layer.mediaType == _OLLAMA_MODEL]
    digest = _DIGEST.fullmatch(models[0].digest) if models else None
    if not models:
        return None  # an adapter, or something newer
    if digest is None:  # a digest that is a path would lead anywhere
        return unreadable
    blob = store / "blobs" / f"sha256-{digest[1]}"
    row = recognition.at(blob) if blob.is_file() else None
    if row is None:
        problem = (
            f"Ollama's file for {name} is missing or not a GGUF file. Pull it again with Ollama."
        )
        return replace(unreadable, path=blob, problem=problem)
    if len(models) > 1:
        problem = f"Ollama splits {name} into {len(models)} files whose order only Ollama"
        return replace(
            unreadable, path=blob, problem=f"{problem} knows. Download the model from Hugging"
                                           " Face, or as a single file.",
        )  # fmt: skip
    return replace(
        row,
        id=slug(name),
        title=name,
        digest=digest[1],
        capabilities=recognition.of_a_writer(name) if row.capabilities else (),
    )


def _no_manifest(path: Path) -> str:
    return f"Ollama's manifest {path.name} cannot be read. Pull the model again with Ollama."


# --- the cache of Hugging Face: snapshots are folders of links into ``blobs`` -------------------


def _of_hub_cache(cache: Path) -> Iterator[Weights]:
    for repository in sorted(cache.glob("models--*"))[:MAX_MANIFESTS]:
        snapshot = _snapshot(repository)
        if snapshot is None:
            continue
        name = repository.name.removeprefix("models--").replace("--", "/")
        if (whole := recognition.at(snapshot)) is not None:
            yield _contained(replace(whole, id=slug(name), title=name), repository)
            continue
        for file in sorted([*snapshot.glob("*.gguf"), *snapshot.glob("*/*.gguf")]):
            row = recognition.at(file) if recognition.stands_for_all(file) else None
            if row is not None:
                # The link, not what it leads to: that has a number for a name.
                yield _contained(
                    replace(row, path=parts_of(file)[0], id=slug(f"{name}-{row.title}"),
                            title=f"{name} · {row.title}"), repository)  # fmt: skip


def _snapshot(repository: Path) -> Path | None:
    """Return the folder of the branch ``main``, else the newest."""
    try:
        named = read_note(repository / "refs" / "main")[:64].decode("ascii")
        main = repository / "snapshots" / Path(named.strip() or "-").name
        if main.is_dir():
            return main
    except (OSError, UnicodeDecodeError):
        pass
    snapshots = [folder for folder in (repository / "snapshots").glob("*") if folder.is_dir()]
    return max(snapshots, key=lambda folder: folder.stat().st_mtime, default=None)


def _contained(row: Weights, repository: Path) -> Weights:
    """Refuse links that lead out of the repository's own folder."""
    files = list(row.path.iterdir())[:1000] if row.path.is_dir() else parts_of(row.path)
    root = repository.resolve()
    for file in files:
        try:
            is_inside = file.resolve().is_relative_to(root)
        except (OSError, RuntimeError):
            is_inside = False
        if not is_inside:
            problem = f"{file.name} of {row.title} is a link that points outside its folder."
            return replace(row, problem=f"{problem} Download this model again.")
    return row


def _of_pictures(store: Path) -> Iterator[Weights]:
    """Skip the parts of models: what is a pickle is one whose folder has whole models."""
    for row in recognition.recognise(store):
        if row.format != "pickle" or row.path.parent.name in _WHOLE:
            yield row


def _of_jan(store: Path) -> Iterator[Weights]:
    """Jan calls many a file ``model.gguf``, and tells models apart by their folders."""
    for row in recognition.recognise(store):
        if row.path.stem != "model":
            yield row
            continue
        try:
            name = row.path.parent.relative_to(store.resolve()).as_posix()
        except ValueError:  # a link out of the store
            name = row.path.parent.name
        yield replace(row, id=slug(name), title=name)
