"""Entry of the runtime process: guards the pipes, greets, serves, and never outlives its studio."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import platform
import signal
import socket
import sys
from importlib import metadata
from pathlib import Path

from studio.api.manifest import API_VERSION
from studio.protocol.blobs import SharedArea
from studio.protocol.caches import CACHE_ENV
from studio.protocol.connections.telemetry import OFFLINE
from studio.protocol.errors import StudioError
from studio.protocol.link import Link, LinkClosed, handshake, take_pipes
from studio.protocol.messages import PROTOCOL_VERSION, Goodbye, Hello, Request
from studio.protocol.step_note import StepNote
from studio.runtime import engines, parent_watch
from studio.runtime.devices.memory import share_one_heap
from studio.runtime.process_cleanup import end_family, keep_orphans
from studio.runtime.server import Server
from studio.sandbox.network_gate import Gate

GRACE_GONE = 0.5
"""Seconds for the steps at hand once the studio is gone; nobody would see their results."""
GRACE_ASKED = 5.0
"""Seconds for the steps at hand when the studio asks for the end."""


def main(gate: Gate | None = None) -> None:
    """Serve the studio at the other end of standard input and output. Does not return.

    Args:
        gate: The way to the network, as it was shut before anything else was imported.
    """
    if os.isatty(0):
        sys.exit(
            "The runtime is started by Offline Studio itself: run `studio` or `studio --help`."
        )
    share_one_heap()  # before there are threads
    keep_orphans()
    parent_watch.watch(0)
    area = SharedArea.join(os.environ)
    link = Link.over(*take_pipes(), decode=Request, area=area)
    gate = gate or Gate(is_shut=False)
    _prepare_process(gate)
    code = 0
    try:
        handshake(link, _hello())
        code = _serve(link, gate)
    except LinkClosed:
        pass
    except StudioError as error:
        logging.getLogger(__name__).error("%s", error)
        code = 3
    end_family()
    # Not sys.exit: a step that does not end, or torch's own threads, would hold it up.
    sys.stderr.flush()
    os._exit(code)


def _serve(link: Link, gate: Gate) -> int:
    cache = os.environ.get(CACHE_ENV)
    area = SharedArea.join(os.environ)
    server = Server(
        link,
        built_in=engines.loaders,
        cache=Path(cache) if cache else None,
        steps=StepNote.open(area.folder) if area else None,
    )
    server.use_gate(gate)
    asked = server.serve()
    server.close(GRACE_ASKED if asked else GRACE_GONE)
    if asked:
        with contextlib.suppress(LinkClosed):
            link.send(Goodbye())
    return 0


def _prepare_process(gate: Gate) -> None:
    os.environ.update(OFFLINE)
    if gate.is_shut:
        socket.has_ipv6 = False  # libraries need not try whether it works, which would be refused
    faulthandler.enable(sys.stderr)
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the studio's; it tells us what to do


def _hello() -> Hello:
    return Hello(PROTOCOL_VERSION, API_VERSION, versions(), os.getpid())


_PACKAGES = (
    "offline-studio", "torch", "numpy", "numba", "llvmlite", "safetensors", "tokenizers",
    "llguidance", "jinja2", "pillow", "transformers", "diffusers", "cyllama",
)  # fmt: skip
"""Those of the studio that can change a result."""

_CHOICES = {
    "STUDIO_INSTRUCTIONS": "instructions setting",
    "STUDIO_TEXT_ENGINE": "text engine setting",
    "ATEN_CPU_CAPABILITY": "torch instructions setting",
    "ONEDNN_MAX_CPU_ISA": "oneDNN instructions setting",
    "MKL_CBWR": "MKL reproducibility setting",
}
"""Variables of the environment that choose the code which computes. Each name ends in “setting”:
a cause is told as one by that."""

_INSTRUCTIONS = (
    "fma", "avx2", "avx512f", "avx512vl", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8",
    "amx_bf16", "asimd", "asimddp", "bf16", "i8mm", "sve",
)  # fmt: skip
"""Sets that libraries choose their code by, as ``/proc/cpuinfo`` calls them."""


def versions() -> dict[str, str]:
    """Return what this process computes with, for the records of its jobs.

    Returns:
        Name of a package, or of a circumstance → version or value.
    """
    libc = " ".join(platform.libc_ver())
    found = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()} {libc}".strip(),
        "instructions": " ".join(_instructions()),
        **{name: os.environ.get(variable, "") for variable, name in _CHOICES.items()},
    }
    for package in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return {name: value for name, value in found.items() if value}


def _instructions() -> list[str]:
    """Return the sets of instructions that this processor has; none where it does not say."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith(("flags", "Features")):
                has = set(line.partition(":")[2].split())
                return [name for name in _INSTRUCTIONS if name in has]
    return []
