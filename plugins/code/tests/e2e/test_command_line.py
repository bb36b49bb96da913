"""Code by the command line, with the weights that come with the studio and the real sandbox."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.cli.terminal.exit_code import ExitCode
from studio.sandbox.sandbox import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.torch]


def studio(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "studio", "run", *words, "--json"],
        env=os.environ | {"STUDIO_HOME": str(home)},
        capture_output=True,
        encoding="utf-8",
        timeout=500,  # a busy machine
        check=False,
    )


def test_a_description_becomes_code_with_tests_and_a_verdict(tmp_path: Path) -> None:
    describe = "A function add(a, b) that returns the sum.\n>>> add(2, 3)\n5"
    words = ["--language", "python", "--rounds", "0", "--max-tokens", "96", "--seed", "1"]
    done = studio(tmp_path, "code.write", "--prompt", describe, *words)
    assert done.returncode == ExitCode.OK, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    (path,) = map(Path, found["artifacts"])
    assert path.suffix == ".py"
    assert path.read_text() == found["code"]
    assert "def test_example_1" in found["tests"]
    verdict, (only,) = found["verdict"], found["tries"]
    assert only["code"] == found["code"]
    tier = Sandbox().tier
    assert (verdict["ran"], verdict["tier"]) == (bool(tier), tier)
    assert sum(verdict["tests"].values()) == (found["tests"].count("def test_") if tier else 0)


@pytest.mark.usefixtures("runtime_within")
def test_a_file_that_is_no_code_is_a_sentence(
    tmp_path: Path, command: Callable[..., tuple[int, str, str]]
) -> None:
    path = tmp_path / "big.py"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    code, out, err = command("run", "code.explain", "--file", str(path))
    assert code == ExitCode.BAD_INPUT
    assert "“big.py” is 50.0 MB" in out + err
    assert "Traceback" not in err
