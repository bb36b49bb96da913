"""A plugin's process in the sandbox: it sees its packages and its own folder."""

from __future__ import annotations

import functools
import io
import json
import os
import select
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from studio.api.sandbox import SandboxLimits, SandboxRequest
from studio.plugin_process import launch
from studio.plugin_process.launch import Launched
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.process_end import in_words
from studio.sandbox import interpreter
from studio.sandbox.inside import frames
from studio.sandbox.plan import Openings, Plan
from studio.sandbox.run import Started, end_namespace, end_tree
from studio.sandbox.sandbox import TIERS, Sandbox

_EVER = 10**9
"""Seconds: whoever uses the process sees to its time."""
_SCRATCH_BYTES = 2 << 30
_ADDRESSES = 8
"""Times the memory that it may hold, libraries reserve addresses."""
_ROOT = "/plugin"


class ProcessSandbox:
    """The sandbox of this machine for processes of plugins, tried once."""

    def __init__(self, tiers: Sequence[str] = TIERS) -> None:
        """Raise those of ``tiers``, the first that stands."""
        # No other Python than ours: packages are made for one version.
        self._sandbox = Sandbox(tiers, [interpreter.current()])

    @property
    def tier(self) -> str:
        """``A``, ``B``, or empty where none stand."""
        return self._sandbox.tier

    @property
    def reason(self) -> str:
        """Why the tier is not ``A``; empty where it is."""
        return self._sandbox.reason

    def launch(
        self, paths: Sequence[str], *, network: bool, memory: int, lends: Sequence[str] = ()
    ) -> Launched:
        """Start a process behind them.

        Args:
            paths: Folders that hold the plugin's packages.
            network: It may speak to other machines.
            memory: Bytes that it may hold; whoever uses it looks.
            lends: Distributions of the studio that it finds, too.

        Raises:
            StudioError: There is no sandbox, or there is no process for it.
        """
        packages = _Packages(self.tier, paths, launch.lent(lends))
        request = SandboxRequest(
            ("python", *launch.command(packages.path)[1:]),
            limits=SandboxLimits(
                wall_seconds=_EVER,
                cpu_seconds=_EVER,
                memory_bytes=memory * _ADDRESSES,
                file_bytes=_SCRATCH_BYTES,
                scratch_bytes=_SCRATCH_BYTES,
                processes=256,
                open_files=1024,
            ),
        )
        openings = Openings(packages.folders, network=network)
        try:
            return begin(self._sandbox, request, openings, packages.remove)
        except StudioError:
            packages.remove()
            raise


def begin(
    sandbox: Sandbox,
    request: SandboxRequest,
    openings: Openings,
    remove: Callable[[], None] = lambda: None,
) -> Launched:
    """Start a sandboxed process that reads orders from its standard input until it is ended.

    Args:
        remove: Called when it is gone.

    Raises:
        StudioError: There is no sandbox, or there is no process for it.
    """
    taken, stdin = os.pipe()
    try:
        started, plan = sandbox.begin(request, taken, openings)
    except StudioError:
        os.close(stdin)
        raise
    finally:
        os.close(taken)
    process = _SandboxedProcess(sandbox.tier, started, plan, remove)
    return Launched(
        started.process, sandbox.tier, process.end, process.told, io.FileIO(stdin, "wb")
    )


class _Packages:
    """Where the process finds packages: mounted for it, or behind links that it may follow."""

    def __init__(self, tier: str, paths: Sequence[str], lent: Mapping[str, Path]) -> None:
        self._folder: Path | None = None
        if tier == "A":
            own = {f"{_ROOT}/own/{n}": Path(path) for n, path in enumerate(paths)}
            self.path = (f"{_ROOT}/first", *own, f"{_ROOT}/last")
            self.folders = {f"{_ROOT}/{name}": path for name, path in lent.items()} | own
            return
        self._folder = Path(tempfile.mkdtemp(prefix="plugin-lent-"))
        self._folder.chmod(0o755)
        launch.link(lent, self._folder)
        self.path = (str(self._folder / "first"), *paths, str(self._folder / "last"))
        reached = [self._folder, *lent.values(), *map(Path, paths)]
        self.folders = {str(path): path for path in reached}

    def remove(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


class _SandboxedProcess:
    """Ends such a process, and tells how it ended."""

    def __init__(self, tier: str, started: Started, plan: Plan, remove: Callable[[], None]) -> None:
        self._tier, self._started, self._plan, self._remove = tier, started, plan, remove
        os.set_blocking(started.reports, False)
        self._is_over = False
        self._using = threading.Lock()

    def end(self) -> None:
        """End it with all that it has started, and leave nothing of it."""
        with self._using:
            if self._is_over:
                return
            self._is_over = True
            self._end()

    def _end(self) -> None:
        os.close(self._started.life)
        if self._tier == "A":
            end_namespace(self._started.process)
        else:
            end_tree(self._started.process)
        os.close(self._started.reports)
        self._plan.remove()
        self._remove()

    def told(self, patience: float) -> str:
        """Return how it ended by itself, once it has; in a sentence."""
        try:
            self._started.process.wait(patience)
        except subprocess.TimeoutExpired:
            return "It closed its connection."
        with self._using:
            reports = [] if self._is_over else self._reports()
        words = (self._words(kind, payload) for kind, payload in reports)
        return next(filter(None, words), in_words(self._started.process.returncode))

    def _reports(self) -> list[tuple[bytes, bytes]]:
        text = b""
        while select.select([self._started.reports], [], [], 0)[0]:
            piece = os.read(self._started.reports, 1 << 16)
            if not piece:
                break
            text += piece
        return list(frames.Reader().feed(text))

    @staticmethod
    def _words(kind: bytes, payload: bytes) -> str:
        if kind == frames.FAILED:
            what = {"command": "It could not be started"}
            failure = json.loads(payload)
            sentence = what.get(failure["what"], "Its sandbox could not be set up")
            return f"{sentence}: {failure['why']}."
        if kind != frames.ENDED:
            return ""
        end = json.loads(payload)
        if end["ended"] == "disk":
            return "It wrote more to its folder than it may."
        status = end["status"]
        return in_words(os.waitstatus_to_exitcode(status)) if status is not None else ""


@functools.cache
def process_sandbox() -> ProcessSandbox:
    """Return those of this machine."""
    return ProcessSandbox()


def no_sandbox(plugin: str, reason: str) -> StudioError:
    """Return the error for a plugin that is not run, as there is no sandbox for it."""
    return StudioError(
        ErrorCode.UNSUPPORTED,
        f"The plugin “{plugin}” was not started: on this machine nothing can keep it from your "
        f"files and the network. {reason}".rstrip(),
        "Run “studio doctor sandbox” to see what would help. If you trust the plugin, allow "
        "plugins to run without a sandbox in Settings.",
    )
