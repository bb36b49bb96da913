"""The signed record beside a file that cannot carry one: JSON over the file's SHA-256.

It has one spelling: a side file that is read and written again has the same bytes, so that not even
a space can be changed unseen. The key is part of what is signed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from studio.library.provenance import statement as statements
from studio.library.provenance.installation_key import InstallationKey, is_signed
from studio.library.provenance.statement import Statement

SUFFIX: Final = ".provenance.json"
FORMAT: Final = "offline-studio/provenance"
LONGEST: Final = 4 << 20
_VERSION: Final = 1


class SideFile(NamedTuple):
    """The content of a side file, unverified.

    Attributes:
        sha256: Of the file beside it, hexadecimal.
        public: The key that it claims to be signed with.
        is_whole: Whether it was signed with that key, and not a byte is another.
    """

    sha256: str
    public: str
    statement: Statement
    is_whole: bool


def beside(path: Path) -> Path:
    """Return where the side file of ``path`` lies."""
    return path.with_name(path.name + SUFFIX)


def described(path: Path) -> Path:
    """Return the file that the side file ``path`` is about; of any other file itself."""
    name = path.name
    return path.with_name(name[: -len(SUFFIX)]) if name.endswith(SUFFIX) else path


def write(statement: Statement, sha256: str, key: InstallationKey) -> bytes:
    """Return the side file of a file with that digest."""
    content = {"sha256": sha256, "key": key.public, "made": msgspec.to_builtins(statement)}
    return _spelled(content, key.sign(_signed_bytes(content)))


def read(data: bytes) -> SideFile | None:
    """Return the content of a side file; None if it is not one. The data may be hostile."""
    try:
        raw = json.loads(data)
        content, signature = raw["said"], raw["signature"]
        sha256, public = content["sha256"], content["key"]
        spelled = _spelled(content, signature)
        signed = _signed_bytes(content)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    statement = statements.read(content.get("made"))
    strings = (sha256, public, signature)
    if statement is None or not all(isinstance(text, str) for text in strings):
        return None
    is_whole = spelled == data and is_signed(signed, signature, public)
    return SideFile(sha256, public, statement, is_whole)


def _spelled(content: Any, signature: str) -> bytes:
    whole = {"format": FORMAT, "version": _VERSION, "said": content, "signature": signature}
    return json.dumps(whole, sort_keys=True, ensure_ascii=False, indent=1).encode() + b"\n"


def _signed_bytes(content: Any) -> bytes:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
