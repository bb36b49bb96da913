"""The package for Debian, Ubuntu and their kin.

``dpkg`` deletes the old version's files when it brings the new one's, so a studio that runs must
not run from them: the scripts give each version a folder of links to the same bytes
(``studio_installation.installer.adopt``), and ``dpkg`` never touches that.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from installers import archive

PREFIX = "opt/offline-studio"
NEEDS = (
    "libc6 (>= 2.38)", "libgl1", "libegl1", "libglib2.0-0t64 | libglib2.0-0", "libdbus-1-3",
    "libfontconfig1", "libgssapi-krb5-2", "libstdc++6", "libatomic1", "libx11-6",
)  # fmt: skip
WANTS = (
    "libportaudio2", "libfluidsynth3", "bubblewrap", "fonts-noto-color-emoji",
    "musescore-general-soundfont-small | fluid-soundfont-gm",
)  # fmt: skip
"""Sound, and walls around generated code and plugins; the studio says what each is for."""
CONTROL = """Package: offline-studio
Version: {version}
Architecture: {architecture}
Maintainer: The authors of Offline Studio <offline-studio@example.invalid>
Installed-Size: {kilobytes}
Depends: {needs}
Recommends: {wants}
Section: science
Priority: optional
Description: make things with generative models, without a network
 Chat, pictures, music, voice, molecules and code with models that run on this
 machine. One window, one library that records how every result was made.
 Nothing is downloaded, at the installation or later, unless you ask for a model.
"""
SETUP = """#!/bin/sh
set -e
setup() {
    env -u PYTHONHOME -u PYTHONPATH PYTHONNOUSERSITE=1 PYTHONDONTWRITEBYTECODE=1 \\
        /opt/offline-studio/folder/python/bin/python3 -P -m studio_installation \\
        --to /opt/offline-studio --packaged "$1"
}
"""
AFTER = SETUP + 'if [ "$1" = configure ]; then setup adopt; fi\n'
BEFORE_REMOVAL = SETUP + 'if [ "$1" = remove ]; then setup leave; fi\n'


def write_deb(folder: Path, name: str, target: Path, work: Path, epoch: int, level: int) -> None:
    """Write the package.

    Args:
        folder: The studio's, with its list.
        name: Of the version.
        target: The file.
        work: For the tree that is packed, on the disk of ``folder``: it is made of links.
        epoch: Seconds since 1970 that all files get.
        level: How hard zstd tries.
    """
    tree = work / "deb"
    shutil.rmtree(tree, ignore_errors=True)
    at = tree / PREFIX / "folder"
    shutil.copytree(folder, at, symlinks=True, copy_function=_linked)
    (at / "name").write_text(name + "\n", "utf-8")
    shutil.copytree(folder / "share", tree / "usr/share")
    papers = tree / "usr/share/doc/offline-studio"
    papers.mkdir(parents=True)
    shutil.copy(folder / "licences/offline-studio-Apache-2.0.txt", papers / "copyright")
    command = tree / "usr/bin/studio"
    command.parent.mkdir(parents=True)
    command.symlink_to("/opt/offline-studio/current/bin/studio")
    control = tree / "DEBIAN"
    control.mkdir()
    version, _, _ = name.rpartition("-")
    size = sum(path.lstat().st_size for path in archive.entries(folder))
    words = ["dpkg", "--print-architecture"]
    architecture = subprocess.check_output(words, text=True).strip()
    (control / "control").write_text(
        CONTROL.format(
            version=version, architecture=architecture, kilobytes=size // 1024 + 1,
            needs=", ".join(NEEDS), wants=", ".join(WANTS),
        )
    )  # fmt: skip
    for script, text in (("postinst", AFTER), ("prerm", BEFORE_REMOVAL)):
        (control / script).write_text(text)
        (control / script).chmod(0o755)
    _alike(tree, epoch)
    words = ["dpkg-deb", "--root-owner-group", "-Zzstd", f"-z{level}", "--threads-max=2"]
    env = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
    subprocess.run(
        [*words, "--build", str(tree), str(target)], check=True, env=env, stdout=subprocess.DEVNULL
    )
    shutil.rmtree(tree)


def _linked(source: str, target: str) -> None:
    if Path(source).is_symlink():
        os.symlink(os.readlink(source), target)
    else:
        os.link(source, target)


def _alike(tree: Path, epoch: int) -> None:
    """Give all in it the modes and times that they have in each build, whoever builds and when."""
    for at, folders, files in os.walk(tree, topdown=False):
        for name in [*folders, *files]:
            path = Path(at, name)
            if not path.is_symlink():
                runs = path.is_dir() or path.stat().st_mode & 0o100
                path.chmod(0o755 if runs else 0o644)
            os.utime(path, (epoch, epoch), follow_symlinks=False)
    tree.chmod(0o755)
    os.utime(tree, (epoch, epoch))
