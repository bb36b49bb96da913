"""The tasks of a studio as a source of tools: each call is a job with a record."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from studio.api.artifacts import Kind, SavedArtifact
from studio.api.jobs import JobHandle, JobRequest
from studio.api.params import Params
from studio.api.window.tools import STUDIO, Tool, ToolCall, ToolResult
from studio.automation.tools.task_tools import FindArtifact, TaskTool, request_of, task_tools
from studio.jobs.picked_files import PickedFiles
from studio.plugins import PluginHost
from studio.protocol.errors import ErrorCode, StudioError

MOST_CHARACTERS = 4000
"""Of a result that a model is told: it has to fit beside all that was said."""
_READ = frozenset({Kind.TEXT, Kind.CODE, "transcript"})
"""Kinds whose text is what was asked for."""


class TaskSource:
    """Every task of every plugin that takes part, as a tool."""

    source = STUDIO

    def __init__(
        self,
        plugins: PluginHost,
        artifact: FindArtifact,
        submit: Callable[[JobRequest], JobHandle],
        has_weights: Callable[[str], bool],
        picked: PickedFiles,
    ) -> None:
        self._plugins, self._artifact, self._submit = plugins, artifact, submit
        self._has_weights, self._picked = has_weights, picked
        self._known: dict[str, TaskTool] = {}
        plugins.on_change(self._known.clear)

    def groups(self) -> Sequence[tuple[str, str]]:
        """Return (id, title) of the plugins that have tools."""
        has = {tool.tool.group for tool in self._all().values()}
        return [(p.id, p.title) for p in self._plugins.plugins if p.id in has]

    def tools(self) -> Sequence[Tool]:
        """Return a tool for each task for which there are weights, if it needs some."""
        there = functools.cache(self._has_weights)
        return [task.tool for task in self._all().values() if task.can_run(there)]

    def params(self, tool: Tool) -> type[Params]:
        """Return the parameters of a task."""
        return self._all()[tool.name].params

    def call(
        self,
        tool: Tool,
        arguments: Mapping[str, Any],
        *,
        conversation: str = "",
        documents: Mapping[str, Path] | None = None,
    ) -> ToolCall:
        """Submit the job that a call asks for.

        Raises:
            StudioError: An argument is wrong, or no weights fit.
        """
        task = self._all().get(tool.name)
        if task is None:
            raise StudioError(
                ErrorCode.NOT_FOUND, f"There is no tool “{tool.name}” any more.", "Use another."
            )
        request = request_of(
            task, arguments, self._artifact, conversation=conversation, documents=documents
        )
        self._picked.grant((documents or {}).values(), keep=False)  # somebody attached them
        return JobCall(self._submit(request))

    def _all(self) -> dict[str, TaskTool]:
        if not self._known:
            self._known.update({task.tool.name: task for task in task_tools(self._plugins)})
        return self._known


class JobCall:
    """A job as a call of a tool; implements ``studio.api.window.tools.ToolCall``."""

    def __init__(self, job: JobHandle) -> None:
        self.job = job
        self._made: list[SavedArtifact] = []
        job.on_artifact(self._made.append)

    def on_progress(self, call: Callable[[float, float, str], None]) -> Self:
        """Call with done, total and the current activity."""
        self.job.on_progress(lambda done, total, message, _left: call(done, total, message))
        return self

    def on_done(self, call: Callable[[ToolResult], None]) -> Self:
        """Call with the results of the job."""
        self.job.on_done(lambda result: call(self._result(result)))
        return self

    def on_failed(self, call: Callable[[StudioError], None]) -> Self:
        """Call if the job failed or was lost."""
        self.job.on_failed(call)
        return self

    def on_cancelled(self, call: Callable[[], None]) -> Self:
        """Call if it was stopped."""
        self.job.on_cancelled(call)
        return self

    def cancel(self) -> None:
        """Stop the job at its next step."""
        self.job.cancel()

    def _result(self, result: Mapping[str, Any]) -> ToolResult:
        text = told(result, self._made)
        return ToolResult(
            text, tuple(artifact.id for artifact in self._made if artifact.id), self.job.record
        )


def told(result: Mapping[str, Any], artifacts: Sequence[SavedArtifact]) -> str:
    """Return a job's outcome for a model: its texts, else a note, else figures."""
    texts = [item.text for item in artifacts if item.kind in _READ and item.text]
    if texts:
        return _cut("\n\n".join(texts))
    if artifacts:  # what there is to say is in the results; a note tells what is amiss
        return _cut(str(result.get("note") or ""))
    plain = {name: item for name, item in result.items() if _is_brief(item)}
    return _cut(json.dumps(plain, ensure_ascii=False, default=str)) if plain else ""


def _is_brief(value: Any) -> bool:
    return value not in (None, "", [], {}) and len(str(value)) <= MOST_CHARACTERS // 4


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS].rstrip()} […]"
