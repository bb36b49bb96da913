"""The weights of this machine, as the window half of a plugin sees them. Protocols only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from studio.api.stability import since


class WeightsView(Protocol):
    """The weights that tasks may ask for."""

    def for_capability(self, capability: str, prefer: str = "") -> Sequence[tuple[str, str]]:
        """Return (id, title) of those that can be used, best first.

        Args:
            prefer: A further capability; those that have it come first, as ``Capability`` says.
        """
        ...

    def to_get(self, capability: str) -> Sequence[tuple[str, str, int]]:
        """Return (name, title, bytes) of the sets for ``capability`` that are not here yet.

        The user may have them fetched; nothing is fetched by itself.
        """
        ...

    def get_set(self, name: str) -> None:
        """Show the set ``name`` on the Models page, where the user starts to get it, or not."""
        ...

    def defaults(self, weights: str) -> Mapping[str, bool | int | float | str]:
        """Return the parameters that the user has set for these weights, by name, or that the
        weights come with, such as a system prompt.

        A task takes them by itself where it is given none; a page shows them in its form.
        """
        ...

    def caution(self, weights: str) -> str:
        """Return the known limitations of these weights in a sentence; empty for most."""
        ...

    @since("1.1")
    def prepare(self, weights: str) -> None:
        """Preload weights while the user is still writing the prompt.

        Does nothing, silently, if the runtime is busy or its memory is in use.
        """
        ...

    @since("1.1")
    def path(self, weights: str) -> Path:
        """Return the path of weights on disk, for pages that play or show them directly.

        Raises:
            StudioError: No weights have that id.
        """
        ...

    def title(self, weights: str) -> str:
        """Return the name a person reads."""
        ...
