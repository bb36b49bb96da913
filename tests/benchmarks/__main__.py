"""``python -m benchmarks NAME``: run one, or list them all."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from benchmarks import BENCHES
from studio.cli.bench import run
from studio.cli.main import explain
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.studio_session import StudioSession
from studio.protocol.connections.telemetry import TELEMETRY


def main(argv: Sequence[str]) -> int:
    """Run the bench that ``argv`` names; ``--only ID,…`` before it loads only these plugins."""
    os.environ.update(TELEMETRY)
    output.use_utf8()
    session = StudioSession()
    words = list(argv)
    if words[:1] == ["--only"] and len(words) > 1:
        session.only = tuple(filter(None, words[1].split(",")))
        del words[:2]
    session.wants_json = "--json" in words
    try:
        return run(words or ["--list"], session, BENCHES, "make bench")
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the border of the process, as in studio.cli.main
        return explain(error, session)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
