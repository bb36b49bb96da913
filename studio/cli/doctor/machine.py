"""The doctor on the machine: system, sound, memory, sandbox. Plays and allocates nothing."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

import studio
from studio.base import disk
from studio.cli.doctor.check_result import CheckResult, fine, warning
from studio.cli.terminal.studio_session import StudioSession
from studio.plugin_process.process_sandbox import process_sandbox
from studio.plugins.isolation import needs_sandbox
from studio.sandbox.sandbox import Sandbox

LITTLE_MEMORY = 2_000_000_000


def system(session: StudioSession) -> Iterator[CheckResult]:
    """Report the system the studio runs on."""
    python = platform.python_version()
    yield fine(f"Offline Studio {studio.__version__}, Python {python}, {platform.platform()}.")


def audio(session: StudioSession) -> Iterator[CheckResult]:
    """Whether something could play a sound."""
    if not sys.platform.startswith("linux"):
        yield fine("Sound is played by the operating system.")
        return
    server = sound_server()
    if server:
        yield fine(f"Sound is played through {server}.")
    else:
        yield warning(
            "There is no sound server or sound card: music can be created, but not played here.",
            "Start PipeWire or PulseAudio, or play the exported files on another machine.",
        )


def sound_server() -> str:
    """Return what would play sound on Linux; empty for nothing."""
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    if os.environ.get("PULSE_SERVER") or (runtime / "pulse" / "native").exists():
        return "PulseAudio"
    if (runtime / "pipewire-0").exists():
        return "PipeWire"
    return "ALSA" if any(Path("/dev/snd").glob("pcm*p")) else ""


def sandbox(session: StudioSession) -> Iterator[CheckResult]:
    """Whether code may be run here, and in a sandbox of which tier."""
    sandbox = Sandbox()
    if sandbox.tier == "A":
        yield fine(f"Generated code runs in the full sandbox. {sandbox.reason}".rstrip())
    elif sandbox.tier:
        yield warning(
            f"Generated code runs in the weaker sandbox only. {sandbox.reason}",
            "For the stronger sandbox, install “bubblewrap” and allow user namespaces.",
        )
    else:
        yield warning(
            f"Generated code cannot be run: no sandbox is available. {sandbox.reason}",
            "On Linux, install “bubblewrap” or use kernel 6.2 or later.",
        )
    yield _plugins(session)


def _plugins(session: StudioSession) -> CheckResult:
    """Which sandbox there is around the processes of plugins that others wrote."""
    sandbox = process_sandbox()
    if sandbox.tier == "A":
        return fine("Plugins of others run in the full sandbox.")
    cure = "For the stronger sandbox, install “bubblewrap” and allow user namespaces."
    if sandbox.tier:
        return warning(f"Plugins of others run in the weaker sandbox only. {sandbox.reason}", cure)
    if needs_sandbox(session.settings):
        return warning(
            f"Plugins of others are not run: no sandbox is available. {sandbox.reason}", cure
        )
    return warning(
        "Plugins of others run without a sandbox, as you allowed: they can read your files and use "
        f"the network. {sandbox.reason}",
        cure,
    )


def memory(session: StudioSession) -> Iterator[CheckResult]:
    """Whether there is room for a model."""
    usage = psutil.virtual_memory()
    words = f"{disk.as_size(usage.available)} of {disk.as_size(usage.total)} memory available."
    if usage.available < LITTLE_MEMORY:
        yield warning(words, "Close other programs before loading larger models.")
    else:
        yield fine(words)
