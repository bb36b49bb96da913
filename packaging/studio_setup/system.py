"""System packages: which are missing, and who may install them. Touches nothing but packages.

What is missing is found by looking for the library, program or font itself, so the answer is right
on every Linux; only the names of packages differ. macOS and Windows need nothing.
"""

from __future__ import annotations

import ctypes
import glob
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from studio_setup.console import CommandError, Console, SetupError


@dataclass(frozen=True)
class Need:
    """One thing the system must offer.

    Attributes:
        group: `qt` (nothing starts without), `xcb` (a window on X11), `look`, `sound`, `sandbox`
            (sandbox), `test`, `verify` (machines, roots and clusters made for a test).
        probe: `lib:NAME`, `bin:NAME`, `module:NAME`, `font:START_OF_FILE_NAME` or
            `file:PATTERN|PATTERN`.
        apt, dnf, pacman: package that brings it; `a|b` where the name changed with a release.
    """

    group: str
    probe: str
    apt: str
    dnf: str
    pacman: str


NEEDS = (
    Need("qt", "module:ensurepip", "python3-venv", "python3", "python"),
    Need("qt", "lib:libGL.so.1", "libgl1", "libglvnd-glx", "libglvnd"),
    Need("qt", "lib:libEGL.so.1", "libegl1", "libglvnd-egl", "libglvnd"),
    Need("qt", "lib:libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon", "libxkbcommon"),
    Need("qt", "lib:libglib-2.0.so.0", "libglib2.0-0t64|libglib2.0-0", "glib2", "glib2"),
    Need("qt", "lib:libdbus-1.so.3", "libdbus-1-3", "dbus-libs", "dbus"),
    Need("qt", "lib:libfontconfig.so.1", "libfontconfig1", "fontconfig", "fontconfig"),
    Need("xcb", "lib:libgssapi_krb5.so.2", "libgssapi-krb5-2", "krb5-libs", "krb5"),
    Need("xcb", "lib:libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor", "xcb-util-cursor"),
    Need("xcb", "lib:libxcb-icccm.so.4", "libxcb-icccm4", "xcb-util-wm", "xcb-util-wm"),
    Need(
        "xcb", "lib:libxcb-keysyms.so.1",
        "libxcb-keysyms1", "xcb-util-keysyms", "xcb-util-keysyms",
    ),
    Need("xcb", "lib:libxcb-shape.so.0", "libxcb-shape0", "libxcb", "libxcb"),
    Need(
        "xcb", "lib:libxkbcommon-x11.so.0",
        "libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11",
    ),
    Need(
        "look", "font:NotoColorEmoji",
        "fonts-noto-color-emoji", "google-noto-color-emoji-fonts", "noto-fonts-emoji",
    ),
    Need("sound", "lib:libportaudio.so.2", "libportaudio2", "portaudio", "portaudio"),
    Need("sound", "lib:libfluidsynth.so.3", "libfluidsynth3", "fluidsynth-libs", "fluidsynth"),
    Need(  # asked for together with the library, which would bring a font of another licence
        "sound", "file:/usr/share/sounds/sf?/*.sf?|/usr/share/soundfonts/*.sf?",
        "musescore-general-soundfont-small|fluid-soundfont-gm", "fluid-soundfont-gm",
        "soundfont-fluid",
    ),
    Need("sandbox", "bin:bwrap", "bubblewrap", "bubblewrap", "bubblewrap"),
    Need("test", "bin:pulseaudio", "pulseaudio", "pulseaudio", "pulseaudio"),
    Need("test", "bin:parec", "pulseaudio-utils", "pulseaudio-utils", "libpulse"),
    Need(
        "test", "file:/usr/lib*/alsa-lib/*pcm_pulse.so|/usr/lib/*/alsa-lib/*pcm_pulse.so",
        "libasound2-plugins", "alsa-plugins-pulseaudio", "alsa-plugins",
    ),
    Need("test", "bin:Xvfb", "xvfb", "xorg-x11-server-Xvfb", "xorg-server-xvfb"),
    Need("test", "bin:xauth", "xauth", "xorg-x11-xauth", "xorg-xauth"),
    Need("test", "bin:openbox", "openbox", "openbox", "openbox"),
    Need("test", "bin:xdotool", "xdotool", "xdotool", "xdotool"),
    Need("test", "bin:import", "imagemagick", "ImageMagick", "imagemagick"),
    Need("test", "bin:strace", "strace", "strace", "strace"),
    Need("verify", "bin:sshd", "openssh-server", "openssh-server", "openssh"),
    Need("verify", "bin:ssh", "openssh-client", "openssh-clients", "openssh"),
    Need("verify", "bin:ip", "iproute2", "iproute", "iproute2"),
    Need("verify", "bin:unshare", "util-linux", "util-linux", "util-linux"),
    Need("verify", "bin:debootstrap", "debootstrap", "debootstrap", "debootstrap"),
    Need("verify", "bin:dpkg-deb", "dpkg", "dpkg", "dpkg"),
    Need("verify", "bin:xz", "xz-utils", "xz", "xz"),
    Need(
        "verify", "bin:desktop-file-validate",
        "desktop-file-utils", "desktop-file-utils", "desktop-file-utils",
    ),
    Need("verify", "bin:appstreamcli", "appstream", "appstream", "appstream"),
)  # fmt: skip

