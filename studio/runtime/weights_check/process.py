"""Looks at weights by their first bytes and headers, in a process with little room. Loads nothing.

``python -m studio.runtime.weights_check.process PATH`` prints one JSON object: facts, or an error
in words. It is
started before anything else may open a file from outside: a header that hangs or swallows memory
ends this process alone. Imports no torch.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.weights_files import name_of, parts_of
from studio.runtime.engines.text.formats import safetensors_file, strict_json
from studio.runtime.engines.text.formats.gguf_parts import open_parts
from studio.runtime.engines.text.formats.load_errors import bad_weights, shown, unsupported
from studio.runtime.engines.text.formats.mapped_file import MappedFile

CPU_SECONDS = 10
MEMORY_BYTES = 1 << 30
MAX_FILES = 2_000
MAX_CONFIG_BYTES = 1 << 20
_HEAD = 1024
_PICKLE_SUFFIXES = frozenset({".bin", ".ckpt", ".pkl", ".pickle", ".pt", ".pth"})
_INDEX = "model_index.json"


def main() -> None:
    """Look at the path of the first argument."""
    path = Path(sys.argv[1])
    _limit(path)
    try:
        answer = glance(path)
    except StudioError as error:
        answer = {"error": {"code": error.code, "message": error.message, "hint": error.hint}}
    except (MemoryError, RecursionError):
        told = "Its header needs too much memory."
        answer = {"error": {"code": ErrorCode.BAD_WEIGHTS, "message": told, "hint": ""}}
    sys.stdout.write(json.dumps(answer))


def glance(path: Path) -> dict[str, Any]:
    """Return what ``path`` is: ``format``, ``title``, and what its headers tell beside.

    Raises:
        StudioError: It is no weights, or broken; says what it is instead.
    """
    if path.is_dir():
        return _folder(path)
    with MappedFile(path) as file:
        head = bytes(file.data[:_HEAD])
        if _starts_as_safetensors(head):
            return _safetensors(file)
    if head.startswith(b"GGUF"):  # once it is closed: mapped twice, it would not fit in the limit
        return _gguf(path)
    if _starts_as_pickle(head):
        return {"format": "pickle", "title": path.stem}
    raise _something_else(path, head)


def _limit(path: Path) -> None:
    """Leave this process little room; mapped files count as memory, though they take none."""
    if sys.platform == "win32":
        return  # the parent's clock is the only limit there
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    together = [file.stat().st_size for file in parts_of(path) if file.exists()]
    mapped = max(sum(together), *(file.stat().st_size for file in path.glob("*.safetensors")), 0)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES + mapped, MEMORY_BYTES + mapped))


def _gguf(path: Path) -> dict[str, Any]:
    if path.suffix and path.suffix.lower() != ".gguf" and not path.name.startswith("sha256-"):
        raise _wrong_name(path, "GGUF", ".gguf")
    files, header = open_parts(path)
    size = sum(file.size for file in files)
    for file in files:
        file.close()
    tell = header.metadata.get
    architecture = str(tell("general.architecture", ""))
    stored: Counter[str] = Counter()
    for tensor in header.tensors.values():
        stored[tensor.type.name] += tensor.bytes
    if not stored:
        raise bad_weights(path, "it contains only a vocabulary, no model", "Choose another file.")
    context = tell(f"{architecture}.context_length", 0)
    return {
        "format": "gguf",
        "title": _text(tell("general.name", "")) or name_of(path),
        "architecture": _text(architecture),
        "context": context if isinstance(context, int) else 0,
        "quantization": stored.most_common(1)[0][0] if stored else "",
        "licence": _text(tell("general.license", "")),
        "bytes": size,
    }


def _safetensors(file: MappedFile) -> dict[str, Any]:
    if file.path.suffix.lower() != ".safetensors":
        raise _wrong_name(file.path, "safetensors", ".safetensors")
    stored: Counter[str] = Counter()
    for tensor in safetensors_file.read_header(file).values():
        stored[tensor.dtype] += tensor.bytes
    kind = stored.most_common(1)[0][0] if stored else ""
    return {
        "format": "safetensors",
        "title": file.path.stem,
        "quantization": kind,
        "bytes": file.size,
    }


def _folder(path: Path) -> dict[str, Any]:
    files = [entry for entry, _ in zip(sorted(path.iterdir()), range(MAX_FILES))]
    if (path / _INDEX).is_file():
        strict_json.read_object(path / _INDEX, MAX_CONFIG_BYTES)
        return {"format": "safetensors", "title": path.name}
    tensors = [entry for entry in files if entry.suffix.lower() == ".safetensors"]
    pickles = [entry for entry in files if entry.suffix.lower() in _PICKLE_SUFFIXES]
    if not (path / "config.json").is_file() or not (tensors or pickles):
        raise unsupported(
            path, "it is not a model folder: config.json or the model files are missing"
        )
    config = strict_json.read_object(path / "config.json", MAX_CONFIG_BYTES)
    facts: dict[str, Any] = {"format": "pickle"}
    for entry in tensors:
        with MappedFile(entry) as file:
            facts = _safetensors(file)
    context = config.get("max_position_embeddings", 0)
    return facts | {
        "title": path.name,
        "architecture": _text(config.get("model_type", "")),
        "context": context if isinstance(context, int) else 0,
        "bytes": sum(entry.stat().st_size for entry in tensors or pickles),
    }


def _starts_as_safetensors(head: bytes) -> bool:
    length = int.from_bytes(head[:8], "little")
    return len(head) > 8 and head[8:9] == b"{" and 0 < length < 1 << 40


def _starts_as_pickle(head: bytes) -> bool:
    is_zip = head.startswith(b"PK\x03\x04") and (b"data.pkl" in head or b"/" in head[30:200])
    return is_zip or (head[:1] == b"\x80" and len(head) > 1 and 2 <= head[1] <= 5)


def _something_else(path: Path, head: bytes) -> StudioError:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head")):
        return bad_weights(
            path,
            "it is a web page, not a model: the download returned a page instead of the file",
            "Open the link in a browser, follow the instructions there, and download it again.",
        )
    if text.startswith(b"version https://git-lfs"):
        return bad_weights(
            path,
            "it is a Git LFS pointer: the model itself was not downloaded",
            "Run `git lfs pull` there, or download the file itself.",
        )
    if head[:4] in (b"lmgg", b"fmgg", b"tjgg"):
        return unsupported(path, "its format is older than GGUF; download a GGUF version")
    if text.startswith((b"{", b"[")):
        return bad_weights(path, "it is JSON text, not a model", "Download the model again.")
    if not head.strip(b"\0"):
        return bad_weights(
            path, "it begins with zeros: the download is incomplete", "Download it again."
        )
    return unsupported(path, "it is not in a supported format (GGUF, safetensors, PyTorch)")


def _wrong_name(path: Path, kind: str, suffix: str) -> StudioError:
    return bad_weights(
        path, f"it contains {kind}, despite its extension", f"Rename it to {path.stem}{suffix}."
    )


def _text(value: object) -> str:
    return shown(value)[:200] if isinstance(value, str) else ""


if __name__ == "__main__":
    main()
