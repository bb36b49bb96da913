"""The text of a PDF, page by page, read in a child that may take little; so is that of the other
``formats``. Knows no conversation.

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
from functools import partial
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
    "torn": ("is damaged, or not what its name says", "Save it again, or save it as PDF."),
    "office": ("has a password or an Office format of before 2007",
               "Save it without a password as .docx or .pptx, or as PDF."),
    "alphabet": ("has an unknown text encoding", "Save it as UTF-8."),
    "other": ("is not a text, PDF, Word, EPUB, ODT or PowerPoint file",
              "Save it as PDF or as text."),
    "empty": ("contains no text", "Choose another file."),
}  # fmt: skip


def read_pages(
    file: IO[bytes], name: str, suffix: str = ""
) -> Generator[None, None, dict[str, Any]]:
    """Yield while the child reads; return its ``pages``, or all text as one where there are none.

    Where they have a name, ``unit`` is that (``page``, ``slide``, ``chapter``; ``row`` for lines
    of a table), ``titles`` are the chapters' and ``head`` is the first row.

    Args:
        file: Open at its beginning.
        name: For the sentences.
        suffix: Of the file, in small letters: tells a page of the web or a table from other text.

    Raises:
        BadInput: It is encrypted, scanned, empty, too long, damaged, or takes too much.
    """
    from studio.api import BadInput  # not for the child, which knows nothing of the studio

    if os.fstat(file.fileno()).st_size > MAX_BYTES:
        raise BadInput(
            f"{name} is larger than the limit of {MAX_BYTES // 1_000_000} MB for a document.",
            "Choose a shorter excerpt.",
        )
    answer = yield from _ask(file, suffix)
    if problem := answer.get("problem"):
        what, hint = _PROBLEMS[problem]
        raise BadInput(f"{name} {what}.", hint)
    return answer


def _ask(file: IO[bytes], suffix: str) -> Generator[None, None, dict[str, Any]]:
    spec = find_spec("pypdf")
    assert spec is not None, "the plugin needs it"
    home = Path(str(spec.origin)).parents[1]
    command = [sys.executable, "-I", "-S", "-B", __file__, str(home), suffix]
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
    from studio_chat.documents import formats

    _limit()
    suffix = sys.argv[2]
    with open(sys.stdin.fileno(), "rb") as file:
        is_other = formats.is_ours(file.peek(8), suffix)
        answer = _answer(file, partial(_read_other, suffix) if is_other else _read)
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
    has_text = any(page.strip() for page in pages)
    return {"pages": pages, "unit": "page"} if has_text else {"problem": "scanned"}


def _read_other(suffix: str, file: IO[bytes]) -> dict[str, Any]:
    from studio_chat.documents import formats

    answer = formats.read(file, suffix, MAX_CHARACTERS)
    if "problem" in answer:
        return answer
    pages = [_clean(page) for page in answer["pages"]]
    if sum(map(len, pages)) > MAX_CHARACTERS:
        return {"problem": "long"}
    has_text = any(page.strip() for page in pages)
    return answer | {"pages": pages} if has_text else {"problem": "empty"}


_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl"})


def _clean(text: str) -> str:
    """Return ``text`` as one would write it: words of ligatures are not found by their letters."""
    lines = text.translate(_LIGATURES).replace("\r", "\n").split("\n")
    kept = ("".join(c if c.isprintable() or c == "\t" else " " for c in line) for line in lines)
    return "\n".join(line.rstrip() for line in kept)


if __name__ == "__main__":
    _main()
