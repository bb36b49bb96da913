"""A text that somebody proposes for a file. Data only; nothing changes until it is accepted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Proposal:
    """Change under review.

    Attributes:
        path: Workspace path of the file, which need not exist yet.
        old: Current text, in the editor or else on the disk; empty for a new file.
        new: Proposed text.
        why: Purpose, in a few words.
        artifact_id: Library result it comes from; empty for none.
        theirs: Whether ``new`` is the text on the disk, to compare both.
        base: Text from which ``new`` was made, if not ``old``; None if it is. Changes since then
            are not part of the proposal and must not be undone.
        run: Run over several files it belongs to; empty for none.
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
