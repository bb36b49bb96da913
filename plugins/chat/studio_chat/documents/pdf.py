"""Documents of strangers, read in a child that may take little: text and pictures of pages.

A PDF is a stranger's program: its streams unfold to any size, its objects lead in circles. Run as a
program this module is the child: it reads the file on its standard input, within limits of memory
and time, and writes one JSON object, and behind it the pixels of a picture. The child is in the
sandbox; where a machine has none, only its limits hold. Knows no conversation.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studio.api import Sandbox

MAX_BYTES = 64_000_000
MAX_PAGED_BYTES = 1_000_000_000
"""Of PDFs and pictures, which are not read as a whole."""
MAX_CHARACTERS = 4_000_000
"""Of all pages: of some 1,500."""
MEMORY_BYTES = 1 << 30
PROCESSOR_SECONDS = 60
PATIENCE_SECONDS = 300.0
"""Of the clock: a busy machine is no fault of the file."""

_MAX_ANSWER_BYTES = 8 * MAX_CHARACTERS  # a character may be escaped
_LOOK_SECONDS = 0.005
_NEEDED = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_HERE = Path(__file__).resolve().parent
_PACKAGE = "studio_chat/documents"
_MODULES = ("docx", "epub", "formats", "odt", "parts", "pdfium", "photo", "slides", "table", "web")
_PACKAGES = ("pypdfium2", "pillow", "defusedxml")
"""What the child needs of the studio, and of others, where it sees nothing else."""
_LONGEST = 4_000
"""Pixels of a picture's longer side."""
_PROBLEMS = {
    "locked": ("is encrypted and needs a password",
               "Save an unencrypted copy."),
    "long": (f"has more than {MAX_CHARACTERS // 1_000_000} million characters",
             "Choose a shorter excerpt."),
    "greedy": ("takes too much time or memory to read",
               "Print it to a new PDF, or save it as text."),
    "broken": ("is damaged or not a PDF", "Save it again, or save it as text."),
    "gone": ("has no such page any more", "Attach it again."),
    "torn": ("is damaged, or not what its name says", "Save it again, or save it as PDF."),
    "office": ("has a password or an Office format of before 2007",
               "Save it without a password as .docx or .pptx, or as PDF."),
    "alphabet": ("has an unknown text encoding", "Save it as UTF-8."),
    "other": ("is not a text, PDF, Word, EPUB, ODT or PowerPoint file",
              "Save it as PDF or as text."),
    "empty": ("contains no text", "Choose another file."),
}  # fmt: skip


def read_pages(
    file: IO[bytes], name: str, sandbox: Sandbox, suffix: str = "", *, has_pages: bool = True
) -> Generator[None, None, dict[str, Any]]:
    """Yield while the child reads; return its ``pages``, or all text as one where there are none.

    Where they have a name, ``unit`` is that (``page``, ``slide``, ``chapter``; ``row`` for lines
    of a table), ``titles`` are the chapters' and ``head`` is the first row. ``scanned`` are the
    numbers of pages that are a picture without text.

    Args:
        file: Open at its beginning.
        name: For the sentences.
        sandbox: Where the child runs.
        suffix: Of the file, in small letters: tells a page of the web or a table from other text.
        has_pages: Whether it is a PDF or a picture, of which there are larger ones.

    Raises:
        BadInput: It is encrypted, empty, too long, damaged, or takes too much.
    """
    most = MAX_PAGED_BYTES if has_pages else MAX_BYTES
    if os.fstat(file.fileno()).st_size > most:
        from studio.api import BadInput  # not for the child, which knows nothing of the studio

        raise BadInput(
            f"{name} is larger than the limit of {most // 1_000_000} MB for a document.",
            "Choose a shorter excerpt.",
        )
    data = yield from _ask(file, [suffix], _MAX_ANSWER_BYTES, sandbox)
    return _checked(data, name)


Box = tuple[int, int, int, int]
"""Left, top, right and bottom of a line, in parts of ten thousand of its page."""


@dataclass(frozen=True)
class Picture:
    """A page as it looks.

    Attributes:
        width, height: In pixels.
        pixels: Row by row from the top, one byte each or three (red, green, blue).
        boxes: Of the lines of its text, in their order; None for a line without a place. There
            are none of a scan.
    """

    width: int
    height: int
    pixels: bytes
    boxes: tuple[Box | None, ...] = ()


def read_picture(
    file: IO[bytes], name: str, sandbox: Sandbox, page: int, longest: int, *, gray: bool = False
) -> Generator[None, None, Picture]:
    """Yield while the child draws; return a page of a PDF, or of a file of pictures.

    Args:
        file: Open at its beginning.
        name: For the sentences.
        sandbox: Where the child runs.
        page: From 1.
        longest: Pixels of its longer side.

    Raises:
        BadInput: There is no such page, or it takes too much.
    """
    longest = min(longest, _LONGEST)
    order = ["", str(page), str(longest), "gray" if gray else "colour"]
    most = 3 * longest * longest + _MAX_ANSWER_BYTES
    data = yield from _ask(file, order, most, sandbox)
    head, _, pixels = data.partition(b"\n")
    answer = _checked(head, name)
    width, height = answer["size"]
    if len(pixels) != width * height * (1 if gray else 3):
        answer = _checked(b"", name)
    boxes = tuple(None if box is None else _box(*box) for box in answer["boxes"])
    return Picture(width, height, pixels, boxes)


