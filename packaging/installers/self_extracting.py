"""One file that installs itself: lines of shell, a small Python with its window, and the studio.

makeself would do the same with a header under the GPL and no window before all is unpressed.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import tempfile
from pathlib import Path

from installers import archive

HEADER = Path(__file__).with_name("header.sh")
QT = (
    "PySide6/__init__.py", "PySide6/_config.py", "PySide6/_git_pyside_version.py",
    "PySide6/Qt{Core,Gui,Widgets}.abi3.so", "PySide6/libpyside6.abi3.so*", "PySide6/py.typed",
    "PySide6/Qt/lib/libQt6{Core,Gui,Widgets,DBus,XcbQpa,OpenGL,WaylandClient}.so*",
    "PySide6/Qt/lib/libicu*", "PySide6/Qt/lib/libxcb*", "PySide6/Qt/lib/libxkb*",
    "PySide6/Qt/plugins/platforms/libq{xcb,offscreen,wayland*}.so",
    "PySide6/Qt/plugins/wayland-shell-integration/*", "PySide6/Qt/plugins/imageformats/libqico.so",
    "shiboken6/**/*", "studio_installation/*", "zstandard/*",
)  # fmt: skip
"""Of site-packages: what the window needs, and no more."""


def make_stage(folder: Path, zstandard: Path, target: Path, unpacked: int, name: str) -> None:
    """Copy what the installer itself needs out of the folder.

    Args:
        folder: The studio's, complete.
        zstandard: Where that package lies; the studio itself has no use for it.
        target: A new folder.
        unpacked: Bytes of all the studio's files.
        name: Of the version.
    """
    (site,) = folder.glob("python/lib/python3*/site-packages")
    at = target / site.relative_to(folder)
    shutil.copytree(
        folder / "python", target / "python", symlinks=True,
        ignore=lambda where, names: [
            each for each in names if each in ("site-packages", "uv", "ruff", "__pycache__")
        ],
    )  # fmt: skip
    shutil.copytree(zstandard, at / "zstandard", ignore=shutil.ignore_patterns("*.pyi", "__pyc*"))
    for pattern in QT:
        for each in _braces(pattern):
            for found in site.glob(each):
                if found.is_file() and "__pycache__" not in found.parts:
                    (at / found.relative_to(site)).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(found, at / found.relative_to(site), follow_symlinks=False)
    for file in (folder / "release.json", *folder.glob("share/icons/hicolor/256x256/apps/*")):
        (target / file.relative_to(folder)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target / file.relative_to(folder))
    about = {"unpacked": unpacked, "name": name}
    (target / "payload.json").write_text(json.dumps(about) + "\n", "utf-8")


def _braces(pattern: str) -> list[str]:
    head, brace, rest = pattern.partition("{")
    if not brace:
        return [pattern]
    choices, _, tail = rest.partition("}")
    return [f"{head}{choice}{tail}" for choice in choices.split(",")]


def write_run(folder: Path, stage: Path, target: Path, words: dict[str, str], level: int) -> None:
    """Write the installer.

    Args:
        folder: The studio's, with its list.
        stage: What ``make_stage`` has made.
        target: The file.
        words: ``VERSION``, ``MACHINE``, ``PYTHON`` and ``EPOCH``.
        level: How hard zstd tries.
    """
    epoch = int(words["EPOCH"])
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        small, large = Path(work, "stage"), Path(work, "payload")
        with small.open("wb") as raw, gzip.GzipFile("", "wb", min(level, 9), raw, mtime=0) as out:
            archive.write_tar(stage, out, epoch)  # type: ignore[arg-type]  # it only writes
        with large.open("wb") as out:
            archive.pressed(folder, out, epoch, level)
        room = sum(path.stat().st_size for path in archive.entries(stage) if not path.is_symlink())
        with small.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        values = {
            **words,
            "STAGE": small.stat().st_size,
            "DIGEST": digest,
            "ROOM": room // 10**6 + 1,
        }
        header = _header(values, small.stat().st_size, large.stat().st_size)
        with target.open("wb") as out:
            out.write(header)
            for part in (small, large):
                with part.open("rb") as handle:
                    shutil.copyfileobj(handle, out, archive.CHUNK)
    target.chmod(0o755)


def _header(values: dict[str, object], small: int, large: int) -> bytes:
    """Return the lines of shell, which name their own length."""
    length = 0
    while True:
        text = HEADER.read_text("utf-8")
        places = {"FIRST": length + 1, "OFFSET": length + small, "SIZE": length + small + large}
        for name, value in {**values, **places}.items():
            text = text.replace(f"@{name}@", str(value))
        if len(text.encode()) == length:
            return text.encode()
        length = len(text.encode())
