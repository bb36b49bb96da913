"""Weights of a plugin's own in one safetensors file: header, tensors, and their whole loader.

A family names itself in the metadata, by convention in the entry ``format``. A plugin that says how
a header is described and how a model is built has a ``Loader``: :class:`SafetensorsLoader`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from studio.api.errors import ErrorCode, StudioError
from studio.api.stability import former_names, since
from studio.api.worker.context import Requirements, WeightsFacts
from studio.protocol.regular_file import open_regular

_STEP = 8
"""After so many tensors a loader may be stopped."""


@dataclass(frozen=True)
class Header:
    """Header of a safetensors file.

    Attributes:
        metadata: Its entries; all of them are text.
        shapes: Name of each tensor → its shape.
    """

    path: Path
    metadata: Mapping[str, str]
    shapes: Mapping[str, tuple[int, ...]]

    def has(self, mark: Mapping[str, str]) -> bool:
        """Return whether all entries of ``mark`` are there; an empty one may have any value."""
        metadata = self.metadata
        return all(
            name in metadata and value in ("", metadata[name]) for name, value in mark.items()
        )


def read_header(path: Path) -> Header | None:
    """Return the header of a file; None if ``path`` is no safetensors file, or a damaged one.

    Reads the header alone.
    """
    from safetensors import SafetensorError, safe_open

    if path.suffix.lower() != ".safetensors" or not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
            return Header(path, file.metadata() or {}, shapes)
    except SafetensorError:
        return None  # damaged, or no safetensors at all: not known to be anybody's


def read_tensors(path: Path, device: str) -> Generator[float, None, dict[str, Any]]:
    """Yield the share read; return the tensors on ``device``, those with floats in full precision.

    Raises:
        StudioError: The file is damaged.
    """
    from safetensors import safe_open

    state: dict[str, Any] = {}
    open_regular(path).close()  # the library would wait for a pipe, with Python's lock
    with damage_reported(path), safe_open(path, framework="pt", device=device) as file:
        names = list(file.keys())
        for number, name in enumerate(names, 1):
            tensor = file.get_tensor(name)
            state[name] = tensor.float() if tensor.is_floating_point() else tensor
            if number % _STEP == 0:
                yield number / len(names)
    return state


def write_tensors(
    path: Path,
    form: str,
    tensors: Mapping[str, Any],
    metadata: Mapping[str, str],
    *,
    half: bool = True,
) -> None:
    """Write tensors to a file whose format is ``form``; equal ones are equal files.

    Args:
        half: Those with floats in half precision; else as they are.

    Raises:
        OSError: The disk refused.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    written = {
        name: (value.half() if half and value.is_floating_point() else value).detach().cpu()
        for name, value in tensors.items()
    }
    try:
        save_file(
            {name: value.contiguous() for name, value in written.items()},
            path,
            {"format": form, **metadata},
        )
    except SafetensorError as error:
        raise OSError(str(error)) from error
    order_header(path)


@since("1.1")
def order_header(path: Path) -> None:
    """Put the entries of a file's metadata in order: safetensors writes them in another one
    each time. Equal networks are then equal files, and one result in the library.
    """
    with path.open("r+b") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
        ordered = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        if len(ordered.rstrip()) <= size:
            file.seek(8)
            file.write(ordered.ljust(size))


class Movable(Protocol):
    """A model that moves as the networks of torch do."""

    def to(self, device: str, /) -> object:
        """Move all that it holds to ``device``; to ``meta`` to let go of it."""
        ...


Model = TypeVar("Model", bound=Movable)


@dataclass(frozen=True)
class SafetensorsLoader(Generic[Model]):
    """The ``Loader`` of a family whose weights are one safetensors file of the plugin's own.

    Its models leave a card for the memory of the processor (``Parks``) and come back.

    Attributes:
        family: As ``Loader`` has it.
        title: What a person reads.
        capabilities: What the models can do.
        mark: Entries of the metadata that tell the family: ``{"format": "my-network/1"}``; an empty
            value stands for any.
        working_bytes: Memory that a typical job takes beside the weights.
        describe: Header → facts for the Models page; it raises ``damaged`` where it cannot be used.
        build: Header, tensors on the device (floats in full precision), device → the model.
        growth: Bytes in memory for each of the file: 2 for one that holds half precision.
    """

    family: str
    title: str
    capabilities: Sequence[str]
    mark: Mapping[str, str]
    working_bytes: int
    describe: Callable[[Header], Mapping[str, Any]]
    build: Callable[[Header, dict[str, Any], str], Model]
    growth: int = 2

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return the facts from the header, or None if ``path`` is not of the family.

        Raises:
            StudioError: It is of the family, but damaged.
        """
        description = self._described(path)
        if description is None:
            return None
        return WeightsFacts(self.family, self.title, tuple(self.capabilities), description[1])

    def measure(self, path: Path) -> Requirements:
        """Return the memory needed, from the size of the file."""
        return Requirements(self.growth * path.stat().st_size, self.working_bytes)

    def load(self, path: Path, device: str) -> Generator[float, None, Model]:
        """Yield the share done; return the model.

        Raises:
            StudioError: The file is damaged or of another make.
        """
        description = self._described(path)
        if description is None:
            raise damaged(path, f"its header is not that of the family “{self.family}”")
        tensors = yield from read_tensors(path, device)
        with damage_reported(path):
            return self.build(description[0], tensors, device)

    def park(self, loaded: Model) -> None:
        """Move the model to the memory of the processor."""
        loaded.to("cpu")

    def unpark(self, loaded: Model, device: str) -> None:
        """Move it back."""
        loaded.to(device)

    def unload(self, loaded: Model) -> None:
        """Let go of all that the model holds, whoever still holds it."""
        loaded.to("meta")

    def _described(self, path: Path) -> tuple[Header, Mapping[str, Any]] | None:
        header = read_header(path)
        if header is None or not header.has(self.mark):
            return None
        with damage_reported(path):
            return header, self.describe(header)


@contextmanager
def damage_reported(path: Path) -> Iterator[None]:
    """Turn what goes wrong with a damaged file, while it is read or put to use, into a sentence."""
    from safetensors import SafetensorError

    try:
        yield
    except (SafetensorError, RuntimeError, KeyError, ValueError, IndexError, TypeError) as error:
        raise damaged(path, (str(error) or type(error).__name__).splitlines()[0]) from error


def damaged(path: Path, why: str) -> StudioError:
    """Return the error to raise for weights that cannot be used."""
    return StudioError(
        ErrorCode.BAD_WEIGHTS,
        f"The model file {path.name} cannot be used: {why}.",
        "Run setup again, or copy the file again.",
    )


if not TYPE_CHECKING:  # type checkers know the names of today only
    __getattr__ = former_names(__name__)
