"""State of a repository, and the operations on it: stage, unstage, commit, diff.

Uses the user's git as :mod:`studio_code.pages.files.git` runs it: no hook, no program that the
repository names. Blocks: not for the GUI thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from studio.api import BadInput
from studio_code.pages.files.git import Repository

MOST_ROWS: Final = 1000
MOST_CHARS: Final = 400_000
"""Of a difference that is shown."""
_UNFINISHED: Final = (
    ("MERGE_HEAD", "merge"),
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
)


@dataclass(frozen=True)
class Row:
    """A file that is not as it was committed.

    Attributes:
        staged, unstaged: The letters of git (``M``, ``A``, ``D``, ``R``, ``?``), ``.`` for none.
        conflict: Whether a merge left it in two versions.
    """

    path: str
    staged: str = "."
    unstaged: str = "."
    conflict: bool = False


@dataclass(frozen=True)
class Status:
    """What git says.

    Attributes:
        branch: Its name; empty where none is checked out.
        unfinished: What is under way: ``merge``, ``rebase``, ``cherry-pick``, ``revert`` or empty.
        left_out: How many more files there are.
    """

    branch: str
    rows: tuple[Row, ...] = ()
    unfinished: str = ""
    left_out: int = 0

    @property
    def conflicts(self) -> int:
        """How many files a merge left in two versions."""
        return sum(row.conflict for row in self.rows)


def repository_of(folder: Path) -> Repository:
    """Return the repository of a folder.

    Raises:
        BadInput: There is none, or it starts programs of its own.
    """
    repository = Repository(folder)
    if not repository.exists():
        raise BadInput(
            "This folder is not in a git repository.", "Run “git init” in it to have one."
        )
    if names := repository.programs():
        raise BadInput(
            f"This repository has settings that may start programs ({names[0]}), so git is not "
            "run here.",
            "Use it in a terminal.",
        )
    return repository


def status(folder: Path) -> Status:
    """Return the state of the repository of a folder.

    Raises:
        BadInput: As ``repository_of``, or git refuses.
    """
    repository = repository_of(folder)
    output = repository.run(
        "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--", "."
    )
    if output is None:
        raise BadInput("git does not tell the state of this folder.", "Look in a terminal.")
    branch, rows = "", []
    words = iter(output.split("\0"))
    prefix = (repository.run("rev-parse", "--show-prefix") or "").strip()
    for line in words:
        kind, _, rest = line.partition(" ")
        if line.startswith("# branch.head "):
            branch = line.removeprefix("# branch.head ").replace("(detached)", "")
        elif kind in ("1", "2", "u"):
            fields = rest.split(" ", {"1": 7, "2": 8, "u": 9}[kind])
            path = fields[-1].removeprefix(prefix)
            rows.append(Row(path, fields[0][0], fields[0][1], kind == "u"))
            if kind == "2":
                next(words, "")  # the name before
        elif kind == "?":
            rows.append(Row(rest.removeprefix(prefix), ".", "?"))
    rows.sort(key=lambda row: (not row.conflict, row.path))
    unfinished = _unfinished(repository, folder)
    return Status(branch, tuple(rows[:MOST_ROWS]), unfinished, max(0, len(rows) - MOST_ROWS))


def _unfinished(repository: Repository, folder: Path) -> str:
    where = (repository.run("rev-parse", "--git-dir") or "").strip()
    home = folder / where
    return next((word for name, word in _UNFINISHED if (home / name).exists()), "")


def difference(folder: Path, row: Row) -> str:
    """Return the diff of a file to the last commit, staged or not, as git prints it.

    Raises:
        BadInput: git refuses.
    """
    repository = repository_of(folder)
    safe = ("diff", "--no-ext-diff", "--no-textconv", "--no-color")
    path = ("--", row.path)
    parts = [repository.run(*safe, "--cached", *path) or "", repository.run(*safe, *path) or ""]
    return "\n".join(filter(None, parts))[:MOST_CHARS]


def stage(folder: Path, paths: Sequence[str]) -> None:
    """Put files into the next commit; those with conflicts count as resolved.

    Raises:
        BadInput: git refuses.
    """
    if repository_of(folder).run("add", "--all", "--", *paths) is None:
        raise BadInput("git did not stage these files.", "Look in a terminal why.")


def unstage(folder: Path, paths: Sequence[str]) -> None:
    """Take files out of the next commit; they stay as they are.

    Raises:
        BadInput: git refuses.
    """
    repository = repository_of(folder)
    born = repository.run("rev-parse", "--verify", "--quiet", "HEAD") is not None
    words = ("reset", "--quiet") if born else ("rm", "--cached", "--quiet", "-r")
    if repository.run(*words, "--", *paths) is None:
        raise BadInput("git did not unstage these files.", "Look in a terminal why.")


def commit(folder: Path, message: str) -> str:
    """Commit the staged changes and return the short hash.

    Raises:
        BadInput: There is no message or nothing staged, a conflict is open, or git refuses.
    """
    state = status(folder)
    if not message.strip():
        raise BadInput("There is no message.", "Say what changes, and why.")
    if state.conflicts:
        raise BadInput(
            f"A {state.unfinished or 'merge'} is under way, and {state.conflicts} files are still "
            "in conflict.",
            "Resolve them, stage them, then commit.",
        )
    if state.unfinished == "rebase":
        raise BadInput("A rebase is under way.", "Finish it in a terminal: git rebase --continue.")
    if not state.unfinished and not any(row.staged != "." for row in state.rows):
        raise BadInput("Nothing is staged.", "Tick the files that belong into the commit.")
    repository = repository_of(folder)
    result = repository.run(
        *repository.identity(), "commit", "--quiet", "--no-verify", "-m", message.strip()
    )
    if result is None:
        raise BadInput("git did not commit.", "Look in a terminal why.")
    return (repository.run("rev-parse", "--short", "HEAD") or "").strip()
