"""Weights that a studio elsewhere copies to this machine: in pieces, resumable, checked whole."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path
from typing import Any

from studio.base import disk
from studio.machines.wire.messages import OfferWeights, WeightsPiece, WeightsWanted
from studio.models.sidecar import write_sidecar
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import open_regular
from studio.protocol.weights_files import digest_of_all, files_of

_PLAIN = re.compile(r"[A-Za-z0-9_][\w .+()-]{0,199}")
_HASH = re.compile(r"[0-9a-f]{64}")
_TOLD = (
    "title", "format", "family", "capabilities", "languages", "parameters", "context",
    "quantization", "licence", "caution", "source", "recommended",
)  # fmt: skip
"""What the studio that sends them says of weights beside what is seen here."""
_TELL_EVERY = 8 * 1024**2
"""Bytes."""


class WeightsIntake:
    """One set that comes, into a hidden folder beside the others until all of it is there.

    Args:
        folder: Where weights of this machine go.
    """

    def __init__(self, folder: Path, offer: OfferWeights) -> None:
        """Look how much is there from an earlier try.

        Raises:
            StudioError: Names or sizes are not what weights have, or the disk has no room.
        """
        names = [offer.name, *(part for file in offer.files for part in file.name.split("/"))]
        if not all(map(_PLAIN.fullmatch, names)) or not _HASH.fullmatch(offer.digest):
            raise StudioError(ErrorCode.BAD_INPUT, f"{offer.id} has a name that no model has.")
        self.offer = offer
        self._folder = disk.make_folder(folder)
        self._place = self._folder / f".incoming-{offer.digest[:32]}"
        disk.make_folder(self._place)
        self._parts = [self._place / file.name for file in offer.files]
        self._have = [self._there(i) for i in range(len(offer.files))]
        self._told = sum(self._have)
        for number in range(len(offer.files)):
            self._target(self._parts[number].name if not offer.is_folder else offer.name)
        missing = sum(file.bytes for file in offer.files) - self._told
        free = shutil.disk_usage(self._folder).free
        if missing > free:
            raise StudioError(
                ErrorCode.DISK_FULL,
                f"{offer.id} needs {disk.as_size(missing)}, and {disk.as_size(free)} are free "
                "there.",
                "Free some space on that machine.",
            )

    @property
    def wanted(self) -> WeightsWanted:
        """How far it is."""
        return WeightsWanted(self.offer.id, tuple(self._have))

    @property
    def is_complete(self) -> bool:
        """Whether all bytes are there."""
        return all(h == file.bytes for h, file in zip(self._have, self.offer.files, strict=True))

    def take(self, piece: WeightsPiece, data: memoryview) -> bool:
        """Append the next bytes of a file; return whether it is time to say how far it is.

        Raises:
            StudioError: They are not the next ones, or too many.
            OSError: The disk refused.
        """
        if not 0 <= piece.file < len(self._parts):
            raise StudioError(ErrorCode.PROTOCOL, "A piece of a model belongs to no file of it.")
        size = self.offer.files[piece.file].bytes
        if piece.at != self._have[piece.file] or piece.at + data.nbytes > size:
            raise StudioError(ErrorCode.PROTOCOL, "A piece of a model is not the next one.")
        disk.make_folder(self._parts[piece.file].parent)
        with open(self._parts[piece.file], "ab", buffering=0) as file:
            disk.write_all(file.fileno(), data)
        self._have[piece.file] += data.nbytes
        if sum(self._have) - self._told >= _TELL_EVERY or self.is_complete:
            self._told = sum(self._have)
            return True
        return False

    def finish(self) -> None:
        """Verify the files and move all of them into the weights folder.

        Raises:
            StudioError: ``BAD_WEIGHTS``: verification failed; the files are deleted.
            OSError: The disk refused.
        """
        offer = self.offer
        inner = self._place if offer.is_folder else self._parts[0]
        digests = {}
        for file in files_of(inner) if not offer.is_folder else self._parts:
            with open_regular(file) as stream:
                digests[file] = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest_of_all(inner, digests) != offer.digest:
            shutil.rmtree(self._place, ignore_errors=True)
            raise StudioError(
                ErrorCode.BAD_WEIGHTS,
                f"The copy of {offer.id} is not what was sent: its checksum is another.",
                "Copy it again; if that happens twice, check the original with `studio models "
                "verify`.",
            )
        for part in self._parts:
            with open_regular(part) as stream:
                disk.sync_file(stream.fileno())
        if offer.is_folder:
            os.replace(self._place, self._target(offer.name))
        else:
            for part in self._parts:
                os.replace(part, self._target(part.name))
            self._place.rmdir()
        write_sidecar(self._folder / f"{_stem(offer)}.toml", self._sidecar())
        disk.sync_folder(self._folder)

    def _sidecar(self) -> dict[str, Any]:
        offer = self.offer
        about = {name: _plain(offer.about[name]) for name in _TOLD if offer.about.get(name)}
        first = offer.name if offer.is_folder else self._parts[0].name
        size = sum(file.bytes for file in offer.files)
        facts = {"id": offer.id, "title": offer.id, "file": first, "sha256": offer.digest}
        return {**facts, "bytes": size, **about}

    def _target(self, name: str) -> Path:
        path = self._folder / name
        if path.exists():
            raise StudioError(
                ErrorCode.BAD_INPUT,
                f"Another file called {name} is among the models there.",
                "Rename or remove it on that machine.",
            )
        return path

    def _there(self, number: int) -> int:
        part, size = self._parts[number], self.offer.files[number].bytes
        if size < 0:
            raise StudioError(ErrorCode.BAD_INPUT, f"{self.offer.id} has an impossible size.")
        try:
            have = part.stat().st_size
        except OSError:
            have = 0
        if have > size:
            part.unlink()
            have = 0
        return have


def _stem(offer: OfferWeights) -> str:
    return offer.name if offer.is_folder else Path(offer.name).stem


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