def _box(left: int, top: int, right: int, bottom: int) -> Box:
    return left, top, right, bottom


def _checked(data: bytes, name: str) -> dict[str, Any]:
    from studio.api import BadInput

    try:
        answer: dict[str, Any] = json.loads(data)
    except ValueError:  # it was ended in the midst of it
        answer = {"problem": "greedy"}
    if problem := answer.get("problem"):
        what, hint = _PROBLEMS[problem]
        raise BadInput(f"{name} {what}.", hint)
    return answer


def _ask(
    file: IO[bytes], order: Sequence[str], most: int, sandbox: Sandbox
) -> Generator[None, None, bytes]:
    """Return at most ``most`` bytes of the child's output; fewer where it was ended."""
    if sandbox.tier:
        return (yield from _ask_in_sandbox(file, order, most, sandbox))
    spec = find_spec("pypdfium2")
    assert spec is not None, "the plugin needs it"
    places = os.pathsep.join((str(Path(str(spec.origin)).parents[1]), str(_HERE.parents[1])))
    command = [sys.executable, "-I", "-S", "-B", __file__, places, str(most), *order]
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            command,
            stdin=file,
            stdout=output,
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
        output.seek(0)
        return output.read(most + 1)


def _ask_in_sandbox(
    file: IO[bytes], order: Sequence[str], most: int, sandbox: Sandbox
) -> Generator[None, None, bytes]:
    from studio.api import SandboxLimits, SandboxRequest

    request = SandboxRequest(
        ("python", "read.py", "", str(most), *order),
        files=_program(),
        packages=_PACKAGES,
        limits=SandboxLimits(
            wall_seconds=PATIENCE_SECONDS,
            cpu_seconds=PROCESSOR_SECONDS,
            memory_bytes=MEMORY_BYTES,
            output_bytes=most,
        ),
    )
    output: list[bytes] = []
    with closing(sandbox.run(request, file.fileno())) as steps:
        for step in steps:
            output.append(step.stdout)
            yield
    return b"".join(output)


@cache
def _program() -> dict[str, bytes]:
    """Return the modules that the child needs, as files of the sandbox."""
    modules = {f"{_PACKAGE}/{name}.py": (_HERE / f"{name}.py").read_bytes() for name in _MODULES}
    program = {"read.py": Path(__file__).read_bytes()}
    return program | modules | {"studio_chat/__init__.py": b"", f"{_PACKAGE}/__init__.py": b""}


# --- the child ----------------------------------------------------------------------------------


def _main() -> None:
    sys.path += filter(None, sys.argv[1].split(os.pathsep))
    from studio_chat.documents import formats, pdfium, photo

    if sys.argv[1]:  # the sandbox has its own
        _limit(int(sys.argv[2]))
    suffix, *order = sys.argv[3:]
    with open(sys.stdin.fileno(), "rb") as file:
        beginning = file.peek(16)
        is_photo = photo.is_photo(beginning)
        read: Callable[[IO[bytes]], dict[str, Any]]
        if order:
            page, longest, kind = order
            draw = photo.picture if is_photo else pdfium.picture
            read = partial(draw, number=int(page), longest=int(longest), gray=kind == "gray")
        elif is_photo:
            read = photo.read
        elif formats.is_ours(beginning, suffix):
            read = partial(formats.read, suffix=suffix, most=MAX_CHARACTERS)
        else:
            read = partial(pdfium.read, most=MAX_CHARACTERS)
        answer = _cleaned(_answer(file, read))
    pixels = answer.pop("pixels", b"")
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + pixels)


def _answer(file: IO[bytes], read: Callable[[IO[bytes]], dict[str, Any]]) -> dict[str, Any]:
    try:
        return read(file)
    except MemoryError:
        return {"problem": "greedy"}
    except Exception:  # noqa: BLE001  whatever a library says of a stranger's file
        return {"problem": "broken"}


def _limit(most: int) -> None:
    if sys.platform == "win32":
        return  # the parent's clock is the only limit there
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "darwin":  # which refuses
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _cleaned(answer: dict[str, Any]) -> dict[str, Any]:
    if "pages" not in answer:
        return answer
    pages = [_clean(page) for page in answer["pages"]]
    if sum(map(len, pages)) > MAX_CHARACTERS:
        return {"problem": "long"}
    has_text = any(page.strip() for page in pages) or answer.get("scanned")
    return answer | {"pages": pages} if has_text else {"problem": "empty"}


_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl"})


def _clean(text: str) -> str:
    """Return ``text`` as one would write it: words of ligatures are not found by their letters."""
    lines = text.translate(_LIGATURES).replace("\r", "\n").split("\n")
    printable = (
        "".join(c if c.isprintable() or c == "\t" else " " for c in line) for line in lines
    )
    return "\n".join(line.rstrip() for line in printable)


if __name__ == "__main__":
    _main()
