"""GGUF models in several files: opened together, and made sure to belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.weights_files import MAX_PARTS, name_of, parts_of
from studio.runtime.engines.text.formats.gguf import (
    MAX_TENSORS,
    GgufHeader,
    GgufTensor,
    Value,
    read_header,
)
from studio.runtime.engines.text.formats.load_errors import bad_weights, shown
from studio.runtime.engines.text.formats.mapped_file import MappedFile

_TOGETHER = "Put all files of the model into one folder and keep their names."


def open_parts(path: Path) -> tuple[list[MappedFile], GgufHeader]:
    """Open the model that ``path`` is a file of, whole; return its files and the header of all.

    The words about a model stand in its first file; of the others only where tensors lie is kept.

    Raises:
        StudioError: A file is missing, broken, or of another model.
    """
    paths = parts_of(path)
    missing = [each for each in paths if not each.exists()] if len(paths) > 1 else []
    if missing:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"{shown(name_of(path))} is split into {len(paths)} files, but {shown(missing[0])} "
            "is missing.",
            _TOGETHER,
        )
    with ExitStack() as opened:
        files = [opened.enter_context(MappedFile(each)) for each in paths]
        header = _read(files)
        opened.pop_all()
    return files, header


def _read(files: Sequence[MappedFile]) -> GgufHeader:
    first = read_header(files[0])
    tensors = dict(first.tensors)
    _check_number(first, 0, len(files))
    for number, file in enumerate(files[1:], 1):
        header = read_header(file)
        _check_number(header, number, len(files))
        for key in ("split.tensors.count", "general.architecture"):
            if header.metadata.get(key, first.metadata.get(key)) != first.metadata.get(key):
                raise bad_weights(file.path, f"its {key} differs from the first file", _TOGETHER)
        _add(tensors, header.tensors, file.path, number)
    expected = first.metadata.get("split.tensors.count", len(tensors))
    if len(tensors) != expected:
        raise bad_weights(
            files[0].path, f"its files hold {len(tensors)} tensors, not {expected}", _TOGETHER
        )
    return replace(first, tensors=tensors)


def _check_number(header: GgufHeader, number: int, count: int) -> None:
    """Raise unless the file says that it is the one that its name says."""
    says = _number(header.metadata, "split.no", 0), _number(header.metadata, "split.count", 1) or 1
    if says == (number, count):
        return
    if count == 1:
        raise bad_weights(
            header.path,
            f"it is one of {says[1]} files of a model, but its name does not match the others",
            f"Name them NAME-00001-of-{says[1]:05}.gguf and so on; the limit is {MAX_PARTS} files.",
        )
    raise bad_weights(
        header.path,
        f"its name says it is file {number + 1} of {count} of a model, but its header does not",
        _TOGETHER,
    )


def _number(metadata: Mapping[str, Value], key: str, default: int) -> int:
    value = metadata.get(key, default)
    return value if isinstance(value, int) else -1


def _add(
    tensors: dict[str, GgufTensor], more: Mapping[str, GgufTensor], path: Path, number: int
) -> None:
    for name, tensor in more.items():
        if name in tensors:
            raise bad_weights(path, f"tensor “{shown(name)}” is also in another file", _TOGETHER)
        tensors[name] = replace(tensor, part=number)
    if len(tensors) > MAX_TENSORS:
        raise bad_weights(path, f"with it there are {len(tensors)}; the limit is {MAX_TENSORS}")
