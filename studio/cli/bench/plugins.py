"""Benches of plugins: which there are, and running one. No plugin's code is imported before."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from studio.api.jobs import JobRequest
from studio.api.worker.bench import AT_ONCE, BenchContext, Wish
from studio.cli.terminal import output
from studio.cli.terminal.job_progress import JobProgress
from studio.cli.terminal.studio_session import StudioSession
from studio.jobs.job import Job
from studio.protocol.errors import ErrorCode, StudioError
from studio.studio import Studio


def titles(session: StudioSession) -> dict[str, str]:
    """Return bench → one line, for the plugins that take part."""
    return {entry.id: entry.title for _, entry in session.plugins.benches()}


def measure(session: StudioSession, bench: str) -> Mapping[str, Any]:
    """Run a bench that :func:`titles` names and return its figures.

    Raises:
        StudioError: It cannot be run here, or it failed; names the plugin.
    """
    plugin, entry = next(pair for pair in session.plugins.benches() if pair[1].id == bench)
    with context(session) as its_context:
        return session.plugins.guard(
            plugin.id,
            f"bench {entry.id}",
            lambda: figures(entry.id, entry.module, its_context, plugin.package),
        )


@contextmanager
def context(session: StudioSession) -> Iterator[BenchContext]:
    """Yield a :class:`studio.api.BenchContext` on ``session``; its folder and runtime end here."""
    with TemporaryDirectory(prefix="studio-bench-") as folder, ExitStack() as stack:
        yield _Context(session, Path(folder), stack)


def figures(bench: str, module: str, context: BenchContext, own: str = "") -> Mapping[str, Any]:
    """Import ``module`` and return what it measures.

    Args:
        own: The package of the bench; that a module of it is missing is a bug, no missing package.

    Raises:
        StudioError: A package that it needs is not installed.
    """
    try:
        return dict(importlib.import_module(module).measure(context))
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", own or module.partition(".")[0]):
            raise
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"The benchmark “{bench}” needs the package {package}, which is not installed.",
            f"Install it with `pip install {package}`.",
        ) from error


class _Context:
    """A :class:`studio.api.BenchContext` on the command line's session."""

    def __init__(self, session: StudioSession, scratch: Path, stack: ExitStack) -> None:
        self._session = session
        self._stack = stack
        self.scratch = scratch

    def say(self, text: str) -> None:
        output.hint(text)

    def weights_path(self, weights: str) -> Path:
        row = self._session.weights.get(weights)
        if row.problem:
            raise StudioError(ErrorCode.BAD_WEIGHTS, row.problem)
        return row.path

    def weights_for(self, capability: str, prefer: str = "") -> str:
        return self._session.weights.default_for(capability, prefer).id

    def run(
        self, task: str, params: Mapping[str, Any], inputs: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        ((_, ended),) = self.run_all(task, [(params, inputs or {})])
        if isinstance(ended, StudioError):
            raise ended
        return ended

    def run_all(
        self, task: str, wishes: Iterable[Wish], at_once: int = AT_ONCE
    ) -> Iterator[tuple[int, Mapping[str, Any] | StudioError]]:
        follower = JobProgress(self._studio, show_progress=False, show_text=False)
        waiting = enumerate(wishes)
        under_way: dict[Job, int] = {}
        try:
            while True:
                for place, (params, inputs) in islice(waiting, at_once - len(under_way)):
                    wish = JobRequest(task, params, inputs=inputs, keep=False, whole=True)
                    under_way[self._studio.submit(wish)] = place
                if not under_way:
                    return
                job = follower.first_over(list(under_way))
                if follower.interrupted:
                    raise KeyboardInterrupt
                yield under_way.pop(job), job.error or dict(job.result)
        finally:
            for job in under_way:
                job.cancel()

    @cached_property
    def _studio(self) -> Studio:
        return self._stack.enter_context(self._session.studio())
