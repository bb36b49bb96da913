"""Inputs of a task besides its parameters: bytes, texts and plain data, by name.

Parameters are the fields of a form, stored in the record; bulky data are passed as inputs, of
which a record stores the SHA-256. The manifest names a task's inputs (``inputs = ["messages"]``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from studio.api.errors import BadInput

Data = TypeVar("Data")


class Inputs(Mapping[str, Any]):
    """The inputs of one job: ``bytes``, or a numpy array where an array was handed in."""

    def __init__(self, handed_in: Mapping[str, Any]) -> None:
        self._handed_in = {name: packed(value) for name, value in handed_in.items()}

    def __getitem__(self, name: str) -> Any:
        return self._handed_in[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._handed_in)

    def __len__(self) -> int:
        return len(self._handed_in)

    def text(self, name: str, default: str = "") -> str:
        """Return a text that was handed in; ``default`` if it was not.

        Raises:
            BadInput: It is no UTF-8.
        """
        if name not in self:
            return default
        try:
            return bytes(self[name]).decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadInput(f"The input “{name}” is not text: {error}.") from error

    def json(self, name: str, kind: type[Data], default: Data) -> Data:
        """Return plain data that was handed in, checked to be of ``kind``; else ``default``.

        ``ctx.inputs.json("messages", list[dict[str, str]], [])``

        Raises:
            BadInput: It is not JSON, or of another form; says where.
        """
        if name not in self:
            return default
        try:
            return msgspec.json.decode(bytes(self[name]), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadInput(f"The input “{name}” has the wrong form: {error}.") from error


def packed(value: Any) -> Any:
    """Return ``value`` as it travels: buffers stay, a text becomes UTF-8, plain data JSON.

    Raises:
        TypeError: It is none of these.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    try:
        memoryview(value)
    except TypeError:
        return msgspec.json.encode(value)
    return value
