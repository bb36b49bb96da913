"""Has weights looked at by a process that may take little, before anything else opens them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import msgspec

from studio.base.child import reader_command, runtime_environment
from studio.protocol.errors import ErrorCode, StudioError

SECONDS = 60.0
"""For a header: it takes a fifth of one on an idle machine."""
MAX_ANSWER_BYTES = 64 * 1024
_MODULE = "studio.runtime.weights_check.process"


class HeaderCheck(msgspec.Struct, frozen=True):
    """The content of the first bytes and headers; all but ``format`` may be empty.

    Attributes:
        format: ``gguf``, ``safetensors`` or ``pickle``.
        bytes: Size on disk.
    """

    format: str
    title: str = ""
    architecture: str = ""
    context: int = 0
    quantization: str = ""
    licence: str = ""
    bytes: int = 0


class _Refusal(msgspec.Struct, frozen=True):
    code: str
    message: str
    hint: str = ""


class _Answer(msgspec.Struct, frozen=True):
    error: _Refusal


def check_header(path: Path) -> HeaderCheck:
    """Return the format and header of ``path``, whatever its name.

    Raises:
        StudioError: It is no weights, is broken, or its header takes more time or memory than any
            honest one; says what it is instead.
    """
    process = subprocess.Popen(
        reader_command(_MODULE, str(path)),
        env=runtime_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=os.path.abspath(os.sep),
    )
    try:
        output, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        output = b""
    finally:
        process.kill()
        process.communicate()
    return _understood(path, output)


def _understood(path: Path, output: bytes) -> HeaderCheck:
    try:
        if len(output) > MAX_ANSWER_BYTES:
            raise ValueError
        try:
            refusal = msgspec.json.decode(output, type=_Answer).error
        except msgspec.ValidationError:
            return msgspec.json.decode(output, type=HeaderCheck)
    except (msgspec.MsgspecError, ValueError) as error:
        raise StudioError(
            ErrorCode.BAD_WEIGHTS,
            f"{path.name} cannot be used: reading its header took too much time or memory.",
            "The file is damaged or malicious. Download it from another source.",
        ) from error
    codes = {code.value: code for code in ErrorCode}
    code = codes.get(refusal.code, ErrorCode.BAD_WEIGHTS)
    raise StudioError(code, refusal.message, refusal.hint)
