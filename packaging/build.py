#!/usr/bin/env python3
"""Builds the installers of a release: ``.deb`` and ``.run``; see ``installers/folder.py``.

    .venv/bin/python packaging/build.py --out dist      both, from the checkout, with pip's cache
    … --folder FOLDER                                   from a folder that was made before
    … --kinds                                           the folder alone

The same checkout gives the same bytes. Needs the extra ``release``, and ``dpkg-deb`` for a package.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEVEL = 12
"""zstd's, of 19: twice as quick to press as the last, and 6 % larger."""


def main() -> int:
    """Build what is asked for; return the exit code."""
    from installers import debian, self_extracting
    from installers.folder import Build, close, finish, make_folder

    options = _parser().parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    options.work.mkdir(parents=True, exist_ok=True)
    build = Build.of(ROOT, options.work.absolute(), options.python, options.version)
    folder = options.folder.absolute() if options.folder else make_folder(build)
    finish(build, folder)
    name, size = close(folder, build.version)
    machine = platform.machine()
    print(f"{name}: {size / 1e6:.0f} MB in {folder}", flush=True)
    if "run" in options.kinds:
        stage = build.work / "stage"
        shutil.rmtree(stage, ignore_errors=True)
        self_extracting.make_stage(folder, _zstandard(), stage, size, name)
        target = options.out / f"offline-studio-{build.version}-linux-{machine}.run"
        words = {"VERSION": build.version, "MACHINE": machine, "EPOCH": str(build.epoch)}
        words["PYTHON"] = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        self_extracting.write_run(folder, stage, target, words, options.level)
        print(f"{target}: {target.stat().st_size / 1e6:.0f} MB", flush=True)
    if "deb" in options.kinds:
        target = options.out / f"offline-studio_{build.version}_{machine}.deb"
        debian.write_deb(folder, name, target, build.work, build.epoch, options.level)
        print(f"{target}: {target.stat().st_size / 1e6:.0f} MB", flush=True)
    shutil.copy(folder / "bill.json", options.out / f"offline-studio-{build.version}.cdx.json")
    return 0


def _zstandard() -> Path:
    import zstandard

    return Path(zstandard.__file__).parent


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where the files go")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "studio-build"))
    parser.add_argument("--folder", type=Path, help="a folder that was made before")
    parser.add_argument("--version", default="", help="another than that of the checkout")
    parser.add_argument("--python", type=Path, default=Path(sys.base_prefix), help="to copy")
    parser.add_argument("--kinds", nargs="*", choices=("deb", "run"), default=("deb", "run"))
    parser.add_argument("--level", type=int, default=LEVEL, help="of zstd")
    return parser


if __name__ == "__main__":
    sys.exit(main())
