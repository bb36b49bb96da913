"""The tools of a studio as plugins see them: ``studio.api.window.tools.ToolsView``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.api.jobs import JobHandle, JobRequest
from studio.api.params import Params
from studio.api.window.tools import Approval, Tool, ToolCall
from studio.automation.tools.approvals import Approvals
from studio.automation.tools.catalogue import Catalogue
from studio.automation.tools.servers.servers import Servers
from studio.automation.tools.servers.source import ServerSource
from studio.automation.tools.task_source import TaskSource
from studio.base.settings import Settings
from studio.jobs.picked_files import PickedFiles
from studio.library import Library
from studio.library.saved_artifact import saved_artifact
from studio.models.catalogue import WeightsCatalogue
from studio.plugins import PluginHost


class Tools:
    """The catalogue, and the user's approvals.

    Attributes:
        catalogue: All tools; further sources are added there.
        servers: Those of the user.
        approvals: The user's approvals of them.
    """

    def __init__(
        self,
        plugins: PluginHost,
        library: Library,
        settings: Settings,
        submit: Callable[[JobRequest], JobHandle],
        servers: Servers,
        weights: WeightsCatalogue,
        picked: PickedFiles,
    ) -> None:
        tasks = TaskSource(
            plugins,
            lambda id: saved_artifact(library, library.artifact(id)),
            submit,
            lambda capability: any(not row.problem for row in weights.list(capability)),
            picked,
        )
        self.servers = servers
        self.catalogue = Catalogue([tasks, ServerSource(servers, library)])
        self.approvals = Approvals(settings)

    def all(self) -> Sequence[Tool]:
        """Return all tools."""
        return self.catalogue.tools()

    def groups(self) -> Sequence[tuple[str, str]]:
        """Return (id, title) of all makers."""
        return self.catalogue.groups()

    def get(self, name: str) -> Tool:
        """Return one tool."""
        return self.catalogue.get(name)

    def likely(self, request: str, most: int, among: Sequence[Tool] | None = None) -> list[Tool]:
        """Return the tools that fit what somebody asks for, the likeliest first."""
        return self.catalogue.likely(request, most, among)

    def params(self, name: str) -> type[Params] | None:
        """Return the parameters of a tool that is a task."""
        return self.catalogue.params(name)

    def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        conversation: str = "",
        documents: Mapping[str, Path] | None = None,
    ) -> ToolCall:
        """Begin a call that the user has allowed.

        Raises:
            StudioError: There is no such tool, its arguments are wrong, or it may never be called.
        """
        return self.catalogue.call(name, arguments, conversation=conversation, documents=documents)

    def approval(self, tool: Tool, conversation: str) -> Approval:
        """Return the user's approval of a tool in a conversation."""
        return self.approvals.of(tool, conversation)

    def approve(self, tool: Tool, conversation: str, approval: Approval) -> None:
        """Store the user's approval."""
        self.approvals.say(tool, conversation, approval)
