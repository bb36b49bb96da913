"""The packages of the folder: our wheels, and those of the lock, in the copied Python itself."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

EXTRAS = {
    "offline-studio": "docking,mcp,provenance,transformers",
    "studio-plugin-chat": "reading",
    "studio-plugin-image": "diffusion,opencv,upscale",
    "studio-plugin-lab": "diffusion,dicom,molecules",
    "studio-plugin-molecules": "docking",
    "studio-plugin-music": "midi,models",
    "studio-plugin-voice": "speech",
}
"""What comes along beyond what is required. Not: Node.js and Go (200 MB each), Qt Multimedia (440),
llama.cpp; each can be had in a checkout."""
NOT_NEEDED = (
    "torch/include", "torch/share", "torch/test", "torch/lib/*.a",
    "torch/utils/model_dump", "PySide6/Qt/qml", "PySide6/Qt/libexec", "PySide6/Qt/metatypes",
    "PySide6/include", "PySide6/typesystems", "PySide6/glue", "PySide6/scripts",
    "PySide6/assistant*", "PySide6/designer", "PySide6/linguist", "PySide6/lrelease",
    "PySide6/lupdate", "PySide6/qml*", "PySide6/balsam*", "PySide6/svgtoqml",
    "PySide6/Qt/plugins/designer", "PySide6/Qt/plugins/qmltooling",
    "numba/cuda/tests", "scipy/**/tests", "sklearn/**/tests", "numpy/**/tests",
    "sympy/**/tests", "imblearn/**/tests", "numba/tests", "llvmlite/tests", "joblib/test",
    "networkx/**/tests", "mpmath/tests", "pandas/tests", "meeko/**/tests",
)  # fmt: skip
"""Of site-packages: what other programs are built with, and tests."""


def build_wheels(root: Path, target: Path) -> list[Path]:
    """Build the wheels of the studio and its plugins; the studio's has the lock of the plugins."""
    folders = [root, *sorted(file.parent for file in root.glob("plugins/*/pyproject.toml"))]
    target.mkdir(parents=True)
    for folder in folders:
        words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
        subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return sorted(target.glob("*.whl"))


def install(root: Path, python: Path, wheels: Sequence[Path]) -> None:
    """Install the wheels and all they need, in the versions of ``constraints.txt``.

    Args:
        root: The checkout.
        python: The copied Python's folder.
        wheels: Ours.
    """
    wanted = []
    for wheel in wheels:
        name = wheel.name.partition("-")[0].replace("_", "-")
        extras = EXTRAS.get(name, "")
        wanted.append(f"{name}[{extras}] @ {wheel.absolute().as_uri()}" if extras else str(wheel))
    program = python / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    words = [sys.executable, "-m", "pip", "--python", str(program), "install", "--no-compile"]
    words += ["--quiet", "--progress-bar", "off", "--no-warn-script-location"]
    words += ["--break-system-packages", "-c", str(root / "packaging/constraints.txt")]
    # pip comes along: with it the studio downloads the models that are published as packages.
    subprocess.run([*words, *wanted, "pip"], cwd=python, check=True, env=_clean())


def tidy(python: Path) -> None:
    """Take away what is not needed, what names the machine that built it, and scripts.

    Programs (``uv``, ``ruff``) stay; a script has the path of its Python in its first line.
    """
    (site,) = python.glob("lib/python3*/site-packages")
    for pattern in NOT_NEEDED:
        for found in sorted(site.glob(pattern)):
            shutil.rmtree(found) if found.is_dir() else found.unlink()
    for script in (python / "bin").iterdir():
        if script.name == "uvx" or (not script.is_symlink() and script.read_bytes()[:2] == b"#!"):
            script.unlink()
    for cache in [*python.rglob("__pycache__")]:
        shutil.rmtree(cache)
    for name in ("direct_url.json", "REQUESTED", "INSTALLER", "uv_cache.json"):
        for found in site.glob(f"*.dist-info/{name}"):
            found.unlink()
    for record in site.glob("*.dist-info/RECORD"):
        rows = csv.reader(io.StringIO(record.read_text("utf-8")))
        kept = sorted(row for row in rows if (site / row[0]).exists())
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(kept)
        record.write_text(out.getvalue(), "utf-8")


def compile_modules(python: Path, folder: Path, parts: Sequence[Path]) -> None:
    """Compile ``parts`` of it, for an installation that its users cannot write to.

    By digest and unchecked: neither the time nor the place of a file is in its bytecode, so two
    builds agree, and a start does not look at each source.
    """
    program = next(python.glob("bin/python3.*"))
    words = [str(program), "-m", "compileall", "-qq", "-j", str(os.cpu_count() or 1)]
    words += ["--invalidation-mode", "unchecked-hash", "-s", str(folder), *map(str, parts)]
    # Templates and tests of packages do not all compile: what is not compiled is not imported.
    subprocess.run(words, check=False, env={**_clean(), "PYTHONHASHSEED": "0"})


def _clean() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return {**kept, "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
