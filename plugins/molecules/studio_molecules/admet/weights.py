"""The ensemble as a file: recognised by its header, measured, loaded."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from studio.api import ErrorCode, Requirements, StudioError, WeightsFacts
from studio_molecules.admet.endpoints import ENDPOINTS
from studio_molecules.admet.layout import FORMAT, HEADS, MEMBERS, shapes
from studio_molecules.admet.network import Ensemble

WEIGHTS = "admet-ai"
"""Id of the weights that come with the set-up."""

_WORKING_BYTES = 96 * 2**20
"""Of the largest molecule that is taken: 300 atoms, ten networks."""

_Columns = dict[str, list[str]]


class AdmetLoader:
    """The ``Loader`` of the family ``admet``."""

    family = "admet"

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return what the header says, or None if it is no such ensemble.

        Raises:
            StudioError: It says it is one, but a layer is missing or an output is unknown.
        """
        columns = _columns(path)
        if columns is None:
            return None
        facts = {"endpoints": sum(map(len, columns.values())), "networks": len(HEADS) * MEMBERS}
        return WeightsFacts(self.family, "ADMET", ("admet",), facts)

    def measure(self, path: Path) -> Requirements:
        """Return the memory needed: the file holds full precision."""
        return Requirements(path.stat().st_size, _WORKING_BYTES)

    def load(self, path: Path, device: str) -> Generator[float, None, Ensemble]:
        """Yield the share done; return the ensemble.

        Raises:
            StudioError: The file is damaged or of another make.
        """
        columns = _columns(path)
        if columns is None:
            raise _damaged(path, "its header is not that of an ADMET ensemble")
        tensors: dict[str, Tensor] = {}
        try:
            with safe_open(path, framework="pt", device=device) as file:
                names = list(file.keys())
                for number, name in enumerate(names, 1):
                    # copied: where a tensor begins in the file would change the last bits
                    tensors[name] = file.get_tensor(name).float().clone()
                    yield number / len(names)
        except SafetensorError as error:
            raise _damaged(path, f"it is not a complete safetensors file ({error})") from error
        return Ensemble(tensors, [column for head in HEADS for column in columns[head]])

    def park(self, loaded: Ensemble) -> None:
        """Move the networks to the memory of the processor."""
        loaded.move("cpu")

    def unpark(self, loaded: Ensemble, device: str) -> None:
        """Move them back."""
        loaded.move(device)

    def unload(self, loaded: Ensemble) -> None:
        """Nothing is held besides the tensors themselves."""


def loader() -> AdmetLoader:
    """Return the loader of this family."""
    return AdmetLoader()


def _columns(path: Path) -> _Columns | None:
    """Return the outputs by head; None if ``path`` is something else."""
    if path.suffix.lower() != ".safetensors" or not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
            names = file.keys()
            have = {name: tuple(file.get_slice(name).get_shape()) for name in names}
    except SafetensorError:
        return None  # damaged, or no safetensors at all: not known to be ours
    if FORMAT not in metadata:
        return None
    columns = _read_columns(path, metadata[FORMAT])
    wanted = shapes({head: len(columns[head]) for head in HEADS})
    wrong = sorted(name for name in wanted if have.get(name) != wanted[name])
    if wrong:
        raise _damaged(path, f"{wrong[0]} is missing or has the wrong shape")
    return columns


def _read_columns(path: Path, text: str) -> _Columns:
    known = {each.column for each in ENDPOINTS.values()}
    try:
        columns: Any = json.loads(text)
        found = {head: [str(column) for column in columns[head]] for head in HEADS}
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path, "its header does not name its outputs") from error
    unknown = [column for head in HEADS for column in found[head] if column not in known]
    if unknown:
        raise _damaged(path, f"its output “{unknown[0][:40]}” is unknown")
    return found


def _damaged(path: Path, why: str) -> StudioError:
    return StudioError(
        ErrorCode.BAD_WEIGHTS,
        f"The model {path.name} cannot be used: {why}.",
        "Run setup again to download it.",
    )
