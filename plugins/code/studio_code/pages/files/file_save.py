"""One save: never over what another program wrote, and a git commit where that is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from studio.api import ErrorCode, StudioError
from studio_code.pages.files import disk_files, git
from studio_code.pages.files.text_format import TextFile, TextFormat, decode, digest, encode


@dataclass(frozen=True)
class Saved:
    """State of a file after saving.

    Attributes:
        commit: Hash of the git commit; empty for none.
    """

    digest: str
    commit: str = ""


class Conflict(StudioError):
    """Another program wrote the file since it was read.

    Attributes:
        found: What lies there, if it can be shown.
    """

    def __init__(self, name: str, content: TextFile | None) -> None:
        super().__init__(
            ErrorCode.BUSY,
            f"{name} was changed by another program, so it was not saved over that.",
            "Compare both, then keep yours or theirs.",
        )
        self.found = content


class Taken(StudioError):
    """There is a file where a new one should be."""

    def __init__(self, name: str) -> None:
        super().__init__(
            ErrorCode.BAD_INPUT, f"There is a file {name} already.", "Choose another name."
        )


def save(
    path: Path,
    text: str,
    form: TextFormat,
    expected: str | None,
    *,
    root: Path | None = None,
    commit: str = "",
    below: Path | None = None,
) -> Saved:
    """Write a text and return the saved state.

    Args:
        expected: Digest of the expected old content; empty for no file, None for any.
        root: The folder whose repository takes the commit.
        commit: Its message; empty for no commit.
        below: Folder below which missing folders are created; None to create none.

    Raises:
        StudioError: The file changed on disk, or the disk refuses.
    """
    data = encode(text, form)
    if expected is not None:
        _check(path, expected)
    if root is not None and commit:
        repository = git.Repository.found(root)
        ready = repository is not None and repository.ready(path)
    else:
        repository, ready = None, False
    if below is not None:
        disk_files.make_folders(below, path.parent)
    disk_files.write(path, data)
    commit_hash = repository.commit(path, commit) if repository is not None and ready else ""
    return Saved(digest(data), commit_hash)


def _check(path: Path, expected: str) -> None:
    if not path.exists():
        return  # it was deleted, or never was: saving makes it
    if not expected:
        raise Taken(path.name)
    there = disk_files.read_bytes(path)
    if digest(there) == expected:
        return
    try:
        content = decode(there, path.name)
    except StudioError:
        content = None
    raise Conflict(path.name, content)
