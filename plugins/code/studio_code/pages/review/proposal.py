"""A text that somebody proposes for a file. Data only; nothing changes until it is accepted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Proposal:
    """What the review shows.

    Attributes:
        path: Of the file, as the workspace names it; it need not exist yet.
        old: What is there now, in the editor or else on the disk; empty for a new file.
        new: What is proposed.
        why: What it is for, in a few words.
        artifact_id: The result of the library it comes from; empty for none.
        theirs: Whether ``new`` is what lies on the disk, for a look at both.
        base: What ``new`` was made from, where that need not be ``old``; None where it is. What
            was changed since is nobody's proposal to undo.
        run: The run over several files that it is of; empty for none.
    """

    path: str
    old: str
    new: str
    why: str
    artifact_id: str = ""
    theirs: bool = False
    base: str | None = None
    run: str = ""

    @property
    def is_late(self) -> bool:
        """Whether the file was changed after the proposal was asked for."""
        return self.base is not None and self.base != self.old
