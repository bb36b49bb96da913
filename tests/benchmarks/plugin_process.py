"""A plugin in a process of its own: what its start, its memory, and a call over the link cost."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from studio.cli.terminal.studio_session import StudioSession
from studio.plugin_process import launch
from studio.plugin_process import messages as m
from studio.plugin_process.launch import Launched
from studio.plugin_process.process import PluginProcess
from studio.plugin_process.process_sandbox import process_sandbox
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.link import LinkClosed
from studio.sandbox.run import memory

ROUNDS, CALLS, STEPS = 5, 200, 2000
_PATIENCE = 60.0
_MEMORY = 4 << 30
_SCHEMA = "from studio.api import Params\nclass Nothing(Params):\n    steps: int = 0\n"
_WORKER = """
from studio.api import hookimpl
def run(ctx, params):
    for _ in range(params.steps):
        yield None
    yield ctx.result(done=True)
@hookimpl
def studio_tasks():
    return {"bench.run": run}
"""

Start = Callable[[Sequence[str]], Launched]


def measure(session: StudioSession) -> Mapping[str, Any]:
    """Return figures; ``ratio``: the start of a process in the sandbox, to that of bare Python."""
    sandbox = process_sandbox()
    kinds: dict[str, Start] = {"own process": launch.without_sandbox}
    if sandbox.tier:
        kinds["in the sandbox"] = lambda paths: sandbox.launch(paths, network=False, memory=_MEMORY)
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder))
        bare = statistics.median(_bare_start() for _ in range(ROUNDS))
        rows = [{"process": "bare Python", "start s": bare, "import s": None, "MB": None}]
        calls: dict[str, Any] = {}
        for name, start in kinds.items():
            rows.append(_row(name, [_started(start, [folder]) for _ in range(ROUNDS)]))
            calls = _calls(start, folder)
        for plugin in session.plugins.usable():
            if plugin.isolated and plugin.manifest and plugin.manifest.worker:
                paths = list(map(str, plugin.paths))
                figures = _started(list(kinds.values())[-1], paths, plugin.manifest.worker)
                rows.append(_row(plugin.id, [figures]))
    last = rows[len(kinds)]["start s"]
    assert isinstance(last, float)
    return {"ratio": last / bare, **calls, "table": rows}


def _write(folder: Path) -> None:
    folder.chmod(0o755)  # in the sandbox an administrator is somebody else
    package = folder / "studio_bench_plugin"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "schema.py").write_text(_SCHEMA)
    (package / "worker.py").write_text(_WORKER)


def _bare_start() -> float:
    began = time.perf_counter()
    subprocess.run([*launch.command([])[:6], "-c", ""], check=True)
    return time.perf_counter() - began


@contextmanager
def _process(
    start: Start, paths: Sequence[str], module: str = "studio_bench_plugin.worker"
) -> Iterator[tuple[PluginProcess, m.Loaded]]:
    process = PluginProcess(start(paths), lambda: None)
    try:
        tasks = {"bench.run": "studio_bench_plugin.schema:Nothing"}
        process.send(m.Load("bench", module, tasks))
        yield process, _heard(process, m.Loaded)
    finally:
        process.end()


def _started(
    start: Start, paths: Sequence[str], module: str = "studio_bench_plugin.worker"
) -> tuple[float, float, float]:
    """Return seconds until it is ready, those of the plugin's own import, and megabytes."""
    began = time.perf_counter()
    with _process(start, paths, module) as (process, loaded):
        took = time.perf_counter() - began
        return took, loaded.seconds, memory(process.pid, with_itself=True) / 1e6


def _row(name: str, figures: Sequence[tuple[float, float, float]]) -> dict[str, Any]:
    start, imported, held = map(statistics.median, zip(*figures, strict=True))
    return {"process": name, "start s": start, "import s": imported, "MB": held}


def _calls(start: Start, folder: str) -> dict[str, Any]:
    """Return what a call without steps costs, and a step."""
    with _process(start, [folder]) as (process, _):
        _call(process, 0)
        before, began = process.bytes, time.perf_counter()
        for _ in range(CALLS):
            _call(process, 0)
        a_call = (time.perf_counter() - began) / CALLS
        said, told = (now - then for now, then in zip(process.bytes, before, strict=True))
        before, began = process.bytes, time.perf_counter()
        _call(process, STEPS)
        a_step = (time.perf_counter() - began) / STEPS
        steps = sum(process.bytes) - sum(before)
    return {
        "milliseconds a call": a_call * 1e3,
        "bytes told a call": said / CALLS,
        "bytes asked a call": told / CALLS,
        "microseconds a step": a_step * 1e6,
        "bytes a step": steps / STEPS,
    }


def _call(process: PluginProcess, steps: int) -> None:
    process.send(m.Begin("job", "bench.run", {"steps": steps}, 1))
    while True:
        match _next(process):
            case m.Ended(error=None):
                return
            case m.Ended(error):
                assert error is not None
                raise StudioError.from_info(error)
            case _:
                process.send(m.Go(1))


def _heard(process: PluginProcess, kind: type[m.Loaded]) -> m.Loaded:
    message = _next(process)
    if isinstance(message, kind):
        return message
    raise StudioError.from_info(message.error)


def _next(process: PluginProcess) -> Any:
    try:
        received = process.wait(_PATIENCE)
    except LinkClosed as error:
        raise StudioError(
            ErrorCode.PLUGIN_FAILED,
            f"The plugin's process ended. {process.end_reason}",
            details=process.last_lines(),
        ) from error
    assert received is not None, "it is stuck"
    return received.message
