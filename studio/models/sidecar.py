"""Reads and writes the sidecar of a set of weights, ``NAME.toml``. Opens no weights."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec

from studio.base import disk
from studio.models.download.offers import Offer, Piece, bytes_of
from studio.models.weights import Weights
from studio.protocol.regular_file import read_note
from studio.protocol.weights_files import parts_of, resolved

MAX_SIDECAR_BYTES = 64 * 1024
UNFINISHED = ".unfinished"
"""Suffix of weights that are being fetched, behind that of their format."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


class _Get(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the user may get the weights; ``file`` is then the name of a file in any of the folders,
    and set-up leaves them alone."""

    name: str
    summary: str
    pieces: Annotated[tuple[Piece, ...], msgspec.Meta(min_length=1)]


class _Sidecar(msgspec.Struct, frozen=True):
    """The keys of a sidecar. Unknown ones are for other readers."""

    id: str
    title: str
    file: str
    format: str = ""
    family: str = ""
    capabilities: tuple[str, ...] = ()
    capability: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    parameters: int = 0
    context: int = 0
    quantization: str = ""
    bytes: int = 0
    sha256: str = ""
    licence: str = ""
    card: str = ""
    source: dict[str, Any] | str = ""
    get: _Get | None = None
    caution: str = ""
    everyday: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    recommended: dict[str, bool | int | float | str] = {}


def read_sidecar(path: Path, folders: Sequence[Path] = ()) -> Weights:
    """Return the weights described by ``path``; ``problem`` says if they are unusable.

    Args:
        folders: Search path for weights that the user has to get.
    """
    try:
        if path.stat().st_size > MAX_SIDECAR_BYTES:
            return _broken(path, "it is larger than 64 KiB")
        table = tomllib.loads(read_note(path).decode("utf-8"))
        sidecar = msgspec.convert(table, _Sidecar)
    except OSError as error:
        return _broken(path, f"it cannot be read ({error.strerror})")
    except msgspec.ValidationError as error:
        return _broken(path, str(error))
    except (ValueError, RecursionError) as error:  # of tomllib, and of the text's encoding
        return _broken(path, f"it is not valid TOML ({error})")
    if sidecar.get and bytes_of(sidecar.get.pieces) != sidecar.bytes:
        return _broken(path, "the sizes of its parts do not add up")
    if sidecar.get and not _PLAIN_NAME.fullmatch(sidecar.file):
        return _broken(path, f"“{sidecar.file}” is not a plain file name")
    return _weights(path, sidecar, folders)


def _weights(path: Path, sidecar: _Sidecar, folders: Sequence[Path]) -> Weights:
    offer = _offer(sidecar, folders)
    named = path.parent / Path(sidecar.file).expanduser()
    file = resolved(_place(sidecar, folders, named) if offer else named)
    card = path.parent / sidecar.card
    source = sidecar.source if isinstance(sidecar.source, dict) else {"from": sidecar.source}
    if offer and not sidecar.source:
        source = {"package": offer.carriers}
    size, problem = _look(file, sidecar.bytes)
    if offer and problem:
        problem = f"{sidecar.title} is not installed. {offer.advice}"
    return Weights(
        id=sidecar.id,
        title=sidecar.title,
        path=file,
        format=sidecar.format,
        family=sidecar.family,
        capabilities=sidecar.capabilities or sidecar.capability,
        licence=sidecar.licence,
        digest=sidecar.sha256.lower(),
        bytes=size or sidecar.bytes,
        parameters=sidecar.parameters,
        context=sidecar.context,
        quantization=sidecar.quantization,
        languages=sidecar.languages,
        card=card if sidecar.card and card.is_file() else None,
        source=source,
        sidecar=path,
        problem=problem,
        offer=offer,
        caution=sidecar.caution,
        everyday=sidecar.everyday,
        recommended=sidecar.recommended,
    )


def write_sidecar(path: Path, keys: Mapping[str, Any]) -> None:
    """Write a sidecar durably: strings, numbers, tuples of strings, and tables of plain values.

    Raises:
        OSError: The disk refused.
    """
    tables = {name: value for name, value in keys.items() if isinstance(value, Mapping)}
    lines = [f"{name} = {_toml(keys[name])}" for name in keys if name not in tables]
    for name, entries in tables.items():
        lines += ["", f"[{name}]", *(f"{n} = {_toml(v)}" for n, v in entries.items())]
    disk.write_durably(path, "\n".join(lines).encode() + b"\n")


def _toml(value: object) -> str:
    """Return ``value`` as TOML; a JSON string of printable characters is one of TOML too."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        value = "".join(c if c.isprintable() else " " for c in value)
    return json.dumps(value, ensure_ascii=False)


def _offer(sidecar: _Sidecar, folders: Sequence[Path]) -> Offer | None:
    if sidecar.get is None:
        return None
    begun = (_size(folder / (sidecar.file + UNFINISHED)) for folder in folders)
    here = min(next(filter(None, begun), 0), sidecar.bytes)
    return Offer(sidecar.get.name, sidecar.get.summary, sidecar.get.pieces, here)


def _place(sidecar: _Sidecar, folders: Sequence[Path], otherwise: Path) -> Path:
    """Return the path of the file; a different file of that name does not count."""
    places = [folder / sidecar.file for folder in folders]
    return next((place for place in places if _size(place) == sidecar.bytes), otherwise)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _look(file: Path, expected: int) -> tuple[int, str]:
    """Return the size of ``file`` and its problem, if any; folders are measured elsewhere."""
    try:
        if file.is_dir():
            return 0, ""
        size = sum(part.stat().st_size for part in parts_of(file))
    except FileNotFoundError as error:
        where = f"Put it into {file.parent}, or run setup again."
        return 0, f"The file {Path(error.filename).name} is missing. {where}"
    except OSError as error:
        return 0, f"The file {file} cannot be read ({error.strerror})."
    if expected and size != expected:
        return size, (
            f"{file.name} is {size:,} bytes instead of {expected:,}: the copy is incomplete. "
            "Copy it again."
        )
    return size, ""


def _broken(path: Path, why: str) -> Weights:
    return Weights(
        id=path.stem.lower(),
        title=path.stem,
        path=path,
        sidecar=path,
        problem=f"The model description {path.name} cannot be used: {why}. Correct or remove it.",
    )
