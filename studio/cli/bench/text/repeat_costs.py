"""What our engine need not do again, and what a device allows it; both by itself, in a child."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from studio.protocol.errors import ErrorCode, StudioError

_MODULE = "studio.runtime.engines.text.bench.timings"
"""Named, not imported: the command line never imports torch."""
PATIENCE = 900.0


def measure(path: Path, device: str = "cpu") -> dict[str, Any]:
    """Return ratios of the weights at ``path`` on ``device``, or under ``told`` why there are none.

    On a processor: ``second_turn``, ``edit`` and ``plain_text``; else ``bandwidth_share``,
    ``tokens_per_second`` and ``streams8``; see ``timing``.

    Raises:
        StudioError: The child did not end well.
    """
    command = [sys.executable, "-m", _MODULE, str(path), device]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise StudioError(
            ErrorCode.INTERNAL, f"The measurement took more than {PATIENCE / 60:.0f} minutes."
        ) from error
    if done.returncode:
        complaint = (done.stderr.splitlines() or ["the process ended without a message"])[-1]
        raise StudioError(
            ErrorCode.INTERNAL, f"The measurement failed: {complaint}", details=done.stderr
        )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures
