"""The entry in the menu, the icon, the kinds of files, and the command: added and taken away.

What is written is in ``share`` of the version's folder, as a package for the whole system has it;
only the command in it is another one for each place.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from studio_installation.places import Place

COMMAND = "studio"
PLACEHOLDER = "/opt/offline-studio"
"""Where the files of ``share`` say that the installation is; its package has it there."""


def share_folder() -> Path:
    """Return where menus are looked for: of this user, or of all for the administrator."""
    if os.geteuid() == 0:
        return Path("/usr/local/share")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")


def command_folder() -> Path:
    """Return where commands are looked for."""
    return Path("/usr/local/bin") if os.geteuid() == 0 else Path.home() / ".local/bin"


def add(place: Place) -> None:
    """Write them for ``place``. A command of the same name that is not ours stays."""
    source = place.link / "share"
    for file in _files(source):
        target = share_folder() / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        if file.suffix == ".desktop":
            part.write_text(entry(file.read_text("utf-8"), place.prefix), "utf-8")
        else:
            shutil.copyfile(file, part)
        os.replace(part, target)
    link = command_folder() / COMMAND
    if not os.path.lexists(link) or is_ours(link, place):
        link.parent.mkdir(parents=True, exist_ok=True)
        new = link.with_name(COMMAND + ".part")
        new.unlink(missing_ok=True)
        new.symlink_to(place.link / "bin" / COMMAND)
        os.replace(new, link)
    _tell_desktop()


def remove(place: Place) -> None:
    """Take away those that ``add`` has written for ``place``."""
    source = place.link / "share"
    for file in _files(source):
        target = share_folder() / file.relative_to(source)
        if file.suffix != ".desktop" or _names(target, place):
            target.unlink(missing_ok=True)
    link = command_folder() / COMMAND
    if is_ours(link, place):
        link.unlink()
    _tell_desktop()


def is_ours(link: Path, place: Place) -> bool:
    """Whether a command leads into ``place``."""
    return link.is_symlink() and Path(os.readlink(link)).is_relative_to(place.prefix)


def entry(text: str, prefix: Path) -> str:
    """Return a menu entry whose commands are those in ``prefix``, quoted as such files want it."""
    lines = []
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key in ("Exec", "TryExec"):
            program, _, words = value.partition(" ")
            program = program.replace(PLACEHOLDER, str(prefix), 1)
            if key == "Exec":
                quoted = "".join("\\" + each if each in '"`$\\' else each for each in program)
                # A value is read twice: as text, in which a backslash is two, then as a command.
                program = '"' + quoted.replace("\\", "\\\\").replace("%", "%%") + '"'
            line = f"{key}={program} {words}".rstrip()
        lines.append(line)
    return "\n".join(lines) + "\n"


def _names(target: Path, place: Place) -> bool:
    try:
        text = target.read_text("utf-8")
    except OSError:
        return False
    return text == entry(
        (place.link / "share/applications" / target.name).read_text(), place.prefix
    )


def _files(source: Path) -> Iterator[Path]:
    for path in sorted(source.rglob("*")):
        if path.is_file():
            yield path


def _tell_desktop() -> None:
    """Refresh the caches of desktops that have them; others look at the files themselves."""
    share = share_folder()
    for program, folder in (
        ("update-desktop-database", share / "applications"),
        ("update-mime-database", share / "mime"),
        ("gtk-update-icon-cache", share / "icons/hicolor"),
    ):
        if shutil.which(program) and folder.is_dir():
            words = [program, *(["-q", "-t", "-f"] if "icon" in program else []), str(folder)]
            subprocess.run(words, check=False, capture_output=True)
