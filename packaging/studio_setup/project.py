"""Where things are in a checkout, and the fingerprint of what is installed. Runs nothing."""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Project:
    """One checkout of the studio.

    Attributes:
        root: the folder that holds `pyproject.toml`.
    """

    root: Path

    @property
    def state(self) -> Path:
        """Logs, locks and downloads of the setup itself; never committed."""
        return self.root / ".setup"

    @property
    def log(self) -> Path:
        return self.state / "setup.log"

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def scripts(self) -> Path:
        return self.venv / ("Scripts" if sys.platform == "win32" else "bin")

    @property
    def python(self) -> Path:
        return self.scripts / ("python.exe" if sys.platform == "win32" else "python")

    def command(self, module: str, *words: str) -> list[str]:
        """The words that run a module with the checkout's own interpreter."""
        return [str(self.python), "-m", module, *words]

    @property
    def constraints(self) -> Path:
        return self.root / "packaging" / "constraints.txt"

    @property
    def weights(self) -> Path:
        return self.root / "resources" / "weights"

    def packages(self) -> list[Path]:
        """Folders to install: the studio, then every plugin that has a `pyproject.toml`."""
        plugins = sorted(file.parent for file in self.root.glob("plugins/*/pyproject.toml"))
        return [self.root, *plugins]

    def install_fingerprint(self) -> str:
        """Changes when, and only when, what pip would install may have changed."""
        digest = hashlib.sha256()
        digest.update(f"{sys.version_info[:2]} {self.root}".encode())
        if self.constraints.exists():
            digest.update(self.constraints.read_bytes())
        for package in self.packages():
            digest.update(json.dumps(_installed_parts(package), sort_keys=True).encode())
        return digest.hexdigest()


def _installed_parts(package: Path) -> dict[str, Any]:
    """The tables of a `pyproject.toml` that matter to pip: editing a lint rule installs nothing."""
    table = tomllib.loads((package / "pyproject.toml").read_text("utf-8"))
    hatch = table.get("tool", {}).get("hatch", {})
    return {"build": table.get("build-system"), "project": table.get("project"), "hatch": hatch}
