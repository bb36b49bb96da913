"""Chooses between window, command line, runtime and driver. Imports neither Qt nor torch itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from studio.protocol.connections.telemetry import TELEMETRY


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``studio`` with ``argv`` (by default the command line's) and return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    os.environ.update(TELEMETRY)
    _add_plugin_path()
    if arguments[:1] == ["--runtime"] and len(arguments) > 1:
        from studio.machines.there.attachment import main as attach

        return attach(arguments[1:])
    if arguments == ["--runtime"]:
        from studio.sandbox import network_gate

        gate = network_gate.shut()  # before anything that is not Python's own is imported
        from studio.runtime.main import main as run_runtime

        run_runtime(gate)
        return 0
    if arguments[:1] == ["--closed"]:
        from studio.sandbox.network_gate import run_module

        run_module(arguments[1:])
        return 0
    if arguments[:1] == ["--cluster"]:
        from studio.automation.clusters.main import main as run_driver

        run_driver("".join(arguments[1:2]))
    if not arguments and not _missing_display():
        return _open_window_at_once()
    from studio.cli.main import main as run_command

    return run_command(arguments, open_window)


def open_window(safe_mode: bool, only: Sequence[str]) -> int:
    """Show the window until the user closes it.

    Raises:
        StudioError: There is no display, which Qt would answer by aborting the process.
    """
    if missing := _missing_display():
        from studio.protocol.errors import ErrorCode, StudioError

        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"There is no display{missing}, so no window can open.",
            "`studio chat`, `run` and `tour` work without one; run `studio doctor` for details.",
        )
    from studio.app import main as run_window

    return run_window(safe_mode=safe_mode, only=tuple(only))


def _open_window_at_once() -> int:
    """Take the usual way past the command line, whose imports a first paint need not wait for."""
    try:
        return open_window(False, ())
    except Exception as error:  # noqa: BLE001 - the border of the process: no tracebacks
        from studio.cli.main import explain

        return explain(error)


def _missing_display() -> str:
    """Return which display Qt would look for in vain, empty where it finds one.

    Without one it aborts the process. Of one on another machine nobody knows before.
    """
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return ""
    wayland, x11 = (os.environ.get(name, "") for name in ("WAYLAND_DISPLAY", "DISPLAY"))
    if not wayland and not x11:
        return " (neither DISPLAY nor WAYLAND_DISPLAY is set)"
    if wayland and os.path.exists(os.path.join(os.environ.get("XDG_RUNTIME_DIR", ""), wayland)):
        return ""
    host, _, number = x11.partition(":")
    place = f"/tmp/.X11-unix/X{number.partition('.')[0]}"
    if x11 and (host not in ("", "unix") or os.path.exists(place) or _is_listed(place)):
        return ""
    return f" {x11 or wayland}"


def _is_listed(place: str) -> bool:
    try:
        with open("/proc/net/unix", encoding="utf-8", errors="replace") as sockets:
            return any(line.rstrip().endswith(place) for line in sockets)
    except OSError:
        return False


def _add_plugin_path() -> None:
    """Make the plugins of ``STUDIO_PLUGIN_PATH`` importable, in the window and the runtime alike.

    At the end, so that none can stand in for a package of the studio.
    """
    for entry in os.environ.get("STUDIO_PLUGIN_PATH", "").split(os.pathsep):
        path = os.path.realpath(os.path.expanduser(entry))
        if entry and path not in sys.path:
            sys.path.append(path)


if __name__ == "__main__":
    sys.exit(main())
