"""Weights by their bytes, regardless of path and name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from studio.api.worker.sentence import sentence
from studio.models.catalogue import WeightsCatalogue
from studio.models.verification import verify
from studio.models.weights import Weights
from studio.protocol.caches import DIGESTS
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import read_note
from studio.protocol.weights_files import stamp


class WeightsByDigest:
    """Looks among the weights of a catalogue; reads those whole that nobody has vouched for."""

    def __init__(self, catalogue: WeightsCatalogue, cache: Path) -> None:
        """``cache``: the folder of caches, where the runtime keeps the digests that it computed."""
        self._catalogue = catalogue
        self._read = _read(cache / DIGESTS)
        self._found: dict[str, str] = {}

    def now_called(self, digests: Mapping[str, str]) -> dict[str, str]:
        """Return old id → id today, of all ``known`` weights (id → SHA-256).

        Where the bytes are nowhere, but others are called the same, it is these: that they are
        others is for the record of the new run to tell.

        Raises:
            StudioError: ``NOT_FOUND`` for the first of which there is neither.
        """
        return {id: self._one(id, digest) for id, digest in digests.items()}

    def _one(self, id: str, digest: str) -> str:
        rows = [row for row in self._catalogue.list() if not row.problem]
        rows.sort(key=lambda row: row.id != id)
        for knows in (self._told, self._digest):
            for row in rows:
                if digest and knows(row) == digest:
                    return row.id
        if rows and rows[0].id == id:
            return id
        problem = next((row.problem for row in self._catalogue.list() if row.id == id), "")
        what = sentence(
            "The model “{id}”, which made this, is not on this machine (SHA-256 {digest}…).",
            id=id,
            digest=digest[:12],
        )
        if problem:
            what = sentence(
                "The model “{id}”, which made this, cannot be used: {problem}",
                id=id,
                problem=problem,
            )
        raise StudioError(
            ErrorCode.NOT_FOUND,
            what,
            sentence(
                "Add it on the Models page, or put the file into {folder}: it is found by its "
                "content, whatever it is called.",
                folder=self._catalogue.folders[0],
            ),
        )

    def _told(self, row: Weights) -> str:
        """Return the digest that costs no reading: of the sidecar, or as computed before."""
        if row.digest:
            return row.digest
        with suppress(OSError):
            return self._read.get(stamp(row.path), "")
        return ""

    def _digest(self, row: Weights) -> str:
        digest = self._told(row)
        if digest:
            return digest
        if row.id not in self._found:
            self._found[row.id] = ""
            with suppress(StudioError):  # it cannot be read: then it is not the one
                self._found[row.id] = verify(row, lambda done, total: None).digest
        return self._found[row.id]


def renamed(value: object, names: Mapping[str, str]) -> object:
    """Return a parameter in which weights and files have the names of today."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list | tuple):
        return [renamed(item, names) for item in value]
    return value


def _read(file: Path) -> dict[str, str]:
    with suppress(OSError, ValueError):  # there is none, or it is damaged: files are read anew
        digests = json.loads(read_note(file).decode("utf-8"))
        if isinstance(digests, dict):
            return {str(key): str(value) for key, value in digests.items()}
    return {}
