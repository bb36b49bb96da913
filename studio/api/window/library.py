"""The library, as the window half of a plugin sees it. Protocols only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from studio.api.artifacts import NewArtifact, SavedArtifact
from studio.api.stability import since
from studio.api.window.conversations import Conversations


class LibraryView(Protocol):
    """The library as a plugin sees it: artifacts to find and add, and conversations."""

    @property
    def conversations(self) -> Conversations: ...

    def artifact(self, id: str) -> SavedArtifact:
        """Return one artifact.

        Raises:
            StudioError: ``NOT_FOUND``.
        """
        ...

    def find(
        self, query: str = "", kinds: Sequence[str] = (), limit: int = 100
    ) -> list[SavedArtifact]:
        """Return artifacts, newest first."""
        ...

    @since("1.1")
    def results_of(self, conversations: Sequence[str]) -> list[SavedArtifact]:
        """Return the results that were made in conversations, newest first, without the bin."""
        ...

    def add(self, new: NewArtifact, parents: Sequence[str] = ()) -> SavedArtifact:
        """Save something a person made by hand; durable when it returns.

        Args:
            parents: Ids of the artifacts, or of the messages, that it was made from.
        """
        ...

    def parents(self, id: str) -> list[str]:
        """Return the ids of what an artifact was made from."""
        ...

    @since("1.1")
    def inputs(self, id: str) -> Mapping[str, Path]:
        """Return the input files of the task that produced an artifact, by name.

        Only stored inputs; parameters are in its record. Read the files in the background.

        Raises:
            StudioError: ``NOT_FOUND``: there is no such artifact.
        """
        ...

    def star(self, id: str, starred: bool = True) -> None:
        """Star an artifact, or take its star away; durable when it returns.

        Raises:
            StudioError: It is not there, or nothing can be written.
        """
        ...

    @since("1.1")
    def rename(self, id: str, title: str) -> None:
        """Give an artifact another title; durable when it returns.

        Raises:
            StudioError: It is not there, or nothing can be written.
        """
        ...

    def bin(self, id: str) -> None:
        """Move an artifact to the bin, where it stays until the user empties that.

        Offer an Undo that calls ``restore``.

        Raises:
            StudioError: It is not there, or nothing can be written.
        """
        ...

    def restore(self, id: str) -> None:
        """Take an artifact back out of the bin.

        Raises:
            StudioError: It is no longer there, or nothing can be written.
        """
        ...
