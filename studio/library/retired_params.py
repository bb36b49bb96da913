"""Parameters of before format 2 that were bulky: of those, records keep the SHA-256 as an input.

Messages, scores and texts of files lay in the parameters of each record, whole and for good.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from studio.api.inputs import packed
from studio.library.rows import Record

_RETIRED = {
    "chat.reply": ("messages",),
    "code.ask": ("messages", "context", "selection"),
    "code.document": ("text",),
    "code.explain": ("text", "selection"),
    "code.fix": ("text", "context"),
    "code.run": ("files",),
    "code.tests": ("text", "context"),
    "code.write": ("context",),
    "molecules.improve": ("population",),
    "music.back": ("piece",),
    "music.engrave": ("piece",),
    "music.harmonise": ("piece",),
    "music.render": ("piece",),
}


def split(task: str, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the parameters that stay, and what became an input: name → its bytes."""
    retired = _RETIRED.get(task, ())
    current = {name: value for name, value in params.items() if name not in retired}
    inputs = {name: bytes(packed(params[name])) for name in retired if params.get(name)}
    return current, inputs


def modern(record: Record) -> Record:
    """Return a record without bulky parameters; itself if it has none."""
    params, inputs = split(record.task, record.params)
    if len(params) == len(record.params):
        return record
    digests = {name: digest(data) for name, data in inputs.items()}
    return msgspec.structs.replace(record, params=params, inputs={**record.inputs, **digests})


def digest(data: bytes) -> str:
    """Return the SHA-256 of an input."""
    return hashlib.sha256(data).hexdigest()


# --- for SQL ----------------------------------------------------------------------------------


def stored_params(task: str, params: str) -> str:
    """Return a column of parameters without the bulky ones."""
    current, _ = split(task, msgspec.json.decode(params))
    return msgspec.json.encode(current).decode()


def stored_inputs(task: str, params: str, inputs: str) -> str:
    """Return a column of inputs with the bulky parameters among them."""
    _, retired = split(task, msgspec.json.decode(params))
    saved = msgspec.json.decode(inputs)
    digests = {name: digest(data) for name, data in retired.items()}
    return msgspec.json.encode({**saved, **digests}).decode()
