"""Results of a kind that no manifest declares: stored, but without view and icon."""

from __future__ import annotations

from studio.api.artifacts import Kind
from studio.base.notices import Notices
from studio.jobs.job import Job
from studio.plugins.host import PluginHost


class UnknownKinds:
    """Says once of each such kind which plugin made it."""

    def __init__(self, plugins: PluginHost, notices: Notices) -> None:
        self._plugins, self._notices = plugins, notices
        self._named: set[str] = set()

    def look(self, job: Job) -> None:
        """Look at what ``job`` has made, once it has ended."""
        if not (job.artifacts and job.state.is_terminal):
            return
        kinds = {*Kind, *(kind.id for kind in self._plugins.kinds()), *self._named}
        for kind in {artifact.kind for artifact in job.artifacts} - kinds:
            self._named.add(kind)
            self._notices.warn(
                f"The plugin “{job.plugin}” made a result of the unknown kind “{kind}”.",
                "It is in the library, but has no view and no icon. Its author should declare it.",
                key=f"kind-{kind}",
            )
