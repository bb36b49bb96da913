"""Build the system context of a conversation: memory, and its project's instructions and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from studio_chat.documents.passages import MAX_DOCUMENTS
from studio_chat.pages.memory.facts import Memory
from studio_chat.pages.projects.project import Projects


class Instructions:
    """Combines the shared settings of a project with those of one conversation."""

    def __init__(self, projects: Projects, memory: Memory) -> None:
        self._projects, self._memory = projects, memory

    def system(self, folder: str, settings: Mapping[str, Any]) -> str:
        """Return the system prompt: of the project, of the conversation, then memory."""
        project = self._projects.get(folder)
        own = str(settings.get("system", ""))
        facts = self._memory.told() if settings.get("memory") is True else ""
        return "\n\n".join(filter(None, (project.instructions if project else "", own, facts)))

    def documents(self, folder: str, own: Sequence[str]) -> list[str]:
        """Return the documents to draw on; of too many those of the conversation."""
        project = self._projects.get(folder)
        paths = [*(project.files if project else ()), *own]
        return list(dict.fromkeys(reversed(paths)))[:MAX_DOCUMENTS][::-1]
