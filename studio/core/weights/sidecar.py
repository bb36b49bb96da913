"""Reads the sidecar of a set of weights, ``NAME.toml``. Opens no weights."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from studio.core.weights.weights import Weights

MAX_SIDECAR_BYTES = 64 * 1024


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


def read_sidecar(path: Path) -> Weights:
    """Return the weights that ``path`` describes; what is wrong with them is in ``problem``."""
    try:
        if path.stat().st_size > MAX_SIDECAR_BYTES:
            return _broken(path, "it is larger than 64 KiB")
        table = tomllib.loads(path.read_text("utf-8"))
        sidecar = msgspec.convert(table, _Sidecar)
    except OSError as error:
        return _broken(path, f"it cannot be read ({error.strerror})")
    except msgspec.ValidationError as error:
        return _broken(path, str(error))
    except (ValueError, RecursionError) as error:  # of tomllib, and of the text's encoding
        return _broken(path, f"it is not valid TOML ({error})")
    return _weights(path, sidecar)


def _weights(path: Path, sidecar: _Sidecar) -> Weights:
    file = (path.parent / Path(sidecar.file).expanduser()).resolve()
    card = path.parent / sidecar.card
    source = sidecar.source if isinstance(sidecar.source, dict) else {"from": sidecar.source}
    size, problem = _look(file, sidecar.bytes)
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
    )


def _look(file: Path, expected: int) -> tuple[int, str]:
    """Return the size of ``file`` and what is wrong with it; folders are measured elsewhere."""
    try:
        if file.is_dir():
            return 0, ""
        size = file.stat().st_size
    except FileNotFoundError:
        where = f"Put it in {file.parent}, or run the set-up again."
        return 0, f"The file {file.name} is missing. {where}"
    except OSError as error:
        return 0, f"The file {file} cannot be read ({error.strerror})."
    if expected and size != expected:
        return size, (
            f"The file {file.name} is {size:,} bytes long, but should be {expected:,}: "
            "the copy is not complete. Copy it again."
        )
    return size, ""


def _broken(path: Path, why: str) -> Weights:
    return Weights(
        id=path.stem.lower(),
        title=path.stem,
        path=path,
        sidecar=path,
        problem=f"The description {path.name} cannot be used: {why}. Correct or remove it.",
    )
