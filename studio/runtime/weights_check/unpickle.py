"""Turns a pickle of tensors into safetensors, from standard input to standard output.

It runs in the sandbox, alone, as a file without the rest of the studio: torch's
restricted unpickler should run no code, and where it errs there is nothing within reach. Input is
an open file that can be read and sought in; sizes are compared with its length before any copy.
"""

from __future__ import annotations

import json
import os
import re
import sys
import zipfile
from typing import IO, Any

NESTS = ("state_dict", "model_state_dict", "model", "params_ema", "params", "module", "weights")
"""Where training programs put the tensors."""
MAX_TENSORS = 100_000
MAX_NAME = 512
SHARED = 4
"""Tensors may share bytes of the file; together they may not have more than so many times its."""
NAMES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64",
    "int32": "I32", "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL",
}  # fmt: skip


class Refused(Exception):
    """It cannot be converted, with the reason as it follows the name of the file."""


def main() -> None:
    """Convert; on refusal print the reason on standard error and end with 3."""
    source = open(0, "rb", closefd=False)  # noqa: SIM115 - it is not ours to close
    try:
        write(tensors_of(source), os.fstat(0).st_size, sys.stdout.buffer)
    except Refused as refusal:
        sys.stderr.write(f"{refusal}\n")
        sys.exit(3)


def tensors_of(source: IO[bytes]) -> dict[str, Any]:
    """Return the tensors in ``source`` by name.

    Raises:
        Refused: It is no pickle of tensors, or asks for more than tensors.
    """
    import torch

    _check_archive(source)
    try:
        held = torch.load(source, map_location="cpu", weights_only=True)
    except Exception as error:
        if type(error).__name__ != "UnpicklingError":
            reason = (str(error) or type(error).__name__).splitlines()[0][:200]
            raise Refused(f"it is not a valid pickle of tensors: {reason}") from error
        asked = re.search(r"GLOBAL ([\w.]+)", str(error))
        what = f" ({asked[1]})" if asked else ""
        raise Refused(f"it contains more than tensors{what}, so it was not opened") from error
    return _flat(held, torch)


def write(tensors: dict[str, Any], file_bytes: int, sink: IO[bytes]) -> None:
    """Write ``tensors`` as safetensors: length of the header, header, bytes one after the other."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    start = 0
    for name, tensor in tensors.items():
        kind = NAMES.get(str(tensor.dtype).removeprefix("torch."))
        if kind is None or tensor.layout.__str__() != "torch.strided" or tensor.is_quantized:
            raise Refused(f"its tensor {name!r} has a type that safetensors does not support")
        end = start + tensor.numel() * tensor.element_size()
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [start, end]}
        start = end
        if start > SHARED * file_bytes:
            raise Refused("its tensors claim more numbers than the file can hold")
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    sink.write(len(text).to_bytes(8, "little") + text)
    for tensor in tensors.values():
        # No numpy: bfloat16 is unknown to it.
        flat = tensor.detach().contiguous().flatten().view(-1)
        sink.write(_bytes(flat))
    sink.flush()


def _check_archive(source: IO[bytes]) -> None:
    """Refuse members that are packed: a small file could then fill all memory."""
    if not zipfile.is_zipfile(source):
        source.seek(0)
        return
    source.seek(0)
    with zipfile.ZipFile(source) as archive:
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise Refused("it is a compressed archive, which model files never are")
    source.seek(0)


def _flat(held: Any, torch: Any) -> dict[str, Any]:
    for nest in NESTS:
        if isinstance(held, dict) and isinstance(held.get(nest), dict):
            held = held[nest]
    if not isinstance(held, dict):
        raise Refused(f"it contains a {type(held).__name__} instead of a table of tensors")
    found = {str(name): each for name, each in held.items() if isinstance(each, torch.Tensor)}
    if not found:
        raise Refused("it contains no tensors")
    if len(found) > MAX_TENSORS:
        raise Refused(f"it contains more than {MAX_TENSORS} tensors")
    for name in found:
        if not 0 < len(name) <= MAX_NAME or not name.isprintable() or {"/", "\\"} & set(name):
            raise Refused(f"its tensor {name[:80]!r} has an invalid name")
    return found


def _bytes(flat: Any) -> Any:
    import ctypes

    length = flat.numel() * flat.element_size()
    return (ctypes.c_char * length).from_address(flat.data_ptr()) if length else b""


if __name__ == "__main__":
    main()
