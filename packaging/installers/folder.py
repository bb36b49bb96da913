"""The folder itself: Python, packages, weights, commands, menu entries, and its papers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from installers import archive, bill, environment
from installers.python_copy import copy_python, needs
from studio.library.storage import schema

SHARE = Path(__file__).with_name("share")
SETUP = Path(__file__).parents[1] / "studio_installation"
WINDOW_LIBRARIES = ("libxcb-", "libxkbcommon", "libX11-xcb", "libwayland-cursor")
"""Of the system, what Qt's window needs and desktops do not all have; of one X server's kind, so
libxcb itself stays the system's, which the drivers of cards use, too."""


@dataclass(frozen=True)
class Build:
    """What is built.

    Attributes:
        root: The checkout.
        work: A folder for what is made on the way.
        version: As users know it.
        epoch: Seconds since 1970 that all files get.
        python: Where the Python lies that is copied.
    """

    root: Path
    work: Path
    version: str
    epoch: int
    python: Path

    @classmethod
    def of(cls, root: Path, work: Path, python: Path, version: str = "") -> Build:
        """Return that of a checkout: its version, and the time of its last commit."""
        told = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
        words = ["git", "-C", str(root), "log", "-1", "--format=%ct"]
        epoch = os.environ.get("SOURCE_DATE_EPOCH") or subprocess.check_output(words, text=True)
        return cls(root, work, version or told, int(epoch), python)


def make_folder(build: Build) -> Path:
    """Make the folder; slow, for all packages are installed anew. Returns where it lies."""
    folder = build.work / "folder"
    shutil.rmtree(folder, ignore_errors=True)
    python = folder / "python"
    brought = copy_python(build.python, python)
    wheels = environment.build_wheels(build.root, folder / "wheels")
    environment.install(build.root, python, wheels)
    environment.tidy(python)
    (site,) = python.glob("lib/python3*/site-packages")
    ignored = shutil.ignore_patterns("*.verified", "*.part", "*.toml", "cards", "__pycache__")
    weights = site / "studio/_resources/weights"
    shutil.copytree(build.root / "resources/weights", weights, ignore=ignored, dirs_exist_ok=True)
    brought += _window_libraries(site)
    environment.compile_modules(python, folder, [python / "lib"])
    bill.write_bill(folder, brought, build.version)
    return folder


def _window_libraries(site: Path) -> list[Path]:
    qt = site / "PySide6/Qt"
    platforms = [*qt.glob("plugins/platforms/libq*.so"), *qt.glob("lib/libQt6XcbQpa.so*")]
    found = {each for binary in platforms for each in needs(binary)}
    wanted = [
        each
        for each in sorted(found)
        if each.name.startswith(WINDOW_LIBRARIES) and not each.is_relative_to(site)
    ]
    for library in wanted:
        shutil.copy(library, qt / "lib" / library.name)
        (qt / "lib" / library.name).chmod(0o644)
    return wanted


def finish(build: Build, folder: Path) -> None:
    """Put in all that is not Python's: commands, menu entries, what it says of itself."""
    (site,) = folder.glob("python/lib/python3*/site-packages")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.rmtree(site / SETUP.name, ignore_errors=True)
    shutil.copytree(SETUP, site / SETUP.name, ignore=ignored)
    shutil.copy(SHARE / "sitecustomize.py", site)
    ours = [site / SETUP.name, site / "sitecustomize.py"]
    environment.compile_modules(folder / "python", folder, ours)
    for name in ("studio", "offline-studio-setup"):
        (folder / "bin").mkdir(exist_ok=True)
        shutil.copy(SHARE / name, folder / "bin" / name)
        (folder / "bin" / name).chmod(0o755)
    for name, at in {
        "offline-studio.desktop": "applications",
        "offline-studio-plugin.desktop": "applications",
        "offline-studio.xml": "mime/packages",
        "offline-studio.metainfo.xml": "metainfo",
        "offline-studio.svg": "icons/hicolor/scalable/apps",
    }.items():
        (folder / "share" / at).mkdir(parents=True, exist_ok=True)
        shutil.copy(SHARE / name, folder / "share" / at / name)
    _draw_icon(folder / "share/icons/hicolor/256x256/apps/offline-studio.png")
    licences = folder / "licences"
    shutil.copytree(build.root / "resources/licences", licences, dirs_exist_ok=True)
    shutil.copy(build.root / "LICENSE", licences / "offline-studio-Apache-2.0.txt")
    (folder / "in-use").touch()
    told = {"version": build.version, "built": build.epoch, "schema": schema.latest()}
    (folder / "release.json").write_text(json.dumps(told) + "\n", "utf-8")


def _draw_icon(target: Path) -> None:
    from PySide6.QtCore import QByteArray
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    target.parent.mkdir(parents=True, exist_ok=True)
    image = QImage(256, 256, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    QSvgRenderer(QByteArray((SHARE / "offline-studio.svg").read_bytes())).render(painter)
    painter.end()
    image.save(str(target))
    if sys.platform == "win32":
        image.save(str(target.parents[4] / "offline-studio.ico"))


def close(folder: Path, version: str) -> tuple[str, int]:
    """Write the list of files; return the version's name, and the bytes of all files."""
    digest, size = archive.write_list(folder)
    return f"{version}-{digest[:12]}", size
