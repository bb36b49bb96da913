"""Puts the lock into the studio's wheel: which plugins were built with it, each with its digest."""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parents[1]
KEPT = "packaging/shipped.json"
"""In a source distribution, which has no plugins."""


class LockHook(BuildHookInterface[Any]):
    """Called by hatchling; see ``studio.plugins.release``."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the lock to what is built; an editable install has none, for it is a checkout."""
        if version == "editable":
            return
        lock = ROOT / KEPT
        if not lock.is_file():
            lock = Path(tempfile.mkdtemp(), "shipped.json")
            lock.write_text(json.dumps(lock_of(ROOT), indent=1, sort_keys=True), "utf-8")
        at = "studio/_resources/shipped.json" if self.target_name == "wheel" else KEPT
        build_data["force_include"][str(lock)] = at


def lock_of(root: Path) -> dict[str, dict[str, str]]:
    """Return distribution → package and digest of the files that its wheel will have."""
    lock = {}
    release = _release()
    for project in sorted(root.glob("plugins/*/pyproject.toml")):
        builder = WheelBuilder(str(project.parent))
        (package,) = builder.config.packages
        folder = project.parent / package
        files = [Path(file.path) for file in builder.recurse_included_files()]
        digest = release.digest_of(folder, files)
        lock[builder.metadata.name] = {"package": package, "sha256": digest}
    return lock


def _release() -> Any:
    path = ROOT / "studio" / "plugins" / "release.py"
    spec = importlib.util.spec_from_file_location("studio_release", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look it up
    spec.loader.exec_module(module)
    return module
