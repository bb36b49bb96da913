"""The user's approvals of tools: always in one conversation, or never. Asks nobody itself."""

from __future__ import annotations

from studio.api.window.tools import Approval, Tool
from studio.base.settings import Settings

ALWAYS, NEVER = "tools.always", "tools.never"
MOST_CONVERSATIONS = 300
"""So many are remembered, the last ones; of others it is asked again."""


class Approvals:
    """Kept in the settings, each by the source of a tool and its name.

    *Always* is bound to the digest of the tool as it was shown: one whose schema or description
    has changed asks again. *Never* is not, else a server could ask again by changing a word.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._passing: dict[str, str] = {}
        """What was allowed where no conversation is kept: for this session only."""

    def of(self, tool: Tool, conversation: str = "") -> Approval:
        """Return the user's approval of ``tool`` in a conversation."""
        if _key(tool) in self._settings.get(NEVER, list[str]()):
            return Approval.NEVER
        stored = self._passing if not conversation else self._of(conversation)
        return Approval.ALWAYS if stored.get(_key(tool)) == tool.digest else Approval.ASK

    def say(self, tool: Tool, conversation: str, approval: Approval) -> None:
        """Store the user's approval.

        Args:
            conversation: Where ALWAYS holds; empty for one that keeps nothing.
            approval: NEVER holds everywhere; ASK takes back what was said.

        Raises:
            StudioError: The settings cannot be written.
        """
        key = _key(tool)
        never = [entry for entry in self._settings.get(NEVER, list[str]()) if entry != key]
        if approval is Approval.NEVER:
            never.append(key)
        self._settings.set(NEVER, never)
        if conversation:
            self._keep(conversation, key, tool.digest if approval is Approval.ALWAYS else "")
        elif approval is Approval.ALWAYS:
            self._passing[key] = tool.digest
        else:
            self._passing.pop(key, None)

    def never(self) -> list[str]:
        """Return ``source/name`` of the tools that may not be called."""
        return list(self._settings.get(NEVER, list[str]()))

    def ask_again(self, key: str) -> None:
        """Take back a *never*; ``key`` as ``never`` returns it."""
        self._settings.set(NEVER, [entry for entry in self.never() if entry != key])

    def _of(self, conversation: str) -> dict[str, str]:
        stored = self._settings.get(ALWAYS, dict[str, dict[str, str]]()).get(conversation)
        return stored if isinstance(stored, dict) else {}

    def _keep(self, conversation: str, key: str, digest: str) -> None:
        all = dict(self._settings.get(ALWAYS, dict[str, dict[str, str]]()))
        own = {name: value for name, value in self._of(conversation).items() if name != key}
        all.pop(conversation, None)  # the newest is the last
        if digest:
            own[key] = digest
        if own:
            all[conversation] = own
        self._settings.set(ALWAYS, dict(list(all.items())[-MOST_CONVERSATIONS:]))


def _key(tool: Tool) -> str:
    return f"{tool.source}/{tool.name}"
