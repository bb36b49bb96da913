"""``studio tools``: where tools of language models come from that are no tasks."""

from __future__ import annotations

from collections.abc import Sequence

from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession
from studio.cli.tools import servers


def main(argv: Sequence[str], session: StudioSession) -> int:
    """Dispatch to the named command."""
    parser = ArgumentParser(prog="studio tools", description="Tools that language models may call.")
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
    servers.add_to(parts.add_parser("servers", help=servers.ABOUT, description=servers.ABOUT))
    return servers.main(parser.parse_args(argv), session)
