"""The table of who may import whom, kept by import-linter from the contracts in pyproject.toml."""

from __future__ import annotations

import re
import subprocess
import sysconfig
import tomllib
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from tests.architecture.source_tree import (
    ROOT,
    name,
    plugin_packages,
    product_files,
    python_files,
    source,
)

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


def test_the_studio_names_no_plugin_in_a_string() -> None:
    """A module that is named instead of imported is an arrow that no contract sees."""
    packages = "|".join(package.name for package in plugin_packages())
    naming = re.compile(rf"\b({packages})\b")
    assert naming.search("from studio_chat.bench import run"), "the control"
    assert _strings_with(naming, "studio") == []


def test_the_command_line_names_no_module_of_the_window() -> None:
    window = re.compile(r"\bstudio\.(app|desktop)\b")
    assert window.search("from studio.app import App"), "the control"
    assert _strings_with(window, "studio/cli") == []


def test_benches_of_builders_are_in_no_wheel() -> None:
    builder = WheelBuilder(str(ROOT))
    files = {file.distribution_path for file in builder.recurse_included_files()}
    assert "studio/cli/bench/start.py" in files, "the control"
    assert [file for file in files if file.startswith(("tests/", "benchmarks/"))] == []
    product = {name(file) for file in product_files()}
    assert not {imported for file in product_files() for imported in source(file).imports
                if imported.partition(".")[0] == "benchmarks"}  # fmt: skip
    benches = {file for file in product if "/bench/" in file}
    users = (
        "studio/cli/bench/",
        "studio/runtime/engines/text/bench/",
        "plugins/image/studio_image/bench/",
    )
    assert [file for file in benches if not file.startswith(users)] == []
    manifests = (ROOT / "plugins").glob("*/studio_*/manifest.toml")
    read = (tomllib.loads(file.read_text("utf-8")) for file in manifests)
    assert [bench["id"] for manifest in read for bench in manifest.get("benches", ())] == ["image"]


def _strings_with(pattern: re.Pattern[str], folder: str) -> list[tuple[str, int, str]]:
    files = python_files(folder)
    assert len(files) > 20, "the control: this checkout is looked at"
    return [
        (name(file), line, text)
        for file in files
        for line, text in source(file).strings
        if pattern.search(text)
    ]
