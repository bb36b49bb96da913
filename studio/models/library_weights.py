"""Results of the kind ``weights``: in the catalogue as long as the library has them, bin apart.

Each is a hard link to the file in the library, which takes no room, with a sidecar that names the
result it is. Nothing else writes or deletes these.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path

from studio.api.artifacts import Kind
from studio.base import disk
from studio.library import Artifact, Library
from studio.models.families import FINE_TUNED, Families, of_family
from studio.models.recognition import at
from studio.models.sidecar import read_sidecar, write_sidecar
from studio.models.weights import RESULT, Weights, slug

_PLAIN = (bool, int, float, str)


def id_of(artifact: Artifact) -> str:
    """Return the id of the weights that a result is: what its task said, else by its title."""
    weights = artifact.meta.get("weights")
    if isinstance(weights, str) and slug(weights) == weights:
        return weights
    return f"{slug(artifact.title)}-{artifact.digest[:6]}"


class LibraryWeights:
    """Those of one library.

    Args:
        folder: Where they lie: the studio's own folder of weights.
        families: Those of the plugins: results of others are no weights that anybody can load.
        known: Returns the ids of all weights, those that could be downloaded among them.
    """

    def __init__(
        self,
        library: Library,
        folder: Path,
        families: Families,
        known: Callable[[], Collection[str]],
    ) -> None:
        self._library = library
        self._folder = folder
        self._families, self._known = families, known
        self._one_at_a_time = threading.Lock()

    def agree(self) -> bool:
        """Sync the folder with the library outside its bin; return whether it changed.

        Raises:
            StudioError: The disk refused.
        """
        with self._one_at_a_time:
            wanted = {
                artifact.id: artifact
                for artifact in self._library.find(kinds=[Kind.WEIGHTS], limit=-1)
            }
            there = dict(self._there())
            gone = there.keys() - wanted.keys()
            for id in gone:
                sidecar = there[id].sidecar
                for path in (there[id].path, *([sidecar] if sidecar else [])):
                    disk.remove(path)
            added = [self._add(artifact) for id, artifact in wanted.items() if id not in there]
            return bool(gone) or any(added)

    def _there(self) -> Iterator[tuple[str, Weights]]:
        for path in self._folder.glob("*.toml"):
            weights = read_sidecar(path)
            if result := weights.source.get(RESULT):
                yield str(result), weights

    def _add(self, artifact: Artifact) -> bool:
        payload = self._library.payload_path(artifact)
        weights = of_family(payload, tuple(self._families())) or _language_model(payload)
        if weights is None:
            return False
        id = id_of(artifact)
        target = self._folder / f"{id}{artifact.suffix}"
        if target.exists() or id in self._known():  # another model's, or that of the same bytes
            id = f"{id}-{artifact.id[-6:].lower()}"
            target = self._folder / f"{id}{artifact.suffix}"
        try:
            disk.make_folder(self._folder)
            _link(payload, target)
            keys = {
                "id": id,
                "title": artifact.title,
                "file": target.name,
                "format": weights.format,
                "family": weights.family,
                "capabilities": weights.capabilities,
                "bytes": weights.bytes,
                "sha256": artifact.digest,
                "source": {RESULT: artifact.id},
                "recommended": _recommended(artifact),
            }
            write_sidecar(target.with_suffix(".toml"), keys)
        except OSError as error:
            raise disk.explain(error, f"keep {artifact.title}", self._folder) from error
        return True


def _recommended(artifact: Artifact) -> dict[str, bool | int | float | str]:
    """Return the values of parameters that the task said to be best for these weights."""
    value = artifact.meta.get("recommended")
    plain = value.items() if isinstance(value, dict) else ()
    return {str(k): v for k, v in plain if str(k).isidentifier() and isinstance(v, _PLAIN)}


def _language_model(payload: Path) -> Weights | None:
    """Return a whole model that some task fine-tuned; None for other payloads."""
    weights = at(payload) if payload.suffix.lower() == ".gguf" else None
    if weights is None or weights.problem:
        return None
    return replace(weights, capabilities=(*weights.capabilities, FINE_TUNED))


def _link(payload: Path, target: Path) -> None:
    try:
        os.link(payload, target)
    except OSError:  # another disk, or one that has no links
        shutil.copyfile(payload, target)
