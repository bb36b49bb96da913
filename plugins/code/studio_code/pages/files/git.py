"""Commits of one file in the folder's git repository. Runs ``git`` alone: nothing the folder names.

A repository may name programs (hooks, filters, monitors) that git would start; one that does gets
no commit, and the journal keeps the change instead.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

_TIMEOUT = 20.0
_HARMLESS = re.compile(
    r"core\.(repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|symlinks"
    r"|precomposeunicode|autocrlf|eol|safecrlf|quotepath)"
    r"|user\.(name|email)|init\.defaultbranch|pull\.\w+|push\.\w+|color\..*"
    r"|remote\.[^=]*\.(url|fetch|pushurl|tagopt)|branch\.[^=]*\.(remote|merge|rebase)"
)
"""Settings of a repository that start no program and read no other file."""
_SAFE = (
    "core.hooksPath=/dev/null" if os.name != "nt" else "core.hooksPath=NUL",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "commit.gpgSign=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.allow=never",
)


class Repository:
    """The repository that a folder lies in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def found(cls, folder: Path) -> Repository | None:
        """Return the repository of a folder; None where there is none, or none to be trusted."""
        repository = cls(folder)
        return repository if repository.exists() and not repository.programs() else None

    def exists(self) -> bool:
        """Whether the folder lies in the work tree of a repository."""
        inside = self.run("rev-parse", "--is-inside-work-tree")
        return inside is not None and inside.strip() == "true"

    def programs(self) -> list[str]:
        """Return the settings of the repository that may start a program or read another file."""
        names = self.run("config", "--list", "--local", "--name-only", "--no-includes")
        if names is None:
            return ["config"]
        return [name for name in names.split("\n")[:-1] if not _HARMLESS.fullmatch(name)]

    def ready(self, path: Path) -> bool:
        """Whether nothing is changed or staged, and ``path`` is tracked or not there yet."""
        status = self.run("status", "--porcelain", "--untracked-files=no")
        if status is None or status.strip():
            return False
        if self.run("check-ignore", "--quiet", "--", str(path)) is not None:
            return False
        tracked = self.run("ls-files", "--error-unmatch", "--", str(path)) is not None
        return tracked or not path.exists()

    def commit(self, path: Path, message: str) -> str:
        """Commit one file and return the commit's name; empty where git refuses."""
        if self.run("add", "--", str(path)) is None:
            return ""
        result = self.run(
            *self.identity(), "commit", "--quiet", "--no-verify", "-m", message, "--", str(path)
        )
        if result is None:
            self.run("reset", "--quiet", "--", str(path))
            return ""
        return (self.run("rev-parse", "--short", "HEAD") or "").strip()

    def identity(self) -> tuple[str, ...]:
        """Return the user's own name where git knows one."""
        options = []
        for key, otherwise in (("user.name", "Offline Studio"), ("user.email", "studio@localhost")):
            value = self.run("config", "--local", "--get", key) or _global(key)
            options += ["-c", f"{key}={(value or '').strip() or otherwise}"]
        return tuple(options)

    def run(self, *words: str) -> str | None:
        """Return what git prints; None where it refuses."""
        safe = [part for setting in _SAFE for part in ("-c", setting)]
        return _git(["-C", str(self._folder), *safe, *words], _environment())


def _global(key: str) -> str | None:
    return _git(["config", "--global", "--get", key], dict(os.environ))


def _git(words: list[str], environment: dict[str, str]) -> str | None:
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        done = subprocess.run(
            ["git", *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
            creationflags=flags,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None  # there is no git, or it hangs: the journal keeps the change
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def _environment() -> dict[str, str]:
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") and name not in ("EDITOR", "VISUAL", "PAGER")
    }
    return variables | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
    }