INSTALL = {
    "apt": ("apt-get", "install", "-y", "--no-install-recommends"),
    "dnf": ("dnf", "install", "-y"),
    "pacman": ("pacman", "-S", "--needed"),
}
SYSTEM_PATH = "/usr/sbin:/sbin"
"""Where servers lie, that an ordinary account does not have on its path."""
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")


def ensure(console: Console, groups: Sequence[str], required: Sequence[str]) -> str:
    """Installs what is missing where that is allowed, and says plainly what is missing where not.

    Args:
        console: where to speak.
        groups: groups of needs to look at.
        required: groups without which going on makes no sense.

    Returns:
        One line about the outcome.

    Raises:
        SetupError: a required package is missing and may not be installed from here.
    """
    if sys.platform != "linux":
        return "none needed on this system"
    if os.environ.get("STUDIO_SYSTEM_PACKAGES") == "no":
        return "skipped because of STUDIO_SYSTEM_PACKAGES=no"
    missing = [need for need in NEEDS if need.group in groups and not present(need.probe)]
    if not missing:
        return "all installed"
    manager = next((name for name in INSTALL if shutil.which(INSTALL[name][0])), None)
    refusal = _install_with_apt(console, missing) if manager == "apt" else "not tried"
    still = [need for need in missing if not present(need.probe)]
    if not still:
        return "installed"
    return _report(console, still, manager, required, refusal)


def present(probe: str) -> bool:
    """True when a need's probe is met on this machine."""
    kind, _, name = probe.partition(":")
    if kind == "bin":
        return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}") is not None
    if kind == "module":
        return find_spec(name) is not None
    if kind == "font":
        return any(_font_files(name))
    if kind == "file":
        return any(glob.glob(pattern) for pattern in name.split("|"))
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def package_names(
    needs: Iterable[Need], manager: str, known: Callable[[str], bool] = lambda name: True
) -> list[str]:
    """Packages of one package manager for some needs, sorted, each once."""
    names = set()
    for need in needs:
        choices = getattr(need, manager).split("|")
        names.add(next((name for name in choices if known(name)), choices[-1]))
    return sorted(names)


def _font_files(name: str) -> Iterable[Path]:
    for folder in FONT_FOLDERS:
        yield from Path(folder).expanduser().rglob(f"{name}*")


def _install_with_apt(console: Console, missing: Sequence[Need]) -> str:
    """Installs by apt as root or by a sudo that asks nothing. Returns why not, or an empty text."""
    prefix = _root_prefix()
    if prefix is None:
        return "this account cannot install packages without a password"
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = [*prefix, "apt-get", "-o", "DPkg::Lock::Timeout=120"]
    try:
        console.run([*apt, "update"], "apt could not update its package lists", env)
    except CommandError as error:
        console.say(f"      {error}; using the existing lists")
    names = package_names(missing, "apt", _apt_knows)
    console.say(f"      installing {' '.join(names)}")
    try:
        console.run([*apt, *INSTALL["apt"][1:], *names], "apt could not install them", env)
    except CommandError as error:
        return str(error)
    return ""


def _apt_knows(name: str) -> bool:
    found = subprocess.run(["apt-cache", "show", name], capture_output=True, check=False)
    return found.returncode == 0


def _root_prefix() -> list[str] | None:
    """Words to put before a command so that it runs as root; None when that is not allowed."""
    if sys.platform == "win32" or os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    quiet = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return ["sudo", "-n"] if quiet.returncode == 0 else None


def _report(
    console: Console,
    missing: Sequence[Need],
    manager: str | None,
    required: Sequence[str],
    refusal: str,
) -> str:
    """Says what is missing and the command that brings it; stops only where it is required."""
    if manager:
        names = package_names(missing, manager, _apt_knows if manager == "apt" else lambda _: True)
        cure = " ".join([*INSTALL[manager], *names])
        cure = f"sudo {cure}" if shutil.which("sudo") else f"{cure}   (as root)"
    else:
        names = sorted(need.probe.partition(":")[2] for need in missing)
        cure = "your system's package manager"
    why = f", and {refusal}" if refusal not in ("", "not tried") else ""
    sentence = f"System packages are missing{why}: {', '.join(names)}."
    if any(need.group in required for need in missing):
        raise SetupError(sentence, f"Install them with: {cure}\nthen run the same command again.")
    console.say(f"      {sentence}")
    console.say(
        "      Offline Studio works without them, but some features are missing. To "
        f"install them: {cure}"
    )
    return "some optional ones are missing"
