"""Entry of the driver process: ``python -m studio --cluster ADDRESS``. The window starts it."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from pathlib import Path

from studio.api.manifest import API_VERSION
from studio.automation.clusters.address import Address
from studio.automation.clusters.driver import Driver
from studio.automation.clusters.inventory import Home
from studio.base.paths import StudioPaths
from studio.protocol.blobs import SharedArea
from studio.protocol.connections.telemetry import TELEMETRY
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.link import Link, LinkClosed, handshake, take_pipes
from studio.protocol.messages import PROTOCOL_VERSION, Goodbye, Hello, Request

RAY_SETTINGS = {
    "RAY_AUTH_MODE": "token",
    **TELEMETRY,
    "RAY_DASHBOARD_ENABLED": "0",
    # What Ray does on Windows and macOS: a cluster that is started here listens on 127.0.0.1.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    # Else the next call after the line was cut would join, or start, one of this machine.
    "RAY_ENABLE_AUTO_CONNECT": "0",
}
"""Read by Ray when it is imported."""


def main(address: str) -> None:
    """Serve the studio at the other end of standard input and output. Does not return."""
    if os.isatty(0):
        sys.exit("The driver of a cluster is started by Offline Studio itself.")
    link = Link.over(*take_pipes(), decode=Request, area=SharedArea.join(os.environ))
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(RAY_SETTINGS)
    code = 0
    try:
        _serve(link, Address.parse(address))
    except LinkClosed:
        pass
    except StudioError as error:
        code = 3
        with contextlib.suppress(LinkClosed):
            link.send(Goodbye(f"{error.message} {error.hint}".strip()))
    sys.stderr.flush()
    os._exit(code)  # threads of Ray would hold up the end


def keep_private(token: Path) -> None:
    """Let nobody else read Ray's token: whoever has it may run code here.

    Ray makes it readable for all; a new folder around it is shut before that.
    """
    with contextlib.suppress(OSError):  # a home that cannot be written: Ray will say so
        token.parent.mkdir(mode=0o700, exist_ok=True)
        token.chmod(0o600)


def _serve(link: Link, address: Address) -> None:
    try:
        from studio.automation.clusters import ray_pool
    except ImportError as error:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            "Ray is not installed, so no cluster can be used.",
            "Install it with: pip install 'offline-studio[ray]'",
        ) from error
    here = Home(StudioPaths.default()).inventory()
    token = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or "~/.ray/auth_token").expanduser()
    keep_private(token)
    ray_pool.connect(address)
    keep_private(token)
    handshake(link, Hello(PROTOCOL_VERSION, API_VERSION, {}, os.getpid()))
    driver = Driver(link, here)
    driver.serve(ray_pool.RayPool(driver.tell))
