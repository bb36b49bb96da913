"""The command: a window where there is a display, otherwise a few lines of text."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from studio_installation import installer
from studio_installation.order import Order
from studio_installation.payload import Payload, Progress, Stopped
from studio_installation.places import Place, Problem, Release
from studio_installation.words import tr

FAILED, STOPPED = 1, 130
BEAT_S = 1.0


def main(argv: Sequence[str]) -> int:
    """Carry out what the words say; return the exit code."""
    options = _parser().parse_args(argv)
    if options.packaged:
        return _packaged(options.packaged, Place(options.to))
    verb = "uninstall" if options.uninstall else "repair" if options.repair else "install"
    order = Order(verb, Place(_folder(options.to)), *_brought(options))
    if verb == "install" and order.payload is None:
        print(tr("This is not an installer: it brings no files."), file=sys.stderr)
        return 2
    if not options.text and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        try:
            from studio_installation.window import show
        except ImportError as error:  # a system without a library of Qt: text works everywhere
            print(tr("No window can open ({reason}).").format(reason=error), file=sys.stderr)
        else:
            return show(order)
    return _in_text(order.carry_out)


def _brought(options: argparse.Namespace) -> tuple[Payload, Release] | tuple[()]:
    if options.file is None:
        return ()
    stage = Path(sys.prefix).parent
    about = json.loads((stage / "payload.json").read_text("utf-8"))
    payload = Payload(options.file, options.offset, about["unpacked"], about["name"])
    return payload, Release.read(stage)


def _folder(wanted: Path | None) -> Path:
    """Return the chosen folder; or that of the version that runs this; or the usual one."""
    if wanted is not None:
        return wanted.expanduser().absolute()
    here = Path(sys.prefix).parent
    if here.parent.name == "versions":
        return here.parent.parent
    return Place.usual().prefix


def _packaged(verb: str, place: Place) -> int:
    """Do what a package's scripts ask for."""
    if verb == "adopt":
        return _in_text(lambda told: f"{installer.adopt(place, told)}")
    order = Order("leave", place)
    return _in_text(order.carry_out)


def _in_text(work: Callable[[Progress], str]) -> int:
    """Do the work with a line now and then."""
    next_line = time.monotonic() + BEAT_S

    def told(what: str, done: int, of: int) -> None:
        nonlocal next_line
        if time.monotonic() >= next_line:
            next_line = time.monotonic() + BEAT_S
            print(f"{what} {100 * done // max(of, 1)}%", flush=True)

    try:
        print(work(told), flush=True)
    except Problem as problem:
        print(f"{problem}\n{problem.hint}".strip(), file=sys.stderr)
        return FAILED
    except (KeyboardInterrupt, Stopped):
        print(tr("Stopped. Nothing was changed."), file=sys.stderr)
        return STOPPED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="offline-studio-setup",
        description=tr("Installs, repairs and uninstalls Offline Studio. It downloads nothing."),
    )
    parser.add_argument("--to", type=Path, metavar="FOLDER", help=tr("folder to install into"))
    parser.add_argument("--text", action="store_true", help=tr("no window"))
    verbs = parser.add_mutually_exclusive_group()
    verbs.add_argument("--repair", action="store_true", help=tr("bring damaged files back"))
    verbs.add_argument(
        "--uninstall", action="store_true", help=tr("delete the program; your library stays")
    )
    verbs.add_argument("--packaged", choices=("adopt", "leave"), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--offset", type=int, default=0, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
