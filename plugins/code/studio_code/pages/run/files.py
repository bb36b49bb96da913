"""Files of a run: copies of the open files and those beside them.

Reads the disk: not for the GUI thread.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

from studio.api import BadInput, read_regular
from studio_code.source import relative

MAX_FILES = 300
MAX_FILE_BYTES = 512 * 1024
MAX_BYTES = 8 << 20
_SKIPPED = {"node_modules", "venv", "env", "build", "dist", "__pycache__", "site-packages"}
_SUFFIXES = {
    ".py", ".pyi", ".txt", ".json", ".csv", ".tsv", ".toml", ".ini", ".cfg", ".yaml", ".yml",
    ".md", ".xml", ".html", ".sql", ".js", ".mjs", ".cjs", ".ts", ".java", ".c", ".h", ".cpp",
    ".cc", ".hpp", ".rs", ".go", ".mod", ".sh", ".bash",
}  # fmt: skip


def files_for_run(root: Path | None, opened: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return ``{path, text}`` of the files of a run: open ones as in the editor.

    Includes only text no larger than a program's own files; excludes links and hidden folders.
    Files outside the folder are included by name.
    """
    texts = {_inside(file["path"]): file["text"] for file in opened}
    room = MAX_BYTES - sum(len(text) for text in texts.values())
    for path, size in _listed(root) if root is not None else ():
        name = path.relative_to(root).as_posix() if root is not None else path.name
        if name in texts or size > room or len(texts) >= MAX_FILES or not _fits(name):
            continue
        try:
            text = read_regular(path).decode("utf-8")
        except (OSError, UnicodeDecodeError):
            continue  # a run does without what cannot be read; an import of it says so
        texts[name] = text
        room -= size
    return [{"path": path, "text": text} for path, text in texts.items()]


def run_path(path: str) -> str:
    """Return the path of a file in its run."""
    return _inside(path)


def _inside(path: str) -> str:
    pure = PurePosixPath(path)
    return pure.name if pure.is_absolute() or Path(path).is_absolute() else pure.as_posix()


def _fits(name: str) -> bool:
    """Whether a file may be called so in a run: one odd name must not keep the others from it."""
    try:
        return relative(name) == name
    except BadInput:
        return False


def _listed(root: Path) -> list[tuple[Path, int]]:
    """Return the files of a folder, those of Python and those higher up first."""
    entries: list[tuple[Path, int]] = []
    for folder, names, files in os.walk(root):
        names[:] = sorted(n for n in names if not n.startswith(".") and n not in _SKIPPED)
        for name in files:
            path = Path(folder, name)
            size = _size(path) if path.suffix.lower() in _SUFFIXES else -1
            if 0 <= size <= MAX_FILE_BYTES:
                entries.append((path, size))
        if len(entries) > 20 * MAX_FILES:
            break
    return sorted(
        entries, key=lambda entry: (entry[0].suffix != ".py", len(entry[0].parts), entry[0])
    )


def _size(path: Path) -> int:
    """Return the size of an ordinary file; -1 for anything else."""
    try:
        info = path.lstat()
    except OSError:  # it went away meanwhile
        return -1
    return info.st_size if stat.S_ISREG(info.st_mode) else -1
