"""Code by the command line, with the weights that come with the studio and the real sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.cli.terminal.exit_code import ExitCode
from studio.sandbox.sandbox import Sandbox

pytestmark = [
    pytest.mark.slow,
    pytest.mark.e2e,
    pytest.mark.torch,
    pytest.mark.usefixtures("runtime_within"),
]

Command = Callable[..., tuple[int, str, str]]


def test_a_description_becomes_code_with_tests_and_a_verdict(command: Command) -> None:
    describe = "A function add(a, b) that returns the sum.\n>>> add(2, 3)\n5"
    words = ["--language", "python", "--rounds", "0", "--max-tokens", "96", "--seed", "1"]
    words += ["--candidates", "1"]
    code, out, err = command("run", "code.write", "--prompt", describe, *words, "--json")
    assert code == ExitCode.OK, err
    found: dict[str, Any] = json.loads(out)
    (path,) = map(Path, found["artifacts"])
    assert path.suffix == ".py"
    assert path.read_text() == found["code"]
    assert "def test_example_1" in found["tests"]
    verdict, (only,) = found["verdict"], found["tries"]
    assert only["code"] == found["code"]
    tier = Sandbox().tier
    assert (verdict["ran"], verdict["tier"]) == (bool(tier), tier)
    assert sum(verdict["tests"].values()) == (found["tests"].count("def test_") if tier else 0)


def test_a_file_that_is_no_code_is_a_sentence(tmp_path: Path, command: Command) -> None:
    path = tmp_path / "big.py"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    code, out, err = command("run", "code.explain", "--file", str(path))
    assert code == ExitCode.BAD_INPUT
    assert "“big.py” is 50.0 MB" in out + err
    assert "Traceback" not in err
