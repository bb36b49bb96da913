"""The table of who may import whom, kept by import-linter from the contracts in pyproject.toml."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT

LINT_IMPORTS = Path(sysconfig.get_path("scripts")) / "lint-imports"


def lint_imports(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_every_contract_is_kept() -> None:
    done = lint_imports()
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_broken_contract_would_be_seen(tmp_path: Path) -> None:
    """The control: jobs do import api, so a contract against that must break."""
    config = tmp_path / "contracts.toml"
    config.write_text(
        '[tool.importlinter]\nroot_package = "studio"\n[[tool.importlinter.contracts]]\n'
        'name = "control"\ntype = "forbidden"\n'
        'source_modules = ["studio.jobs"]\nforbidden_modules = ["studio.api"]\n'
    )
    done = lint_imports("--config", str(config))
    assert done.returncode == 1
    assert "control BROKEN" in done.stdout


@pytest.mark.parametrize("plugin", [path.name for path in (ROOT / "plugins").glob("*/studio_*")])
def test_every_installable_plugin_is_under_contract(plugin: str) -> None:
    folder = next((ROOT / "plugins").glob(f"*/{plugin}"))
    if not (folder.parent / "pyproject.toml").exists():
        pytest.skip("not a package yet")
    assert f'"{plugin}"' in (ROOT / "pyproject.toml").read_text("utf-8")
