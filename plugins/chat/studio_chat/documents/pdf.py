"""The text of a PDF, page by page, read in a child that may take little; so is that of a Word
document, which has no pages. Knows no conversation.

A PDF is a stranger's program: its streams unfold to any size, its objects lead in circles. Run by
path with ``python -I -S`` this module is the child: it reads the file on its standard input, within
limits of memory and time, and writes one JSON object.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

MAX_BYTES = 64_000_000
MAX_CHARACTERS = 2_000_000
"""Of all pages: what a text may have, too."""
MEMORY_BYTES = 1 << 30
PROCESSOR_SECONDS = 60
PATIENCE_SECONDS = 300.0
"""Of the clock: a busy machine is no fault of the file."""

_MAX_ANSWER_BYTES = 8 * MAX_CHARACTERS  # a character may be escaped
_LOOK_SECONDS = 0.005
_NEEDED = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_PROBLEMS = {
    "locked": ("is encrypted and needs a password",
               "Save an unencrypted copy."),
    "scanned": ("contains no text, only scanned pages",
                "Run text recognition (OCR) on it first."),
    "long": (f"has more than {MAX_CHARACTERS // 1_000_000} million characters",
             "Choose a shorter excerpt."),
    "greedy": ("takes too much time or memory to read",
               "Print it to a new PDF, or save it as text."),
    "broken": ("is damaged or not a PDF", "Save it again, or save it as text."),
    "torn": ("is damaged or not a Word document", "Save it again, or save it as PDF."),
    "other": ("is not a text, PDF or Word file", "Save it as PDF or as text."),
    "empty": ("contains no text", "Choose another file."),
}  # fmt: skip


def read_pages(file: IO[bytes], name: str) -> Generator[None, None, list[str]]:
    """Yield while the child reads; return the text of each page, or of all where there are none.

    Args:
        file: Open at its beginning.
        name: For the sentences.

    Raises:
        BadInput: It is encrypted, scanned, empty, too long, damaged, or takes too much.
    """
    from studio.api import BadInput  # not for the child, which knows nothing of the studio

    if os.fstat(file.fileno()).st_size > MAX_BYTES:
        raise BadInput(
            f"{name} is larger than the limit of {MAX_BYTES // 1_000_000} MB for PDF and Word "
            "files.",
            "Choose a shorter excerpt.",
        )
    answer = yield from _ask(file)
    if problem := answer.get("problem"):
        what, hint = _PROBLEMS[problem]
        raise BadInput(f"{name} {what}.", hint)
    pages: list[str] = answer["pages"]
    return pages


def _ask(file: IO[bytes]) -> Generator[None, None, dict[str, Any]]:
    spec = find_spec("pypdf")
    assert spec is not None, "the plugin needs it"
    home = Path(str(spec.origin)).parents[1]
    command = [sys.executable, "-I", "-S", "-B", __file__, str(home)]
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            command,
            stdin=file,
            stdout=said,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _NEEDED if name in os.environ},
            cwd=os.path.abspath(os.sep),
        )
        try:
            end = time.monotonic() + PATIENCE_SECONDS
            while child.poll() is None and time.monotonic() < end:
                yield
                time.sleep(_LOOK_SECONDS)
        finally:
            child.kill()
            child.wait()
        said.seek(0)
        data = said.read(_MAX_ANSWER_BYTES + 1)
    try:
        answer: dict[str, Any] = json.loads(data)
    except ValueError:  # it was ended in the midst of it
        return {"problem": "greedy"}
    return answer


# --- the child ----------------------------------------------------------------------------------


def _main() -> None:
    sys.path += [sys.argv[1], str(Path(__file__).resolve().parents[2])]
    from studio_chat.documents import docx

    _limit()
    with open(sys.stdin.fileno(), "rb") as file:
        answer = _answer(file, _read_word if docx.is_word(file.peek(4)) else _read)
    json.dump(answer, sys.stdout)


def _answer(file: IO[bytes], read: Callable[[IO[bytes]], dict[str, Any]]) -> dict[str, Any]:
    try:
        return read(file)
    except MemoryError:
        return {"problem": "greedy"}
    except Exception:  # noqa: BLE001  whatever a library says of a stranger's file
        return {"problem": "broken"}


def _limit() -> None:
    if sys.platform == "win32":
        return  # the parent's clock is the only limit there
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MAX_ANSWER_BYTES, _MAX_ANSWER_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "darwin":  # which refuses
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _read(file: IO[bytes]) -> dict[str, Any]:
    from pypdf import PasswordType, PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError

    pages: list[str] = []
    try:
        reader = PdfReader(file)
        if reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED:
            return {"problem": "locked"}
        for page in reader.pages:
            pages.append(_clean(page.extract_text()))
            if sum(map(len, pages)) > MAX_CHARACTERS:
                return {"problem": "long"}
    except (DependencyError, FileNotDecryptedError):
        return {"problem": "locked"}
    return {"pages": pages} if any(page.strip() for page in pages) else {"problem": "scanned"}


def _read_word(file: IO[bytes]) -> dict[str, Any]:
    from studio_chat.documents import docx

    try:
        text = _clean(docx.read(file))
    except LookupError:
        return {"problem": "other"}
    except ValueError:
        return {"problem": "torn"}
    if len(text) > MAX_CHARACTERS:
        return {"problem": "long"}
    return {"pages": [text]} if text.strip() else {"problem": "empty"}


_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl"})


def _clean(text: str) -> str:
    """Return ``text`` as one would write it: words of ligatures are not found by their letters."""
    lines = text.translate(_LIGATURES).replace("\r", "\n").split("\n")
    kept = ("".join(c if c.isprintable() or c == "\t" else " " for c in line) for line in lines)
    return "\n".join(line.rstrip() for line in kept)


if __name__ == "__main__":
    _main()
